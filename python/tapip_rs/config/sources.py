"""File, environment, flags: read in that order, the later over the earlier, every value with the place it came from."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tapip_rs.config import readers
from tapip_rs.config.lines import line_of
from tapip_rs.config.settings import BY_PATH, SETTINGS, Setting
from tapip_rs.config.tree import Bridge, Config, ConfigError, Host, Tap
from tapip_rs.policy import Value

__all__ = ["find_file", "load", "make"]

TOP1_ADDRESS = IPv4Interface("10.20.133.21/24")
TOP1_GATEWAY = IPv4Address("10.20.133.20")
NOT_SETTINGS = frozenset({"TAPIP_CONFIG", "TAPIP_SYSCTL", "TAPIP_RUN_DIR", "TAPIP_REQUIRE_E2E", "TAPIP_SOAK"})
"""Variables under our prefix that are read elsewhere."""


@dataclass
class Gathered:
    """Values that were said, by path, and where."""

    values: dict[str, Any] = dataclass_field(default_factory=dict)
    sysctl: dict[str, Value] = dataclass_field(default_factory=dict)
    origins: dict[str, str] = dataclass_field(default_factory=dict)

    def take(self, setting: Setting, value: Any, origin: str) -> None:
        """Read one value; a later one goes over an earlier one."""
        try:
            self.values[setting.path] = setting.read(value)
        except ValueError as error:
            raise ConfigError(f"{origin}: {error}") from None
        self.origins[setting.path] = origin

    def take_knob(self, name: str, value: Any, origin: str) -> None:
        """Read one knob of the stack."""
        try:
            full, read = readers.sysctl(name, value)
        except ValueError as error:
            raise ConfigError(f"{origin}: {error}") from None
        self.sysctl[full] = read

    def said(self, path: str) -> str:
        """Where a value came from."""
        return self.origins.get(path, f"{path} (by default)")


def load(
    flags: Mapping[str, Any] | None = None,
    *,
    sysctl: Iterable[str] = (),
    file: str | Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> Config:
    """The configuration that file, environment and flags make.

    `flags` holds what was said on the command line by the settings' names; `sysctl` its NAME=VALUE words.
    Raises: ConfigError that names the file and line, the variable or the flag.
    """
    environ = os.environ if environ is None else environ
    gathered = Gathered()
    path = find_file(file, environ)
    if path is not None:
        _read_file(gathered, path)
    _read_environment(gathered, environ)
    for setting in SETTINGS:
        value = (flags or {}).get(setting.name)
        if value is not None:
            gathered.take(setting, value, setting.flag)
    for words in sysctl:
        _take_assignment(gathered, words, "--sysctl")
    return _build(gathered)


def make(*, sysctl: Mapping[str, Value] | None = None, **settings: Any) -> Config:
    """A configuration from keywords alone: `make(topology=1, nic="eth1", address="192.168.1.9/24")`.

    No file and no environment is read. Raises: TypeError for an unknown name, ConfigError for a bad value.
    """
    gathered = Gathered()
    names = {setting.name: setting for setting in SETTINGS}
    for name, value in settings.items():
        if name not in names:
            raise TypeError(f"there is no setting {name!r}{_near(name, names)}")
        gathered.take(names[name], value, name)
    for name, value in (sysctl or {}).items():
        gathered.take_knob(name, value, "sysctl")
    return _build(gathered)


def find_file(file: str | Path | None, environ: Mapping[str, str]) -> Path | None:
    """The file to read: the one named, else ./tapip.toml, else the user's own; None when there is none."""
    named = file or environ.get("TAPIP_CONFIG")
    if named:
        return Path(named)
    home = environ.get("XDG_CONFIG_HOME") or str(Path(environ.get("HOME", "/")) / ".config")
    for path in (Path("tapip.toml"), Path(home) / "tapip" / "tapip.toml"):
        if path.is_file():
            return path
    return None


