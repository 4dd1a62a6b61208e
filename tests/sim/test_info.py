"""What a connection tells of itself under virtual time: tcp_info, and why the sender waits."""

from __future__ import annotations

import asyncio

import pytest

from tapip_rs.sim import Network


def pair(**link):
    net = Network(seed=3)
    a, b = net.host("a"), net.host("b")
    net.link(a, b, **({"rate": "10 Mbit/s", "delay": "20 ms"} | link))
    return net, a, b


def sender(host):
    (found,) = [each for each in host.tcp_connections if each.state == "ESTABLISHED"]
    return found


def test_a_bulk_flow_waits_for_its_window_and_its_counts_agree():
    net, a, b = pair(loss=0.01)
    flow = net.bulk(a, b)
    net.run("10 s")
    info = sender(a)
    assert info.waiting in ("cwnd", "receive-window")
    assert info.total_retrans == flow.retransmissions > 0
    assert info.bytes_sent - info.bytes_retrans >= info.bytes_acked > 0
    assert info.busy_time == pytest.approx(10, abs=0.2)
    assert info.delivery_rate is not None
    assert 10_000 < info.delivery_rate < 1_250_000
    assert info.min_rtt == pytest.approx(0.04, abs=0.005)
    assert info.segs_out >= info.data_segs_out > 0 == info.data_segs_in
    peer = sender(b)
    assert peer.rcv_ooopack > 0
    assert (peer.waiting, peer.bytes_received, peer.last_data_sent) == ("application", flow.bytes_delivered, None)
    assert "waiting:" in a.shell("ss -ti")


def test_a_reader_that_sleeps_makes_its_sender_wait_for_the_receive_window():
    net, a, b = pair()

    async def silent():
        listener = await b.listen(80)
        stream = await listener.accept()
        await asyncio.sleep(30)
        assert len(await stream.recv(100)) == 100

    async def eager():
        stream = await a.connect((b.address, 80))
        await stream.send(bytes(8 << 20))

    net.spawn(silent())
    net.spawn(eager())
    net.run("20 s")
    info = sender(a)
    assert info.waiting == "receive-window"
    assert info.unsent > 0
    assert info.busy_time > info.rwnd_limited > 10
