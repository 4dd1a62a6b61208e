"""Two stacks on a wire: live ones over a pipe, detached ones over a Python loop."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tapip_rs import DetachedStack, Pipe, Stack

A, B = "10.0.0.1", "10.0.0.2"


@contextmanager
def pair(*, mtu: int = 1500) -> Iterator[tuple[Stack, Stack]]:
    """Two live stacks, A and B, on one wire."""
    ends = Pipe.pair(mtu)
    with Stack() as one, Stack() as other:
        for stack, end, address in ((one, ends[0], A), (other, ends[1], B)):
            veth = stack.attach("veth", end)
            veth.add_address(f"{address}/24")
        yield one, other


class Wire:
    """Two detached stacks, A and B, that share time. `frames` holds all that passed, by direction."""

    def __init__(self, seed: int = 1, mtu: int = 1500) -> None:
        self.a = DetachedStack(seed=seed, address=f"{A}/24", mtu=mtu)
        self.b = DetachedStack(seed=seed + 1, address=f"{B}/24", mtu=mtu)
        self.frames: list[tuple[str, bytes]] = []

    def exchange(self) -> None:
        """Move frames until both sides are silent."""
        moved = True
        while moved:
            moved = False
            for name, source, target in (("a", self.a, self.b), ("b", self.b, self.a)):
                for frame in source.frames():
                    self.frames.append((name, frame))
                    target.inject(frame)
                    moved = True

    def advance(self, seconds: float) -> None:
        """Let time pass on both sides, timer by timer."""
        end = self.a.now + seconds
        while True:
            self.exchange()
            left = end - self.a.now
            waits = [wait for wait in (self.a.next_timeout, self.b.next_timeout) if wait is not None]
            step = min([left, *waits])
            self.a.advance(step)
            self.b.advance(step)
            if step >= left:
                self.exchange()
                return

    def until(self, done: Callable[[], bool], seconds: float = 60.0) -> None:
        """Let time pass until `done()`; AssertionError when that takes more than `seconds`."""
        end = self.a.now + seconds
        self.exchange()
        while not done():
            waits = [wait for wait in (self.a.next_timeout, self.b.next_timeout) if wait is not None]
            assert waits, "nothing will ever happen"
            assert self.a.now < end, f"not done after {seconds} s"
            self.advance(min(waits))
