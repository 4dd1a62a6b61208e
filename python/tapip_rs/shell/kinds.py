"""What a word on the command line can mean: each type that a command's parameter may have, with its reader.

`kind_of(annotation)` gives the `Kind` of a type: how a word is read, how usage names it, which words completion may
offer. Known are str, int, float, Path, Literal, IPv4Address, IPv4Network, IPv4Interface, and every class that has a
`parse(text)` classmethod raising ValueError, such as those below; its `metavar` and `complete(stack)` are optional.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, get_args, get_origin

from tapip_rs.routing.route import parse_network

if TYPE_CHECKING:
    from tapip_rs.stack import Stack


@dataclass(frozen=True)
class Kind:
    """How words of one type are read. `read` raises ValueError whose text says what is wrong with the word."""

    read: Callable[[str], Any]
    metavar: str | None = None
    complete: Callable[[Stack, str], Iterable[str]] = lambda _stack, _begun: ()


class Device(str):
    """The name of an interface of the stack."""

    metavar = "DEVICE"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Any word; whether there is such an interface is for the command to find out."""
        return cls(text)

    @staticmethod
    def complete(stack: Stack) -> Iterable[str]:
        """The interfaces that there are."""
        return [interface.name for interface in stack.core.interfaces()]


@dataclass(frozen=True)
class Endpoint:
    """`address:port`."""

    metavar = "ADDR:PORT"
    address: IPv4Address
    port: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `10.0.0.1:7`."""
        address, colon, port = text.rpartition(":")
        if not colon or not port.isascii() or not port.isdigit() or int(port) > 0xFFFF:
            raise ValueError(f"{text}:address format is error")
        try:
            return cls(IPv4Address(address), int(port))
        except ValueError:
            raise ValueError(f"{text}:address format is error") from None

    @property
    def pair(self) -> tuple[str, int]:
        """As sockets take it."""
        return str(self.address), self.port

    def __str__(self) -> str:
        return f"{self.address}:{self.port}"


class Mac(str):
    """A hardware address, `00:34:45:67:89:ab`."""

    metavar = "MAC"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Six bytes in hexadecimal."""
        parts = text.split(":")
        if len(parts) != 6 or not all(0 < len(part) <= 2 and _is_hex(part) for part in parts):
            raise ValueError(f"bad hardware address {text}")
        return cls(":".join(f"{int(part, 16):02x}" for part in parts))


def _is_hex(text: str) -> bool:
    return all(char in "0123456789abcdefABCDEF" for char in text)


def kind_of(annotation: Any) -> Kind:
    """The kind of a type. Raises: TypeError for a type that cannot be read from a word: a mistake in a command."""
    if get_origin(annotation) is Literal:
        return _choice(tuple(map(str, get_args(annotation))))
    if annotation in _KINDS:
        return _KINDS[annotation]
    if hasattr(annotation, "parse"):
        words = getattr(annotation, "complete", lambda _stack: ())
        return Kind(annotation.parse, getattr(annotation, "metavar", None), lambda stack, _begun: words(stack))
    raise TypeError(f"no word can be read as {annotation!r}")


def _choice(choices: tuple[str, ...]) -> Kind:
    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"{text!r} is none of {', '.join(choices)}")
        return text

    return Kind(read, "|".join(choices), lambda _stack, _begun: choices)


def _reader(convert: Callable[[str], Any], says: str) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        try:
            return convert(text)
        except ValueError:
            raise ValueError(says.format(repr(text), text)) from None

    return read


def _int(text: str) -> int:
    if not text.isascii() or "_" in text:
        raise ValueError
    return int(text, 0) if text.lower().startswith("0x") else int(text)


def _float(text: str) -> float:
    value = float(text)
    if "_" in text or value != value or value in (float("inf"), float("-inf")):
        raise ValueError
    return value


def _neighbors(stack: Stack, _begun: str) -> Iterable[str]:
    """Addresses that the user may mean: neighbours and gateways."""
    gateways = {route.gateway for route in stack.core.routes() if route.gateway}
    return sorted(gateways | {neighbor.address for neighbor in stack.core.neighbors()})


def _files(_stack: Stack, begun: str) -> Iterable[str]:
    folder, slash, _ = begun.rpartition("/")
    try:
        found = sorted(Path(folder + slash or ".").iterdir())
    except OSError:
        return ()
    return [folder + slash + path.name + ("/" if path.is_dir() else "") for path in found]


_KINDS: dict[Any, Kind] = {
    str: Kind(str),
    int: Kind(_reader(_int, "{} is not a whole number")),
    float: Kind(_reader(_float, "{} is not a number")),
    Path: Kind(Path, "FILE", _files),
    IPv4Address: Kind(_reader(IPv4Address, "bad ip address {1}"), "ADDR", _neighbors),
    IPv4Network: Kind(parse_network, "NET", lambda _stack, _begun: ("default",)),
    IPv4Interface: Kind(_reader(IPv4Interface, "bad address {1}; ADDR/LENGTH is wanted"), "ADDR/LEN"),
}
