"""A person at a terminal: the prompt, ^C, ^D; the stack behind it on a real tap."""

import os
import pty
import re
import subprocess
from contextlib import suppress

import pytest

from e2e.live import LIMIT, Collector
from e2e.netns import TAPIP

pytestmark = pytest.mark.e2e("setsid")

PROMPT = r"\[net shell\]:"
CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[=>]|\r")


class Screen(Collector):
    """What stands on a terminal, control codes left out."""

    @property
    def text(self):
        return CONTROL.sub("", super().text)

    def _run(self, stream):
        with suppress(OSError):  # the other end of a terminal closed
            super()._run(stream)


@pytest.fixture
def terminal(netns):
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "PROMPT_TOOLKIT_NO_CPR": "1"}
    command = ["setsid", "--ctty", *netns.command(TAPIP)]  # the terminal is its own, so that ^C reaches it
    process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    with os.fdopen(ours, "rb", buffering=0) as stream:
        screen = Screen(stream)

        def type_in(text, pattern=None):
            before = len(screen.text)
            os.write(ours, text.encode())
            if pattern:
                screen.expect(pattern, since=before)

        try:
            screen.expect(PROMPT)
            yield type_in, screen, process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait(LIMIT)
            screen.join()


def test_a_session(netns, terminal):
    type_in, screen, process = terminal
    type_in("route\r", r"default +10\.0\.0\.2")
    type_in("ping 10.0.0.2\r", "icmp_seq=1 ")
    type_in("\x03", r"packets transmitted, \d+ received, 0% packet loss")
    type_in("snc -d -b 0.0.0.0:12345\r", "listen with backlog")
    type_in("\x03", PROMPT)
    type_in("debug icmp\r", "enter .C to exit debug mode")
    netns.run("ping", "-c", "1", "10.0.0.1")
    screen.expect("echo request")
    type_in("\x03", "exit debug mode")
    type_in("frobnicate\r", rf"-shell: frobnicate: command not found\n+{PROMPT}")
    type_in("\r", rf"\n{PROMPT}")
    type_in("\x04", "exit")  # the prompt stands: ^D typed between two prompts would be the line discipline's
    assert process.wait(LIMIT) in (0, 2)
    assert [link["ifname"] for link in netns.json("link")] == ["lo"]


def test_sigterm_at_the_prompt(netns, terminal):
    _, _, process = terminal
    process.terminate()
    assert process.wait(2) == 143
    assert [link["ifname"] for link in netns.json("link")] == ["lo"]
