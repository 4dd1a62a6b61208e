"""What README.md and its neighbours claim, run: every code block says above itself how, in a comment that nobody sees.

    <!-- run: examples/NAME.py, user -->   this very file; a test of its own below runs it
    <!-- run: user -->, <!-- run: root -->  a console: each `$ command` is run and must say what stands under it
    <!-- run: shell -->, <!-- run: library -->  the same in shell and Python, here on the demo network
    <!-- shown: why -->                     not run

Numbers and hardware addresses may differ, addresses and words may not; a line `...` stands for any lines.
"""

import importlib.util
import re
import shlex
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pytest

from e2e.netns import namespace
from tapip_rs import Stack

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
BLOCK = re.compile(
    r"(?:^<!-- (?P<how>run|shown): (?P<what>[^\n]*) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.M | re.S
)
PROMPT = "[net shell]: "
VARIES = re.compile(r"(?P<keep>\d+\.\d+\.\d+\.\d+)|(?:[0-9a-f]{2}:){5}[0-9a-f]{2}|\d+(?:\.\d+)?")
DOCUMENTS = [*sorted(path.name for path in ROOT.glob("*.md")), "bench/README.md"]


def blocks() -> list[re.Match]:
    return list(BLOCK.finditer((ROOT / "README.md").read_text(encoding="utf-8")))


def texts(how: str) -> list[str]:
    return [block["text"] for block in blocks() if block["how"] == "run" and block["what"] == how]


def dialogues(console: str) -> list[tuple[str, str, list[str]]]:
    """(command, what is typed into it, what it says) for each command of a console."""
    found: list[tuple[str, list[str], list[str]]] = []
    for line in console.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], [], []))
        elif line.startswith(PROMPT):
            found[-1][1].append(line.removeprefix(PROMPT))
        else:
            found[-1][2].append(line)
    return [(command, "".join(f"{word}\n" for word in typed), said) for command, typed, said in found]


def as_here(command: str) -> list[str]:
    """The words to run: as root already, with the tapip of this interpreter."""
    command = re.sub(r"^python ", f"{sys.executable} ", re.sub(r"^sudo ", "", command))
    if re.search(r"[|>&;]", command.partition(" -c ")[0]):
        return ["bash", "-c", command]
    words = shlex.split(command)
    if words == ["make", "shell"]:  # make would also build; what it runs then is tapip
        words = ["tapip"]
    return [sys.executable, "-m", "tapip_rs", *words[1:]] if words[0] == "tapip" else words


def masked(line: str) -> str:
    return " ".join(VARIES.sub(lambda match: match["keep"] or "#", line).split())


def agree(wanted: list[str], said: list[str]) -> None:
    pattern = "".join(r"(?:.*\n)*?" if line == "..." else re.escape(masked(line)) + r"\n" for line in wanted)
    text = "".join(masked(line) + "\n" for line in said)
    assert re.fullmatch(pattern, text), "README says\n" + "\n".join(wanted) + "\nbut it is\n" + "\n".join(said)


def converse(console: str, run) -> None:
    for command, typed, wanted in dialogues(console):
        said = run(*as_here(command), input=typed)
        agree(wanted, said.splitlines())


def test_every_block_says_how_it_is_tested():
    stray = [block["text"] for block in blocks() if block["how"] is None]
    assert not stray


