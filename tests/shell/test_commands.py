"""What each command prints, to the letter, for a stack that is known."""

import json
from textwrap import dedent

import pytest

from shell.fake import MAC, PEER, FakeStack, Shell


@pytest.fixture
def shell():
    return Shell()


def text(block: str) -> str:
    return dedent(block).lstrip("\n")


def test_help_lists_tapips_commands_first_and_in_its_order(shell):
    lines = shell("help").out.splitlines()
    assert (
        lines[:11]
        == text("""
         1  help: display shell command information
         2  clear: clear the terminal screen
         3  exit: exit shell
         4  debug: debug dev|l2|arp|ip|icmp|udp|tcp|tcpstate|all
         5  ping2: ping [OPTIONS] ipaddr(Internal stack implementation)
         6  arpcache: see arp cache
         7  route: show / manipulate the IP routing table
         8  ifconfig: configure a network interface
         9  stat: display pkb/sock information
        10  ping: ping [OPTIONS] ipaddr
        11  snc: Simplex Net Cat
    """).splitlines()
    )
    names = [line.split("  ", 1)[1].split(":")[0] for line in lines[11:]]
    assert names == ["arping", "capture", "counters", "ethtool", "fault", "ss", "sysctl", "traceroute"]


def test_help_of_one_command_has_its_verbs(shell):
    out = shell("help arpcache").out
    assert out.startswith("usage: arpcache [--json] [-v] | add | del | flush | show\n\nsee arp cache\n")
    assert "usage: arpcache add ADDR MAC [dev DEVICE]" in out


def test_arpcache(shell):
    assert shell("arpcache").out == text(f"""
        State    Timeout(s)  HWaddress         Address
        Resolved 599         {PEER} 10.0.0.2
        Waiting  0           00:00:00:00:00:00 10.0.0.3
        Resolved -           02:00:00:00:00:05 10.0.0.5
    """)
    shell.stack.core.entries.clear()
    assert shell("arpcache").out == ""


def test_arpcache_in_full(shell):
    assert shell("arpcache show -v").out == text(f"""
        Address   HWaddress          Iface  State       Age(s)  Next(s)  Pending
        10.0.0.2  {PEER}  veth   reachable      0.5    599.4        0
        10.0.0.3  -                  veth   incomplete     0.1      0.9        2
        10.0.0.4  -                  veth   failed         9.0        -        0
        10.0.0.5  02:00:00:00:00:05  veth   permanent      0.0        -        0
    """)
    (first, *_) = json.loads(shell("arpcache --json").out)
    assert first == {
        "interface": "veth",
        "address": "10.0.0.2",
        "mac": PEER,
        "state": "reachable",
        "age": 0.5,
        "expires_in": 599.4,
        "pending": 0,
    }


def test_arpcache_changes(shell):
    ran = shell("arpcache add 10.0.0.9 02:0:0:0:0:9; arpcache del 10.0.0.2; arpcache flush; arpcache flush dev lo")
    assert (ran.status, ran.out, ran.err) == (0, "", "")
    assert shell.stack.core.said == [
        ("add_neighbor", 1, "10.0.0.9", "02:00:00:00:00:09"),
        ("remove_neighbor", 1, "10.0.0.2"),
        ("flush_neighbors", None),
        ("flush_neighbors", 0),
    ]
    ran = shell("arpcache del 10.0.0.77")
    assert (ran.status, ran.err) == (1, "shell: arpcache: no entry for 10.0.0.77\n")


def test_route(shell):
    assert shell("route").out == text("""
        Destination     Gateway         Genmask         Metric Iface
        10.0.0.0        *               255.255.255.0   0      veth
        default         10.0.0.2        0.0.0.0         0      veth
    """)
    assert shell("route show").out == shell("route").out


