import io
import json
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from shell.fake import FakeStack, Shell
from tapip_rs.errors import StackFailed
from tapip_rs.shell import run
from tapip_rs.shell.parser import signature
from tapip_rs.shell.registry import Command, all_commands
from tapip_rs.shell.report import Report
from tapip_rs.shell.session import Session


@pytest.fixture
def shell():
    return Shell()


@pytest.fixture
def add(monkeypatch):
    """Adds a command for one test."""

    def register(name, function):
        read = signature(function, (Session,))
        monkeypatch.setitem(all_commands(), name, Command(name, function, read, False))

    return register


def test_a_script_runs_line_by_line(shell):
    ran = shell(stdin=b"clear\n# a comment\n\nclear; clear\n")
    assert (ran.status, ran.out, ran.err) == (0, "\x1b[1H\x1b[2J" * 3, "")


def test_exit_ends_the_script(shell):
    assert shell(stdin=b"exit\nclear\n").out == ""
    assert shell("exit; clear").out == ""


@pytest.mark.parametrize(
    ("commands", "status"),
    [
        ("", 0),
        ("clear", 0),
        ("nonsense", 2),
        ("nonsense; clear", 0),
        ("clear; nonsense", 2),
        ("nonsense; exit", 2),
        ("exit 7", 7),
        ("exit 256", 2),
        ("ping", 2),
        ("clear 'open", 2),
    ],
)
def test_the_status_is_that_of_the_last_command(shell, commands, status):
    assert shell(commands).status == status


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("nonsense a b", "-shell: nonsense: command not found"),
        ("ping 10.0.0", "shell: ping: bad ip address 10.0.0; usage: ping"),
        ("ping -c x 10.0.0.2", "shell: ping: bad number of packets to transmit: 'x'; usage: ping"),
        ("ping -c 0 10.0.0.2", "shell: ping: bad number of packets to transmit: '0'; usage: ping"),
        ("ping -t 300 10.0.0.2", "shell: ping: ttl 300 out of range; usage: ping"),
        ("ping -s 65508 10.0.0.2", "shell: ping: Packet size 65508 is too large. Maximum is 65507; usage: ping"),
        ("ping -z 10.0.0.2", "shell: ping: unknown option '-z'; usage: ping"),
        ("ping 10.0.0.2 more", "shell: ping: 'more' is one word too many; usage: ping"),
        ("arpcache forget 10.0.0.2", "shell: arpcache: 'forget' is one word too many; usage: arpcache"),
        ("arpcache del 10.0.0.2 dev eth7", "shell: arpcache: no device 'eth7'; there are lo, veth"),
        ("capture", "shell: capture: missing start FILE or stop"),
        ("capture go", "shell: capture: 'go' is one word too many"),
        ("debug arps", "shell: debug: 'arps' is none of dev, l2, arp"),
        ("debug", "shell: debug: missing LAYER"),
        ("debug -cn arp", "shell: debug: -c and -n exclude each other"),
        ("snc -b 10.0.0.1:7 -c 10.0.0.2:7", "shell: snc: -b and -c exclude each other; usage: snc [-d] [-u] (-b"),
        ("snc", "shell: snc: missing -b or -c"),
        ("snc -b here", "shell: snc: here:address format is error"),
        ("fault dorp=1", "shell: fault: 'dorp=1' is no fault"),
        ("fault drop=2", "shell: fault: 'drop=2': a probability is 0..1"),
        ("fault delay=20", "shell: fault: 'delay=20': a time is a number and us, ms or s"),
        ("fault drop=1 drop=0", "shell: fault: 'drop' is given twice"),
        ("ifconfig eth7", "shell: ifconfig: no device 'eth7'"),
        ("ifconfig veth sideways", "shell: ifconfig: 'sideways' is neither up, down nor ADDR/LEN"),
        ("ifconfig veth mtu 67", "shell: ifconfig: 67 is out of range 68..65536 for mtu"),
        ("help nonsense", "-shell: nonsense: command not found"),
        ('clear "open', 'shell: no closing " for "open'),
    ],
)
def test_bad_words_give_one_line_that_names_them(shell, line, says):
    ran = shell(line)
    assert ran.status == 2
    assert ran.out == ""
    assert ran.err.startswith(says)
    assert ran.err.count("\n") == 1


def test_the_shell_lives_on_after_errors(shell):
    ran = shell(stdin=b"nonsense\nping\nclear\n")
    assert ran.status == 0
    assert ran.out == "\x1b[1H\x1b[2J"
    assert ran.err.count("\n") == 2


