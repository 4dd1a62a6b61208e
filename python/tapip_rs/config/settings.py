"""Every setting by name: where it stands in the file, its environment variable, its flag, and its reader.

tapip had these in netcfg.h and its Makefile, at compile time. Its other compile-time constants (sizes of tables and
buffers, timeouts) are knobs: they stand in the file's [sysctl] table, in TAPIP_SYSCTL, and behind --sysctl.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tapip_rs.config import readers

__all__ = ["BY_PATH", "SETTINGS", "Setting"]


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting."""

    path: str
    """Its place in the file and in the tree."""
    read: Callable[[Any], Any]
    about: str
    word: str
    """What its flag takes, for the help; empty when the flag alone says it."""
    short: str = ""
    """Its name as a flag and in the environment, when that is not the last part of the path."""

    @property
    def name(self) -> str:
        """Its name as a keyword."""
        return self.short or self.path.rpartition(".")[2]

    @property
    def flag(self) -> str:
        """Its flag."""
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        """Its environment variable."""
        return "TAPIP_" + self.name.upper()


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "topology", readers.topology, "2: the kernel behind a tap; 1: a bridge to a card; demo: in memory", "1|2|demo"
    ),
    Setting("netns", readers.netns, "work in this network namespace", "NAME"),
    Setting("debug", readers.layers, "print events of these layers from the start", "LAYERS"),
    Setting("seed", readers.seed, "make random numbers from this one", "NUMBER"),
    Setting("spin", readers.spin, "spin so long before a sleep, where that pays", "on|off|MICROSECONDS"),
    Setting("host.interface", readers.device, "name of the stack's interface (veth)", "NAME"),
    Setting("host.address", readers.interface, "the stack's address", "A.B.C.D/LEN"),
    Setting("host.gateway", readers.gateway, "the stack's default gateway", "A.B.C.D|none"),
    Setting("host.mac", readers.mac, "the stack's hardware address", "MAC"),
    Setting("host.mtu", readers.mtu, "largest IP packet; none takes the tap's", "BYTES|none"),
    Setting("tap.device", readers.device, "the tap's name (tap0)", "NAME", "dev"),
    Setting(
        "tap.address",
        readers.interface,
        "the kernel's address on the tap (topology 2)",
        "A.B.C.D/LEN",
        "kernel_address",
    ),
    Setting(
        "tap.offload",
        readers.offload,
        "work left to the kernel behind the tap: any of rx,tx,tso,gro, or no-... for all but these",
        "on|off|NAMES",
    ),
    Setting("tap.queues", readers.queues, "queues of the tap; each flow keeps to one of them", "NUMBER"),
    Setting("bridge.name", readers.device, "the bridge's name (topology 1: br0)", "NAME", "bridge"),
    Setting("bridge.nic", readers.device, "the card that joins the bridge (topology 1: eth0)", "NAME", "nic"),
    Setting(
        "bridge.yes",
        readers.switch,
        "take the card with the only default route; down: forget what can not be undone",
        "",
        "yes",
    ),
)

BY_PATH = {setting.path: setting for setting in SETTINGS}