def test_route_changes(shell):
    ran = shell("route add 10.1.0.0/16 via 10.0.0.2 metric 5; route add 10.9.0.0/16 kind blackhole; route del default")
    assert (ran.status, ran.out, ran.err) == (0, "", "")
    assert shell("route").out == text("""
        Destination     Gateway         Genmask         Metric Iface
        10.0.0.0        *               255.255.255.0   0      veth
        10.1.0.0        10.0.0.2        255.255.0.0     5      veth
        10.9.0.0        !               255.255.0.0     0      *
    """)
    shell("ifconfig veth down")
    shell.stack.routes.sync()
    assert "10.1.0.0/16" in shell("route -v").out
    assert "10.1.0.0 " not in shell("route").out
    entry = next(each for each in json.loads(shell("route --json").out) if each["net"] == "10.1.0.0/16")
    assert entry["gateway"] == "10.0.0.2"
    assert entry["selected"] is False


@pytest.mark.parametrize(
    ("line", "status", "says"),
    [
        (
            "route add 10.1.0.0/16",
            2,
            "shell: route: the route to 10.1.0.0/16 needs a gateway (via) or an interface (dev)",
        ),
        ("route add 10.1.0.1/16 via 10.0.0.2", 2, "shell: route: bad network '10.1.0.1/16'"),
        (
            "route add 10.1.0.0/16 via 10.7.0.2",
            2,
            "shell: route: gateway 10.7.0.2 is not in a network of any interface",
        ),
        ("route add default via 10.0.0.2", 1, "shell: route: the route default via 10.0.0.2 is there already"),
        ("route del 10.1.0.0/16", 1, "shell: route: there is no route 10.1.0.0/16"),
        ("route frobnicate", 2, "shell: route: 'frobnicate' is one word too many; usage: route [--json] [-v] | add | "),
        ("route add", 2, "shell: route: missing NET; usage: route add NET [via ADDR]"),
    ],
)
def test_route_refuses(shell, line, status, says):
    ran = shell(line)
    assert ran.status == status
    assert ran.err.startswith(says)


def test_ifconfig(shell):
    assert shell("ifconfig").out == text(f"""
        lo        HWaddr 00:00:00:00:00:00
                  IPaddr 127.0.0.1
                  mtu 65536
                  RX packet:0 bytes:0 errors:0
                  TX packet:0 bytes:0 errors:0
        veth      HWaddr {MAC}
                  IPaddr 10.0.0.1
                  mtu 1500
                  RX packet:12 bytes:1234 errors:1
                  TX packet:9 bytes:987 errors:0
    """)
    assert shell("ifconfig veth").out.startswith("veth ")


def test_ifconfig_json(shell):
    veth = json.loads(shell("ifconfig --json veth").out)[0]
    assert veth["name"] == "veth"
    assert veth["addresses"] == ["10.0.0.1/24"]
    assert veth["rx"] == {"packets": 12, "bytes": 1234, "errors": 1}
    assert veth["drops"] == {"arp:not-for-us": 3}


def test_ethtool(shell):
    core = shell.stack.core
    assert shell("ethtool -k veth").out == text("""
        Features for veth:
        rx-checksumming: on
        tx-checksumming: on
        tcp-segmentation-offload: on
        rx-gro-hw: on
    """)
    assert shell("ethtool -K veth tso off").out == ""
    assert sorted(core.features) == ["gro", "rx", "tx"]
    shell("ethtool -K veth rx-checksumming off tso on")
    assert sorted(core.features) == ["tso", "tx"]
    assert json.loads(shell("ethtool --json -k veth").out)["rx-gro-hw"] is False


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("ethtool veth", "shell: ethtool: "),
        ("ethtool -K veth", "shell: ethtool: missing FEATURE on|off"),
        ("ethtool -K veth tso", "shell: ethtool: missing on or off"),
        ("ethtool -K veth tso gro", "shell: ethtool: tso gro: say FEATURE on|off"),
        ("ethtool -K veth uso off", "shell: ethtool: there is no offload 'uso'"),
        ("ethtool -k veth tso", "shell: ethtool: tso: -k takes a device and nothing else"),
        ("ethtool -k eth7", "shell: ethtool: no device 'eth7'"),
    ],
)
def test_ethtool_refuses(shell, line, says):
    ran = shell(line)
    assert ran.status != 0
    assert ran.err.startswith(says)


