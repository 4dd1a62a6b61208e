"""`tapip down`: undo what a process that died left behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tapip_rs.topology.attachment import TopologyError
from tapip_rs.topology.kernel import Kernel, away_from_loops
from tapip_rs.topology.netns import identity, inside
from tapip_rs.topology.plan import shielded
from tapip_rs.topology.restore import undo
from tapip_rs.topology.state import Claim, State, running, state_files

__all__ = ["Leftover", "down", "leftovers"]


@dataclass(frozen=True, slots=True)
class Leftover:
    """A state file: of a process that runs, or of one that died."""

    path: Path
    tap: str
    running: bool
    state: State | None
    """None when the file can not be read."""

    @property
    def text(self) -> str:
        """In words."""
        if self.state is None:
            return f"{self.path} can not be read"
        what = f"topology {self.state.topology} on {self.tap}"
        if self.state.bridge:
            what += f", bridge {self.state.bridge} to {self.state.nic}"
        return f"{what} ({'by' if self.running else 'left by'} pid {self.state.pid})"


def leftovers(netns: str | None = None) -> list[Leftover]:
    """What the state files of a namespace tell."""
    with inside(netns):
        here = identity()
        found = []
        for path in state_files(here):
            try:
                state = State.from_json(path.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                state = None
            if state is None or state.cookie == here.cookie:
                found.append(Leftover(path, path.stem, running(path), state))
        return found


def down(
    netns: str | None = None,
    say: Callable[[str], None] = lambda text: None,
    kernel: Kernel | None = None,
    *,
    forget: bool = False,
) -> int:
    """Undo everything that dead processes left behind in a namespace; returns how much that was.

    What can not be undone stays written down for another try; with `forget` it is dropped.
    Raises: TopologyError when a process still runs, or when something could not be undone.
    """
    with shielded():
        return away_from_loops(lambda: _down(netns, say, kernel or Kernel(), forget=forget))


def _down(netns: str | None, say: Callable[[str], None], kernel: Kernel, *, forget: bool) -> int:
    found = leftovers(netns)
    alive = [left for left in found if left.running]
    troubles = [f"{left.text} still runs: end it first" for left in alive]
    count = 0
    with inside(netns):
        for left in found:
            if left.running:
                continue
            claim = Claim(identity(), left.tap)
            try:
                problems = [left.text] if left.state is None else undo(kernel, left.state)
                if not problems or forget:
                    claim.clear()
                    count += 1
                    say(f"{'forgotten' if problems else 'undone'}: {left.text}")
                else:
                    troubles += problems
            finally:
                claim.release()
    if troubles:
        hint = "" if alive else " (mend it by hand, then: tapip down --yes)"
        raise TopologyError("; ".join(troubles) + hint)
    return count
