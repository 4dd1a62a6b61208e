"""Words to values: each reader takes what TOML, the environment or a flag gives.

It raises ValueError with what is allowed; the place where it was said is added by the caller.
"""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv4Address, IPv4Interface, NetmaskValueError
from typing import Any

from tapip_rs.config.tree import TOPOLOGIES
from tapip_rs.offload import choice
from tapip_rs.policy import Value, find

__all__ = ["address", "device", "gateway", "interface", "layers", "mac", "mtu", "netns", "offload", "queues",
           "seed", "spin", "switch", "sysctl", "topology"]  # fmt: skip

LAYERS = ("dev", "l2", "arp", "ip", "icmp", "udp", "tcp", "tcpstate")
#: Microseconds that "on" spins: what a wake-up on another processor costs that halted (bench/test_roundtrip.py).
SPIN = 50

_WORDS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


def topology(value: Any) -> str:
    """1, 2 or demo."""
    if str(value) not in TOPOLOGIES or isinstance(value, bool):
        raise ValueError(f"there is no topology {value!r}: one of {', '.join(TOPOLOGIES)}")
    return str(value)


def interface(value: Any) -> IPv4Interface:
    """An address with its prefix length."""
    text = str(value)
    if "/" not in text:
        raise ValueError(f"{text!r} has no prefix length: say it as in 10.0.0.1/24")
    try:
        read = IPv4Interface(text)
    except (AddressValueError, NetmaskValueError, ValueError):
        raise ValueError(f"{text!r} is no IPv4 address with a prefix length such as 10.0.0.1/24") from None
    _check_host(read.ip)
    return read


def address(value: Any) -> IPv4Address:
    """A host's address."""
    try:
        read = IPv4Address(str(value))
    except AddressValueError:
        raise ValueError(f"{str(value)!r} is no IPv4 address such as 10.0.0.2") from None
    _check_host(read)
    return read


def gateway(value: Any) -> IPv4Address | None:
    """A host's address, or none."""
    return None if str(value).lower() in ("", "none") else address(value)


def _check_host(read: IPv4Address) -> None:
    if read.is_multicast or read.is_unspecified or read.is_loopback or int(read) >= 0xF0000000 or int(read) >> 24 == 0:
        raise ValueError(f"{read} can not be a host's address: not 0/8, 127/8, nor above 223.255.255.255")


def mac(value: Any) -> str:
    """A hardware address of one card: six bytes in hex, neither zero nor a group."""
    text = str(value).lower().replace("-", ":")
    if not re.fullmatch(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}", text):
        raise ValueError(f"{str(value)!r} is no hardware address such as 00:34:45:67:89:ab")
    if int(text[:2], 16) & 1 or text == "00:00:00:00:00:00":
        raise ValueError(f"{text} is no single card's address: its first byte must be even, and not all may be zero")
    return text


def mtu(value: Any) -> int | None:
    """Bytes, or none for the device's own."""
    if str(value).lower() == "none":
        return None
    return _whole(value, 68, 65535, "bytes")


def seed(value: Any) -> int:
    """Any number of 128 bits."""
    return _whole(value, 0, 2**128 - 1, "")


def device(value: Any) -> str:
    """A name that Linux takes for a network device."""
    text = str(value)
    if not re.fullmatch(r"[^\s/:%]{1,15}", text) or text in (".", ".."):
        raise ValueError(f"{text!r} can not name a network device: 1 to 15 characters, no blank, '/', ':' or '%'")
    return text


def netns(value: Any) -> str | None:
    """A namespace's name as `ip netns` knows it, or a path to one; empty is the one we are in."""
    text = str(value)
    if "\0" in text or text in (".", ".."):
        raise ValueError(f"{text!r} can not name a network namespace")
    return text or None


def switch(value: Any) -> bool:
    """Yes or no."""
    read = _WORDS.get(str(value).lower())
    if read is None:
        raise ValueError(f"{value!r} is neither yes nor no: one of {', '.join(_WORDS)}")
    return read


def spin(value: Any) -> int:
    """Microseconds, or a word."""
    word = _WORDS.get(str(value).lower()) if isinstance(value, bool | str) and str(value) not in ("0", "1") else None
    if word is not None:
        return SPIN if word else 0
    return _whole(value, 0, 1000, "microseconds, or on, or off")


def offload(value: Any) -> tuple[str, ...]:
    """Names of offloads, or a word for them."""
    return choice(value)


def queues(value: Any) -> int:
    """As many as a tap may have here."""
    return _whole(value, 1, 64, "queues")


def layers(value: Any) -> tuple[str, ...]:
    """Names of debug layers, as a list or with blanks or commas between."""
    words = value if isinstance(value, list) else re.split(r"[\s,]+", str(value).strip())
    names = [str(word) for word in words if word != ""]
    if "all" in names:
        return LAYERS
    for name in names:
        if name not in LAYERS:
            raise ValueError(f"there is no layer {name!r}: any of {', '.join(LAYERS)}, or all")
    return tuple(dict.fromkeys(names))


def sysctl(name: str, value: Any) -> tuple[str, Value]:
    """A knob's full name and its value, both checked."""
    try:
        knob = find(name)
    except KeyError as error:
        raise ValueError(error.args[0]) from None
    try:
        return knob.name, knob.decode(knob.encode(value))
    except TypeError as error:
        raise ValueError(str(error)) from None


def _whole(value: Any, low: int, high: int, unit: str) -> int:
    allowed = f"{low} to {high} {unit}".rstrip()
    try:
        number = int(str(value), 10)
    except ValueError:
        raise ValueError(f"{value!r} is no whole number: {allowed}") from None
    if isinstance(value, bool) or not low <= number <= high:
        raise ValueError(f"{value} is out of range: {allowed}")
    return number
