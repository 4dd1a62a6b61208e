"""What a direction of a link can be told, and how the core is told it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypedDict

from tapip_rs.sim import units
from tapip_rs.sim.units import Fraction, Rate, Size, Time

__all__ = ["AQM", "Burst", "LinkOptions", "translate"]

Predicate = Callable[[int, bytes], bool]
AQM = ("fifo", "red", "codel", "fq_codel")


class Burst(NamedTuple):
    """Loss in bursts (Gilbert and Elliott): each packet may turn the link good or bad; chances are from 0 to 1."""

    to_bad: Fraction
    """Chance that a packet turns it bad."""
    to_good: Fraction
    """Chance that a packet turns it good: one over it is the mean length of a burst, in packets."""
    loss_in_bad: Fraction = 1.0
    loss_in_good: Fraction = 0.0


class LinkOptions(TypedDict, total=False):
    """What a direction of a link does to packets."""

    rate: Rate | None
    """Bit/s of Ethernet frames without FCS; None for no limit."""
    delay: Time
    """Time under way, one way."""
    queue: Size
    """How much may wait, what is being sent included: bytes, or "100 packets". Default: 1000 packets."""
    loss: Fraction
    """Chance that a packet is lost."""
    loss_every: int
    """Lose every n-th packet; 0 for none."""
    loss_list: Iterable[int]
    """Lose the packets with these numbers, from 1."""
    loss_burst: Burst | tuple[Fraction, ...] | None
    """Lose packets in bursts."""
    loss_if: Predicate | None
    """Lose the packets for which a function of number and frame says True."""
    jitter: Time
    """How much the delay varies."""
    jitter_shape: str
    """`uniform` (up to `jitter` more), `normal` (`jitter` is the deviation), `pareto` (`jitter` is the mean)."""
    jitter_reorders: bool
    """Whether packets may overtake each other because of it."""
    reorder: Fraction
    """Chance that a packet is held back so that others overtake it."""
    reorder_gap: int
    """How many overtake it; 0 leaves that to `reorder_delay` alone."""
    reorder_delay: Time
    """How long it is held back at most."""
    duplicate: Fraction
    """Chance that a packet comes twice."""
    corrupt: Fraction
    """Chance that bits of a packet are flipped."""
    corrupt_bits: int
    """From one to this many bits are flipped."""
    corrupt_offset: int
    """The first so many bytes stay intact."""
    mtu: int
    """The largest IP packet that passes."""
    limit: int
    """Packets under way at most."""
    aqm: str | Mapping[str, Any]
    """The queue's discipline: `fifo`, `red`, `codel`, `fq_codel`, or a mapping with its `kind` and parameters."""
    ecn: bool | Size
    """Whether the discipline marks ECN-capable packets instead of dropping them; for `fifo`: above how many bytes."""
    capacity: str | Path | None
    """A file of Mahimahi's format that says when the link may send, instead of a rate."""


_TIMES = ("delay", "jitter", "reorder_delay")
_FRACTIONS = {"loss": "drop", "reorder": "reorder", "duplicate": "duplicate", "corrupt": "corrupt"}
_COUNTS = {
    "loss_every": ("drop_every", 0, 2**32 - 1),
    "reorder_gap": ("reorder_gap", 0, 2**32 - 1),
    "corrupt_bits": ("corrupt_bits", 1, 64),
    "corrupt_offset": ("corrupt_offset", 0, 65_535),
    "mtu": ("mtu", 68, 65_535),
    "limit": ("limit", 1, 2**53),
}
_HOUR = 3_600
_ETHERNET = 14
"""Bytes of an Ethernet header, which a link's rate and queue count as well."""


def translate(options: Mapping[str, Any]) -> dict[str, Any]:
    """The core's words for `options`; ValueError that names what is wrong."""
    known = LinkOptions.__annotations__
    told: dict[str, Any] = {}
    for name, value in options.items():
        if name not in known:
            raise TypeError(f"{name!r} is no property of a link; these are: {', '.join(known)}")
        told.update(_one(name, value))
    frame = int(told.get("mtu", 1_500)) + _ETHERNET
    if 0 < told.get("queue_bytes", 0) < frame:
        units.refuse("queue", options["queue"], f"at least one full frame, {frame} bytes")
    if "aqm" in options or "ecn" in options:
        told["discipline"] = _discipline(options.get("aqm", "fifo"), options.get("ecn", False))
    return told


