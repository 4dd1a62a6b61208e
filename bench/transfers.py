"""A transfer between two processes in their namespaces."""

import subprocess
import sys
from pathlib import Path

ENDS = str(Path(__file__).with_name("ends.py"))


def transfer(listener, connector, seconds, *more_words):
    """Run both ends, each `(namespace, words)`; `more_words` are the connector's. The receiver's Gbit/s."""
    (where, words), (there, others) = listener, connector
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    waiting = where.start(sys.executable, ENDS, *words, str(seconds), **pipes)
    try:
        assert waiting.stdout.readline() == "ready\n", waiting.stderr.read()
        said = there.run(sys.executable, ENDS, *others, str(seconds), *more_words, timeout=120).stdout
        more, _ = waiting.communicate(timeout=60)
    finally:
        waiting.kill()
        waiting.wait()
    return float(said or more)