@pytest.mark.parametrize(
    ("error", "status", "says"),
    [
        (ConnectionRefusedError(111, "Connection refused"), 1, "shell: try: Connection refused"),
        (TimeoutError(), 1, "shell: try: TimeoutError"),
        (StackFailed(131, "index out of bounds"), 1, "shell: the stack has failed: index out of bounds"),
        (ValueError("mtu must be 68..65536"), 2, "shell: try: mtu must be 68..65536"),
        (FileNotFoundError(2, "No such file or directory", "/x/y"), 1, "shell: try: No such file or directory: /x/y"),
    ],
)
def test_errors_of_the_stack_are_told_in_one_line(shell, add, error, status, says):
    def fails() -> None:
        raise error

    add("try", fails)
    ran = shell("try")
    assert (ran.status, ran.err) == (status, says + "\n")


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ZeroDivisionError("division by zero"), "unexpected ZeroDivisionError: division by zero"),
        (AssertionError(), "unexpected AssertionError"),
        (KeyError("veth"), "unexpected KeyError: 'veth'"),
        (RuntimeError("two\nlines"), "unexpected RuntimeError: two lines"),
    ],
)
def test_a_defect_is_one_line_and_the_shell_lives_on(shell, add, caplog, error, says):
    def fails() -> None:
        raise error

    add("try", fails)
    with caplog.at_level("DEBUG", "tapip_rs.shell"):
        ran = shell("try")
    assert (ran.status, ran.err) == (1, f"shell: try: {says} (tapip --verbose tells where)\n")
    assert ran.out == ""
    assert [record.exc_info[1] for record in caplog.records] == [error]
    ran = shell(stdin=b"try\nclear\n")
    assert (ran.status, ran.out) == (0, "\x1b[1H\x1b[2J")


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_what_ends_a_program_is_no_defect(shell, add, error):
    def ends() -> None:
        raise error

    add("try", ends)
    if error is KeyboardInterrupt:
        assert shell("try; clear").status == 130
    else:
        with pytest.raises(SystemExit):
            shell("try")


def test_every_command_has_help(shell):
    for name in all_commands():
        if " " not in name:
            ran = shell(f"{name} --help")
            assert ran.status == 0
            assert ran.out.startswith(f"usage: {name}")


def test_commands_that_report_speak_json():
    reporting = [each.name for each in all_commands().values() if each.reports]
    assert {"help", "arpcache", "ifconfig", "stat", "ss", "counters", "fault show", "ping"} <= set(reporting)
    shell = Shell()
    for name in ("help", "arpcache", "arpcache show", "ifconfig", "stat", "ss", "counters", "fault show", "fault"):
        ran = shell(f"{name} --json")
        assert ran.status == 0, ran.err
        json.loads(ran.out)


def test_a_report_may_fail():
    assert Report("x", {}, 3).status == 3


def test_nobody_reads_the_output():
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb", buffering=0) as out:
        assert run(FakeStack(), commands="help; help", stdin=io.BytesIO(), stdout=out, stderr=io.BytesIO()) == 141


@pytest.mark.parametrize("mode", ["commands", "script"])
def test_interrupt_stops_the_command_and_the_script_goes_on(shell, add, mode):
    heard = []

    def waits(session: Session) -> int:
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
        session.stop.wait()
        heard.append(session.stop.said)
        return 130

    add("wait", waits)
    ran = shell("wait; clear") if mode == "commands" else shell(stdin=b"wait\nclear\n")
    assert heard == [True]
    assert ran.out == "\x1b[1H\x1b[2J"
    assert ran.status == 0
    assert not [thread for thread in threading.enumerate() if thread.name == "wait"]


def test_another_exception_in_the_waiting_thread_ends_the_command_and_comes_out(shell, add):
    ended = []

    def waits(session: Session) -> None:
        threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGTERM)).start()
        session.stop.wait()
        ended.append(True)

    def terminate(_number, _frame):
        raise SystemExit(143)

    add("wait", waits)
    before = signal.signal(signal.SIGTERM, terminate)
    try:
        with pytest.raises(SystemExit):
            shell("wait")
    finally:
        signal.signal(signal.SIGTERM, before)
    assert ended == [True]


def test_no_descriptor_is_left_behind(shell):
    def count() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    shell("clear; help; nonsense; debug -n arp; debug -c")
    before = count()
    for _ in range(5):
        shell("clear; help; nonsense; debug -n arp; debug -c")
    assert count() == before


def test_debug_stays_on_beside_the_prompt(shell):
    from shell.fake import Event

    core = shell.stack.core
    core.records = [Event(0, "arp", "Arp", "before")]

    def events(since, limit):
        core.records += [Event(1, "arp", "ArpOperation", "10.0.0.2 -> 10.0.0.1")] if len(core.records) == 1 else []
        return core.records[since : since + limit]

    core.events = events
    ran = shell("debug -n arp; clear")
    assert core.layers == []
    number, text = ran.err.split("]", 1)
    assert number[0] == "["
    assert number[1:].isdigit()
    assert text == "arp_operation arp 10.0.0.2 -> 10.0.0.1\n"


def test_debug_leaves_layers_of_others_alone(shell):
    shell.stack.core.layers = ["tcp"]
    shell("debug -n arp")
    assert shell.stack.core.layers == ["tcp"]


def test_debug_blocks_until_interrupted(shell):
    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
    start = time.monotonic()
    ran = shell("debug all")
    assert time.monotonic() - start < 5
    assert ran.err == "enter ^C to exit debug mode\nexit debug mode\n"
    assert ran.status == 0
    assert shell.stack.core.layers == []
