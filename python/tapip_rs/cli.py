"""`tapip`: flags, start-up, the shell, a clean end. What takes long to import is imported when it is needed."""

from __future__ import annotations

import argparse
import json
import logging
import os
import shlex
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

from tapip_rs.config import SETTINGS, Config, ConfigError, load

if TYPE_CHECKING:
    from tapip_rs.stack import Stack

__all__ = ["main"]

USAGE_ERROR = 2
FAILURE = 1

_log = logging.getLogger("tapip_rs.start")

_EXAMPLES = """\
what it does:
  (nothing)             the net shell; see `help` there
  doctor                say what is missing on this machine, and how to mend it
  down                  undo what a tapip that was killed left behind
  serve [SERVICE ...]   serve echo, discard, daytime and chargen to the outside; see tapip serve --help
  sim FILE.py           run a program that builds a virtual network; see tapip sim --help

examples:
  sudo tapip                                     the stack is 10.0.0.1, the kernel 10.0.0.2, tap0 between them
  sudo tapip -c 'ping -c 3 10.0.0.2; route'      run commands and exit with the last one's status
  sudo tapip --netns lab --address 10.9.0.1/24   in another namespace, with other addresses
  sudo tapip --topology 1 --nic eth1 --address 192.168.1.9/24 --gateway 192.168.1.1
  tapip --topology demo                          a network in memory; needs no rights
  tapip sim examples/two_flows.py --seed 8       two flows share a bottleneck, under virtual time
  sudo tapip -c 'snc -b 0.0.0.0:12345' > file    write what one connection brings

Every flag with a value is also a variable (--kernel-address is TAPIP_KERNEL_ADDRESS) and a key of the file, which is
--config FILE, else ./tapip.toml, else ~/.config/tapip/tapip.toml. Flags go over variables, variables over the file.
"""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        """One line, and exit status 2."""
        self.exit(USAGE_ERROR, f"tapip: {message} (see tapip --help)\n")


class _Version(argparse.Action):
    """Asks for the version only when it is wanted."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> NoReturn:
        """Print and exit."""
        from tapip_rs import _core

        print(f"tapip {_core.version} ({_core.profile} build)")
        parser.exit()


def parser() -> argparse.ArgumentParser:
    """The command line, made from the table of settings."""
    made = _Parser(
        prog="tapip",
        description="A TCP/IP stack of its own on a tap device, with a net shell.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.add_argument(
        "verb", nargs="?", choices=("shell", "doctor", "down"), default="shell", metavar="doctor|down|sim"
    )
    made.add_argument(
        "-c", "--commands", metavar="COMMANDS", help="run these shell commands, `;` between them, and exit"
    )
    _add_settings(made)
    made.add_argument("--json", action="store_true", help="doctor: answer in JSON")
    made.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    return made


def serve_parser() -> argparse.ArgumentParser:
    """The command line of `tapip serve`."""
    from tapip_rs.serve import PORTS

    made = _Parser(
        prog="tapip serve",
        description="Serve echo, discard, daytime and chargen (RFC 862, 863, 867, 864) over TCP and UDP until Ctrl-C.",
        allow_abbrev=False,
    )
    made.add_argument(
        "services", nargs="*", choices=(*PORTS, []), default=[], metavar="SERVICE", help=f"{', '.join(PORTS)} (all)"
    )
    made.add_argument("--port-offset", type=int, default=0, metavar="N", help="listen N above the standard ports")
    made.add_argument("--python", action="store_true", help="serve by Python threads instead of Rust")
    made.add_argument("--seconds", type=float, metavar="S", help="end after so long")
    _add_settings(made)
    made.add_argument("--json", action="store_true", help="say in JSON what was served")
    return made


def _add_settings(made: argparse.ArgumentParser) -> None:
    made.add_argument("--config", metavar="FILE", help="read settings from this file")
    for setting in SETTINGS:
        if setting.word:
            made.add_argument(setting.flag, dest=setting.name, metavar=setting.word, help=setting.about)
        else:
            made.add_argument(setting.flag, dest=setting.name, action="store_true", default=None, help=setting.about)
    made.add_argument("--sysctl", action="append", default=[], metavar="NAME=VALUE", help="set a knob; may be repeated")
    made.add_argument("-q", "--quiet", action="store_true", help="do not say what is done at start and end")
    made.add_argument("-v", "--verbose", action="store_true", help="tell more: the traceback of an unexpected error")


def main(argv: Sequence[str] | None = None) -> int:
    """Run `tapip`; returns its exit status."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    if arguments[:1] == ["sim"]:
        from tapip_rs.sim.program import main as run_program

        return run_program(arguments[1:])
    serves = arguments[:1] == ["serve"]
    words = serve_parser().parse_args(arguments[1:]) if serves else parser().parse_args(arguments)
    run = _serve if serves else _run
    try:
        config = load(vars(words), sysctl=words.sysctl, file=words.config)
        if not serves:
            _refuse_strays(words)
    except ConfigError as error:
        return _fail(str(error), USAGE_ERROR)
    with _log_lines(quiet=words.quiet, verbose=words.verbose), _ending_signals():
        try:
            return run(words, config)
        except KeyboardInterrupt:
            return 128 + signal.SIGINT
        except (OSError, ValueError) as error:
            return _fail(_reason(error), FAILURE)


