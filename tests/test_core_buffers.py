"""Whose memory is sent and received into."""

import array

import pytest

from wires import A, B, Wire


@pytest.fixture
def sockets():
    wire = Wire()
    sender, receiver = wire.a.udp(), wire.b.udp((B, 9))
    sender.connect((B, 9))
    return wire, sender, receiver


@pytest.mark.parametrize(
    "data",
    [
        b"bytes",
        bytearray(b"bytearray"),
        memoryview(b"a view of bytes"),
        memoryview(bytearray(b"a view of a bytearray"))[2:10],
        array.array("H", [1, 2, 3]),
        b"",
    ],
    ids=["bytes", "bytearray", "view", "slice", "array", "empty"],
)
def test_any_contiguous_buffer_is_sent(sockets, data):
    wire, sender, receiver = sockets
    assert sender.send(data) == len(bytes(data))
    wire.exchange()
    assert receiver.recv() == bytes(data)


def test_a_gap_is_refused(sockets):
    with pytest.raises(BufferError):
        sockets[1].send(memoryview(b"abcdef")[::2])


def test_text_is_refused(sockets):
    with pytest.raises(TypeError):
        sockets[1].send("text")


def test_receive_into(sockets):
    wire, sender, receiver = sockets
    buffer = bytearray(b"." * 8)
    sender.send(b"abcd")
    wire.exchange()
    assert receiver.recv_into(buffer) == 4
    assert buffer == b"abcd...."
    sender.send(b"123456")
    wire.exchange()
    assert receiver.recv_into(memoryview(buffer)[4:], 2) == 2
    assert buffer == b"abcd12.."


def test_receive_into_what_cannot_be_written(sockets):
    with pytest.raises(BufferError, match="read-only"):
        sockets[2].recv_into(b"constant")


def test_a_bytearray_is_locked_only_during_the_call(sockets):
    data = bytearray(b"abc")
    sockets[1].send(data)
    data.extend(b"def")
    assert len(data) == 6


def test_a_huge_size_takes_no_memory(sockets):
    wire, sender, receiver = sockets
    sender.send(b"small")
    wire.exchange()
    assert receiver.recv(1 << 40) == b"small"


def test_meta(sockets):
    wire, sender, receiver = sockets
    sender.set_option("ttl", 9)
    sender.set_option("tos", 0x10)
    sender.send(b"0123456789")
    wire.exchange()
    data, info = receiver.recvmsg(4)
    assert data == b"0123"
    assert (info.source, info.destination, info.ttl, info.tos, info.length) == (sender.local, B, 9, 0x10, 10)
    assert info.source[0] == A
    assert wire.b.interfaces.at(info.interface).name == "veth"
    assert "ttl=9" in repr(info)
