"""`tapip` as a user runs it: a script on its standard input, or `-c`; what it prints, and what it leaves behind."""

import re
import subprocess
import sys

import pytest

from e2e.live import LIMIT, Shell
from e2e.netns import TAPIP

pytestmark = pytest.mark.e2e

SCRIPT = "ping -c 3 10.0.0.2\narpcache\nroute\nifconfig\nstat\nexit\n"


def links(netns):
    return {link["ifname"] for link in netns.json("link")}


def test_piped_script(netns):
    before = links(netns)
    done = netns.tapip(input=SCRIPT)
    replies = re.findall(r"^64 bytes from 10\.0\.0\.2: icmp_seq=(\d) ttl=64 time=\d+\.\d+ ms$", done.stdout, re.M)
    assert replies == ["0", "1", "2"]
    assert "3 packets transmitted, 3 received, 0% packet loss" in done.stdout
    assert re.search(r"^Resolved +\d+ +([0-9a-f]{2}:){5}[0-9a-f]{2} +10\.0\.0\.2$", done.stdout, re.M)
    assert re.search(r"^10\.0\.0\.0 +\* +255\.255\.255\.0 +0 +veth$", done.stdout, re.M)
    assert re.search(r"^default +10\.0\.0\.2 +0\.0\.0\.0 +0 +veth$", done.stdout, re.M)
    assert re.search(r"^lo +HWaddr", done.stdout, re.M)
    assert re.search(r"^veth +HWaddr 00:34:45:67:89:ab$", done.stdout, re.M)
    assert "[pkbuf memory information]" in done.stdout
    assert "[net shell]" not in done.stdout  # the prompt is for terminals
    assert links(netns) == before
    assert netns.json("route") == []


def test_another_namespace_by_flag(netns):
    done = subprocess.run(
        [*TAPIP, "--netns", netns.name, "-c", "ping -c 1 10.0.0.2"], capture_output=True, text=True, timeout=LIMIT
    )
    assert done.returncode == 0, done.stderr
    assert "1 received" in done.stdout
    assert links(netns) == {"lo"}


def test_exit_status_is_the_last_commands(netns):
    assert netns.tapip("-c", "ping -c 1 -i 0 10.0.0.99; route", check=False).returncode == 0
    assert netns.tapip("-c", "route; ping -c 1 10.0.0.99", check=False).returncode == 1
    assert links(netns) == {"lo"}


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("frobnicate", "frobnicate"),
        ("ping", "ADDR"),
        ("ping 10.0.0", "10.0.0"),
        ("ping -s 65508 10.0.0.2", "65508"),
        ("ping -t 256 10.0.0.2", "256"),
        ("ping -c many 10.0.0.2", "many"),
        ("route add 10.0.0.0/33 via 10.0.0.2", "10.0.0.0/33"),
        ("route down", "down"),
        ("ifconfig veth9", "veth9"),
        ("debug everything", "everything"),
        ("snc -b 10.0.0.1", "10.0.0.1"),
        ("snc -b 1.2.3.4:99999", "99999"),
        ("fault drop=2", "drop=2"),
        ("sysctl net.ipv4.tcp_sacks", "tcp_sacks"),
        ("sysctl net.ipv4.tcp_sack=maybe", "maybe"),
        ("capture start", "FILE"),
        ('ping "10.0.0.2', '"'),
    ],
)
def test_bad_words(words, named, bad_words_shell):
    before = len(bad_words_shell.err.text)
    bad_words_shell.say(words)
    line = bad_words_shell.err.expect(r"^.+\n", since=before)[0]
    bad_words_shell.ask("ping -c 1 -i 0 10.0.0.1", "1 received")  # the shell lives on
    assert named in line
    assert bad_words_shell.err.text[before:] == line  # one line


@pytest.fixture(scope="module")
def bad_words_shell():
    from conftest import lacking
    from e2e.netns import namespace

    if lacking(()):
        pytest.skip(lacking(()))
    with namespace() as netns, Shell(netns) as shell:
        yield shell


@pytest.mark.parametrize("words", ["frobnicate", "ping 10.0.0", "fault drop=2", "route down"])
def test_bad_words_exit_status(words):
    done = subprocess.run([*TAPIP, "--topology", "demo", "-c", words], capture_output=True, text=True, timeout=LIMIT)
    assert done.returncode == 2


def test_version():
    done = subprocess.run(
        [sys.executable, "-m", "tapip_rs", "--version"], capture_output=True, text=True, timeout=LIMIT
    )
    assert re.match(r"tapip \d+\.\d+\.\d+", done.stdout)
