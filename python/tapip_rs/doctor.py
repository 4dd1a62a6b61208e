"""`tapip doctor`: what this machine lacks for each topology, and how to mend it. Changes nothing, needs no right."""

from __future__ import annotations

import fcntl
import importlib.metadata
import os
import platform
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tapip_rs.config import Config

__all__ = ["Check", "examine", "hindrance"]

CAP_NET_ADMIN = 12
#: linux/if_tun.h.
TUNGETFEATURES, IFF_VNET_HDR = 0x800454CF, 0x4000
TUN = Path("/dev/net/tun")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at."""

    name: str
    state: str
    """good, warning or missing."""
    said: str
    mend: str = ""

    @property
    def good(self) -> bool:
        """Whether nothing is missing; a warning is no lack."""
        return self.state != "missing"

    def text(self) -> str:
        """One line, and how to mend it in a second one."""
        mark = {"good": "ok", "warning": "!!", "missing": "--"}[self.state]
        line = f"{mark}  {self.name}: {self.said}"
        return f"{line}\n      {self.mend}" if self.mend else line

    def data(self) -> dict[str, Any]:
        """For machines."""
        return asdict(self)


def hindrance(device: str) -> str | None:
    """Why no tap can be had here, in a few words; None when one can."""
    if not TUN.exists():
        return f"there is no {TUN}"
    trouble = _open_trouble()
    if trouble is not None:
        return f"{TUN} can not be opened ({trouble})"
    if not may_administer() and not Path(f"/sys/class/net/{device}/tun_flags").exists():
        return "it takes root or CAP_NET_ADMIN"
    return None


def _open_trouble() -> str | None:
    """Why the device can not be opened: its mode, a container's rules, a missing driver."""
    try:
        os.close(os.open(TUN, os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        return error.strerror or str(error)
    return None


def may_administer() -> bool:
    """Whether this process has CAP_NET_ADMIN."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) >> CAP_NET_ADMIN & 1)
    return os.geteuid() == 0


def examine(config: Config) -> list[Check]:
    """Look at everything; a look that fails is a finding, not an end."""
    looks: tuple[Callable[[Config], Check], ...] = (
        _system, _right, _tun, _offload, _run_directory, _leftover, _tap, _bridge, _addresses, _build,
        _pyroute2, _editor,
    )  # fmt: skip
    return [_safely(look, config) for look in looks]


def _safely(look: Callable[[Config], Check], config: Config) -> Check:
    try:
        return look(config)
    except (OSError, ImportError, ValueError, AttributeError) as error:
        return Check(look.__name__.strip("_").replace("_", " "), "missing", f"could not be looked at: {error}")


def _system(_config: Config) -> Check:
    said = f"{platform.system()} {platform.release()} on {platform.machine()}, Python {platform.python_version()}"
    if platform.system() != "Linux":
        return Check("system", "missing", said, "A tap device is Linux's; the demo network works everywhere else too.")
    return Check("system", "good", said)


def _right(_config: Config) -> Check:
    if may_administer():
        return Check("right", "good", "this process has CAP_NET_ADMIN")
    return Check("right", "missing", "neither root nor CAP_NET_ADMIN", f"sudo {sys.argv[0]}, or: unshare -Urn tapip")


def _tun(_config: Config) -> Check:
    name = str(TUN)
    if not TUN.exists():
        mend = "modprobe tun; in a container: docker run --device /dev/net/tun --cap-add NET_ADMIN ..."
        return Check(name, "missing", "is not there", mend)
    trouble = _open_trouble()
    if trouble is not None:
        mend = "be root; modprobe tun; in a container: docker run --device /dev/net/tun --cap-add NET_ADMIN ..."
        return Check(name, "missing", f"can not be opened: {trouble}", mend)
    return Check(name, "good", "can be opened")


def _offload(config: Config) -> Check:
    wanted = ",".join(config.tap.offload) or "off"
    try:
        descriptor = os.open(TUN, os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        return Check("offload", "warning", f"can not be looked at: {error.strerror}")
    try:
        flags = int.from_bytes(fcntl.ioctl(descriptor, TUNGETFEATURES, bytes(4)), sys.byteorder)
    finally:
        os.close(descriptor)
    if flags & IFF_VNET_HDR or not config.tap.offload:
        return Check("offload", "good", f"{wanted} (ethtool -k in the shell, --offload)")
    return Check("offload", "warning", "this kernel takes none: each frame goes by itself", "Linux 2.6.27 or later")


def _run_directory(_config: Config) -> Check:
    path = Path(os.environ.get("TAPIP_RUN_DIR", "/run/tapip"))
    place = next(parent for parent in (path, *path.parents) if parent.exists())
    if os.access(place, os.W_OK):
        return Check("record of changes", "good", f"can be kept in {path}")
    mend = "be root, or name another directory: TAPIP_RUN_DIR=/tmp/tapip"
    return Check("record of changes", "missing", f"can not be kept in {path}", mend)


def _leftover(_config: Config) -> Check:
    from tapip_rs.topology import leftovers

    found = leftovers()
    dead = [left.text for left in found if not left.running]
    if dead:
        return Check("leftovers", "missing", "; ".join(dead), "tapip down")
    alive = "; ".join(left.text for left in found)
    return Check("leftovers", "good", f"none; running: {alive}" if alive else "none")


def _tap(config: Config) -> Check:
    from tapip_rs.topology.kernel import Kernel

    name = config.tap.device
    link = Kernel().link(name)
    if link is None:
        return Check("tap", "good", f"{name} will be made when it is needed")
    if link.kind != "tun":
        return Check("tap", "missing", f"{name} is there, but is no tap", "choose another name: --dev tap7")
    return Check("tap", "good", f"{name} is there, and is used as it is")


def _bridge(config: Config) -> Check:
    from tapip_rs.topology import leftovers
    from tapip_rs.topology.kernel import Kernel

    name = config.bridge.name
    ours = {left.state.bridge for left in leftovers() if left.state}
    filtered = Path("/proc/sys/net/bridge/bridge-nf-call-iptables")
    if Kernel().link(name) is not None and name not in ours:
        mend = f"topology 1 wants a name of its own: --bridge br7; or, if nobody needs it: ip link del {name}"
        return Check("bridge", "warning", f"{name} is there, and not ours", mend)
    if filtered.exists() and filtered.read_text(encoding="ascii").strip() == "1":
        mend = "sysctl net.bridge.bridge-nf-call-iptables=0, or allow forwarding in the firewall"
        return Check("bridge", "warning", "the kernel's firewall filters what passes bridges", mend)
    return Check("bridge", "good", f"{name} can be made")


def _addresses(config: Config) -> Check:
    from tapip_rs.topology.kernel import Kernel

    kernel, network = Kernel(), config.host.address.network
    names = {link.index: link.name for link in kernel.links()}
    for index, address in kernel.addresses():
        where = names.get(index, str(index))
        if address.network.overlaps(network) and where not in (config.tap.device, config.bridge.nic):
            mend = "choose another: --address 10.9.0.1/24"
            return Check("addresses", "warning", f"the kernel has {address} on {where}, in the stack's network", mend)
    return Check("addresses", "good", f"{network} is free here")


def _build(_config: Config) -> Check:
    from tapip_rs import _core

    said = f"tapip_rs {_core.version}, {_core.profile} build"
    if _core.profile == "release":
        return Check("build", "good", said)
    return Check("build", "warning", said + ": slow", "make build")


def _pyroute2(_config: Config) -> Check:
    try:
        version = importlib.metadata.version("pyroute2")
    except importlib.metadata.PackageNotFoundError:
        return Check("pyroute2", "missing", "is not installed", "pip install 'pyroute2>=0.9.6,<0.10'")
    if tuple(map(int, version.split(".")[:2])) < (0, 9):
        return Check("pyroute2", "missing", f"{version} is too old", "pip install 'pyroute2>=0.9.6,<0.10'")
    return Check("pyroute2", "good", version)


def _editor(_config: Config) -> Check:
    try:
        return Check("prompt_toolkit", "good", importlib.metadata.version("prompt_toolkit"))
    except importlib.metadata.PackageNotFoundError:
        mend = "pip install 'tapip_rs[shell]' for completion menus and history search"
        return Check("prompt_toolkit", "warning", "is not installed; the shell has a plain line editor", mend)
