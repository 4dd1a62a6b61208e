"""TOP2: a tap, the stack at one end and the kernel, with an address of its own, at the other.

stack 10.0.0.1 --- veth === tap0 --- 10.0.0.2 kernel
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from tapip_rs.config import Config
from tapip_rs.topology.attachment import Attachment, TopologyError
from tapip_rs.topology.kernel import Link
from tapip_rs.topology.plan import Plan, RealTools, Tools, managed

__all__ = ["top2"]

_log = logging.getLogger("tapip_rs.start")


@contextmanager
def top2(config: Config, tools: Tools | None = None) -> Iterator[Attachment]:
    """A tap for the stack, the kernel's side ready; all undone at the end.

    A tap that exists is used as it is: it gets the address and is set up if it lacks that, and loses again what it
    got. Raises: TopologyError, with nothing changed.
    """
    with managed(Top2(config, tools or RealTools())) as attachment:
        yield attachment


class Top2(Plan):
    """The plan of TOP2."""

    def set_up(self) -> Attachment:
        """Open the tap and give the kernel its address."""
        address = self.config.tap.address
        before = self.kernel.link(self.config.tap.device)
        has = before is not None and any(
            (index, given) == (before.index, address) for index, given in self.kernel.addresses()
        )
        self._refuse_our_address(before)
        self.write_down(tap_address=None if has or address is None else str(address))
        tap, link = self.open_tap()
        _log.info("gethwaddr_tap mac addr: %s", link.mac)
        if address is not None:
            if not has:
                self.kernel.add_address(link.index, address)
                _log.info("setipaddr_tap set IPaddr: %s", address.ip)
            _log.info("getipaddr_tap get IPaddr: %s", address.ip)
            if not has:
                _log.info("setnetmask_tap set Netmask: %s", address.netmask)
        if not link.up:
            self.kernel.change(link.index, state="up")
            _log.info("setup_tap ifup %s", link.name)
        return self.attachment(tap, link, address)

    def _refuse_our_address(self, tap: Link | None) -> None:
        """The kernel must have neither the stack's address nor, elsewhere, its own."""
        names = {link.index: link.name for link in self.kernel.links()}
        for index, given in self.kernel.addresses():
            where = names.get(index, f"device {index}")
            if given.ip == self.config.host.address.ip:
                raise TopologyError(f"the stack's address {given.ip} is the kernel's, on {where}; choose another")
            elsewhere = tap is None or index != tap.index
            if self.config.tap.address is not None and given.ip == self.config.tap.address.ip and elsewhere:
                raise TopologyError(f"the kernel has {given.ip} on {where} already; choose another --kernel-address")
