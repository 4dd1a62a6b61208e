"""Both topologies on a kernel of data: what they set up, refuse, write down and undo."""

import errno
import json
from dataclasses import replace

import pytest

from tapip_rs.config import make
from tapip_rs.topology import TopologyError, down, leftovers, top1, top2
from tapip_rs.topology.kernel import Link
from tapip_rs.topology.netns import identity
from tapip_rs.topology.state import Claim, State, state_files
from topology.fake import MAC, FakeKernel, FakeTools, address_record, route_record

TAP = Link(70, "tap0", "tun", "02:00:00:00:00:07", 1500, up=False, loopback=False, master=None)


@pytest.fixture(autouse=True)
def place(run_directory):
    return run_directory


@pytest.fixture
def kernel():
    return FakeKernel(
        all_addresses=[address_record(2, "10.20.133.5/24"), address_record(2, "fe80::5/64")],
        routes=[
            route_record("10.20.133.0/24", 2, src="10.20.133.5"),
            route_record("0.0.0.0/0", 2, "10.20.133.20", metric=100),
            route_record("0.0.0.0/0", 2, "10.20.133.21", metric=200),
        ],
    )


def frozen(kernel):
    return kernel.links(), kernel.snapshot()


def test_top2_gives_the_kernel_its_address_and_takes_all_back(kernel):
    before = frozen(kernel)
    with top2(make(), FakeTools(kernel)) as attachment:
        tap = kernel.link("tap0")
        assert tap.up
        assert attachment.kernel.name == "tap0"
        assert attachment.kernel.mac == tap.mac
        assert (80, make().tap.address) in kernel.addresses()
        assert "silence tap0" in kernel.done
        [file] = state_files(identity())
        assert json.loads(file.read_text())["tap"] == "tap0"
    assert attachment.device.closed
    assert kernel.links() == before[0]
    assert state_files(identity()) == []


def test_top2_leaves_a_tap_that_was_there_as_it_was(kernel):
    kernel.all_links.append(TAP)
    kernel.all_addresses.append(address_record(70, "192.168.7.1/24"))
    before = frozen(kernel)
    with top2(make(), FakeTools(kernel)):
        assert kernel.link("tap0").up
        assert "silence tap0" not in kernel.done
    assert frozen(kernel) == before


def test_top2_touches_nothing_of_a_tap_that_is_ready(kernel):
    kernel.all_links.append(replace(TAP, up=True))
    kernel.all_addresses.append(address_record(70, "10.0.0.2/24"))
    with top2(make(), FakeTools(kernel)):
        pass
    assert kernel.done == []


@pytest.mark.parametrize(
    ("address", "said"),
    [("10.0.0.1/24", r"stack's address 10\.0\.0\.1 is the kernel's, on eth0"), ("10.0.0.2/16", r"10\.0\.0\.2 on eth0")],
)
def test_top2_refuses_an_address_that_the_kernel_has(kernel, address, said):
    kernel.all_addresses.append(address_record(2, address))
    with pytest.raises(TopologyError, match=said), top2(make(), FakeTools(kernel)):
        pass
    assert kernel.done == []


@pytest.mark.parametrize("top", [top1, top2])
def test_the_taps_own_mac_is_refused_and_nothing_stays(kernel, top):
    before = frozen(kernel)
    tools = FakeTools(kernel, tap_mac=make().host.mac)
    config = make(topology="1" if top is top1 else "2")
    with (
        pytest.raises(TopologyError, match="is that of the kernel's side of tap0; choose another with --mac"),
        top(config, tools),
    ):
        pass
    assert frozen(kernel) == before
    assert state_files(identity()) == []


@pytest.mark.parametrize("top", [top1, top2])
def test_a_tap_that_can_not_be_had(kernel, top):
    before = frozen(kernel)
    tools = FakeTools(kernel, fails=OSError(errno.EBUSY, "Device or resource busy"))
    config = make(topology="1" if top is top1 else "2")
    with pytest.raises(TopologyError, match="can not open the tap tap0: Device or resource busy"), top(config, tools):
        pass
    assert frozen(kernel) == before