def test_ifconfig_changes(shell):
    table = shell.stack.core.table
    assert shell("ifconfig veth down mtu 1400").out == ""
    assert (table[1].up, table[1].mtu) == (False, 1400)
    assert "mtu 1400 DOWN" in shell("ifconfig veth").out
    shell("ifconfig veth 10.9.0.1/16 up")
    assert (table[1].up, table[1].addresses) == (True, [("10.9.0.1", 16)])
    shell("ifconfig veth add 10.8.0.1/24; ifconfig veth del 10.9.0.1")
    assert table[1].addresses == [("10.8.0.1", 24)]
    assert shell("ifconfig veth del 1.2.3.4").status == 1


def test_stat(shell):
    assert shell("stat").out == text("""
        [pkbuf memory information]
         alloced pkbs: 5
         free pkbs:    95
        [sock memory information]
         alloced socks: 3
         free socks:    0
    """)


def test_counters(shell):
    assert shell("counters").out == text("""
        IpInReceives                    12
        TcpOutSegs                      3
        drop tcp:out-of-window          2
    """)
    assert "TcpInSegs                       0" in shell("counters -z").out
    assert shell("counters outseg").out == "TcpOutSegs                      3\n"
    assert json.loads(shell("counters --json tcp").out) == {
        "counters": {"TcpOutSegs": 3},
        "drops": {"tcp:out-of-window": 2},
    }


def test_sysctl(shell):
    name = "net.ipv4.ip_forward"
    assert shell(f"sysctl {name}").out == f"{name} = 0\n"
    assert shell(f"sysctl -w {name}=1").out == f"{name} = 1\n"
    assert shell.stack.core.knobs["ip_forward"] == 1
    assert shell("sysctl --changed").out == f"{name} = 1\n"
    assert len(shell("sysctl").out.splitlines()) == len(shell.stack.policy)
    prefixed = shell("sysctl net.ipv4.tcp_").out.splitlines()
    assert len(prefixed) > 5
    assert all(line.startswith("net.ipv4.tcp_") for line in prefixed)
    assert "allowed: 0 or 1; default: 0" in shell(f"sysctl -v {name}").out
    found = json.loads(shell(f"sysctl --json {name}").out)
    assert found[name]["value"] == 1
    assert found[name]["kind"] == "switch"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("sysctl net.ipv4.ip_fwd", "net.ipv4.ip_fwd"),
        ("sysctl net.ipv4.ip_fwd=1", "net.ipv4.ip_fwd"),
        ("sysctl net.ipv4.ip_forward=2", "net.ipv4.ip_forward = 2: allowed is 0 or 1"),
        ("sysctl net.ipv4.ip_forward=1 net.ipv4.ip_default_ttl=x", "net.ipv4.ip_default_ttl = x: allowed is 1 to 255"),
        ("sysctl -w net.ipv4.ip_forward", "-w wants NAME=VALUE, not 'net.ipv4.ip_forward'"),
    ],
)
def test_sysctl_refuses(shell, line, says):
    ran = shell(line)
    assert ran.status == 2
    assert says in ran.err
    assert ran.err.count("\n") == 1
    assert shell.stack.policy.changed() == {}


def test_ss(shell):
    assert shell("ss -a").out == text("""
        Netid  State        Recv-Q  Send-Q  Local Address:Port  Peer Address:Port
        tcp    LISTEN            0      10  0.0.0.0:12345       *:*
        tcp    ESTABLISHED      17    1448  10.0.0.1:40000      10.0.0.2:80
        udp    UNCONN            0       0  10.0.0.1:53         *:*
    """)
    assert [line.split()[1] for line in shell("ss").out.splitlines()[1:]] == ["ESTABLISHED"]
    assert [line.split()[1] for line in shell("ss -tl").out.splitlines()[1:]] == ["LISTEN"]
    assert [line.split()[1] for line in shell("ss -uan").out.splitlines()[1:]] == ["UNCONN"]
    assert shell("ss -w").out.count("\n") == 1


