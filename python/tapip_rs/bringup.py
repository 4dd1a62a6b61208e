"""Bringing a stack up on a tap: topology, knobs, interface, address, default route; each step said in the log.

The log's words are tapip's, where tapip did the same; `tapip` prints them, a program hears them if it listens to the
logger `tapip_rs.start`.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, cast

from tapip_rs.config import Config

if TYPE_CHECKING:
    from tapip_rs import _core
    from tapip_rs.stack import Stack
    from tapip_rs.topology import KernelSide

__all__ = ["bring_up", "say_running"]

_log = logging.getLogger("tapip_rs.start")


def bring_up(stack: Stack, config: Config) -> KernelSide:
    """Join a new stack to the kernel as `config` says; the stack's `close` undoes it. Raises: OSError, ValueError."""
    from tapip_rs.topology import top1, top2

    _say_loopback(stack)
    topology = top1 if config.topology == "1" else top2
    attachment = stack.on_close(topology(config))
    host = config.host
    stack.policy.update(config.sysctl)
    stack.spin = config.spin
    device = cast("_core.Tap", attachment.device)
    veth = stack.attach(host.interface, device, mac=host.mac, mtu=host.mtu or attachment.kernel.mtu)
    veth.offload = config.tap.offload
    veth.add_address(host.address)
    if host.gateway is not None:
        stack.routes.add("default", via=host.gateway)
    _log.info("veth_dev_init %s ip address: %s", host.interface, host.address.ip)
    _log.info("veth_dev_init %s hw address: %s", host.interface, host.mac)
    return attachment.kernel


def say_running(stack: Stack) -> None:
    """What of tapip's last lines is true here: there are tables and sockets, and two threads, not four."""
    _log.info("arp_cache_init ARP CACHE INIT (%s entries)", stack.policy["net.ipv4.neigh.default.gc_thresh3"])
    _log.info("rt_init route table init (%d routes)", sum(route.selected for route in stack.routes.routes()))
    _log.info("raw_init raw ip init")
    _log.info("net_stack_run thread 0: driver (devices and timers)")
    _log.info("net_stack_run thread 1: shell worker")


def _say_loopback(stack: Stack) -> None:
    for name, interface in stack.interfaces.items():
        if interface.medium == "loopback":
            for address in interface.addresses:
                _log.info("loop_dev_init %s ip address: %s", name, address.ip)
                _log.info("loop_dev_init %s netmask:    %s", name, address.netmask)
