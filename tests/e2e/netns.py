"""Network namespaces for tests: made under a name of our own, torn down with all that lives in them."""

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

_numbers = itertools.count()

TAPIP = (sys.executable, "-m", "tapip_rs")


class Namespace:
    """One network namespace, its loopback up."""

    def __init__(self, name: str) -> None:
        self.name = name

    def command(self, argv: Sequence[str]) -> list[str]:
        return ["ip", "netns", "exec", self.name, *argv]

    def run(
        self, *argv: str, check: bool = True, timeout: float = 30, **words: Any
    ) -> subprocess.CompletedProcess[str]:
        """Run a program inside, wait for it, and give back its output as text."""
        words.setdefault("capture_output", True)
        result = subprocess.run(self.command(argv), text=True, timeout=timeout, check=False, **words)
        if check and result.returncode != 0:
            said = f"{' '.join(argv)} -> {result.returncode}\n{result.stdout}{result.stderr}"
            raise AssertionError(said)
        return result

    def start(self, *argv: str, **words: Any) -> subprocess.Popen[str]:
        """Start a program inside; the caller ends it."""
        return subprocess.Popen(self.command(argv), text=True, **words)

    def tapip(self, *argv: str, **words: Any) -> subprocess.CompletedProcess[str]:
        """Run `tapip` inside, as a user in this namespace would."""
        return self.run(*TAPIP, *argv, **words)

    def ip(self, *argv: str) -> None:
        """One `ip` command inside; words are split at blanks when there is one string only."""
        words = argv[0].split() if len(argv) == 1 else list(argv)
        self.run("ip", *words)

    def json(self, *argv: str) -> Any:
        """The output of `ip -j ...` as data."""
        return json.loads(self.run("ip", "-j", *argv).stdout or "[]")


@contextmanager
def namespace(label: str = "ns") -> Iterator[Namespace]:
    """Make a namespace for the length of a `with` block."""
    name = f"tapip-{label}-{os.getpid()}-{next(_numbers)}"
    subprocess.run(["ip", "netns", "add", name], check=True, timeout=30)
    try:
        inside = Namespace(name)
        inside.ip("link set lo up")
        yield inside
    finally:
        subprocess.run(["ip", "netns", "del", name], check=True, timeout=30)