def test_the_programs_shown_are_the_examples():
    shown = {block["what"].partition(",")[0]: block["text"] for block in blocks() if block["language"] == "python"}
    assert sorted(shown) == sorted(f"examples/{path.name}" for path in EXAMPLES.glob("*.py"))
    for name, text in shown.items():
        assert text == (ROOT / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("console", texts("user"))
def test_console(console):
    def run(*words: str, **more) -> str:
        return subprocess.run(words, text=True, stdout=subprocess.PIPE, check=True, timeout=50, cwd=ROOT, **more).stdout

    converse(console, run)


@pytest.mark.e2e
@pytest.mark.parametrize("console", texts("root"))
def test_console_of_root(console):
    with namespace("readme") as inside:
        converse(console, lambda *words, **more: inside.run(*words, timeout=50, **more).stdout)


@pytest.mark.parametrize("line", [line for text in texts("shell") for line in text.splitlines()])
def test_shell_form(line, tmp_path, monkeypatch):
    monkeypatch.setenv("TAPIP_TOPOLOGY", "demo")
    subprocess.run(as_here(line), check=True, timeout=50, cwd=tmp_path, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize("text", texts("library"))
def test_library_form(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Stack.demo() as stack:
        exec(text, {"stack": stack})
        assert stack.policy["net.ipv4.tcp_sack"] in (0, False)


def example(name: str) -> list[str]:
    return [sys.executable, str(EXAMPLES / name)]


def run_example(name: str, **more) -> list[str]:
    result = subprocess.run(example(name), text=True, capture_output=True, check=True, timeout=50, **more)
    assert result.stderr == ""
    return result.stdout.splitlines()


def test_ping_statistics():
    said = run_example("ping_statistics.py")
    assert len(said) == 21
    assert re.match(r"\d+ of 20, \d+% lost, mean \d+", said[-1])


def test_detached_scapy():
    said = run_example("detached_scapy.py")
    assert " SA " in said[0]
    assert said[1] == "b'hello' ESTABLISHED"
    waits = [float(line.split()[1]) for line in said[2:]]
    assert len(waits) >= 3
    assert all(later == pytest.approx(2 * wait, rel=0.05) for wait, later in pairwise(waits))
    assert run_example("detached_scapy.py") == said


def test_handshake_trace():
    said = " ".join(run_example("handshake_trace.py"))
    steps = ("CLOSED to SYN-SENT", "SYN-SENT to ESTABLISHED", "ESTABLISHED to CLOSE-WAIT", "CLOSE-WAIT to LAST-ACK")
    assert [said.find(step) for step in steps] == sorted(said.find(step) for step in steps)
    assert all(step in said for step in steps)


def test_two_flows(tmp_path):
    said = run_example("two_flows.py", cwd=tmp_path)
    shares = [float(line.split()[1]) for line in said[:2]]
    assert 8 < sum(shares) < 10
    assert float(said[2].split()[-1]) > 0.9
    assert re.fullmatch(r"digest [0-9a-f]{16} of \d+ packets", said[-1])
    drawn = importlib.util.find_spec("matplotlib") is not None
    assert (tmp_path / "two_flows.png").exists() == drawn
    assert run_example("two_flows.py", cwd=tmp_path) == said


def test_loss_and_congestion_control():
    said = [line.split() for line in run_example("loss_and_congestion_control.py")]
    assert [words[0] for words in said] == ["loss", "newreno", "cubic", "bbr"]
    at_three_percent = {words[0]: float(words[-1]) for words in said[1:]}
    assert at_three_percent["bbr"] > 2 * at_three_percent["cubic"]
    assert all(float(words[1]) > 15 for words in said[1:])


def test_virtual_echo():
    said = run_example("virtual_echo.py")
    gave_up = [float(line.split()[-2]) for line in said[:-1]]
    assert gave_up
    assert all(1800 < time_ < 1840 for time_ in gave_up)
    assert int(said[-1].split()[0]) > 1000


@pytest.mark.e2e
def test_watch_cwnd():
    with namespace("readme") as inside:
        result = inside.run(*example("watch_cwnd.py"), timeout=50)
    assert result.stderr == ""
    windows = {int(window) for window in re.findall(r"ESTABLISHED cwnd=(\d+)", result.stdout)}
    assert len(windows) > 3


@pytest.mark.e2e("curl")
def test_http_server():
    with namespace("readme") as inside:
        interruptible = {"preexec_fn": lambda: signal.signal(signal.SIGINT, signal.default_int_handler)}
        server = inside.start(*example("http_server.py"), stderr=subprocess.PIPE, **interruptible)
        try:
            url = ("curl", "-sS", "-m", "5", "--retry", "20", "--retry-all-errors", "--retry-delay", "1")
            answer = inside.run(*url, "http://10.0.0.1:8080/hello", timeout=50).stdout
            server.send_signal(signal.SIGINT)
            started = time.monotonic()
            assert server.communicate(timeout=20)[1] == ""
        finally:
            server.kill()
            server.wait()
        assert answer == "Hello 10.0.0.2, you said [b'GET', b'/hello']\n"
        assert server.returncode == 0
        assert time.monotonic() - started < 3
        assert all(link["ifname"] != "tap0" for link in inside.json("link"))


CORE = "rust/core/src"
PLACES = ("", "rust", CORE, f"{CORE}/sim", f"{CORE}/tcp", "rust/core", "rust/host/src", "rust/host", "python/tapip_rs")
NAMED = re.compile(r"(?<![\w/.-])((?:[\w-]+/)+(?:[\w-]+\.\w+)?|[\w-]+\.(?:rs|py|toml|md))(?![\w/])")


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document):
    path = ROOT / document
    links = re.findall(r"\]\((?!https?:|mailto:|#)([^)#]+)", path.read_text(encoding="utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_every_path_named_in_the_architecture_exists():
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    names = {name for name in NAMED.findall(text) if Path(name).stem != "x"}
    assert len(names) > 20
    assert sorted(name for name in names if not any((ROOT / place / name).exists() for place in PLACES)) == []
