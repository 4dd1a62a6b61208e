"""Programs of others talk to the stack: curl, nginx, iperf3; and many connections at once."""

import json
import re
import socket
import sys
from pathlib import Path

import pytest

from e2e.live import KERNEL, LIMIT, STACK, Program, Task, drain, kernel_listener, kernel_socket, noise, sha256, until
from tapip_rs import _core
from tapip_rs.topology.netns import inside

pytestmark = pytest.mark.e2e

WEB = Path(__file__).parent / "programs" / "web.py"
NGINX = """
daemon off; master_process off; pid {d}/pid; error_log {d}/error.log;
events {{}}
http {{
  access_log off; client_body_temp_path {d}/body; proxy_temp_path {d}/proxy; fastcgi_temp_path {d}/fastcgi;
  uwsgi_temp_path {d}/uwsgi; scgi_temp_path {d}/scgi;
  server {{ listen 80; root {d}/www; }}
}}
"""


@pytest.mark.e2e("curl")
def test_curl(netns):
    with Program(netns, sys.executable, str(WEB)) as web:
        web.out.expect("serving")
        address = f"http://{STACK}"
        assert netns.run("curl", "-sSf", f"{address}/hello").stdout == "/hello\n"
        assert netns.run("curl", "-sSf", *[f"{address}/{n}" for n in range(50)]).stdout.split() == [
            f"/{n}" for n in range(50)
        ]  # one connection, kept alive
        assert netns.run("curl", "-sSf", f"{address}/big-one").stdout == "/big-one" * 20000
        many = [word for n in range(20) for word in ("-o", "/dev/null", f"{address}/big{n}")]
        codes = netns.run("curl", "-sSf", "--parallel", "-w", "%{http_code}\n", *many).stdout
        assert codes.split() == ["200"] * 20
        web.interrupt()
        web.wait()
    assert [link["ifname"] for link in netns.json("link")] == ["lo"]


@pytest.mark.e2e("nginx")
def test_nginx(netns, stack, tmp_path):
    page = noise(3_000_000)
    (tmp_path / "www").mkdir()
    (tmp_path / "www" / "page").write_bytes(page)
    for path in (tmp_path, *tmp_path.parents[:2], tmp_path / "www"):
        path.chmod(0o755)  # the worker is not root
    (tmp_path / "nginx.conf").write_text("user root;" + NGINX.format(d=tmp_path))
    with Program(netns, "nginx", "-e", f"{tmp_path}/error.log", "-c", f"{tmp_path}/nginx.conf") as nginx:
        until("nginx", lambda: ":80 " in netns.run("ss", "-tln").stdout or nginx.process.poll() is not None)
        for _ in range(5):
            with stack.connect((KERNEL, 80), timeout=LIMIT) as stream:
                stream.sendall(b"GET /page HTTP/1.0\r\n\r\n")
                answer = b"".join(iter(stream.recv, b""))
            head, _, body = answer.partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 OK")
            assert sha256(body) == sha256(page)
        with stack.connect((KERNEL, 80), timeout=LIMIT) as stream:  # one connection, kept alive
            for _ in range(20):
                stream.sendall(b"HEAD /page HTTP/1.1\r\nHost: x\r\n\r\n")
                answer = b""
                while not answer.endswith(b"\r\n\r\n"):
                    answer += stream.recv()
                assert b"Content-Length: 3000000" in answer


@pytest.fixture
def router(netns, gateway, stack):
    """The stack between two namespaces, a tap to each."""
    with inside(gateway.name):
        tap = _core.Tap.open("tap1")
    second = stack.attach("veth1", tap, mac="02:00:00:00:01:01")
    second.add_address("10.1.0.1/24")
    gateway.ip("addr add 10.1.0.2/24 dev tap1")
    gateway.ip("link set tap1 up")
    gateway.ip("route add default via 10.1.0.1")
    netns.ip("route add default via 10.0.0.1")
    until("both arms", lambda: gateway.run("ping", "-c", "1", "-W", "1", KERNEL, check=False).returncode == 0)
    return stack


@pytest.mark.e2e("iperf3")
def test_router(netns, gateway, router):
    rates = {}
    for way in ((), ("-R",)):
        with Program(gateway, "iperf3", "-s", "-1", "--forceflush") as server:
            server.out.expect("Server listening")
            said = netns.run("iperf3", "-c", "10.1.0.2", "-t", "2", "-J", *way).stdout
            rates[way] = json.loads(said)["end"]["sum_received"]["bits_per_second"]
    print(f"\nthrough the stack: {rates[()] / 1e9:.2f} Gbit/s, back: {rates[('-R',)] / 1e9:.2f}")
    assert min(rates.values()) > 1e7