def _one(name: str, value: Any) -> dict[str, Any]:
    if name == "rate":
        return {"rate": 0 if value is None else units.rate(value)}
    if name in _TIMES:
        span = units.nanos(value, name)
        if span > _HOUR * 10**9:
            units.refuse(name, value, "0 to 3600 seconds")
        return {name: span / 1e9}
    if name == "queue":
        return dict(units.queue(value))
    if name in _FRACTIONS:
        return {_FRACTIONS[name]: units.fraction(value, name)}
    if name in _COUNTS:
        word, least, most = _COUNTS[name]
        return {word: units.whole(value, name, least, most)}
    if name == "loss_list":
        return {"drop_list": sorted({units.whole(number, name, 1) for number in value})}
    if name == "loss_burst":
        return {"burst": None if value is None else _burst(value)}
    if name == "jitter_shape":
        return {"jitter_shape": str(value)}
    if name == "jitter_reorders":
        return {"jitter_reorders": bool(value)}
    if name == "capacity":
        return {"capacity": None if value is None else Path(value).read_text(encoding="ascii")}
    return {}  # aqm and ecn belong together, loss_if is told by itself


def _burst(value: Iterable[Fraction]) -> tuple[int, ...]:
    try:
        burst = Burst(*value)
    except TypeError:
        units.refuse("loss_burst", value, "Burst(to_bad, to_good, loss_in_bad, loss_in_good)")
    parts = [round(units.fraction(part, f"loss_burst.{name}") * 1e6) for name, part in burst._asdict().items()]
    to_bad, to_good, bad, good = parts
    return to_bad, to_good, good, bad


_PARAMETERS: dict[str, dict[str, Callable[[Any, str], Any]]] = {
    "fifo": {},
    "red": {
        "min": lambda value, name: units.size(value, name, 1),
        "max": lambda value, name: units.size(value, name, 1),
        "max_drop": lambda value, name: round(units.fraction(value, name) * 1e6),
        "weight_log": lambda value, name: units.whole(value, name, 0, 32),
        "idle_step": units.nanos,
    },
    "codel": {
        "target": units.nanos,
        "interval": units.nanos,
        "floor": units.size,
    },
}
_PARAMETERS["fq_codel"] = _PARAMETERS["codel"] | {
    "queues": lambda value, name: units.whole(value, name, 1, 65_535),
    "quantum": lambda value, name: units.whole(value, name, 1, 2**32 - 1),
}
_RENAMED = {"min": "min_bytes", "max": "max_bytes", "floor": "floor_bytes"}


def _discipline(aqm: str | Mapping[str, Any], ecn: bool | Size) -> dict[str, Any]:
    given = {"kind": aqm} if isinstance(aqm, str) else dict(aqm)
    kind = given.pop("kind", None)
    if kind not in AQM:
        units.refuse("aqm", kind if isinstance(aqm, str) else aqm, f"one of {', '.join(AQM)}")
    told: dict[str, Any] = {"kind": kind}
    for name, value in given.items():
        convert = _PARAMETERS[kind].get(name)
        if convert is None:
            units.refuse(f"aqm.{name}", value, f"one of {', '.join(_PARAMETERS[kind]) or 'no parameters'} for {kind}")
        told[_RENAMED.get(name, name)] = convert(value, f"aqm.{name}")
    if kind == "fifo":
        if ecn is True:
            units.refuse("ecn", ecn, 'for a fifo a size from which packets are marked, such as "30 kB"')
        told["mark_bytes"] = 0 if ecn is False else units.size(ecn, "ecn", 1)
    elif isinstance(ecn, bool):
        told["ecn"] = ecn
    else:
        units.refuse("ecn", ecn, f"True or False for {kind}")
    return told
