"""`ifconfig`: interfaces, shown and changed."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface
from typing import Annotated

from tapip_rs.interfaces import Interface
from tapip_rs.stack import Stack
from tapip_rs.topology import KernelSide

from ..devices import device as find_device
from ..kinds import Device
from ..parser import Keyword, Limits
from ..registry import command
from ..report import Report

INDENT = " " * 10
NOTE = "--- NOTE: this nic isnt in tapip, it is in remote machine ---"


class Setting(str):
    """`up`, `down`, or an address with its prefix length."""

    metavar = "up|down|ADDR/LEN"

    @classmethod
    def parse(cls, text: str) -> Setting:
        """Raises: ValueError for anything else."""
        try:
            right = text in ("up", "down") or ("/" in text and IPv4Interface(text) is not None)
        except ValueError:
            right = False
        if not right:
            raise ValueError(f"{text!r} is neither up, down nor ADDR/LEN")
        return cls(text)

    @staticmethod
    def complete(_stack: Stack) -> tuple[str, ...]:
        """The two words that can be guessed."""
        return ("up", "down")


@command("ifconfig")
def ifconfig(
    stack: Stack,
    device: Device | None = None,
    *setting: Setting,
    add: Annotated[IPv4Interface | None, Keyword("add")] = None,
    remove: Annotated[IPv4Address | None, Keyword("del")] = None,
    mtu: Annotated[int | None, Keyword("mtu"), Limits(68, 65536)] = None,
) -> Report:
    """configure a network interface

    Shows all devices, or one; with more words it changes the device and shows nothing.
        up, down      switch it
        ADDR/LEN      make this its only address
        add ADDR/LEN  give it one more address
        del ADDR      take one away
        mtu N         set the largest IP packet
    """
    if device is None:
        interfaces = list(stack.interfaces.values())
        texts, data = [_text(each) for each in interfaces], [_data(each) for each in interfaces]
        far = stack.kernel_side
        if far is not None and far.address is not None:
            texts += ["", NOTE, _far_text(far, interfaces[-1])]
            data.append(_far_data(far, interfaces[-1]))
        return Report("\n".join(texts), data)
    interface = find_device(stack, device)
    if not setting and add is None and remove is None and mtu is None:
        return Report(_text(interface), [_data(interface)])
    if mtu is not None:
        interface.mtu = mtu
    for word in setting:
        if "/" in word:
            _replace(interface, IPv4Interface(word))
        else:
            interface.up = word == "up"
    if add is not None:
        interface.add_address(add)
    if remove is not None:
        interface.remove_address(remove)
    return Report("", [_data(interface)])


def _replace(interface: Interface, address: IPv4Interface) -> None:
    """Make `address` the only one."""
    for old in interface.addresses:
        if old != address:
            interface.remove_address(old)
    if address not in interface.addresses:
        interface.add_address(address)


def _text(interface: Interface) -> str:
    """A device as tapip shows it, with a line for each further address."""
    info = interface.info
    addresses = [address for address, _ in info.addresses] or ["0.0.0.0"]
    lines = [f"{info.name:<10}HWaddr {info.mac}"]
    lines += [f"{INDENT}IPaddr {address}" for address in addresses]
    lines.append(f"{INDENT}mtu {info.mtu}" + ("" if info.up else " DOWN"))
    lines.append(f"{INDENT}RX packet:{info.rx_frames} bytes:{info.rx_bytes} errors:{info.rx_errors}")
    lines.append(f"{INDENT}TX packet:{info.tx_frames} bytes:{info.tx_bytes} errors:{info.tx_errors}")
    return "\n".join(lines)


def _far_text(far: KernelSide, near: Interface) -> str:
    """The kernel's end of the wire: what we sent it received."""
    info = near.info
    lines = [f"{far.name:<10}HWaddr {far.mac}", f"{INDENT}IPaddr {far.address.ip if far.address else '0.0.0.0'}"]
    lines.append(f"{INDENT}mtu {far.mtu}")
    lines.append(f"{INDENT}RX packet:{info.tx_frames} bytes:{info.tx_bytes} errors:0")
    lines.append(f"{INDENT}TX packet:{info.rx_frames} bytes:{info.rx_bytes} errors:0")
    return "\n".join(lines)


def _far_data(far: KernelSide, near: Interface) -> dict[str, object]:
    info = near.info
    return {
        "name": far.name,
        "remote": True,
        "mac": far.mac,
        "mtu": far.mtu,
        "addresses": [str(far.address)],
        "rx": {"packets": info.tx_frames, "bytes": info.tx_bytes, "errors": 0},
        "tx": {"packets": info.rx_frames, "bytes": info.rx_bytes, "errors": 0},
    }


def _data(interface: Interface) -> dict[str, object]:
    info = interface.info
    return {
        "name": info.name,
        "index": info.index,
        "medium": info.medium,
        "mac": info.mac,
        "mtu": info.mtu,
        "up": info.up,
        "addresses": [f"{address}/{length}" for address, length in info.addresses],
        "rx": {"packets": info.rx_frames, "bytes": info.rx_bytes, "errors": info.rx_errors},
        "tx": {"packets": info.tx_frames, "bytes": info.tx_bytes, "errors": info.tx_errors},
        "drops": info.drops,
    }
