"""tapip's documented tests, as it numbers them: TOP1-1 and TOP2-1 to TOP2-10, the shell here, the kernel there."""

import re
import socket

import pytest

from e2e.live import Program, Shell, kernel_socket, noise, until

pytestmark = pytest.mark.e2e

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def shell(netns):
    with Shell(netns) as running:
        yield running


@pytest.fixture
def lan(netns, gateway):
    """TOP1's place: a veth as the card, the gateway in a namespace of its own, the stack in place of the kernel."""
    netns.ip("link add eth0 type veth peer name eth0 netns " + gateway.name)
    netns.ip("addr add 10.20.133.10/24 dev eth0")
    netns.ip("link set eth0 up")
    gateway.ip("addr add 10.20.133.20/24 dev eth0")
    gateway.ip("link set eth0 up")
    gateway.ip("addr add 192.0.2.1/32 dev lo")  # the internet
    return netns


def test_top1_1_ping_the_gateway(lan, gateway):
    before = [lan.json("-4", "addr"), lan.json("-4", "route", "show", "table", "all")]
    said = lan.tapip(
        "--topology", "1", "-c",
        "ping -c 2 -i 0.2 10.20.133.20; ping -c 2 -i 0.2 -s 60000 10.20.133.20; ping -c 1 192.0.2.1; arpcache",
    ).stdout  # fmt: skip
    assert re.search(r"^64 bytes from 10\.20\.133\.20: icmp_seq=0 ttl=64", said, re.M)
    assert re.search(r"^60008 bytes from 10\.20\.133\.20: icmp_seq=1 ttl=64", said, re.M)
    assert said.count(" 0% packet loss") == 3
    assert re.search(r"^Resolved .* 10\.20\.133\.20$", said, re.M)
    assert [lan.json("-4", "addr"), lan.json("-4", "route", "show", "table", "all")] == before
    lan.run("ping", "-c", "1", "10.20.133.20")


def test_top1_the_gateway_pings_us(lan, gateway):
    with Shell(lan, "--topology", "1") as shell:
        gateway.run("ping", "-c", "2", "-i", "0.2", "-s", "60000", "10.20.133.21")
        shell.say("exit")
        shell.good()


@pytest.mark.e2e("arping")
def test_top2_1_arping_and_debug_arp(netns, shell):
    shell.say("debug -n arp")
    shell.ask("route", "default")
    netns.run("arping", "-c", "1", "-I", "tap0", "10.0.0.1")
    shell.err.expect(r"10\.0\.0\.2.*10\.0\.0\.1.*request")
    shell.err.expect(r"reply.*arp request")


def test_top2_2_ping_the_kernel_in_fragments(shell):
    shell.ask("ping -c 2 -i 0.2 -s 6000 10.0.0.2", r"^6008 bytes from 10\.0\.0\.2: icmp_seq=1 ttl=64 time=")
    shell.out.expect("2 packets transmitted, 2 received, 0% packet loss")


def test_top2_3_the_kernel_pings_and_debug_shows_it(netns, shell):
    shell.say("debug -n ip icmp")
    shell.ask("route", "default")
    netns.run("ping", "-c", "1", "-s", "6000", "10.0.0.1")
    shell.err.expect("echo request")
    said = COLOUR.sub("", shell.err.text)
    assert "10.0.0.2 -> 10.0.0.1" in said
    assert "success" in said  # of reassembly
    assert "6000" in said


def test_top2_4_forwarding(netns):
    """The kernel has 10.0.1.0/24 behind the stack, whose default route leads back: it forwards."""
    with Shell(netns, "--sysctl", "net.ipv4.ip_forward=1") as shell:
        netns.ip("route add 10.0.1.0/24 via 10.0.0.1")
        netns.run("sysctl", "-qw", "net.ipv4.conf.tap0.rp_filter=0")
        shell.say("debug -n ip")
        shell.ask("route", "default")
        # The default route leads back to where it came from: the request comes back with a smaller TTL.
        netns.run("ping", "-c", "1", "-W", "1", "10.0.1.9", check=False)
        shell.err.expect(r"10\.0\.0\.2 -> 10\.0\.1\.9 forward to next-hop 10\.0\.0\.2")
        shell.ask("ifconfig veth", "TX packet:")


