"""Congestion controls of living stacks: which one a connection has, how it is changed, and that each carries data."""

import io

import pytest

from tapip_rs.shell import run
from wires import B, pair

KINDS = ("reno", "cubic", "bbr", "dctcp", "fixed")
NAME = "net.ipv4.tcp_congestion_control"


@pytest.fixture
def stacks():
    with pair() as both:
        yield both


def shell(stack, commands):
    out = io.BytesIO()
    assert run(stack, commands=commands, stdin=io.BytesIO(), stdout=out, stderr=out) == 0, out.getvalue()
    return out.getvalue().decode()


def pour(client, server, amount):
    client.sendall(bytes(amount))
    while amount:
        amount -= len(server.recv(1 << 20))


def test_the_shell_says_what_the_next_connection_uses(stacks):
    a, b = stacks
    available = shell(a, "sysctl net.ipv4.tcp_available_congestion_control")
    assert set(available.split("=")[1].split()) == set(KINDS)
    with b.listen((B, 80)) as listener, a.connect((B, 80)) as before, listener.accept():
        assert before.info().congestion == "cubic"
        shell(a, f"sysctl {NAME}=bbr")
        with a.connect((B, 80)) as after, listener.accept() as child:
            assert after.info().congestion == "bbr"
            assert after.info().congestion_phase == "startup"
            assert (before.info().congestion, child.info().congestion) == ("cubic", "cubic")
            shown = shell(a, "ss -ti")
            assert "\tbbr phase:startup" in shown
            assert "\tcubic phase:slow-start" in shown


def test_a_fact_is_not_set(stacks):
    with pytest.raises(ValueError, match="tcp_available_congestion_control"):
        stacks[0].policy["net.ipv4.tcp_available_congestion_control"] = "bbr"


@pytest.mark.parametrize("kind", KINDS)
def test_every_control_carries_data(stacks, kind):
    a, b = stacks
    a.policy[NAME] = kind
    with b.listen((B, 80)) as listener, a.connect((B, 80)) as client, listener.accept() as server:
        pour(client, server, 3_000_000)
        info = client.info()
        assert info.congestion == client.option("congestion") == kind
        assert info.congestion_phase
        assert (info.fields.get("pacing_rate", 0) > 0) == (kind == "bbr")


def test_a_live_connection_changes_and_goes_on(stacks):
    a, b = stacks
    with b.listen((B, 80)) as listener, a.connect((B, 80)) as client, listener.accept() as server:
        for kind in (*KINDS, "newreno"):
            pour(client, server, 300_000)
            window = client.info().cwnd
            client.set_option("congestion", kind)
            assert client.option("congestion") == ("reno" if kind == "newreno" else kind)
            if kind != "fixed":
                assert client.info().cwnd == window
        pour(client, server, 300_000)


def test_what_a_listener_is_given_its_connections_inherit(stacks):
    a, b = stacks
    with b.listen((B, 80)) as listener:
        assert listener.option("congestion") == "cubic"
        b.policy[NAME] = "reno"
        with a.connect((B, 80)), listener.accept() as child:
            assert child.info().congestion == "reno", "the stack's, as it is when the connection begins"
        listener.set_option("congestion", "dctcp")
        with a.connect((B, 80)), listener.accept() as child:
            assert child.info().congestion == "dctcp"


def test_a_wrong_control_is_named(stacks):
    a, b = stacks
    with b.listen((B, 80)) as listener, a.connect((B, 80)) as client, listener.accept():
        with pytest.raises(ValueError, match=r"vegas.*reno, cubic, bbr, dctcp, fixed"):
            client.set_option("congestion", "vegas")
        with pytest.raises(TypeError, match="congestion wants a name"):
            client.set_option("congestion", 1)
        with pytest.raises(TypeError, match="ttl wants a number"):
            client.set_option("ttl", "many")
        assert client.option("congestion") == "cubic"
    with a.udp() as socket, pytest.raises(ValueError, match="congestion"):
        socket.set_option("congestion", "bbr")


def test_the_fixed_window_is_what_the_knob_says(stacks):
    a, b = stacks
    a.policy.update({NAME: "fixed", "tapip.tcp_fixed_cwnd": 7})
    with b.listen((B, 80)) as listener, a.connect((B, 80)) as client, listener.accept() as server:
        pour(client, server, 200_000)
        assert client.info().cwnd == 7 * client.info().mss
