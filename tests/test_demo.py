"""The network in memory: everything that its hint promises."""

import io
import re
import subprocess
import sys
import threading
import time

import pytest

from tapip_rs import Stack, demo
from tapip_rs.shell import run


@pytest.fixture(scope="module")
def stack():
    with demo.network(seed=1) as stack:
        yield stack


def shell(stack, commands, stdin=b""):
    out, err = io.BytesIO(), io.BytesIO()
    status = run(stack, commands=commands, stdin=io.BytesIO(stdin), stdout=out, stderr=err)
    return status, out.getvalue().decode(), err.getvalue().decode()


def fetch(stack, request):
    with stack.connect((demo.WEB, 80), timeout=10) as stream:
        stream.sendall(request)
        answer = bytearray()
        while block := stream.recv():
            answer += block
    head, _, body = bytes(answer).partition(b"\r\n\r\n")
    return head.decode(), body


@pytest.mark.parametrize(("host", "ttl"), [(demo.GATEWAY, 64), (demo.WEB, 63), (demo.ECHO, 63)])
def test_ping(stack, host, ttl):
    status, out, _ = shell(stack, f"ping -c 2 -i 0.01 {host}")
    assert status == 0
    assert f"64 bytes from {host}: icmp_seq=0 ttl={ttl} time=" in out
    assert "2 packets transmitted, 2 received, 0% packet loss" in out


def test_large_pings_are_cut_and_put_together(stack):
    status, out, _ = shell(stack, f"ping -c 1 -s 65507 {demo.ECHO}")
    assert status == 0
    assert f"65515 bytes from {demo.ECHO}" in out


@pytest.mark.parametrize("flags", ["-n", "-I"])
def test_traceroute(stack, flags):
    status, out, _ = shell(stack, f"traceroute {flags} {demo.WEB}")
    lines = out.splitlines()
    assert status == 0
    assert lines[1].startswith(f" 1  {demo.GATEWAY}  ")
    assert lines[2].startswith(f" 2  {demo.WEB}  ")
    assert len(lines) == 3


def test_time_exceeded(stack):
    status, out, _ = shell(stack, f"ping -c 1 -t 1 {demo.WEB}")
    assert status == 1
    assert f"From {demo.GATEWAY} icmp_seq=0 Time to live exceeded" in out


def test_the_tables(stack):
    shell(stack, f"ping -c 1 {demo.GATEWAY}")
    _, out, _ = shell(stack, "arpcache; route; arping -c 1 10.0.0.2")
    assert "Resolved" in out
    assert "10.0.0.0        *               255.255.255.0   0      veth\n" in out
    assert "default         10.0.0.2        0.0.0.0         0      veth\n" in out
    assert "Unicast reply from 10.0.0.2 [" in out


def test_ping2_shows_the_stack_at_work(stack):
    status, out, err = shell(stack, f"ping2 -c 1 {demo.GATEWAY}")
    assert status == 0
    assert f"{demo.ADDRESS} send to {demo.GATEWAY} id " in out
    assert f"from {demo.GATEWAY} id " in err


def test_faults(stack):
    status, out, _ = shell(stack, f"fault drop=1; ping -c 1 {demo.GATEWAY}; fault; fault off; ping -c 1 {demo.GATEWAY}")
    assert status == 0
    assert "100% packet loss" in out
    assert "veth: drop=1" in out
    assert re.search(r"dropped:[1-9]", out)


def test_capture(stack, tmp_path):
    file = tmp_path / "one.pcapng"
    status, out, _ = shell(stack, f"capture start {file}; ping -c 1 {demo.GATEWAY}; capture stop")
    assert status == 0
    assert out.endswith("2 frames captured on veth\n")
    assert file.read_bytes()[:4] == b"\x0a\x0d\x0d\x0a"


def test_web(stack):
    head, body = fetch(stack, b"GET / HTTP/1.1\r\nHost: demo\r\n\r\n")
    assert head.startswith("HTTP/1.1 200 OK\r\nContent-Type: text/html")
    assert body == demo.PAGE.encode()
    head, body = fetch(stack, b"GET /bytes/1000000 HTTP/1.0\r\n\r\n")
    assert "Content-Length: 1000000" in head
    assert body == bytes(1_000_000)
    assert fetch(stack, b"GET /none HTTP/1.0\r\n\r\n")[0].startswith("HTTP/1.1 404")
    assert fetch(stack, b"HEAD / HTTP/1.0\r\n\r\n")[1] == b""
    assert fetch(stack, b"\r\n\r\n")[0].startswith("HTTP/1.1 400")


def test_many_web_clients_at_once(stack):
    found = []

    def client():
        found.append(len(fetch(stack, b"GET /bytes/20000 HTTP/1.0\r\n\r\n")[1]))

    threads = [threading.Thread(target=client) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert found == [20000] * 16


def test_tcp_echo(stack):
    data = bytes(range(256)) * 1000
    with stack.connect((demo.ECHO, demo.ECHO_PORT), timeout=10) as stream:
        stream.sendall(data)
        received = bytearray()
        while len(received) < len(data):
            received += stream.recv()
    assert received == data


def test_udp_echo(stack):
    with stack.udp() as port:
        port.settimeout(10)
        port.sendto(b"hello", (demo.ECHO, demo.ECHO_PORT))
        assert port.recvfrom() == (b"hello", (demo.ECHO, demo.ECHO_PORT))


def test_snc_to_the_echo_host(stack):
    status, out, err = shell(stack, f"snc -c {demo.ECHO}:{demo.ECHO_PORT}", b"some words\n")
    assert (status, out, err) == (0, "", "")


def test_closing_ends_every_thread_soon():
    before = threading.active_count()
    stack = Stack.demo()
    stack.connect((demo.ECHO, demo.ECHO_PORT), timeout=10)
    start = time.monotonic()
    stack.close()
    assert time.monotonic() - start < 2
    assert threading.active_count() == before


def test_the_interpreter_can_exit_with_a_network_left_open():
    program = (
        "from tapip_rs import Stack, demo\ns = Stack.demo()\nc = s.connect((demo.ECHO, 7), timeout=10)\nprint('up')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "up\n", "")


def test_the_hint_fits_on_a_screen():
    lines = demo.HINT.splitlines()
    assert len(lines) <= 12
    assert max(map(len, lines)) <= 80
