"""Signals, forks and the end of the interpreter, each in a process of its own."""

import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
START = """
import os, signal, sys, threading, time
sys.path.insert(0, {tests!r})
from wires import A, B, pair
from tapip_rs import Stack, StackFailed
"""


def run(program: str, timeout: float = 20) -> subprocess.CompletedProcess[str]:
    source = START.format(tests=str(TESTS)) + textwrap.dedent(program)
    return subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=timeout)


WAITS = {
    "recv": "client.recv(1)",
    "sendall": "client.sendall(bytes(64 << 20))",
    "accept": "listener.accept()",
    "connect": "a.connect(('10.0.0.99', 80))",
    "udp": "a.udp((A, 9)).recv()",
    "raw": "a.raw(99).recv()",
    "wait": "client.wait(1)",
    "ping": "list(a.ping('10.0.0.99', count=None, interval=10, timeout=10))",
}


@pytest.mark.parametrize("name", WAITS)
def test_ctrl_c_ends_a_blocked_call(name):
    result = run(f"""
    with pair() as (a, b):
        listener = b.listen((B, 80))
        client = a.connect((B, 80))
        server = listener.accept()
        main = threading.main_thread().ident
        sent = []
        def interrupt():
            sent.append(time.monotonic())
            signal.pthread_kill(main, signal.SIGINT)
        threading.Timer(0.3, interrupt).start()
        try:
            {WAITS[name]}
        except KeyboardInterrupt:
            print("interrupted", time.monotonic() - sent[0] < 0.5)
    """)
    assert result.stdout == "interrupted True\n", result.stderr
    assert result.returncode == 0


def test_a_handler_that_returns_lets_the_call_go_on():
    result = run("""
    with pair() as (a, b):
        listener = b.listen((B, 80))
        client = a.connect((B, 80))
        client.settimeout(0.5)
        count = []
        signal.signal(signal.SIGALRM, lambda *_: count.append(1))
        signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
        started = time.monotonic()
        try:
            client.recv(1)
        except TimeoutError:
            print(len(count) > 3, 0.45 < time.monotonic() - started < 1.5)
    """)
    assert result.stdout == "True True\n", result.stderr


def test_a_handler_may_receive_on_the_same_thread():
    result = run("""
    with pair() as (a, b):
        listener = b.listen((B, 80))
        client = a.connect((B, 80))
        server = listener.accept()
        other = b.udp((B, 9))
        a.udp().sendto(b"datagram", (B, 9))
        signal.signal(signal.SIGALRM, lambda *_: (print(other.recv()), client.send(b"go on")))
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        print(server.recv())
    """)
    assert result.stdout == "b'datagram'\nb'go on'\n", result.stderr


def test_a_fork_leaves_the_stack_to_the_parent():
    result = run("""
    with pair() as (a, b):
        listener = b.listen((B, 80))
        client = a.connect((B, 80))
        server = listener.accept()
        child = os.fork()
        if child == 0:
            for call in (a.core.interfaces, lambda: client.send(b"x"), lambda: a.udp(), lambda: client.recv(1)):
                try:
                    call()
                    os._exit(1)
                except StackFailed as error:
                    if "fork" not in str(error):
                        os._exit(2)
            client.close()
            a.close()
            with pair() as (c, d):  # new stacks work here
                if [reply.error for reply in c.ping(B, count=1)] != [None]:
                    os._exit(3)
            del a, b, client, server, listener
            sys.exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        client.send(b"the parent goes on")
        print(server.recv())
    """)
    assert result.stdout == "0\nb'the parent goes on'\n", result.stderr


def test_the_interpreter_ends_with_stacks_open():
    started = time.monotonic()
    result = run("""
    context = pair()
    a, b = context.__enter__()
    listener = b.listen((B, 80))
    client = a.connect((B, 80))
    def wait(call):
        try:
            call()
        except OSError:
            pass
    listener.accept()
    threading.Thread(target=wait, args=(listener.accept,), daemon=True).start()
    threading.Thread(target=wait, args=(client.recv,), daemon=True).start()
    time.sleep(0.1)
    print("end")
    """)
    assert (result.stdout, result.stderr, result.returncode) == ("end\n", "", 0)
    assert time.monotonic() - started < 10


def test_the_interpreter_ends_after_an_exception():
    result = run("""
    stack = Stack()
    raise RuntimeError("on purpose")
    """)
    assert result.returncode == 1
    assert result.stderr.rstrip().endswith("RuntimeError: on purpose")


def test_sigterm_ends_it_at_once():
    result = run("""
    with pair() as (a, b):
        threading.Timer(0.1, lambda: os.kill(os.getpid(), signal.SIGTERM)).start()
        b.listen((B, 80)).accept()
    """)
    assert result.returncode == -15