def _refuse_strays(words: argparse.Namespace) -> None:
    if words.json and words.verb != "doctor":
        raise ConfigError("--json is for tapip doctor; in the shell it is a word of the command: route --json")
    if words.commands is not None and words.verb != "shell":
        raise ConfigError(f"-c is for the shell, not for tapip {words.verb}")


def _enter_namespace(config: Config) -> None:
    if config.netns is not None:
        from tapip_rs.topology.netns import enter

        enter(config.netns)  # before any thread starts, so that all of them are there


def _run(words: argparse.Namespace, config: Config) -> int:
    _enter_namespace(config)
    if words.verb == "doctor":
        return _doctor(config, as_json=words.json)
    if words.verb == "down":
        return _down(forget=config.bridge.yes)
    return _shell(words, config)


def _doctor(config: Config, *, as_json: bool) -> int:
    from tapip_rs.doctor import examine

    checks = examine(config)
    good = all(check.good for check in checks)
    if as_json:
        print(json.dumps({"good": good, "checks": [check.data() for check in checks]}, indent=2))
    else:
        print("\n".join(check.text() for check in checks))
    return 0 if good else FAILURE


def _down(*, forget: bool) -> int:
    from tapip_rs.topology import down

    if not down(say=print, forget=forget):
        print("nothing to undo")
    return 0


def _shell(words: argparse.Namespace, config: Config) -> int:
    from tapip_rs.topology.plan import shielded

    stack = _stack(config, chosen=words.topology is not None)
    try:
        from tapip_rs.bringup import say_running
        from tapip_rs.shell import run

        say_running(stack)
        if stack.kernel_side is None and words.commands is None and sys.stdin is not None and sys.stdin.isatty():
            from tapip_rs.demo import HINT

            print(HINT, file=sys.stderr)
        status = run(stack, commands=words.commands, debug=config.debug)
        _log.info("shell_worker shell worker exit")
    finally:
        with shielded():  # an impatient second signal must not stop the undoing half way
            stack.close()
    _log.info("main wait system exit")
    return status


def _serve(words: argparse.Namespace, config: Config) -> int:
    from tapip_rs.serve import PORTS, serve, summary
    from tapip_rs.topology.plan import shielded

    names = words.services or list(PORTS)
    last = max(PORTS[name] for name in names) + words.port_offset
    if not 0 <= words.port_offset <= last <= 0xFFFF:
        raise ValueError(
            f"--port-offset: {words.port_offset} makes a port that is none; 0 to {0xFFFF - last + words.port_offset}"
        )
    _enter_namespace(config)
    stack = _stack(config, chosen=words.topology is not None)
    try:
        server = serve(stack, names, port_offset=words.port_offset, python=words.python)
        where = ", ".join(f"{name} {PORTS[name] + words.port_offset}" for name in names)
        _log.info("serve %s", where)
        try:
            server.run(words.seconds)
        except KeyboardInterrupt:
            pass
        finally:
            served = server.served
            print(json.dumps(served) if words.json else summary(served))
    finally:
        with shielded():
            stack.close()
    return 0


def _stack(config: Config, *, chosen: bool) -> Stack:
    """The stack that was asked for, or, where rights are lacking and no topology was asked for, the demo's."""
    from tapip_rs.doctor import hindrance
    from tapip_rs.stack import Stack

    if config.topology != "demo":
        why = hindrance(config.tap.device)
        if why is None:
            return Stack.top1(config) if config.topology == "1" else Stack.top2(config)
        if chosen:
            raise OSError(f"topology {config.topology} can not be set up: {why}")
        if os.geteuid() != 0:
            why += f"; try: sudo {shlex.quote(sys.argv[0])}"
        print(f"tapip: no tap: {why}. This is the demo network, in memory.", file=sys.stderr)
    stack = Stack.demo(seed=config.seed)
    stack.spin = config.spin
    stack.policy.update(config.sysctl)
    return stack


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__


def _fail(text: str, status: int) -> int:
    print(f"tapip: {text}", file=sys.stderr)
    return status


class _Line(logging.Formatter):
    """Lines as tapip's: [thread]function text; errors as ours: tapip: text."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, and the traceback where there is one."""
        text = record.getMessage()
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        return f"tapip: {text}" if record.levelno >= logging.WARNING else f"[{threading.get_native_id()}]{text}"


@contextmanager
def _log_lines(*, quiet: bool, verbose: bool) -> Iterator[None]:
    """Print what the rooms below log, on standard error."""
    root = logging.getLogger("tapip_rs")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Line())
    before = root.level, root.propagate
    root.addHandler(handler)
    root.setLevel(logging.DEBUG if verbose else logging.WARNING if quiet else logging.INFO)
    root.propagate = False
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.level, root.propagate = before


@contextmanager
def _ending_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind the program as an exit does, so that everything is undone."""

    def leave(number: int, _frame: FrameType | None) -> NoReturn:
        raise SystemExit(128 + number)

    before = {int(number): signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