def test_ss_with_details(shell):
    connection = shell.stack.tcp_connections[0]
    connection.timers = {"retransmit": 0.2}
    connection.fields = {"timestamps": True, "sack": False, "retransmissions": 3}
    assert shell("ss -ti").out.splitlines()[2] == (
        "\treno phase:slow-start rto:200 rtt:1.5/0.5 mss:1448 cwnd:10(14480 bytes) ssthresh:- inflight:1448 "
        "snd_wnd:65535 rcv_wnd:65535 una:1 nxt:1 rcv:1 timer:(retransmit,200ms) timestamps retransmissions:3"
    )
    (found,) = json.loads(shell("ss -ti --json").out)
    assert found["info"]["srtt"] == 0.0015
    assert found["info"]["retransmissions"] == 3


@pytest.mark.parametrize(("mode", "word"), [("off", ""), ("classic", " ecn ecnseen"), ("accurate", " accecn ecnseen")])
def test_ss_tells_of_marks_in_the_words_of_linux(shell, mode, word):
    connection = shell.stack.tcp_connections[0]
    connection.timers = {}
    connection.fields = {"ecn": mode, "ecn_seen": mode != "off", "received_ce": 3}
    assert shell("ss -ti").out.splitlines()[2].endswith(f"rcv:1{word} received_ce:3")


def test_ss_says_what_a_connection_waits_for(shell):
    connection = shell.stack.tcp_connections[0]
    connection.waiting, connection.unsent = "receive-window", 5000
    connection.busy_time, connection.rwnd_limited, connection.last_data_sent = 2.0, 0.5, 0.25
    connection.delivery_rate, connection.delivery_rate_app_limited = 1_250_000, True
    said = shell("ss -ti").out
    assert "waiting:receive-window notsent:5000 delivery_rate:10Mbps app_limited" in said
    assert "busy:2e+03 rwnd_limited:500(25%) lastsnd:250" in said
    (found,) = json.loads(shell("ss -ti --json").out)
    assert (found["info"]["waiting"], found["info"]["rwnd_limited"]) == ("receive-window", 0.5)


def test_fault(shell):
    said = shell.stack.core.said
    ran = shell("fault drop=0.02 reorder=5% duplicate=0 delay=20ms rate=10mbit queue=64k drop_list=1,5 drop-every=9")
    assert (ran.status, ran.out, ran.err) == (0, "", "")
    spec = {"drop": 0.02, "reorder": 0.05, "duplicate": 0.0, "delay": 0.02, "rate": 10_000_000, "queue": 65536}
    assert said == [("set_fault", 1, {**spec, "drop_list": [1, 5], "drop_every": 9}, None)]
    assert shell("fault show").out == (
        "veth: drop=0.02 reorder=0.05 delay=20ms rate=10mbit queue=65536 drop_list=1,5 drop_every=9\n    dropped:7\n"
    )
    assert shell("fault --json").out == shell("fault show --json").out
    shell("fault off")
    assert shell("fault").out == "veth: no faults\n"
    shell("fault jitter=500us dev lo seed 7")
    assert said[-1] == ("set_fault", 0, {"jitter": 0.0005}, 7)


@pytest.mark.parametrize("word", ["drop_list=1,x", "drop_list=0", "drop_every=1,2", "drop=", "drop", "rate=-1", "=1"])
def test_fault_refuses(shell, word):
    ran = shell(f"fault {word}")
    assert ran.status == 2
    assert word in ran.err


def test_capture(shell):
    ran = shell("capture start 'a b.pcapng'; capture stop")
    assert (ran.status, ran.out, ran.err) == (0, "42 frames captured on veth\n", "")
    assert shell.stack.core.said == [("start_capture", 1, "a b.pcapng"), ("stop_capture", 1)]
    assert json.loads(shell("capture stop --json").out) == {"device": "veth", "frames": 42}


def test_capture_that_does_not_run(shell):
    ran = shell("capture stop")
    assert (ran.status, ran.err) == (1, "shell: capture: no capture runs on veth\n")


def test_capture_that_cannot_start(shell):
    def refuse(_index, _path):
        raise PermissionError(13, "Permission denied")

    shell.stack.core.start_capture = refuse
    ran = shell("capture start /x")
    assert (ran.status, ran.err) == (1, "shell: capture: /x: Permission denied\n")


def test_a_stack_without_device():
    stack = FakeStack()
    stack.core.table.pop()
    ran = Shell(stack)("fault show")
    assert (ran.status, ran.err) == (1, "shell: fault: the stack has no device but lo\n")