def test_top1_takes_the_card_and_gives_everything_back(kernel):
    before = frozen(kernel)
    with top1(make(topology=1), FakeTools(kernel)) as attachment:
        bridge = kernel.link("br0")
        assert bridge.up
        assert kernel.link("eth0").master == kernel.link("tap0").master == bridge.index
        assert kernel.link("tap0").mtu == attachment.kernel.mtu == 1400
        assert kernel.addresses() == []
        assert [record.family for record in kernel.all_addresses] == [10], "IPv6 stays"
        assert kernel.routes == []
    assert frozen(kernel) == (
        before[0],
        before[1].__class__(tuple(reversed(before[1].addresses)), before[1].routes, ()),
    )


def test_top1_gives_everything_back_after_an_error(kernel):
    before = kernel.snapshot()
    with pytest.raises(RuntimeError, match="boom"), top1(make(topology=1), FakeTools(kernel)):
        raise RuntimeError("boom")
    assert kernel.routes == list(before.routes)
    assert kernel.link("br0") is None


def test_top1_restores_everything_when_the_address_is_in_use(kernel):
    before = kernel.snapshot()
    tools = FakeTools(kernel, user="02:00:00:00:00:99")
    with (
        pytest.raises(TopologyError, match=r"10\.20\.133\.21 is in use by 02:00:00:00:00:99"),
        top1(make(topology=1), tools),
    ):
        pass
    assert kernel.routes == list(before.routes)
    assert [link.name for link in kernel.links()] == ["lo", "eth0"]


@pytest.mark.parametrize(
    ("settings", "change", "said"),
    [
        ({"nic": "eth9"}, {}, r"no network card eth9 here; .*\(there is: eth0\)"),
        ({"nic": "lo"}, {}, "lo is no Ethernet card"),
        ({"mac": MAC}, {}, "is that of eth0"),
        ({"bridge": "lo"}, {}, "there is a device lo already"),
        ({}, {"defaults": {2}}, r"eth0 has the only default route.*--yes"),
    ],
)
def test_top1_refuses_before_it_changes_anything(kernel, settings, change, said):
    for name, value in change.items():
        setattr(kernel, name, value)
    with pytest.raises(TopologyError, match=said), top1(make(topology=1, **settings), FakeTools(kernel)):
        pass
    assert kernel.done == []


def test_top1_takes_the_only_default_route_with_yes_and_another_without(kernel):
    kernel.defaults = {2}
    with top1(make(topology=1, yes=True), FakeTools(kernel)):
        pass
    kernel.defaults = {2, 3}
    with top1(make(topology=1), FakeTools(kernel)):
        pass


def test_top1_refuses_what_is_in_a_bridge(kernel):
    kernel.all_links.append(replace(TAP, master=60))
    with (
        pytest.raises(TopologyError, match="the tap tap0 is in a bridge already"),
        top1(make(topology=1), FakeTools(kernel)),
    ):
        pass
    kernel.change(2, master=60)
    with (
        pytest.raises(TopologyError, match="eth0 is in a bridge or bond already"),
        top1(make(topology=1), FakeTools(kernel)),
    ):
        pass
    assert kernel.link("tap0").master == 60


def test_a_second_one_on_the_same_tap_is_refused(kernel):
    with (
        top2(make(), FakeTools(kernel)),
        pytest.raises(TopologyError, match=r"tapip \(pid \d+\) already runs on tap0"),
        top2(make(), FakeTools(kernel)),
    ):
        pass


class Killed:
    """A TOP1 whose process ended without a word, at a chosen moment."""

    def __init__(self, kernel, *, when):
        tools = FakeTools(kernel)
        calls = {"written": "open_tap", "bridged": "users"}
        setattr(tools, calls[when], self.end)
        with pytest.raises(SystemError):
            self._run(tools, kernel)

    def end(self, *_):
        raise SystemError("killed")

    @staticmethod
    def _run(tools, kernel):
        from tapip_rs.topology.top1 import Top1

        plan = Top1(make(topology=1), tools)
        plan.begin()
        try:
            plan.set_up()
        finally:
            import os

            os.close(plan._claim._lock)  # as the kernel does for a dead process
            if plan._tap:
                plan._tap.close()


