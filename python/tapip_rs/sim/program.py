"""`tapip sim FILE.py`: run a program that builds a network, with another seed, captures, or results as JSON."""

from __future__ import annotations

import argparse
import contextlib
import json
import runpy
import signal
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from tapip_rs.sim import oracle, settings
from tapip_rs.sim.link import Direction
from tapip_rs.sim.network import Network

__all__ = ["main"]

USAGE_ERROR = 2
FAILURE = 1
MOST_SEED = 2**64 - 1

_EXAMPLES = """\
FILE is an ordinary Python program that makes a network and runs it:

  from tapip_rs.sim import Network
  net = Network(seed=7)
  a, b = net.host("a"), net.host("b")
  net.link(a, b, rate="10 Mbit/s", delay="20 ms", queue="64 kB", loss=0.01)
  net.bulk(a, b)
  net.run("30 s")

examples:
  tapip sim two_flows.py                  run it; the last line says its digest
  tapip sim two_flows.py --seed 8         the same with other chances
  tapip sim two_flows.py --pcap captures  a pcapng file for each end of each link, for Wireshark
  tapip sim two_flows.py --check          judge every frame by the rules of the RFCs
  tapip sim two_flows.py --json           all results as JSON; what the program prints goes to standard error
"""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        """One line, and exit status 2."""
        self.exit(USAGE_ERROR, f"tapip sim: {message} (see tapip sim --help)\n")


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) > MOST_SEED:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 to 2**64 - 1")
    return int(text)


def parser() -> argparse.ArgumentParser:
    """The command line of `tapip sim`."""
    made = _Parser(
        prog="tapip sim",
        description="Run a program that builds a virtual network under virtual time.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.add_argument("file", metavar="FILE.py", help="the program")
    made.add_argument("arguments", nargs="*", metavar="ARGUMENT", help="arguments of the program, behind --")
    made.add_argument("--seed", type=_seed, metavar="N", help="the seed of every network, whatever the program says")
    made.add_argument("--pcap", type=Path, metavar="DIR", help="capture at every end of every link into this directory")
    made.add_argument("--check", action="store_true", help="fail at the first frame that breaks a rule of the RFCs")
    made.add_argument("--json", action="store_true", help="print the results of every network as JSON")
    return made


def main(argv: Sequence[str]) -> int:
    """Run `tapip sim`; returns its exit status."""
    words = parser().parse_args(argv)
    if not Path(words.file).is_file():
        return _fail(f"there is no file {words.file}", USAGE_ERROR)
    if words.pcap is not None:
        try:
            words.pcap.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            return _fail(f"--pcap {words.pcap}: {error.strerror}", FAILURE)
    chosen = settings.Settings(seed=words.seed, captures=words.pcap, check=words.check)
    status = _run(words, chosen)
    if status == 0:
        _report(chosen.networks, as_json=words.json)
    return status


def _run(words: argparse.Namespace, chosen: settings.Settings) -> int:
    settings.use(chosen)
    before = sys.argv, sys.path[:]
    sys.argv = [words.file, *words.arguments]
    sys.path.insert(0, str(Path(words.file).resolve().parent))
    stdout = contextlib.redirect_stdout(sys.stderr) if words.json else contextlib.nullcontext()
    try:
        with stdout:
            runpy.run_path(words.file, run_name="__main__")
        for network in chosen.networks:  # what hosts sent behind the last run
            oracle.judge(network)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except SystemExit:
        raise
    except BaseException as error:
        _show(error, words.file)
        return FAILURE
    finally:
        sys.argv, sys.path[:] = before
        settings.use(None)
    return 0


def _show(error: BaseException, file: str) -> None:
    """The traceback of a program, from its own first line on."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename != file:
        frames = frames.tb_next
    traceback.print_exception(type(error), error, frames or error.__traceback__)


def _report(networks: Sequence[Network], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"networks": [_network(network) for network in networks]}, indent=2))
        return
    for number, network in enumerate(networks):
        name = "network" if len(networks) == 1 else f"network {number}"
        print(f"{name}: seed {network.seed}, {network.now:.6f} s, {network.packets} packets, digest {network.digest()}")
        if network.judged:
            print(f"{name}: {network.judged} segments judged, no rule broken")


def _network(network: Network) -> dict[str, Any]:
    return {
        "seed": network.seed,
        "now": network.now,
        "packets": network.packets,
        "digest": network.digest(),
        "judged": network.judged,
        "flows": [
            {
                "kind": flow.kind,
                "source": flow.source.name,
                "destination": flow.destination.name,
                **_fields(flow.stats, _FLOW),
            }
            for flow in network.flows
        ],
        "links": [{"ab": _direction(link.ab), "ba": _direction(link.ba)} for link in network.links],
    }


_FLOW: tuple[str, ...] = (
    "started",
    "completion_time",
    "bytes_delivered",
    "goodput",
    "retransmissions",
    "intact",
    "error",
    "rtt",
)
_FLOW += ("latency", "sent", "received", "late", "duplicated")
_DIRECTION: tuple[str, ...] = (
    "offered_packets",
    "delivered_packets",
    "delivered_bytes",
    "drops",
    "marks",
    "duplicated",
    "reordered",
)
_DIRECTION += ("corrupted", "queue_bytes_max", "queue_delay", "utilisation", "throughput")


def _direction(direction: Direction) -> dict[str, Any]:
    return {"name": direction.name, **_fields(direction.stats, _DIRECTION)}


def _fields(record: object, names: Sequence[str]) -> dict[str, Any]:
    told = {name: getattr(record, name) for name in names}
    for name, value in told.items():
        if isinstance(value, tuple):
            told[name] = dict(zip(("mean", "p50", "p99", "max", "count"), value, strict=True))
    return told


def _fail(text: str, status: int) -> int:
    print(f"tapip sim: {text}", file=sys.stderr)
    return status