@pytest.mark.e2e("traceroute")
def test_router_shows_as_a_hop(netns, gateway, router):
    said = netns.run("traceroute", "-n", "10.1.0.2").stdout
    assert re.search(r"^ 1  10\.0\.0\.1 .*\n 2  10\.1\.0\.2 ", said, re.M), said
    assert "0% packet loss" in netns.run("ping", "-c", "3", "-i", "0.2", "-s", "20000", "10.1.0.2").stdout


def test_router_with_a_narrow_arm(netns, gateway, router):
    """The second network takes less: fragments, or ICMP 3/4 to who forbids them; then TCP finds its way."""
    router.interfaces["veth1"].mtu = 1200
    gateway.ip("link set tap1 mtu 1200")
    netns.run("ping", "-c", "2", "-i", "0.2", "-M", "dont", "-s", "1400", "10.1.0.2")
    said = netns.run("ping", "-c", "2", "-i", "0.2", "-M", "do", "-s", "1400", "10.1.0.2", check=False)
    assert re.search(r"[Ff]rag needed.*mtu ?= ?1200", said.stdout + said.stderr), said
    data = noise(300_000)
    with kernel_listener(gateway) as listener, kernel_socket(netns) as sender:
        task = Task(kernel_receives, listener)
        sender.connect(("10.1.0.2", listener.getsockname()[1]))
        sender.sendall(data)
        sender.shutdown(socket.SHUT_WR)
        assert task.result() == (len(data), sha256(data))


@pytest.mark.timeout(90)
def test_64_connections_in(netns, stack):
    """64 clients at once, each sending and receiving its own bytes."""
    count, size = 64, 300_000

    def echo(stream):
        with stream:
            stream.settimeout(LIMIT)
            while block := stream.recv():
                stream.sendall(block)

    def serve():
        with stack.listen((STACK, 7), backlog=count) as listener:
            listener.settimeout(LIMIT)
            for task in [Task(echo, listener.accept()) for _ in range(count)]:
                task.result(60)

    server = Task(serve)
    until("the listener", lambda: stack.sockets, pause=0.001)
    clients = [Task(client, netns, noise(size, n)) for n in range(count)]
    for each in clients:
        each.result(60)
    server.result(60)


def kernel_receives(listener):
    stream, _ = listener.accept()
    with stream:
        return drain(stream)


def client(netns, data):
    with kernel_socket(netns) as peer:
        peer.connect((STACK, 7))
        sender = Task(lambda: (peer.sendall(data), peer.shutdown(socket.SHUT_WR)))
        assert drain(peer) == (len(data), sha256(data))
        sender.result()


@pytest.mark.timeout(90)
def test_64_connections_out(netns, stack):
    count, size = 64, 300_000

    def echo(peer):
        with peer:
            peer.settimeout(LIMIT)
            while block := peer.recv(65536):
                peer.sendall(block)

    def call(port, data):
        with stack.connect((KERNEL, port), timeout=LIMIT) as stream:
            sender = Task(lambda: (stream.sendall(data), stream.shutdown(socket.SHUT_WR)))
            assert drain(stream) == (len(data), sha256(data))
            sender.result()

    with kernel_listener(netns) as listener:
        serve = Task(lambda: [Task(echo, listener.accept()[0]) for _ in range(count)])
        port = listener.getsockname()[1]
        for each in [Task(call, port, noise(size, n)) for n in range(count)]:
            each.result(60)
        for each in serve.result():
            each.result()


def test_connections_in_turn(netns, stack):
    """Opened and closed one after another by either side: nothing is left but TIME-WAIT."""
    with stack.listen((STACK, 7)) as listener:
        for turn in range(500):
            with kernel_socket(netns) as peer:
                peer.connect((STACK, 7))
                with listener.accept() as stream:
                    peer.sendall(b"x")
                    assert stream.recv() == b"x"
                    if turn % 2:
                        peer.close()
                        assert stream.recv() == b""
    until("the closing", lambda: not [each for each in stack.sockets if each.state not in ("TIME-WAIT",)], LIMIT)
