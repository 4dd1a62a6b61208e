"""Is an address in use on this wire? Ask by ARP, as RFC 5227 says, for no longer than a second."""

from __future__ import annotations

import ctypes
import socket
import struct
import time
from ipaddress import IPv4Address

__all__ = ["conflict", "probe_frame", "users"]

ETH_P_ALL, ETH_P_ARP = 0x0003, 0x0806
SO_ATTACH_FILTER = 26
PACKET_OUTGOING = 4
TIMES = (0.0, 0.2, 0.4)
"""When the probes leave. RFC 5227 1.1 spreads three over some seconds; on a wire of our own a second must do."""
PATIENCE = 0.8
"""Seconds until the silence counts as an answer."""

_ONLY_ARP = (
    (0x28, 0, 0, 12),  # load the type of the frame
    (0x15, 0, 1, ETH_P_ARP),  # ARP?
    (0x06, 0, 0, 0xFFFF),  # take it
    (0x06, 0, 0, 0),  # leave it
)


def users(device: str, address: IPv4Address, mac: str) -> str | None:
    """The hardware address of another host that has or wants `address` on the device's wire; None when nobody does."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL)) as wire:
        _filter(wire)
        wire.bind((device, ETH_P_ALL))
        return _listen(wire, address, mac, device)


def _listen(wire: socket.socket, address: IPv4Address, mac: str, device: str) -> str | None:
    start = time.monotonic()
    pending = list(TIMES)
    while True:
        passed = time.monotonic() - start
        if pending and passed >= pending[0]:
            pending.pop(0)
            wire.send(probe_frame(address, mac))
            continue
        until = pending[0] if pending else PATIENCE
        if passed >= PATIENCE:
            return None
        wire.settimeout(max(until - passed, 0.001))
        try:
            frame, origin = wire.recvfrom(64)
        except TimeoutError:
            continue
        if origin[0] == device and origin[2] != PACKET_OUTGOING:
            other = conflict(frame, address, mac)
            if other is not None:
                return other


def probe_frame(address: IPv4Address, mac: str) -> bytes:
    """An ARP probe: who has `address`? From nobody (sender address 0.0.0.0), so that no table learns from it."""
    ours = bytes.fromhex(mac.replace(":", ""))
    header = b"\xff" * 6 + ours + struct.pack("!H", ETH_P_ARP)
    return header + struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + ours + bytes(4) + bytes(6) + address.packed + bytes(18)


def conflict(frame: bytes, address: IPv4Address, mac: str) -> str | None:
    """Who contests the address by this frame, if anybody does."""
    if len(frame) < 42 or frame[12:20] != b"\x08\x06\x00\x01\x08\x00\x06\x04":
        return None
    sender, claimed, wanted = frame[22:28], frame[28:32], frame[38:42]
    if sender == bytes.fromhex(mac.replace(":", "")):
        return None
    has_it = claimed == address.packed
    wants_it = frame[20:22] == b"\x00\x01" and claimed == bytes(4) and wanted == address.packed
    return sender.hex(":") if has_it or wants_it else None


def _filter(wire: socket.socket) -> None:
    """Let the kernel throw away all but ARP: a card's whole traffic would pass here otherwise."""
    program = b"".join(struct.pack("=HBBI", *step) for step in _ONLY_ARP)
    buffer = ctypes.create_string_buffer(program)
    wire.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", len(_ONLY_ARP), ctypes.addressof(buffer)))
