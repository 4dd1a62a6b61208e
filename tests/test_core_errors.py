"""Failures reach Python as the exception that a Linux socket would raise, and wrong calls name the argument."""

import errno
import select

import pytest

from tapip_rs import Loopback, Pipe, _core
from tapip_rs.errors import StackFailed
from wires import A, B, Wire


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def core(wire: Wire) -> _core.Stack:
    return wire.a.core


def connected(wire: Wire):
    listener = wire.b.listen((B, 80))
    client = wire.a.connect((B, 80))
    wire.exchange()
    return client, listener.accept()


def oserror(call, number: int, kind: type[OSError] = OSError):
    with pytest.raises(kind) as caught:
        call()
    assert caught.value.errno == number, caught.value
    assert caught.value.strerror
    return caught.value


def test_refused(wire):
    client = wire.a.connect((B, 81))
    wire.exchange()
    oserror(lambda: client.recv(1), errno.ECONNREFUSED, ConnectionRefusedError)


def test_reset_then_end(wire):
    client, server = connected(wire)
    server.abort()
    wire.exchange()
    oserror(lambda: client.recv(1), errno.ECONNRESET, ConnectionResetError)


def test_broken_pipe(wire):
    client, _server = connected(wire)
    client.shutdown(1)
    oserror(lambda: client.send(b"x"), errno.EPIPE, BrokenPipeError)


def test_nothing_to_do(wire):
    client, _server = connected(wire)
    oserror(lambda: client.recv(1), errno.EAGAIN, BlockingIOError)


def test_peer_silent(wire):
    client = wire.a.connect((B, 80))  # nobody moves the frames
    for _ in range(300):
        wire.a.advance(1)
        if client.readiness() & select.POLLERR:
            break
    with pytest.raises(OSError) as caught:  # noqa: PT011
        client.recv(1)
    assert caught.value.errno in (errno.ETIMEDOUT, errno.EHOSTUNREACH)


def test_neighbour_silent(wire):
    socket = wire.a.udp()
    socket.connect(("10.0.0.99", 9))
    socket.send(b"x")
    wire.a.advance(10)
    assert socket.readiness() & select.POLLERR
    oserror(socket.recv, errno.EHOSTUNREACH)


def test_no_route(wire):
    oserror(lambda: wire.a.connect(("192.0.2.1", 80)), errno.ENETUNREACH)


def test_address_in_use(wire):
    with wire.a.listen((A, 80)):
        oserror(lambda: wire.a.listen((A, 80)), errno.EADDRINUSE)
    with wire.a.udp((A, 80)):
        oserror(lambda: wire.a.udp((A, 80)), errno.EADDRINUSE)
    wire.a.listen((A, 80)).close()


def test_foreign_address(wire):
    oserror(lambda: wire.a.udp((B, 80)), errno.EADDRNOTAVAIL)
    oserror(lambda: wire.a.listen((B, 80)), errno.EADDRNOTAVAIL)


def test_no_destination(wire):
    oserror(lambda: wire.a.udp().send(b"x"), errno.EDESTADDRREQ)


def test_too_long(wire):
    oserror(lambda: wire.a.udp().sendto(bytes(65508), (B, 9)), errno.EMSGSIZE)


def test_broadcast_needs_permission(wire):
    socket = wire.a.udp()
    oserror(lambda: socket.sendto(b"x", ("10.0.0.255", 9)), errno.EACCES, PermissionError)
    socket.set_option("broadcast", 1)
    assert socket.sendto(b"x", ("10.0.0.255", 9)) == 1


def test_closed_handles(wire):
    client, server = connected(wire)
    for socket in (client, server, wire.a.udp(), wire.a.raw(1), wire.a.listen((A, 9))):
        socket.close()
        socket.close()
        oserror(socket.readiness, errno.EBADF)
        assert socket.closed


def test_closed_stack(wire):
    client, _server = connected(wire)
    wire.a.close()
    wire.a.close()
    assert wire.a.closed
    oserror(wire.a.core.interfaces, errno.EBADF)
    oserror(lambda: client.recv(1), errno.EBADF)
    client.close()


