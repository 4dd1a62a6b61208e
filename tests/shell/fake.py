"""A stack made of data, for what the shell prints: as much of the API as the commands ask for, and no packet."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from tapip_rs.interfaces import Interfaces, Neighbors
from tapip_rs.policy import KNOBS, Policy
from tapip_rs.routing import Rib
from tapip_rs.shell import run

MAC = "00:34:45:67:89:ab"
PEER = "3a:2f:17:60:e2:8c"


@dataclass
class InterfaceInfo:
    index: int
    name: str
    medium: str
    mac: str
    mtu: int
    up: bool = True
    addresses: list[tuple[str, int]] = field(default_factory=list)
    rx_frames: int = 0
    rx_bytes: int = 0
    rx_errors: int = 0
    tx_frames: int = 0
    tx_bytes: int = 0
    tx_errors: int = 0
    drops: dict[str, int] = field(default_factory=dict)


@dataclass
class NeighborInfo:
    interface: int
    address: str
    mac: str | None
    state: str
    age: float = 0.0
    expires_in: float | None = None
    pending: int = 0


@dataclass
class RouteInfo:
    address: str
    length: int
    gateway: str | None
    interface: int
    metric: int = 0
    kind: str = "unicast"
    source: str | None = None


@dataclass
class SocketInfo:
    kind: str
    protocol: int
    state: str
    local: tuple[str, int] | None
    remote: tuple[str, int] | None
    receive_queue: int = 0
    send_queue: int = 0


@dataclass
class TcpInfo:
    local: tuple[str, int]
    remote: tuple[str, int]
    state: str = "ESTABLISHED"
    congestion: str = "reno"
    congestion_phase: str = "slow-start"
    cwnd: int = 14480
    ssthresh: int | None = None
    srtt: float | None = 0.0015
    rttvar: float | None = 0.0005
    rto: float = 0.2
    mss: int = 1448
    snd_una: int = 1
    snd_nxt: int = 1
    snd_wnd: int = 65535
    rcv_nxt: int = 1
    rcv_wnd: int = 65535
    send_queue: int = 0
    receive_queue: int = 0
    out_of_order: int = 0
    in_flight: int = 0
    waiting: str = "nothing"
    unsent: int = 0
    pipe: int = 0
    sacked: int = 0
    lost: int = 0
    resent: int = 0
    busy_time: float = 0.0
    rwnd_limited: float = 0.0
    sndbuf_limited: float = 0.0
    delivery_rate: int | None = None
    delivery_rate_app_limited: bool = False
    pacing_rate: int | None = None
    delivered: int = 0
    bytes_sent: int = 0
    bytes_retrans: int = 0
    bytes_acked: int = 0
    bytes_received: int = 0
    total_retrans: int = 0
    segs_out: int = 0
    segs_in: int = 0
    data_segs_out: int = 0
    data_segs_in: int = 0
    dsack_dups: int = 0
    reord_seen: int = 0
    rcv_ooopack: int = 0
    total_rto: int = 0
    total_rto_recoveries: int = 0
    total_rto_time: float = 0.0
    min_rtt: float | None = None
    last_data_sent: float | None = None
    last_data_recv: float | None = None
    last_ack_recv: float | None = None
    ato: float = 0.04
    rcv_mss: int = 0
    rcv_rtt: float | None = None
    rcv_space: int = 0
    receive_buffer: int = 0
    send_buffer: int = 0
    pressure: str = "none"
    timers: dict[str, float] = field(default_factory=dict)
    fields: dict[str, int | str | bool] = field(default_factory=dict)


@dataclass
class Event:
    number: int
    layer: str
    name: str
    text: str


class FakeCore:
    """`_core.Stack` without a stack; `said` notes what it was told to do."""

    def __init__(self) -> None:
        self.closed = False
        self.features = ["rx", "tx", "tso", "gro"]
        self.clock: Callable[[], float] = time.monotonic
        self.said: list[tuple[object, ...]] = []
        self.table = [
            InterfaceInfo(0, "lo", "loopback", "00:00:00:00:00:00", 65536, addresses=[("127.0.0.1", 8)]),
            InterfaceInfo(
                1,
                "veth",
                "ethernet",
                MAC,
                1500,
                True,
                [("10.0.0.1", 24)],
                12,
                1234,
                1,
                9,
                987,
                0,
                {"arp:not-for-us": 3},
            ),
        ]
        self.entries = [
            NeighborInfo(1, "10.0.0.2", PEER, "reachable", 0.5, 599.4, 0),
            NeighborInfo(1, "10.0.0.3", None, "incomplete", 0.1, 0.9, 2),
            NeighborInfo(1, "10.0.0.4", None, "failed", 9.0, None, 0),
            NeighborInfo(1, "10.0.0.5", "02:00:00:00:00:05", "permanent", 0.0, None, 0),
        ]
        self.knobs = dict(pair for knob in KNOBS if knob.kind != "fact" for pair in knob.push(knob.default))
        self.layers: list[str] = []
        self.records: list[Event] = []
        self.faults: dict[str, object] | None = None

    @property
    def now(self) -> float:
        return self.clock()

    def knob(self, name: str) -> int:
        return self.knobs[name]

    def set_knob(self, name: str, value: int) -> None:
        self.knobs[name] = value

    def interfaces(self) -> list[InterfaceInfo]:
        return self.table

    def neighbors(self) -> list[NeighborInfo]:
        return self.entries

    def routes(self) -> list[RouteInfo]:
        return [RouteInfo("10.0.0.0", 24, None, 1), RouteInfo("0.0.0.0", 0, "10.0.0.2", 1)]

    def apply_routes(self, remove: list[tuple[str, int]], add: list[tuple[object, ...]]) -> None:
        self.said.append(("apply_routes", remove, add))

    def add_neighbor(self, index: int, address: str, mac: str) -> None:
        self.said.append(("add_neighbor", index, address, mac))

    def remove_neighbor(self, index: int, address: str) -> None:
        if address not in [entry.address for entry in self.entries]:
            raise FileNotFoundError(2, "No such file or directory")
        self.said.append(("remove_neighbor", index, address))

    def flush_neighbors(self, index: int | None) -> None:
        self.said.append(("flush_neighbors", index))

    def set_interface(
        self, index: int, *, up: bool | None = None, mtu: int | None = None, mac: str | None = None
    ) -> None:
        old = self.table[index]
        self.table[index] = replace(
            old, up=old.up if up is None else up, mtu=old.mtu if mtu is None else mtu, mac=mac or old.mac
        )

    def add_address(self, index: int, address: str, length: int) -> None:
        self.table[index].addresses.append((address, length))

    def remove_address(self, index: int, address: str) -> None:
        held = self.table[index].addresses
        if address not in [own for own, _ in held]:
            raise OSError(99, "Cannot assign requested address")
        self.table[index].addresses = [each for each in held if each[0] != address]

    def offloads(self, _index: int) -> list[str]:
        return self.features

    def set_offloads(self, index: int, names: Sequence[str]) -> list[str]:
        self.said.append(("set_offloads", index, names))
        self.features = list(names)
        return self.features

    def set_fault(self, index: int, spec: dict[str, object] | None, *, seed: int | None = None) -> None:
        self.said.append(("set_fault", index, spec, seed))
        self.faults = spec

    def fault(self, _index: int) -> dict[str, object] | None:
        return self.faults

    def fault_counters(self, _index: int) -> dict[str, int]:
        return {"dropped": 7} if self.faults else {}

    def start_capture(self, index: int, path: str) -> None:
        self.said.append(("start_capture", index, path))

    def stop_capture(self, index: int) -> int:
        if not any(said[0] == "start_capture" for said in self.said):
            raise FileNotFoundError(2, "No such file or directory")
        self.said.append(("stop_capture", index))
        return 42

    def set_trace(self, layers: list[str]) -> None:
        self.layers = list(layers)

    def trace_layers(self) -> list[str]:
        return self.layers

    def next_event(self) -> int:
        return len(self.records)

    def events(self, since: int, limit: int) -> list[Event]:
        return self.records[since : since + limit]


class FakeStack:
    """`tapip_rs.Stack` over a `FakeCore`."""

    def __init__(self) -> None:
        self.core = FakeCore()
        self.interfaces = Interfaces(self.core, lambda: None)  # type: ignore[arg-type]
        self.policy = Policy(self.core)
        self.kernel_side = None
        self.routes = Rib(self.core)  # type: ignore[arg-type]
        self.routes.add("default", via="10.0.0.2")
        self.core.said.clear()
        self.neighbors = Neighbors(self.core, self.interfaces)  # type: ignore[arg-type]
        self.counters = {"IpInReceives": 12, "TcpInSegs": 0, "TcpOutSegs": 3}
        self.drops = {"tcp:out-of-window": 2}
        self.memory = {"packets_in_use": 5, "packets_free": 95, "packets_capacity": 100}
        self.sockets = [
            SocketInfo("listen", 6, "LISTEN", ("0.0.0.0", 12345), None, 0, 10),
            SocketInfo("tcp", 6, "ESTABLISHED", ("10.0.0.1", 40000), ("10.0.0.2", 80), 17, 1448),
            SocketInfo("udp", 17, "UNCONN", ("10.0.0.1", 53), None),
        ]
        self.tcp_connections = [TcpInfo(("10.0.0.1", 40000), ("10.0.0.2", 80), in_flight=1448)]

    @property
    def now(self) -> float:
        return self.core.now


@dataclass
class Ran:
    """What a run of the shell left."""

    status: int
    out: str
    err: str


class Shell:
    """Runs commands on a stack and gathers what they print."""

    def __init__(self, stack: object | None = None) -> None:
        self.stack = stack or FakeStack()

    def __call__(self, commands: str | None = None, stdin: bytes = b"") -> Ran:
        out, err = io.BytesIO(), io.BytesIO()
        status = run(self.stack, commands=commands, stdin=io.BytesIO(stdin), stdout=out, stderr=err)  # type: ignore[arg-type]
        return Ran(status, out.getvalue().decode(), err.getvalue().decode())
