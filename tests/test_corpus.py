"""The parsers' fuzz corpus, and frames made from it by damage, read by the stack and by scapy: they must agree.

What the stack says it read is in its events; what it refused, in its drop counters.
"""

import functools
import random
from pathlib import Path

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import ARP, Ether
from scapy.packet import NoPayload

from tapip_rs import Stack
from wires import B

CORPUS = Path(__file__).parents[1] / "rust" / "fuzz" / "corpus" / "parser"
DAMAGED = 40
"""Frames made from each seed: all of them take some seconds."""
TRANSPORTS = {1: (ICMP, "icmp:bad-checksum"), 6: (TCP, "tcp:bad-checksum"), 17: (UDP, "udp:bad-checksum")}


def seeds():
    return sorted(CORPUS.glob("*.seed"))


@functools.cache
def readings(seed: Path):
    """What we read of each frame that comes from a seed."""
    return [read_by_us(frame) for frame in damaged(seed)]


def damaged(seed: Path):
    """The frame, and copies of it with a few bytes changed, some of them cut short."""
    frame = seed.read_bytes()
    yield frame
    rng = random.Random(seed.name)
    for _ in range(DAMAGED):
        other = bytearray(frame)
        for _ in range(rng.randint(1, 3)):
            other[rng.randrange(12, len(other))] = rng.randrange(256)
        if rng.random() < 0.2:
            del other[rng.randrange(14, len(other) + 1) :]
        yield bytes(other)


def read_by_us(frame: bytes):
    """The first event of each name, and what was dropped why."""
    with Stack.detached(seed=1, address=f"{B}/24") as stack:
        list(stack.frames())
        # Addressed to us, whatever the seed says.
        if len(frame) >= 6 and not frame[0] & 1:
            frame = bytes.fromhex(stack.interfaces["veth"].mac.replace(":", "")) + frame[6:]
        stack.watch("all")
        stack.inject(frame)
        said = {}
        for event in stack.events():
            said.setdefault(event.name, event.fields)
        return frame, said, set(stack.drops)


def sums_agree(packet, layer) -> bool:
    """Whether scapy computes the checksum that `layer` of the packet carries."""
    again = packet.copy()
    del again[layer].chksum
    return type(packet)(bytes(again))[layer].chksum == packet[layer].chksum


def check_ethernet(frame, said):
    theirs = Ether(frame)
    assert (said["Ethernet"]["source"], said["Ethernet"]["destination"]) == (theirs.src, theirs.dst)


def check_arp(frame, said):
    theirs = Ether(frame)[ARP]
    assert (said["Arp"]["source"], said["Arp"]["destination"]) == (theirs.psrc, theirs.pdst)


def check_ip(frame, said):
    theirs = IP(frame[14:])
    assert (said["Ip"]["source"], said["Ip"]["destination"]) == (theirs.src, theirs.dst)
    assert (said["Ip"]["header"], said["Ip"]["length"]) == (theirs.ihl * 4, theirs.len)
    header = said["IpHeader"]
    bits = header["reserved"], header["dont_fragment"], header["more_fragments"]
    assert (header["id"], header["offset"]) == (theirs.id, theirs.frag * 8)
    assert bits == (bool(theirs.flags.evil), bool(theirs.flags.DF), bool(theirs.flags.MF))
    assert sums_agree(theirs, IP)


def check_ports(frame, said, name, layer):
    theirs = IP(frame[14:])[layer]
    assert (said[name]["source_port"], said[name]["destination_port"]) == (theirs.sport, theirs.dport)


def check_tcp(frame, said):
    check_ports(frame, said, "TcpIn", TCP)
    theirs = IP(frame[14:])[TCP]
    ours = said["TcpIn"]
    assert (ours["seq"], ours["ack"]) == (theirs.seq, theirs.ack)
    assert ours["length"] == IP(frame[14:]).len - IP(frame[14:]).ihl * 4 - theirs.dataofs * 4
    if "S" in theirs.flags:
        assert ours["window"] == theirs.window


CHECKS = {
    "Ethernet": check_ethernet,
    "Arp": check_arp,
    "Ip": check_ip,
    "Udp": lambda frame, said: check_ports(frame, said, "Udp", UDP),
    "TcpIn": check_tcp,
}


def check_transport_sum(frame, said, dropped):
    """Refused for its checksum by us, exactly if scapy computes another."""
    if "Ip" not in said:
        return
    theirs = IP(frame[14:])
    layer, refusal = TRANSPORTS.get(theirs.proto, (None, None))
    if theirs.flags.MF or theirs.frag or layer is None or layer not in theirs or isinstance(theirs[layer], NoPayload):
        return
    if layer is UDP and (theirs[UDP].chksum == 0 or theirs[UDP].len != theirs.len - theirs.ihl * 4):
        return
    if {"Udp": "Udp", "TcpIn": "Tcp"}.keys() & said.keys() or refusal in dropped:
        assert (refusal in dropped) != sums_agree(theirs, layer), theirs.summary()


@pytest.mark.parametrize("seed", seeds(), ids=lambda seed: seed.stem)
def test_the_stack_reads_what_scapy_reads(seed):
    for given, said, dropped in readings(seed):
        for name, check in CHECKS.items():
            if name in said:
                check(given, said)
        check_transport_sum(given, said, dropped)


def test_both_verdicts_occur():
    """The comparison means something: the corpus has frames of every kind that are read, and damage is refused."""
    read, refused = set(), set()
    for seed in seeds():
        for _, said, dropped in readings(seed):
            read |= CHECKS.keys() & said.keys()
            refused |= dropped
    assert read == CHECKS.keys()
    assert {"tcp:bad-checksum", "udp:bad-checksum", "ip:bad-checksum"} <= refused
