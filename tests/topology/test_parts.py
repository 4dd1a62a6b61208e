"""Records, state files, probes, namespaces, signals: each by itself."""

import asyncio
import os
import signal
import socket
import struct
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tapip_rs.topology import TopologyError
from tapip_rs.topology.kernel import Snapshot, away_from_loops
from tapip_rs.topology.netns import identity, inside
from tapip_rs.topology.plan import shielded
from tapip_rs.topology.probe import conflict, probe_frame
from tapip_rs.topology.record import Record
from tapip_rs.topology.state import Claim, State
from topology.fake import address_record, route_record

OURS = "00:34:45:67:89:ab"
THEIRS = "02:00:00:00:00:99"
ADDRESS = IPv4Address("10.0.0.1")


def test_a_record_is_the_same_but_for_lifetimes():
    assert address_record(2, "10.0.0.1/24", valid=100).key == address_record(2, "10.0.0.1/24", valid=50).key
    assert address_record(2, "10.0.0.1/24").key != address_record(3, "10.0.0.1/24").key
    assert address_record(2, "10.0.0.1/24").key != address_record(2, "10.0.0.1/25").key


def test_lifetimes_are_shortened_and_never_run_out_unsaid():
    def lifetimes(record, elapsed):
        return struct.unpack("=II", record.again(elapsed)[-16:-8])

    assert lifetimes(address_record(2, "10.0.0.1/24", valid=100), 30.5) == (70, 70)
    assert lifetimes(address_record(2, "10.0.0.1/24", valid=100), 300) == (0, 1)
    assert lifetimes(address_record(2, "10.0.0.1/24"), 300) == (0xFFFFFFFF, 0xFFFFFFFF)


def test_a_route_is_said_without_its_state():
    record = route_record("10.5.0.0/16", None, hops=(2, 3))
    said = Record("route", record.again(0))
    assert struct.unpack_from("=I", said.raw, 8)[0] == 0
    assert said.raw.count(struct.pack("=HBBi", 16, 4, 0, 2)) == 1, "onlink stays, linkdown goes"
    assert len(said.raw) == len(record.raw) - 20, "the cache's numbers are left out"


def test_which_routes_a_card_costs():
    ours = {socket.inet_aton("10.0.0.1")}
    assert route_record("10.5.0.0/16", 2, "10.0.0.2").concerns(2, set())
    assert not route_record("10.5.0.0/16", 3, "10.0.0.2").concerns(2, ours)
    assert route_record("10.5.0.0/16", 3, "10.0.0.2", src="10.0.0.1").concerns(2, ours)
    assert route_record("10.5.0.0/16", None, hops=(3, 2)).concerns(2, set())


def test_routes_of_one_place():
    one = route_record("10.5.0.0/16", 2, "10.0.0.2", metric=5)
    assert one.place == route_record("10.5.0.0/16", 3, "10.0.0.3", metric=5).place
    assert one.place != route_record("10.5.0.0/16", 2, "10.0.0.2", metric=6).place
    assert one.place != route_record("10.5.0.0/17", 2, "10.0.0.2", metric=5).place
    assert (one.text, route_record("0.0.0.0/0", 2).text) == ("10.5.0.0/16", "default/0")


@given(st.binary(min_size=12, max_size=80))
def test_any_bytes_are_a_record(raw):
    record = Record("route", raw)
    assert record.key is not None
    assert record.again(5) is not None
    assert record.concerns(2, set()) in (True, False)


def test_a_state_survives_its_file(run_directory):
    before = Snapshot((address_record(2, "10.0.0.1/24"),), (route_record("0.0.0.0/0", 2, "10.0.0.2"),), ())
    state = State(topology="1", pid=7, boot_time=1.5, cookie=9, tap="tap0", bridge="br0", nic="eth0", before=before)
    claim = Claim(identity(), "tap0")
    claim.write(state)
    assert claim.read() == state
    claim.clear()
    assert claim.read() is None
    claim.release()
    claim.release()
    assert not (run_directory / str(identity().inode)).exists()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 2}', '{"version": 1, "before": 1}'])
def test_what_is_no_state_file(text):
    with pytest.raises(ValueError, match=r".+"):
        State.from_json(text)


def test_a_directory_that_can_not_be_had(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("TAPIP_RUN_DIR", str(tmp_path / "file"))
    with pytest.raises(TopologyError, match="can not keep a record of changes"):
        Claim(identity(), "tap0")


def arp(operation: int, sender_mac: str, sender: str, target: str) -> bytes:
    header = b"\xff" * 6 + bytes.fromhex(sender_mac.replace(":", "")) + b"\x08\x06"
    body = struct.pack("!HHBBH", 1, 0x800, 6, 4, operation) + bytes.fromhex(sender_mac.replace(":", ""))
    return header + body + socket.inet_aton(sender) + bytes(6) + socket.inet_aton(target)


@pytest.mark.parametrize(
    ("frame", "who"),
    [
        (arp(2, THEIRS, "10.0.0.1", "0.0.0.0"), THEIRS),
        (arp(1, THEIRS, "10.0.0.1", "10.0.0.9"), THEIRS),
        (arp(1, THEIRS, "0.0.0.0", "10.0.0.1"), THEIRS),
        (arp(2, OURS, "10.0.0.1", "0.0.0.0"), None),
        (arp(1, THEIRS, "10.0.0.9", "10.0.0.1"), None),
        (arp(2, THEIRS, "10.0.0.9", "0.0.0.0"), None),
        (arp(2, THEIRS, "10.0.0.1", "0.0.0.0")[:41], None),
        (b"\0" * 60, None),
    ],
    ids=["has it", "asks with it", "probes too", "is us", "asks for it", "has another", "short", "no ARP"],
)
def test_who_contests_an_address(frame, who):
    assert conflict(frame, ADDRESS, OURS) == who


def test_the_probe_is_from_nobody_and_conflicts_with_nobody_who_asks_for_another():
    frame = probe_frame(ADDRESS, OURS)
    assert len(frame) == 60
    assert conflict(frame, ADDRESS, THEIRS) == OURS
    assert conflict(frame, IPv4Address("10.0.0.3"), THEIRS) is None


@given(st.binary(max_size=70))
def test_any_frame_is_judged(frame):
    assert conflict(frame, ADDRESS, OURS) in (None, frame[22:28].hex(":"))


def test_a_namespace_that_is_not_there():
    with (
        pytest.raises(TopologyError, match=r"no network namespace nowhere \(/run/netns/nowhere: No such file"),
        inside("nowhere"),
    ):
        pass


def test_signals_wait_for_the_end_of_a_shielded_block():
    steps = []

    def handler(*_):
        steps.append("signal")

    before = signal.signal(signal.SIGTERM, handler)
    try:
        with shielded():
            os.kill(os.getpid(), signal.SIGTERM)
            steps.append("work")
        assert steps == ["work", "signal"]
        assert signal.getsignal(signal.SIGTERM) is handler
    finally:
        signal.signal(signal.SIGTERM, before)


def test_work_is_done_under_a_running_loop_too():
    async def main():
        return away_from_loops(lambda: asyncio.run(asyncio.sleep(0, "done")))

    assert asyncio.run(main()) == "done"

    async def fail():
        return away_from_loops(lambda: 1 // 0)

    with pytest.raises(ZeroDivisionError):
        asyncio.run(fail())
