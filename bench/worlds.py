"""Where the kernel talks to itself: what tapip is compared with."""

from contextlib import ExitStack, contextmanager

from e2e.netns import namespace

RENO = ("sysctl", "-qw", "net.ipv4.tcp_congestion_control=reno")
"""What paces would measure its own pace."""


@contextmanager
def veth_pair():
    """Two namespaces with a veth between them, 10.0.1.1 on `va` and 10.0.1.2 on `vb`; Reno in both."""
    with ExitStack() as spaces:
        one, other = (spaces.enter_context(namespace("bench")) for _ in range(2))
        one.ip(f"link add va type veth peer name vb netns {other.name}")
        for space, link, address in ((one, "va", "10.0.1.1/24"), (other, "vb", "10.0.1.2/24")):
            space.run(*RENO)
            space.ip(f"addr add {address} dev {link}")
            space.ip(f"link set {link} up")
        yield one, other
