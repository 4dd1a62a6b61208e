"""The command line without any right: flags, errors, the fall back to the demo network, signals."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from tapip_rs import cli, doctor


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch, run_directory):
    """No file, no variable, no flag of the user's."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("TAPIP_") and name not in ("TAPIP_RUN_DIR", "TAPIP_REQUIRE_E2E"):
            monkeypatch.delenv(name)


def run(*argv: str, **words) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tapip_rs", *argv], capture_output=True, text=True, timeout=30, check=False, **words
    )


def test_help_names_every_setting_and_gives_examples(capsys):
    with pytest.raises(SystemExit) as left:
        cli.main(["--help"])
    said = capsys.readouterr().out
    assert left.value.code == 0
    for word in ("--topology", "--kernel-address", "doctor", "down", "sudo tapip -c 'ping -c 3 10.0.0.2; route'"):
        assert word in said


def test_version(capsys):
    with pytest.raises(SystemExit) as left:
        cli.main(["--version"])
    assert left.value.code == 0
    assert capsys.readouterr().out.startswith("tapip 0.")


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--bogus"], "tapip: unrecognized arguments: --bogus (see tapip --help)"),
        (["--topo", "2"], "tapip: argument doctor|down|sim: invalid choice: '2'"),
        (["dostor"], "tapip: argument doctor|down|sim: invalid choice: 'dostor'"),
        (["--mac"], "tapip: argument --mac: expected one argument"),
        (["--mac", "1:2"], "tapip: --mac: '1:2' is no hardware address such as 00:34:45:67:89:ab"),
        (["--sysctl", "net.ipv4.nosuch=1"], "tapip: --sysctl: there is no knob net.ipv4.nosuch"),
        (["--topology", "5"], "tapip: --topology: there is no topology '5': one of 1, 2, demo"),
        (["--config", "/nowhere"], "tapip: /nowhere: No such file or directory"),
        (["--json"], "tapip: --json is for tapip doctor"),
        (["down", "-c", "x"], "tapip: -c is for the shell"),
        (["--debug", "l3"], "tapip: --debug: there is no layer 'l3'"),
    ],
)
def test_bad_words_are_one_line_and_status_2(argv, said, capsys):
    try:
        status = cli.main(argv)
    except SystemExit as left:
        status = left.code
    err = capsys.readouterr().err
    assert status == 2
    assert err.startswith(said)
    assert err.count("\n") == 1


def test_a_namespace_that_is_not_there(capsys):
    assert cli.main(["--netns", "nowhere", "-c", "exit"]) == 1
    assert capsys.readouterr().err.startswith("tapip: there is no network namespace nowhere")


def test_the_demo_runs_commands_and_exits_with_the_last_ones_status():
    done = run("--topology", "demo", "-q", "-c", "ping -c 1 10.0.0.2; nosuch")
    assert "1 packets transmitted, 1 received" in done.stdout
    assert done.returncode == 2
    assert done.stderr == "-shell: nosuch: command not found\n"


def test_a_script_on_a_pipe():
    done = run("--topology", "demo", "-q", input="route\nexit\n")
    assert done.returncode == 0
    assert done.stdout.startswith("Destination")
    assert done.stderr == ""


@pytest.mark.parametrize("explicit", [False, True])
def test_without_rights_it_says_so_in_one_line_and_starts_the_demo(monkeypatch, capfd, explicit):
    monkeypatch.setattr(doctor, "hindrance", lambda _device: "there is no /dev/net/tun")
    flags = ["--topology", "2"] if explicit else []
    status = cli.main([*flags, "-q", "-c", "ping -c 1 10.0.0.2"])
    said = capfd.readouterr()
    if explicit:
        assert status == 1
        assert said.err == "tapip: topology 2 can not be set up: there is no /dev/net/tun\n"
        return
    assert status == 0
    assert "1 received" in said.out
    assert said.err.startswith("tapip: no tap: there is no /dev/net/tun")
    assert said.err.count("\n") == 1


def test_debug_layers_from_the_start():
    done = run("--topology", "demo", "-q", "--debug", "icmp", "-c", "ping -c 1 10.0.0.2")
    assert "icmp" in done.stderr
    assert "arp" not in done.stderr


def test_knobs_from_the_start():
    done = run(
        "--topology", "demo", "-q", "--sysctl", "net.ipv4.ip_default_ttl=9", "-c", "sysctl net.ipv4.ip_default_ttl"
    )
    assert done.stdout == "net.ipv4.ip_default_ttl = 9\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it(number):
    process = subprocess.Popen(
        [sys.executable, "-m", "tapip_rs", "--topology", "demo"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        for line in process.stderr:
            if "shell worker" in line:
                break
        began = time.monotonic()
        process.send_signal(number)
        assert process.wait(10) == 128 + number
        assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    "numbers",
    [(signal.SIGTERM, signal.SIGHUP), (signal.SIGINT, signal.SIGTERM), (signal.SIGTERM,) * 2],
    ids=["term-hup", "int-term", "term-term"],
)
def test_signals_that_come_together_end_it(numbers):
    """The second must not go to a thread that has no use for it, nor the first with it."""
    for _ in range(4):
        process = subprocess.Popen(
            [sys.executable, "-m", "tapip_rs", "--topology", "demo"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        with process:
            for line in process.stderr:
                if "shell worker" in line:
                    break
            time.sleep(0.05)  # now it reads
            for number in numbers:
                process.send_signal(number)
            try:
                assert process.wait(5) != 0
            finally:
                process.kill()


def test_doctor_in_words_and_in_json(capsys):
    status = cli.main(["doctor"])
    words = capsys.readouterr().out
    assert cli.main(["doctor", "--json"]) == status
    told = json.loads(capsys.readouterr().out)
    assert told["good"] == (status == 0)
    names = {check["name"] for check in told["checks"]}
    assert {"system", "right", "/dev/net/tun", "leftovers", "tap", "bridge", "build", "pyroute2"} <= names
    for check in told["checks"]:
        assert check["said"] in words
        assert check["state"] == "good" or check["mend"]


def test_a_look_that_fails_is_a_finding():
    def broken(_config):
        raise OSError("no such thing")

    assert doctor._safely(broken, None).text() == "--  broken: could not be looked at: no such thing"


def test_down_with_nothing_to_undo(capsys):
    assert cli.main(["down"]) == 0
    assert capsys.readouterr().out == "nothing to undo\n"


def test_what_is_slow_to_import_is_not_imported_for_help():
    program = "import sys; from tapip_rs.cli import parser; parser().format_help(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {"pyroute2", "prompt_toolkit", "asyncio", "tapip_rs.shell"} & set(loaded)
