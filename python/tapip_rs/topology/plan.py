"""What both topologies have in common: the claim, the order of doing and undoing, and signals meanwhile."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Protocol

from tapip_rs.config import Config
from tapip_rs.topology.attachment import Attachment, KernelSide, TapDevice, TopologyError
from tapip_rs.topology.kernel import Kernel, Link, away_from_loops
from tapip_rs.topology.netns import identity, inside
from tapip_rs.topology.restore import undo
from tapip_rs.topology.state import Claim, State, boot_time

__all__ = ["Plan", "Tools", "managed", "shielded"]

_log = logging.getLogger("tapip_rs.start")
_DEFERRED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


class Tools(Protocol):
    """What a plan works with; tests give others."""

    kernel: Kernel

    def open_tap(self, name: str, queues: int) -> TapDevice:
        """Open or make a tap."""

    def users(self, device: str, address: Any, mac: str) -> str | None:
        """Ask by ARP who uses an address."""


class RealTools:
    """The kernel itself."""

    def __init__(self) -> None:
        self.kernel = Kernel()

    def open_tap(self, name: str, queues: int) -> TapDevice:
        """Open or make a tap."""
        from tapip_rs import _core

        return _core.Tap.open(name, queues=queues)

    def users(self, device: str, address: Any, mac: str) -> str | None:
        """Ask by ARP who uses an address."""
        from tapip_rs.topology.probe import users

        return users(device, address, mac)


class Plan:
    """One topology being set up; `set_up` is what the two differ in."""

    def __init__(self, config: Config, tools: Tools) -> None:
        self.config = config
        self.tools = tools
        self.kernel = tools.kernel
        self._claim: Claim | None = None
        self._state: State | None = None
        self._tap: TapDevice | None = None

    def set_up(self) -> Attachment:
        """Check, write down, change. Raises: OSError; the caller then undoes."""
        raise NotImplementedError

    def begin(self) -> None:
        """Take the claim, and undo what a dead process left under it."""
        self._claim = Claim(identity(), self.config.tap.device)
        try:
            left = self._claim.read()
        except ValueError as error:
            raise TopologyError(
                f"the state file of {self.config.tap.device} can not be read: {error} (tapip down --yes removes it)"
            ) from None
        if left is None:
            return
        if left.cookie == identity().cookie:
            _log.info("undoing what tapip (pid %d) left behind on %s", left.pid, left.tap)
            problems = undo(self.kernel, left)
            if problems:
                raise TopologyError(f"what tapip (pid {left.pid}) left behind can not be undone: {'; '.join(problems)}")
        self._claim.clear()

    def write_down(self, **how: Any) -> None:
        """Write the state file: from here on everything is undone."""
        if self._claim is None:
            raise AssertionError("begin() comes first")
        tap = self.kernel.link(self.config.tap.device)
        self._state = State(
            topology=self.config.topology,
            pid=os.getpid(),
            boot_time=boot_time(),
            cookie=identity().cookie,
            tap=self.config.tap.device,
            tap_index=tap.index if tap else None,
            tap_up=tap.up if tap else False,
            **how,
        )
        self._claim.write(self._state)

    def open_tap(self) -> tuple[TapDevice, Link]:
        """Open the tap, check that its hardware address is not ours, and keep IPv6 away from it if we made it."""
        name, mac = self.config.tap.device, self.config.host.mac
        try:
            self._tap = self.tools.open_tap(name, self.config.tap.queues)
        except OSError as error:
            raise TopologyError(f"can not open the tap {name}: {error.strerror or error}") from error
        link = self.kernel.link(self._tap.name)
        if link is None:
            raise TopologyError(f"the tap {name} is gone as soon as it was opened")
        refuse_same_mac(mac, link.mac, f"the kernel's side of {name}")
        if self._tap.created:
            self.kernel.silence_ipv6(link.name)
        _log.info("getname_tap net device: %s", link.name)
        _log.info("getmtu_tap mtu: %d", link.mtu)
        return self._tap, link

    def attachment(self, tap: TapDevice, link: Link, address: Any = None) -> Attachment:
        """What the stack gets."""
        return Attachment(tap, KernelSide(link.name, link.mac, self.kernel_mtu(link), address))

    def kernel_mtu(self, link: Link) -> int:
        """The tap's MTU as it is now."""
        now = self.kernel.link(link.name)
        return now.mtu if now else link.mtu

    def undo(self) -> None:
        """Undo all that was written down, and let the claim go. What can not be undone stays written down."""
        if self._tap is not None:
            self._tap.close()
        problems = undo(self.kernel, self._state) if self._state is not None else []
        if self._claim is not None:
            if self._state is not None and not problems:
                self._claim.clear()
            self._claim.release()
        self._tap = self._state = self._claim = None
        if problems:
            raise TopologyError(f"not all is as it was: {'; '.join(problems)}")


def refuse_same_mac(ours: str, theirs: str, whose: str) -> None:
    """One wire, two hosts, one hardware address: nothing would work."""
    if ours.lower() == theirs.lower():
        raise TopologyError(f"the stack's hardware address {ours} is that of {whose}; choose another with --mac")


@contextmanager
def managed(plan: Plan) -> Iterator[Attachment]:
    """Set up, hand over, undo: in the plan's namespace, and with signals held back while the kernel is half changed."""
    try:
        with shielded():
            attachment = _there(plan, lambda: _set_up(plan))
        yield attachment
    finally:
        with shielded():
            _there(plan, plan.undo)


def _set_up(plan: Plan) -> Attachment:
    plan.begin()
    return plan.set_up()


def _there(plan: Plan, work: Callable[[], Any]) -> Any:
    def run() -> Any:
        with inside(plan.config.netns):
            return work()

    return away_from_loops(run)


@contextmanager
def shielded() -> Iterator[None]:
    """Hold signals back that would end the program; raise them again at the end of the block."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        came.append(number)

    before = {int(number): signal.signal(number, note) for number in _DEFERRED}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        for number in dict.fromkeys(came):
            signal.raise_signal(number)