@pytest.mark.parametrize("when", ["written", "bridged"])
def test_down_undoes_what_a_killed_one_left(kernel, when):
    before = kernel.snapshot()
    Killed(kernel, when=when)
    [left] = leftovers()
    assert not left.running
    assert "bridge br0 to eth0 (left by pid" in left.text
    said = []
    assert down(say=said.append, kernel=kernel) == 1
    assert said[0].startswith("undone: topology 1 on tap0")
    assert kernel.routes == list(before.routes)
    assert kernel.link("br0") is None
    assert kernel.link("eth0").master is None
    assert leftovers() == []
    assert down(kernel=kernel) == 0


def test_the_next_start_undoes_it_too(kernel):
    before = kernel.snapshot()
    Killed(kernel, when="bridged")
    with top1(make(topology=1), FakeTools(kernel)):
        pass
    assert kernel.routes == list(before.routes)


def test_down_refuses_while_one_runs(kernel):
    with top2(make(), FakeTools(kernel)), pytest.raises(TopologyError, match="still runs: end it first"):
        down(kernel=kernel)


def test_what_does_not_come_back_is_said_and_stays_written_down(kernel):
    lost = kernel.routes[1]
    kernel.stubborn = {lost.key}
    with (
        pytest.raises(TopologyError, match=r"could not give the route default/0 back: Network is unreachable"),
        top1(make(topology=1), FakeTools(kernel)),
    ):
        pass
    assert kernel.routes[-1] == route_record("0.0.0.0/0", 2, "10.20.133.21", metric=200), "the others came"
    assert len(state_files(identity())) == 1
    kernel.stubborn = set()
    assert down(kernel=kernel) == 1


def test_what_can_never_come_back_can_be_forgotten(kernel):
    kernel.stubborn = {kernel.routes[1].key}
    with pytest.raises(TopologyError), top1(make(topology=1), FakeTools(kernel)):
        pass
    with pytest.raises(TopologyError, match=r"tapip down --yes"):
        down(kernel=kernel)
    said = []
    assert down(say=said.append, kernel=kernel, forget=True) == 1
    assert said[0].startswith("forgotten: ")
    assert leftovers() == []


def test_a_card_that_is_gone(kernel, caplog):
    with top1(make(topology=1), FakeTools(kernel)):
        kernel.all_links = [link for link in kernel.all_links if link.name != "eth0"]
    assert "eth0 is gone" in caplog.text
    assert leftovers() == []


def test_what_others_added_meanwhile_stays(kernel, caplog):
    with top1(make(topology=1), FakeTools(kernel)):
        kernel.routes.append(route_record("10.66.0.0/16", 2, "10.20.133.1"))
    assert "10.66.0.0/16 of eth0 came while the stack ran" in caplog.text
    assert route_record("10.66.0.0/16", 2, "10.20.133.1") in kernel.routes
    assert leftovers() == []


def test_a_state_file_of_another_namespace_with_the_same_inode_is_not_ours(kernel):
    claim = Claim(identity(), "tap0")
    claim.write(State(topology="1", pid=1, boot_time=0, cookie=identity().cookie + 1, tap="tap0", bridge="br0"))
    claim.release()
    assert leftovers() == []
    with top2(make(), FakeTools(kernel)):
        pass


def test_a_state_file_that_is_not_whole(kernel):
    claim = Claim(identity(), "tap0")
    claim._path.write_text("{")
    claim.release()
    with pytest.raises(TopologyError, match="state file of tap0 can not be read"), top2(make(), FakeTools(kernel)):
        pass
    with pytest.raises(TopologyError, match=r"can not be read.*tapip down --yes"):
        down(kernel=kernel)
    assert down(kernel=kernel, forget=True) == 1
    assert leftovers() == []