def test_top2_5_redirect_and_time_exceeded(netns, shell):
    """A host route through the stack to a neighbour of both: a redirect, and the packet goes on."""
    netns.ip("addr add 10.0.0.3/32 dev lo")
    netns.run("sysctl", "-qw", "net.ipv4.conf.tap0.arp_ignore=0")
    netns.ip("route add 10.0.0.4/32 via 10.0.0.1")
    said = netns.run("ping", "-c", "2", "-W", "1", "-i", "0.5", "10.0.0.4", check=False).stdout
    assert "Redirect Host" in said, said
    said = netns.run("ping", "-c", "1", "-t", "1", "-W", "1", "10.0.0.4", check=False).stdout
    assert re.search(r"From 10\.0\.0\.1.*Time to live exceeded", said), said


def test_top2_6_reassembly_timeout(netns):
    scapy_fragment = bytes.fromhex("0800f7ff00000000") + bytes(16)
    with Shell(netns, "--sysctl", "net.ipv4.ipfrag_time=1") as shell:
        shell.ask("ping -c 1 -i 0 10.0.0.2", "1 received")
        with (
            kernel_socket(netns, socket.SOCK_RAW, proto=socket.IPPROTO_RAW) as raw,
            kernel_socket(netns, socket.SOCK_RAW, proto=socket.IPPROTO_ICMP) as icmp,
        ):
            raw.sendto(ipv4_header(20 + len(scapy_fragment), offset=0, more=True) + scapy_fragment, ("10.0.0.1", 0))
            while True:
                packet = icmp.recv(2000)
                if packet[20] == 11:
                    break
        assert packet[21] == 1  # reassembly time exceeded
        assert packet[8] == 64  # errors leave with a TTL
        assert packet[12:16] == bytes([10, 0, 0, 1])
        assert packet[48:][: len(scapy_fragment)] == scapy_fragment  # quoted


def ipv4_header(length, *, offset, more, protocol=1):
    """From the kernel to the stack; the kernel fills in checksum and identification of a raw header itself."""
    flags = (0x2000 if more else 0) | offset // 8
    fields = bytes([0x45, 0]) + length.to_bytes(2, "big") + b"\x12\x34" + flags.to_bytes(2, "big")
    return fields + bytes([64, protocol, 0, 0]) + bytes([10, 0, 0, 2]) + bytes([10, 0, 0, 1])


def test_top2_7_loopback(shell):
    for address in ("10.0.0.1", "127.0.0.1", "127.1.2.3"):
        shell.ask(f"ping -c 1 -s 65000 {address}", rf"^65008 bytes from {address}: icmp_seq=0 ttl=64")


@pytest.mark.e2e("nc")
def test_top2_8_udp_send(netns, tmp_path):
    text = noise(400)
    (tmp_path / "in").write_bytes(text)
    with (tmp_path / "out").open("wb") as out, Program(netns, "nc", "-u", "-l", "12341", stdout=out):
        until("nc", lambda: "12341" in netns.run("ss", "-uln").stdout)
        with (
            (tmp_path / "in").open("rb") as source,
            Shell(netns, "-c", "snc -u -c 10.0.0.2:12341", stdin=source) as shell,
        ):
            shell.good()
        until("the datagram", lambda: (tmp_path / "out").read_bytes() == text)


@pytest.mark.e2e("nc")
def test_top2_9_udp_receive(netns, tmp_path):
    text = noise(400)
    (tmp_path / "in").write_bytes(text)
    with (tmp_path / "out").open("wb") as out, Shell(netns, "-c", "snc -d -u -b 0.0.0.0:12341", stdout=out) as shell:
        shell.err.expect("bind")
        with (tmp_path / "in").open("rb") as source:
            netns.run("nc", "-u", "-w", "1", "10.0.0.1", "12341", stdin=source)
        until("the datagram", lambda: (tmp_path / "out").read_bytes() == text)
        shell.interrupt()
        assert shell.wait() == 130


@pytest.mark.e2e("nc")
def test_top2_10_tcp_receive(netns, tmp_path):
    """What tapip lost in four runs of eight: `cat Makefile | nc 10.0.0.1 12345`."""
    runs, text = 8, noise(2345)
    (tmp_path / "in").write_bytes(text)
    with Shell(netns) as shell:
        for run in range(runs):
            before, told = len(shell.out.data), len(shell.err.text)
            shell.say("snc -d -b 0.0.0.0:12345")
            shell.err.expect("listen", since=told)
            with (tmp_path / "in").open("rb") as source:
                netns.run("nc", "-N", "10.0.0.1", "12345", stdin=source)
            whole = before + len(text)
            until(f"run {run}", lambda whole=whole: len(shell.out.data) >= whole)
            assert shell.out.data[before:] == text
