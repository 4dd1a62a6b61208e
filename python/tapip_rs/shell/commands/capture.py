"""`capture`: frames into a pcapng file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from tapip_rs.stack import Stack

from ..devices import device
from ..errors import BadWord, Failed
from ..kinds import Device
from ..parser import Keyword
from ..registry import command
from ..report import Report

Dev = Annotated[Device | None, Keyword("dev")]


@command("capture")
def capture() -> None:
    """write the frames of a device to a file: capture start FILE, capture stop"""
    raise BadWord("missing start FILE or stop")


@command("capture start")
def start(stack: Stack, file: Path, *, dev: Dev = None) -> None:
    """Write every frame of a device (veth), both ways, to FILE in pcapng, with nanoseconds, until `capture stop`."""
    interface = device(stack, dev)
    try:
        stack.core.start_capture(interface.index, str(file))
    except OSError as error:
        raise Failed(f"{file}: {error.strerror or error}") from None


@command("capture stop")
def stop(stack: Stack, *, dev: Dev = None) -> Report:
    """End the capture of a device (veth)."""
    interface = device(stack, dev)
    name = interface.name
    try:
        frames = stack.core.stop_capture(interface.index)
    except FileNotFoundError:
        raise Failed(f"no capture runs on {name}") from None
    return Report(f"{frames} frames captured on {name}", {"device": name, "frames": frames})