def _read_file(gathered: Gathered, path: Path) -> None:
    try:
        text = path.read_text(encoding="utf-8")
        tree = tomllib.loads(text)
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
    except tomllib.TOMLDecodeError as error:
        place = re.search(r" \(at line (\d+), column \d+\)", str(error))
        line = place[1] if place else str(text.count("\n") + 1)
        words = str(error).replace(place[0], "") if place else str(error)
        raise ConfigError(f"{path}:{line}: {words}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text (byte {error.start})") from None
    for keys, value in _leaves(tree, ()):
        origin = f"{path}:{line_of(text, keys)}"
        name = ".".join(keys)
        if keys[0] == "sysctl" and len(keys) > 1:
            gathered.take_knob(name.partition(".")[2], value, origin)
        elif name in BY_PATH and not isinstance(value, dict):
            gathered.take(BY_PATH[name], value, origin)
        else:
            raise ConfigError(f"{origin}: there is no setting {name}{_near(name, [*BY_PATH, 'sysctl'])}")


def _leaves(tree: Mapping[str, Any], above: tuple[str, ...]) -> Iterable[tuple[tuple[str, ...], Any]]:
    """Every value of a parsed file with its keys; an unknown table comes as one value."""
    for key, value in tree.items():
        keys = (*above, key)
        if isinstance(value, dict) and (keys[0] == "sysctl" or keys in _TABLES):
            yield from _leaves(value, keys)
        else:
            yield keys, value


_TABLES = {tuple(setting.path.split(".")[:-1]) for setting in SETTINGS}


def _read_environment(gathered: Gathered, environ: Mapping[str, str]) -> None:
    names = {setting.variable: setting for setting in SETTINGS}
    for name in sorted(environ):
        if not name.startswith("TAPIP_") or name in NOT_SETTINGS:
            continue
        if name not in names:
            raise ConfigError(f"{name}: there is no such setting{_near(name, [*names, *NOT_SETTINGS])}")
        gathered.take(names[name], environ[name], name)
    for words in re.split(r"[\s,]+", environ.get("TAPIP_SYSCTL", "").strip()):
        if words:
            _take_assignment(gathered, words, "TAPIP_SYSCTL")


def _take_assignment(gathered: Gathered, words: str, origin: str) -> None:
    name, equals, value = words.partition("=")
    if not equals:
        raise ConfigError(f"{origin}: {words!r} is no NAME=VALUE such as net.ipv4.tcp_sack=0")
    gathered.take_knob(name.strip(), value.strip(), origin)


def _near(name: str, known: Iterable[str]) -> str:
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1)
    return f"; {near[0]} was meant?" if near else f"; there is: {', '.join(sorted(names))}"


def _build(gathered: Gathered) -> Config:
    """Fill in what was not said, by topology, and check that all fits together."""
    said = gathered.values
    topology = said.get("topology", "2")
    host = _host(said, topology)
    config = Config(
        topology=topology,
        netns=said.get("netns"),
        debug=said.get("debug", ()),
        seed=said.get("seed"),
        spin=said.get("spin", 0),
        host=host,
        tap=_tap(said, topology, host),
        bridge=Bridge(**_part(said, "bridge")),
        sysctl=MappingProxyType({"net.ipv4.ip_forward": 0 if topology == "1" else 1} | gathered.sysctl),
    )
    config.check(gathered.said)
    return config


def _host(said: Mapping[str, Any], topology: str) -> Host:
    words = _part(said, "host")
    if topology == "1":
        words.setdefault("address", TOP1_ADDRESS)
    address = words.get("address", Host().address)
    words.setdefault("gateway", _default_gateway(address, said.get("tap.address"), topology))
    return Host(**words)


def _default_gateway(address: IPv4Interface, kernel: IPv4Interface | None, topology: str) -> IPv4Address | None:
    """The gateway that tapip has where it fits the address; else in TOP2 the kernel's side, in TOP1 none."""
    if topology == "1":
        return TOP1_GATEWAY if address == TOP1_ADDRESS else None
    if kernel is not None:
        return kernel.ip
    usual = Host().gateway
    if usual in address.network and usual != address.ip:
        return usual
    return next((host for host in address.network.hosts() if host != address.ip), None)


def _tap(said: Mapping[str, Any], topology: str, host: Host) -> Tap:
    words = _part(said, "tap")
    if topology == "1":
        words["address"] = None
    elif "address" not in words:
        length = host.address.network.prefixlen
        words["address"] = None if host.gateway is None else IPv4Interface(f"{host.gateway}/{length}")
    return Tap(**words)


def _part(said: Mapping[str, Any], table: str) -> dict[str, Any]:
    prefix = table + "."
    return {path.removeprefix(prefix): value for path, value in said.items() if path.startswith(prefix)}
