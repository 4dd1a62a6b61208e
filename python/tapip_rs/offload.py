"""Which work on frames is left to a device: names as ethtool has them, and how people say a choice of them.

"on" and "off" are all and nothing; "tx,tso" is these and what they need; "no-tso" is all but these and what needs them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["FEATURES", "LONG_NAMES", "choice"]

#: Short name, name as `ethtool -k` prints it, what it needs, what it is.
FEATURES: tuple[tuple[str, str, str, str], ...] = (
    ("rx", "rx-checksumming", "", "the device vouches for checksums of what comes"),
    ("tx", "tx-checksumming", "", "the device makes TCP checksums of what leaves"),
    ("tso", "tcp-segmentation-offload", "tx", "segments leave in units of up to 64 KiB"),
    ("gro", "rx-gro-hw", "rx", "segments come in units of up to 64 KiB"),
)
LONG_NAMES = {long: short for short, long, _, _ in FEATURES} | {"lro": "gro", "rx-gro": "gro", "tx-checksum": "tx"}
_NEEDS = {short: needs for short, _, needs, _ in FEATURES}


def choice(said: object) -> tuple[str, ...]:
    """The short names of what shall be on, in order. Raises: ValueError that names the word and what is allowed."""
    if said is None or isinstance(said, bool):
        said = "on" if said else "off"
    if isinstance(said, str):
        words = re.split(r"[\s,]+", said.strip().lower())
    elif isinstance(said, Iterable):
        words = [str(word).lower() for word in said]
    else:
        words = [str(said)]
    if words == ["on"] or words == ["off"]:
        return tuple(_NEEDS) if words == ["on"] else ()
    words = [word for word in words if word]
    less = bool(words) and all(word.startswith("no-") for word in words)
    named = {_short(word.removeprefix("no-") if less else word) for word in words}
    if less:
        return tuple(name for name in _NEEDS if not {name, _NEEDS[name]} & named)
    return tuple(name for name in _NEEDS if name in named or any(_NEEDS[each] == name for each in named))


def _short(word: str) -> str:
    short = LONG_NAMES.get(word, word)
    if short not in _NEEDS:
        raise ValueError(f"there is no offload {word!r}: {_allowed()}")
    return short


def _allowed() -> str:
    return f"on, off, names of {', '.join(_NEEDS)}, or no- before each of them"