def test_devices_and_interfaces(wire, core):
    device = Loopback()
    core.attach("one", device, medium="loopback")
    oserror(lambda: core.attach("two", device, medium="loopback"), errno.EBUSY)
    oserror(lambda: core.attach("one", Loopback(), medium="loopback"), errno.EEXIST, FileExistsError)
    oserror(lambda: core.set_interface(99, up=True), errno.ENODEV)
    oserror(lambda: core.add_address(core.interfaces()[1].index, A, 24), errno.EEXIST, FileExistsError)
    oserror(lambda: core.remove_address(core.interfaces()[1].index, B), errno.EADDRNOTAVAIL)
    oserror(lambda: core.remove_neighbor(core.interfaces()[1].index, B), errno.ENOENT, FileNotFoundError)


def test_capture_file_that_cannot_be(core):
    error = oserror(lambda: core.start_capture(1, "/nowhere/at/all.pcapng"), errno.ENOENT, FileNotFoundError)
    assert "/nowhere/at/all.pcapng" in str(error)


WRONG_VALUES = {
    "seed": lambda core: _core.Stack(seed=-1, threaded=False),
    "medium": lambda core: core.attach("x", Loopback(), medium="carrier pigeon"),
    "mac": lambda core: core.attach("x", Loopback(), mac="00:11"),
    "mtu": lambda core: core.set_interface(1, mtu=67),
    "address": lambda core: core.add_address(1, "10.0.0", 24),
    "length": lambda core: core.add_address(1, "10.0.0.9", 33),
    "spec": lambda core: core.set_fault(1, {"drop": 2.0}),
    "kind": lambda core: core.apply_routes([], [("10.9.0.0", 16, None, 1, 0, "scenic", None)]),
    "target": lambda core: core.arping(1, "everyone"),
    "remote": lambda core: core.tcp_connect(("example", 80)),
    "local": lambda core: core.udp(("10.0.0.1", 65536)),
    "timeout": lambda core: core.tcp_connect((B, 80), timeout=-1.0),
    "protocol": lambda core: core.raw(0),
    "layers": lambda core: core.set_trace(["tcp", "gossip"]),
    "name": lambda core: core.udp().set_option("colour", 1),
    "value": lambda core: core.udp().set_option("ttl", 256),
    "events": lambda core: core.udp().wait(0),
    "how": lambda core: core.tcp_connect((B, 80)).shutdown(3),
    "size": lambda core: core.udp().recv_into(bytearray(1), 2),
    "seconds": lambda core: core.advance(float("nan")),
}


@pytest.mark.parametrize("name", WRONG_VALUES)
def test_wrong_values_name_the_argument(core, name):
    with pytest.raises(ValueError, match=rf"\b{name}\b"):
        WRONG_VALUES[name](core)


WRONG_TYPES = {
    "device": lambda core: core.attach("x", object()),
    "remote": lambda core: core.tcp_connect("10.0.0.2:80"),
    "local": lambda core: core.udp((A, "80")),
    "data": lambda core: core.udp().sendto("text", (B, 9)),
    "spec": lambda core: core.set_fault(1, {"drop": "much"}),
}


@pytest.mark.parametrize("name", WRONG_TYPES)
def test_wrong_types_name_the_argument(core, name):
    with pytest.raises(TypeError, match=rf"\b{name}\b"):
        WRONG_TYPES[name](core)


def test_unknown_knob(core):
    with pytest.raises(KeyError, match="no_such_knob"):
        core.knob("no_such_knob")
    with pytest.raises(ValueError, match="ip_forward"):
        core.set_knob("ip_forward", 7)


def test_live_stack_is_not_driven_by_hand():
    stack = _core.Stack()
    try:
        for call in (lambda: stack.inject(1, b""), lambda: stack.pull(1), lambda: stack.advance(1)):
            with pytest.raises(ValueError, match="detached"):
                call()
    finally:
        stack.close()


def test_stack_failed_is_an_oserror():
    assert issubclass(StackFailed, OSError)
    assert Pipe.pair()[0].mtu == 1500
