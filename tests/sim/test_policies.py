"""Knobs of one connection: set while it lives, with the connect, or at the listener; and buffers in three numbers."""

from __future__ import annotations

import pytest

from tapip_rs.sim import Network

DELACK = "tapip.tcp_delack_ms"


def pair():
    net = Network(seed=5)
    a, b = net.host("a"), net.host("b")
    net.link(a, b, rate="10 Mbit/s", delay="5 ms")
    return net, a, b


def test_a_connection_has_knobs_of_its_own():
    net, a, b = pair()
    usual = a.policy.changed()

    async def main():
        listener = await b.listen(80)
        listener.policy[DELACK] = 7
        listener.set_policy("net.ipv4.tcp_window_scaling", 0)
        one = await a.connect(
            (b.address, 80), policy={"net.ipv4.tcp_sack": 0, "net.ipv4.tcp_congestion_control": "reno"}
        )
        other = await a.connect((b.address, 80))
        served = await listener.accept()
        assert served.policy[DELACK] == 7
        assert (one.info().fields["sack"], other.info().fields["sack"]) == (False, True)
        assert (one.info().congestion, other.info().congestion) == ("reno", "cubic")
        assert one.info().fields["rcv_wscale"] == 0
        one.set_policy("net.ipv4.tcp_retries2", 4)
        one.policy["net.ipv4.tcp_wmem"] = "4096 50000 60000"
        assert (one.policy["net.ipv4.tcp_retries2"], other.policy["net.ipv4.tcp_retries2"]) == (4, 15)
        assert one.policy["net.ipv4.tcp_wmem"] == "4096 50000 60000"
        assert one.info().send_buffer == 50_000
        assert one.policy.changed().keys() - usual.keys() == {
            "net.ipv4.tcp_sack", "net.ipv4.tcp_congestion_control", "net.ipv4.tcp_retries2", "net.ipv4.tcp_wmem"
        }  # fmt: skip
        with pytest.raises(ValueError, match=r"tcp_sack of its own: the handshake decided it"):
            one.policy["net.ipv4.tcp_sack"] = 1
        with pytest.raises(ValueError, match=r"ip_forward of its own: it belongs to the whole stack"):
            one.policy["net.ipv4.ip_forward"] = 1
        with pytest.raises(ValueError, match=r"tcp_retries2 = 0: allowed is 1 to 255"):
            one.policy["net.ipv4.tcp_retries2"] = 0
        with pytest.raises(KeyError, match=r"net\.ipv4\.tcp_retries2"):
            one.policy["net.ipv4.tcp_retries3"] = 1
        with pytest.raises(ValueError, match="it belongs to listeners"):
            await a.connect((b.address, 80), policy={"net.ipv4.tcp_syncookies": 2})

    net.run_async(main())
    assert a.policy.changed() == b.policy.changed() == usual


def test_options_of_a_polite_sender():
    net, a, b = pair()

    async def main():
        await b.listen(80)
        stream = await a.connect((b.address, 80))
        for name, value in (("cork", 1), ("notsent_lowat", 16_384), ("send_buffer", 100_000)):
            stream.set_option(name, value)
            assert stream.core.option(name) == value
        return stream.info()

    assert net.run_async(main()).send_buffer == 100_000


def test_buffers_are_three_numbers_and_memory_is_seen():
    net, a, b = pair()
    assert a.policy["net.ipv4.tcp_rmem"] == "4096 1048576 6291456"
    assert "net.ipv4.tcp_mem = 98304 131072 196608" in a.shell("sysctl net.ipv4.tcp_mem")
    a.shell("sysctl 'net.ipv4.tcp_wmem=4096 20000 30000'")
    net.bulk(a, b)
    net.run("2 s")
    (info,) = [each for each in a.tcp_connections if each.state == "ESTABLISHED"]
    assert 20_000 <= info.send_buffer <= 30_000
    assert 0 < a.memory["tcp_bytes"] <= 30_000
    assert a.memory["tcp_pressure"] == 0
