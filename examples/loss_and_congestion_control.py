"""What a little random loss costs each congestion control, on a path of 20 Mbit/s and 40 ms."""

from tapip_rs.sim import Network


def goodput(control: str, loss: float) -> float:
    """Mbit/s of one flow in 20 s."""
    net = Network(seed=1)
    a, b = net.host("a"), net.host("b")
    net.link(a, b, rate="20 Mbit/s", delay="20 ms", queue="100 kB", ab={"loss": loss})
    flow = net.bulk(a, b, congestion=control, trace=False)
    net.run("20 s")
    return flow.goodput / 1e6


losses = (0, 0.001, 0.01, 0.03)
print("loss     " + "".join(f"{loss:>8.1%}" for loss in losses))
for control in ("newreno", "cubic", "bbr"):
    print(f"{control:<9}" + "".join(f"{goodput(control, loss):8.2f}" for loss in losses))
