"""TOP1: a bridge joins the tap and a network card; the kernel steps aside, and the stack is a host on that wire.

stack 10.20.133.21 --- veth === tap0 --- br0 --- eth0 --- the wire
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tapip_rs.config import Config
from tapip_rs.topology.attachment import Attachment, TopologyError
from tapip_rs.topology.kernel import Link
from tapip_rs.topology.plan import Plan, RealTools, Tools, managed, refuse_same_mac

__all__ = ["top1"]

_log = logging.getLogger("tapip_rs.start")


@contextmanager
def top1(config: Config, tools: Tools | None = None) -> Iterator[Attachment]:
    """A tap for the stack, bridged to the card; the card's addresses and routes are given back at the end.

    IPv4 is what the stack speaks, and what the kernel loses meanwhile; its IPv6 addresses stay on the card, unheard.
    Raises: TopologyError, with everything as it was, when it would be unwise or impossible.
    """
    with managed(Top1(config, tools or RealTools())) as attachment:
        yield attachment


class Top1(Plan):
    """The plan of TOP1."""

    def set_up(self) -> Attachment:
        """Check, write down, build the bridge, take the addresses away, ask whether ours is free."""
        bridge_name, mac = self.config.bridge.name, self.config.host.mac
        card = self._card()
        self.write_down(
            bridge=bridge_name, nic=card.name, nic_index=card.index, nic_up=card.up, before=self.kernel.snapshot()
        )
        tap, link = self.open_tap()
        bridge = self.kernel.add_bridge(bridge_name, card.mac)
        refuse_same_mac(mac, bridge.mac, f"the bridge {bridge_name}")
        self._take_addresses(card)
        if tap.created and link.mtu != card.mtu:
            self.kernel.change(link.index, mtu=card.mtu)
        for port in (card, link):
            self.kernel.change(port.index, master=bridge.index)
            self.kernel.change(port.index, state="up")
        self.kernel.change(bridge.index, state="up")
        _log.info("bridge %s joins %s and %s", bridge_name, card.name, link.name)
        self._refuse_used_address(card)
        return self.attachment(tap, link)

    def _card(self) -> Link:
        """The card, if it may be taken."""
        name, bridge = self.config.bridge.nic, self.config.bridge.name
        links = {link.name: link for link in self.kernel.links()}
        card = links.get(name)
        if card is None:
            cards = ", ".join(other.name for other in links.values() if not other.loopback) or "none"
            raise TopologyError(f"there is no network card {name} here; choose one with --nic (there is: {cards})")
        if card.loopback or not card.mac:
            raise TopologyError(f"{name} is no Ethernet card: it can not join a bridge")
        if card.master is not None:
            raise TopologyError(f"{name} is in a bridge or bond already")
        if bridge in links:
            raise TopologyError(f"there is a device {bridge} already; choose another name with --bridge")
        tap = links.get(self.config.tap.device)
        if tap is not None and tap.master is not None:
            raise TopologyError(f"the tap {tap.name} is in a bridge already; choose another with --dev")
        refuse_same_mac(self.config.host.mac, card.mac, name)
        defaults = self.kernel.default_devices()
        if defaults == {card.index} and not self.config.bridge.yes:
            raise TopologyError(
                f"{name} has the only default route: this machine would be cut off while the stack runs; "
                "say --yes if that is meant"
            )
        return card

    def _take_addresses(self, card: Link) -> None:
        """Take the kernel's IPv4 addresses off the card, and the routes that do not go with them."""
        own = [
            record
            for record in self.kernel.snapshot().addresses
            if record.index == card.index and record.family == socket.AF_INET
        ]
        for record in reversed(own):  # a secondary address before its primary one, which would take it along
            self.kernel.forget(record)
        for record in self.kernel.snapshot().routes:
            if record.family == socket.AF_INET and record.index == card.index:
                with suppress(ProcessLookupError):  # gone with another one
                    self.kernel.forget(record)
        _log.info("the kernel gave up %d addresses of %s", len(own), card.name)

    def _refuse_used_address(self, card: Link) -> None:
        address = self.config.host.address.ip
        for index, given in self.kernel.addresses():
            if given.ip == address:
                names = {link.index: link.name for link in self.kernel.links()}
                raise TopologyError(f"the stack's address {address} is the kernel's, on {names.get(index, index)}")
        other = self.tools.users(card.name, address, self.config.host.mac)
        if other is not None:
            raise TopologyError(f"the address {address} is in use by {other}; choose another with --address")
