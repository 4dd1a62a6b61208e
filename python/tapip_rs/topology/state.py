"""What must be undone, written down before it is done: one file for each tap, under /run/tapip by network namespace.

The file is replaced in one step and flushed, so that it is whole at any moment a machine may stop. A lock beside it is
held by the process that works with the tap; the kernel lets go of it when the process ends, however it ends.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from tapip_rs.topology.attachment import TopologyError
from tapip_rs.topology.kernel import Snapshot
from tapip_rs.topology.netns import Identity
from tapip_rs.topology.record import Record

__all__ = ["Claim", "State", "boot_time", "directory", "running", "state_files"]

VERSION = 1
NOTHING = Snapshot((), (), ())


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How things were before, and what was about to be made."""

    topology: str
    pid: int
    boot_time: float
    """When it was written, in seconds since boot, sleep included: lifetimes are counted from here."""
    cookie: int
    """The namespace's cookie: its inode may have been used again."""
    tap: str
    tap_index: int | None = None
    """The tap, if it was there before; one that was not goes away by itself."""
    tap_up: bool = False
    tap_address: str | None = None
    """The address that the tap was given, if it was there before."""
    bridge: str | None = None
    nic: str | None = None
    nic_index: int = 0
    nic_up: bool = False
    before: Snapshot = NOTHING

    def to_json(self) -> str:
        """As text that people can read and `from_json` too."""
        fields = {name: value for name, value in asdict(self).items() if name != "before"}
        kept = {
            name: [{"text": record.text, "raw": record.raw.hex()} for record in getattr(self.before, name)]
            for name in ("addresses", "routes", "rules")
        }
        return json.dumps({"version": VERSION, **fields, "before": kept}, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Raises: ValueError for what `to_json` did not write."""
        try:
            fields: dict[str, Any] = json.loads(text)
            if fields.pop("version") != VERSION:
                raise ValueError("it is of another version of tapip")
            kept = fields.pop("before")
            before = Snapshot(
                tuple(Record("address", bytes.fromhex(row["raw"])) for row in kept["addresses"]),
                tuple(Record("route", bytes.fromhex(row["raw"])) for row in kept["routes"]),
                tuple(Record("rule", bytes.fromhex(row["raw"])) for row in kept["rules"]),
            )
            return cls(**fields, before=before)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"it is no state file: {error!r}") from None


class Claim:
    """The exclusive right to a tap's state file. Taken over from a process that died; refused while one lives."""

    def __init__(self, identity: Identity, tap: str) -> None:
        self._path = directory(identity) / f"{tap}.json"
        self._lock_path = self._path.with_suffix(".lock")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
            self._lock = _lock(self._lock_path)
        except BlockingIOError:
            raise TopologyError(f"tapip{_pid_words(self._path)} already runs on {tap} in this namespace") from None
        except OSError as error:
            where = self._path.parent
            raise TopologyError(f"can not keep a record of changes in {where}: {error.strerror}") from None

    def read(self) -> State | None:
        """What a process that died left behind; None when nothing. Raises: ValueError for a file that is not whole."""
        try:
            return State.from_json(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None

    def write(self, state: State) -> None:
        """Put down the state: whole or not at all, and on the disk."""
        draft = self._path.with_suffix(".new")
        with draft.open("w", encoding="utf-8") as file:
            file.write(state.to_json())
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)
        parent = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(parent)
        finally:
            os.close(parent)

    def clear(self) -> None:
        """Nothing is left to undo."""
        self._path.unlink(missing_ok=True)

    def release(self) -> None:
        """Give the right back; the file stays if it was not cleared. May be called twice."""
        if self._lock < 0:
            return
        self._lock_path.unlink(missing_ok=True)
        os.close(self._lock)
        self._lock = -1
        with suppress(OSError):  # other taps' files are there, or another process was quicker
            self._path.parent.rmdir()


def directory(identity: Identity) -> Path:
    """Where the state files of a namespace are."""
    return Path(os.environ.get("TAPIP_RUN_DIR", "/run/tapip")) / str(identity.inode)


def state_files(identity: Identity) -> list[Path]:
    """The state files of a namespace, of the living and of the dead."""
    return sorted(directory(identity).glob("*.json"))


def running(path: Path) -> bool:
    """Whether the process that wrote a state file still works with it."""
    try:
        os.close(_lock(path.with_suffix(".lock"), create=False))
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def boot_time() -> float:
    """Seconds since boot, sleep included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _lock(path: Path, *, create: bool = True) -> int:
    """An open and locked file. Raises: BlockingIOError when another process has the lock."""
    while True:
        handle = os.open(path, (os.O_RDWR | os.O_CREAT if create else os.O_RDONLY) | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(handle).st_nlink:  # else its last owner removed it between our two calls
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _pid_words(path: Path) -> str:
    try:
        return f" (pid {State.from_json(path.read_text(encoding='utf-8')).pid})"
    except (OSError, ValueError):
        return ""
