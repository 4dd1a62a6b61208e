"""Small networks that the tests share."""

from tapip_rs.sim import Host, Link, Network


def pair(seed: int = 7, **options) -> tuple[Network, Host, Host, Link]:
    """Two hosts and a link; unless said otherwise of 10 Mbit/s, 20 ms, 64 kB."""
    net = Network(seed=seed)
    a, b = net.host("a"), net.host("b")
    usual = {"rate": "10 Mbit/s", "delay": "20 ms", "queue": "64 kB"}
    return net, a, b, net.link(a, b, **{**usual, **options})
