"""What a topology gives to the stack, and the one exception it raises."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Interface
from typing import Protocol

__all__ = ["Attachment", "KernelSide", "TapDevice", "TopologyError"]


class TopologyError(OSError):
    """The topology can not be set up; the text says why and what to do about it. Nothing was left changed."""

    def __init__(self, text: str) -> None:
        super().__init__(text)


class TapDevice(Protocol):
    """What a topology needs of `_core.Tap`."""

    @property
    def name(self) -> str:
        """The kernel's name of it."""

    @property
    def created(self) -> bool:
        """Whether it was not there before."""

    def close(self) -> None:
        """Close the descriptor; a tap that was made by opening it goes away."""


@dataclass(frozen=True, slots=True)
class KernelSide:
    """The kernel's end of the tap, as it was when it was set up."""

    name: str
    mac: str
    mtu: int
    address: IPv4Interface | None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A tap that is ready to be attached to a stack."""

    device: TapDevice
    kernel: KernelSide
