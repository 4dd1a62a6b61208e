"""The shell on a terminal: a child on a pty, typed at."""

import importlib.util
import os
import pty
import re
import select
import signal
import sys
import time
from pathlib import Path

import pytest

CHILD = "import sys; from shell.fake import FakeStack; from tapip_rs.shell import run; sys.exit(run(FakeStack()))"
PROMPT = "[net shell]:"
LIMIT = 10.0


class Terminal:
    """A child's terminal."""

    def __init__(self, term: str, state: Path) -> None:
        path = [str(Path(__file__).parent.parent), *filter(None, os.environ.get("PYTHONPATH", "").split(":"))]
        environment = {**os.environ, "TERM": term, "XDG_STATE_HOME": str(state), "PYTHONPATH": ":".join(path)}
        environment["PROMPT_TOOLKIT_NO_CPR"] = "1"
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(sys.executable, [sys.executable, "-c", CHILD], environment)
        self.seen = ""

    def type(self, keys: str) -> None:
        os.write(self.fd, keys.encode())

    def expect(self, pattern: str) -> str:
        """Read until `pattern` shows up; returns what came with it."""
        end = time.monotonic() + LIMIT
        while (match := re.search(pattern, self.seen)) is None:
            ready, _, _ = select.select([self.fd], [], [], max(end - time.monotonic(), 0))
            assert ready, f"no {pattern!r} in {self.seen!r}"
            try:
                self.seen += os.read(self.fd, 4096).decode()
            except OSError:  # EIO: the child is gone
                raise AssertionError(f"no {pattern!r} in {self.seen!r}") from None
        found, self.seen = self.seen[: match.end()], self.seen[match.end() :]
        return found

    def status(self) -> int:
        """The child's exit status, once it has ended."""
        end = time.monotonic() + LIMIT
        while time.monotonic() < end:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = 0
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.01)
        raise AssertionError("the shell does not end")

    def close(self) -> None:
        os.close(self.fd)
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)


@pytest.fixture(params=["dumb", "xterm"])
def terminal(request, tmp_path):
    if request.param == "xterm" and importlib.util.find_spec("prompt_toolkit") is None:
        pytest.skip("prompt_toolkit is not installed")
    terminal = Terminal(request.param, tmp_path)
    terminal.expect(re.escape(PROMPT))
    yield terminal
    terminal.close()


def test_a_command_and_a_new_prompt(terminal):
    terminal.type("arpcache\r")
    terminal.expect(r"Resolved 599 +3a:2f:17:60:e2:8c 10\.0\.0\.2")
    terminal.expect(re.escape(PROMPT))
    terminal.type("exit 3\r")
    assert terminal.status() == 3


def test_end_of_input_prints_exit(terminal):
    terminal.type("nonsense\r")
    terminal.expect("-shell: nonsense: command not found")
    terminal.expect(re.escape(PROMPT))
    terminal.type("\x04")
    terminal.expect("exit\r\n")
    assert terminal.status() == 2


def test_interrupt_at_the_prompt_gives_a_new_one(terminal):
    terminal.type("half a line\x03")
    terminal.expect(r"\n[^\n]*" + re.escape(PROMPT))
    terminal.type("clear\r")
    terminal.expect("\x1b\\[1H\x1b\\[2J")


@pytest.mark.parametrize("key", ["\x03", "\x1c"])
def test_interrupt_ends_a_running_command(terminal, key):
    terminal.type("debug all\r")
    terminal.expect("enter ^C to exit debug mode".replace("^", r"\^"))
    terminal.type(key)
    terminal.expect("exit debug mode\r\n")
    terminal.expect(re.escape(PROMPT))
    terminal.type("exit\r")
    assert terminal.status() == 0


@pytest.mark.parametrize("terminal", ["xterm"], indirect=True)  # Python's readline may hear ^C a key too late
@pytest.mark.parametrize("key", ["\x03", "\x1c"])
def test_interrupt_right_behind_enter_is_heard(terminal, key):
    """While prompt_toolkit hands the terminal over, ^C is a byte, not a signal."""
    for attempt in range(40):
        terminal.type("debug all\r")
        if attempt:
            time.sleep(attempt % 20 * 0.001)  # from one write with the line to a command that runs
        terminal.type(key)
        terminal.type("arpcache\r")
        terminal.expect("Resolved 599")  # a command runs, so none holds the prompt
        terminal.expect(re.escape(PROMPT))
    terminal.type("exit\r")
    assert terminal.status() == 0


@pytest.mark.parametrize("terminal", ["xterm"], indirect=True)  # Python's readline may hear ^C a key too late
def test_a_signal_at_the_prompt_gives_a_new_one(terminal):
    for _ in range(5):
        time.sleep(0.02)
        os.kill(terminal.pid, signal.SIGINT)
        terminal.expect(r"\n[^\n]*" + re.escape(PROMPT))
    terminal.type("exit\r")
    assert terminal.status() == 0


def test_what_is_typed_ahead_is_not_lost(terminal):
    terminal.type("arpcache\rexit 3\r")
    terminal.expect("Resolved 599")
    assert terminal.status() == 3


def test_tab_completes(terminal):
    terminal.type("arpc\t")
    terminal.expect("ache")
    terminal.type("show\r")
    terminal.expect("Resolved 599")


def test_the_history_is_kept(terminal, tmp_path):
    terminal.type("arpcache show\r")
    terminal.expect("Resolved 599")
    terminal.expect(re.escape(PROMPT))
    terminal.type("exit\r")
    assert terminal.status() == 0
    assert "arpcache show" in (tmp_path / "tapip_rs" / "history").read_text()


def test_colours_on_a_terminal_only():
    import io

    from shell.fake import Event, FakeStack
    from tapip_rs.shell.streams import Output
    from tapip_rs.shell.trace import TracePrinter

    err = Output(io.BytesIO())
    printer = TracePrinter(FakeStack(), err)
    record = Event(0, "arp", "ArpReply", "text")
    assert printer.format(record).endswith("]arp_reply arp text")
    err.terminal = True
    assert printer.format(record).endswith("]arp_reply \x1b[01;31marp\x1b[0m text")
