"""The Rust side of tapip_rs: a TCP/IP stack, its sockets and its devices, at the level of str, int and bytes.

Most programs want `tapip_rs.Stack`, which wraps these classes; this module translates and nothing more.

Units: times are seconds as float, unless a name says otherwise; sizes are bytes; rates are bits per second.
Addresses are text ("10.0.0.1", "00:34:45:67:89:ab"); a socket address is `(host, port)`.
An interface is named by its index, which is never used twice in the life of a stack.

Errors, unless a docstring says more:
    TypeError, ValueError: the call is wrong; the text names the argument and its value.
    OSError: the subclass that Python has for the errno a Linux socket would give: ConnectionRefusedError,
        ConnectionResetError, ConnectionAbortedError, BrokenPipeError, BlockingIOError (a timeout of 0, and nothing
        to do),
        TimeoutError with errno ETIMEDOUT (the peer fell silent), FileNotFoundError, PermissionError, or OSError itself
        (EHOSTUNREACH, ENETUNREACH, EADDRINUSE, EMSGSIZE, EBADF after close, ENODEV for an unknown interface...).
    TimeoutError without errno: the socket's own timeout has passed.
    tapip_rs.errors.StackFailed: the stack's thread panicked, or the process was forked; every later call raises it
    again.
    KeyboardInterrupt: a blocked call looks at signals when one arrives.
"""

from collections.abc import Callable, Sequence
from typing import Any, Self, TypeAlias, final

from typing_extensions import Buffer

__all__ = [
    "ArpReply",
    "DatagramInfo",
    "DirectionInfo",
    "Event",
    "FlowInfo",
    "InterfaceInfo",
    "Loopback",
    "NeighborInfo",
    "Network",
    "Pipe",
    "Queue",
    "QueuedError",
    "RawSocket",
    "RouteInfo",
    "Server",
    "SocketInfo",
    "Stack",
    "Tap",
    "TcpInfo",
    "TcpListener",
    "TcpStream",
    "UdpSocket",
    "VirtualSocket",
    "checksum",
    "mark_forked",
    "profile",
    "version",
]

_SocketAddress: TypeAlias = tuple[str, int]
_RouteTuple: TypeAlias = tuple[str, int, str | None, int, int, str, str | None]
_FaultSpec: TypeAlias = dict[str, float | int | Sequence[int]]

version: str
"""The version of the package, as in Cargo.toml."""
profile: str
"""How this module was built: "release" or "debug"."""

def checksum(data: Buffer) -> int:
    """The Internet checksum of bytes (RFC 1071)."""

def mark_forked() -> None:
    """Told by `os.register_at_fork` in the child: the threads of every stack made so far are not here."""

@final
class Stack:
    """A TCP/IP stack: interfaces, routes, neighbours, sockets.

    With `threaded=True` one driver thread runs it on the real clock. With `threaded=False` nothing runs unless the
    caller calls `inject`, `advance` or a socket verb; its clock starts at 0 and its sockets never block.
    The same `seed` and the same calls then give the same frames, byte by byte. Without a seed the kernel gives one.
    A new stack has no interface, not even `lo`.
    """

    def __new__(cls, *, seed: int | None = None, threaded: bool = True) -> Self:
        """Raises: ValueError for a seed outside 0..2**128; OSError when the thread or its descriptors cannot be had."""
    def close(self) -> None:
        """Close every connection, give queued data half a second to leave, stop the thread, close every device.

        Whoever waits gets OSError(EBADF). Takes under one second. May be called twice.
        """
    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
    @property
    def threaded(self) -> bool:
        """Whether a driver thread runs the stack."""
    @property
    def failure(self) -> str | None:
        """Why the stack failed: the text of the panic; None while it works."""
    @property
    def now(self) -> float:
        """The stack's clock in seconds: CLOCK_MONOTONIC, or the time advanced so far when detached."""

    def knobs(self) -> dict[str, int]:
        """Every knob and its value. Names are as sysctl's without `net.ipv4.`; times are in milliseconds."""
    def knob(self, name: str) -> int:
        """The value of one knob. Raises: KeyError when there is none of that name."""
    def set_knob(self, name: str, value: int) -> None:
        """Set a knob. Raises: KeyError when there is none of that name, ValueError outside of its range."""

    def attach(
        self,
        name: str,
        device: Tap | Pipe | Loopback | Queue,
        *,
        mac: str | None = None,
        mtu: int | None = None,
        medium: str = "ethernet",
    ) -> int:
        """Make an interface out of a device; returns its index. The interface is up, and has no address.

        The device belongs to the stack from now on. `mac` defaults to one made from the seed (locally
        administered), `mtu` to the
        device's. `medium` is "ethernet" (frames), "ip" (packets from the IP header on) or "loopback".
        Raises: ValueError, or FileExistsError when the name is taken, or OSError(EBUSY) when the device was
        attached before.
        """
    def detach(self, index: int) -> None:
        """Remove an interface with its addresses and neighbours, and close its device."""
    def interfaces(self) -> list[InterfaceInfo]:
        """Every interface, by index."""
    def set_interface(
        self, index: int, *, up: bool | None = None, mtu: int | None = None, mac: str | None = None
    ) -> None:
        """Change what is not None. Raises: ValueError for an MTU outside 68..65536 (RFC 791 3.2)."""
    def add_address(self, index: int, address: str, length: int) -> None:
        """Give an interface an address with a prefix of `length` bits; announced by ARP when up (RFC 5227 2.3).

        Routes are not added here: see `apply_routes`. Raises: FileExistsError when the address is there already.
        """
    def remove_address(self, index: int, address: str) -> None:
        """Take an address away. Raises: OSError(EADDRNOTAVAIL) when it is not there."""
    def spin(self) -> int:
        """Microseconds that whoever watches the devices spins before it sleeps, where that pays; 0: never."""
    def set_spin(self, micros: int) -> None:
        """Change that."""
    def offloads(self, index: int) -> list[str]:
        """What of the work on frames is left to the device of an interface: any of rx, tx, tso, gro."""
    def set_offloads(self, index: int, names: Sequence[str]) -> list[str]:
        """Leave so much to it, as far as it can; returns what it is then. Raises: ValueError for an unknown name."""
    def set_fault(self, index: int, spec: _FaultSpec | None, *, seed: int | None = None) -> None:
        """Impair what passes the device, both ways; None ends it.

        Keys: `drop`, `duplicate`, `reorder`, `corrupt` (probability, 0..1), `drop_every` (each n-th frame), `drop_list`
        (frame numbers from 1), `reorder_gap` (frames), `reorder_delay`, `delay`, `jitter` (seconds), `corrupt_bits`,
        `corrupt_offset` (bytes left intact), `rate` (bit/s), `queue_bytes`, `queue_packets` (that wait for the
        rate), `limit` (frames under way). Raises: ValueError that names the key.
        """
    def fault(self, index: int) -> dict[str, float | int | list[int]] | None:
        """The impairment in force, by the keys of `set_fault`; None when there is none."""
    def fault_counters(self, index: int) -> dict[str, int]:
        """What the impairment did so far, by cause, both ways together; empty when there is none."""
    def start_capture(self, index: int, path: str) -> None:
        """Write every frame of the interface, both ways, to a pcapng file with nanoseconds.

        One that runs already is ended. Raises: OSError.
        """
    def stop_capture(self, index: int) -> int:
        """End the capture; returns how many frames it holds. Raises: FileNotFoundError when none runs."""

    def apply_routes(self, remove: Sequence[tuple[str, int]], add: Sequence[_RouteTuple]) -> None:
        """Change the forwarding table in one step: first `remove` by (address, length), then `add`.

        A route is `(address, length, gateway | None, interface, metric, kind, source | None)`; kind is "unicast",
        "blackhole",
        "prohibit" or "unreachable". A route for a prefix that is there already replaces it.
        """
    def routes(self) -> list[RouteInfo]:
        """The forwarding table: longest prefix first, then by address."""
    def lookup_route(self, address: str) -> RouteInfo | None:
        """The route that a packet to `address` would take."""
    def neighbors(self) -> list[NeighborInfo]:
        """The neighbour (ARP) table, by interface and address."""
    def add_neighbor(self, index: int, address: str, mac: str) -> None:
        """Add or replace a permanent entry."""
    def remove_neighbor(self, index: int, address: str) -> None:
        """Remove an entry. Raises: FileNotFoundError when there is none."""
    def flush_neighbors(self, index: int | None = None) -> None:
        """Remove the entries of an interface, or of all, but for permanent ones."""
    def arping(self, index: int, target: str, sender: str | None = None) -> None:
        """Send an ARP request for `target` at once, table or no table.

        A `sender` of "0.0.0.0" makes it a probe (RFC 5227 2.1.1).
        """
    def arp_replies(self) -> list[ArpReply]:
        """The ARP replies that came since the last call, for targets that `arping` asked for."""

    def tcp_connect(
        self,
        remote: _SocketAddress,
        local: _SocketAddress | None = None,
        timeout: float | None = None,
        knobs: list[tuple[str, int]] = ...,
    ) -> TcpStream:
        """Connect and wait for the handshake; the stream keeps `timeout`. A timeout of 0 returns at once (SYN sent).

        `knobs` are TCP's that the connection shall have of its own, by the stack's names.

        A detached stack never waits. Raises: ConnectionRefusedError, TimeoutError, OSError(EHOSTUNREACH, ENETUNREACH,
        EADDRINUSE, EADDRNOTAVAIL).
        """
    def tcp_connect_fast(
        self,
        remote: _SocketAddress,
        data: Buffer,
        local: _SocketAddress | None = None,
        timeout: float | None = None,
    ) -> tuple[TcpStream, int]:
        """As `tcp_connect`, with `data` in the SYN where the server's cookie is known (RFC 7413), else right behind it.

        Also how many bytes were taken. What became of it: `info().fields["fast_open"]`.
        """
    def tcp_listen(self, local: _SocketAddress, backlog: int = 128) -> TcpListener:
        """Listen; port 0 picks one.

        `backlog` connections wait for accept at most. Raises: OSError(EADDRINUSE, EADDRNOTAVAIL).
        """
    def serve(self, services: list[str], address: str = "0.0.0.0", port_offset: int = 0) -> Server:
        """Open some of the services echo, discard, daytime and chargen (RFC 862, 863, 867, 864), TCP and UDP.

        Each at `port_offset` above its standard port. Nothing is served until `run` of the result is called.
        Raises: ValueError for a name that is none; OSError(EADDRINUSE, EADDRNOTAVAIL).
        """
    def udp(self, local: _SocketAddress | None = None) -> UdpSocket:
        """A UDP socket, bound to `local` when it is given. Raises: OSError(EADDRINUSE, EADDRNOTAVAIL)."""
    def raw(self, protocol: int) -> RawSocket:
        """A raw IP socket for protocol 1..255. What it receives begins with the IP header."""
    def tcp_connections(self) -> list[TcpInfo]:
        """Every TCP connection, those without a socket (closing) included, by local and remote address."""
    def sockets(self) -> list[SocketInfo]:
        """Every socket of any kind, as `ss` would show them."""
    def memory(self) -> dict[str, int]:
        """Packet buffers (`packets_in_use`, `packets_free`, `packets_capacity`), sockets by kind, bytes queued."""

    def counters(self) -> dict[str, int]:
        """Protocol counters under the names of nstat(8), in order."""
    def drops(self) -> dict[str, int]:
        """Packets dropped, by reason ("tcp:out-of-window"); reasons that never struck are left out."""
    def set_trace(self, layers: Sequence[str]) -> None:
        """Watch exactly these layers, of: dev l2 arp ip icmp udp tcp tcpstate.

        Raises: ValueError that names the word.
        """
    def trace_layers(self) -> list[str]:
        """The layers being watched."""
    def events(self, since: int = 0, limit: int = 1000) -> list[Event]:
        """Up to `limit` records of the trace numbered `since` or later, oldest first.

        A gap in the numbers is an overflow.
        """
    def next_event(self) -> int:
        """The number that the next record of the trace will get."""

    def inject(self, index: int, frame: Buffer) -> None:
        """Detached only: a frame arrives on a `Queue` interface. Raises: ValueError when the stack is threaded."""
    def pull(self, index: int) -> bytes | None:
        """Detached only: the next frame that the stack sent on a `Queue` interface; None when there is none."""
    def advance(self, seconds: float) -> None:
        """Detached only: let time pass; every timer due on the way fires at its own time."""
    @property
    def next_timeout(self) -> float | None:
        """Detached only: seconds from now to the next timer; None when no timer runs."""

@final
class TcpStream:
    """A TCP connection (RFC 9293). Made by `Stack.tcp_connect` and `TcpListener.accept`.

    Verbs wait as long as `timeout` says: None for ever, 0 not at all (BlockingIOError). One stream may be used by
    several threads.
    """

    def send(self, data: Buffer) -> int:
        """Queue bytes; returns how many were taken, at least one.

        Raises: BrokenPipeError after shutdown, ConnectionResetError.
        """
    def sendall(self, data: Buffer) -> None:
        """Queue all bytes; the timeout is for the whole call. On an error it is unknown how much was sent."""
    def send_urgent(self, data: Buffer) -> int:
        """Queue bytes whose last one the urgent pointer marks (RFC 6093: the peer reads them inline)."""
    def recv(self, size: int) -> bytes:
        """1 to `size` bytes, or b"" once the peer has sent all it will (FIN)."""
    def recv_into(self, buffer: Buffer, size: int = 0) -> int:
        """As `recv`, into a writable buffer.

        `size` 0 means all of it. Returns the count. Raises: BufferError if read-only.
        """
    def peek(self, size: int) -> bytes:
        """As `recv`, but the bytes stay in the queue."""
    def shutdown(self, how: int) -> None:
        """`socket.SHUT_RD`, `SHUT_WR` (sends FIN behind what is queued) or `SHUT_RDWR`."""
    def close(self) -> None:
        """Let go: queued bytes and FIN still go out, unread bytes make it a reset (RFC 9293 3.6.1).

        With the option `linger` above 0 it waits that long for the peer to acknowledge all of it, and resets then.
        May be called twice.
        """
    def abort(self) -> None:
        """Reset the connection (RFC 9293 3.10.5) and close."""
    @property
    def closed(self) -> bool:
        """Whether `close` or `abort` was called."""
    @property
    def timeout(self) -> float | None:
        """Seconds that a call may wait; None for ever."""
    def settimeout(self, seconds: float | None) -> None:
        """Set `timeout`. Raises: ValueError when negative or not a number."""
    @property
    def local(self) -> _SocketAddress:
        """Our address."""
    @property
    def remote(self) -> _SocketAddress:
        """The peer's address."""
    def info(self) -> TcpInfo:
        """The state of the connection now."""
    def knob(self, name: str) -> int:
        """The value of one of the stack's knobs as it is for this connection. Raises: KeyError."""
    def set_knob(self, name: str, value: int) -> None:
        """Set a knob of TCP for this connection only. Raises: KeyError; ValueError that says why not."""
    def option(self, name: str) -> int | str:
        """A socket option, by the names of `set_option`."""
    def set_option(self, name: str, value: int | str) -> None:
        """Set a socket option.

        Names: nodelay keepalive keep_idle keep_interval keep_count user_timeout linger (-1 is off) ttl tos
        send_buffer receive_buffer max_segment quickack cork notsent_lowat congestion (a name:
        "cubic") ecn (as net.ipv4.tcp_ecn; -1 as the stack)
        Of a listener also: defer_accept; fast_open (how many such opens may wait for their ACK); syn_cookies (-1 as
        the stack).
        Times are in milliseconds. Raises: ValueError that names the option or its value.
        """
    def readiness(self) -> int:
        """What can be done without waiting, as `select.POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDHUP`."""
    def wait(self, events: int, timeout: float | None = None) -> int:
        """Wait until one of `events` (as in `readiness`), an error or a hang-up is there; returns the readiness."""
    def take_error(self) -> int:
        """The errno that waits to be reported (SO_ERROR), and clears it; 0 when there is none."""

@final
class TcpListener:
    """A listening TCP socket. Made by `Stack.tcp_listen`."""

    def accept(self) -> TcpStream:
        """Wait for a connection. The stream has no timeout."""
    def close(self) -> None:
        """Stop listening; connections not yet accepted are reset. May be called twice."""
    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
    @property
    def timeout(self) -> float | None:
        """Seconds that a call may wait; None for ever."""
    def settimeout(self, seconds: float | None) -> None:
        """Set `timeout`. Raises: ValueError when negative or not a number."""
    @property
    def local(self) -> _SocketAddress:
        """The address listened on."""
    def knob(self, name: str) -> int:
        """The value of one of the stack's knobs as it is for connections made here. Raises: KeyError."""
    def set_knob(self, name: str, value: int) -> None:
        """Set a knob of TCP for connections made here from now on. Raises: KeyError; ValueError that says why not."""
    def option(self, name: str) -> int | str:
        """A socket option; accepted connections inherit it."""
    def set_option(self, name: str, value: int | str) -> None:
        """Set a socket option that accepted connections inherit, as in `TcpStream.set_option`."""
    def readiness(self) -> int:
        """What can be done without waiting; POLLIN: a connection waits."""
    def wait(self, events: int, timeout: float | None = None) -> int:
        """As `TcpStream.wait`."""

@final
class Server:
    """A server of echo, discard, daytime and chargen, run by the thread that calls `run`. Made by `Stack.serve`."""

    def run(self, timeout: float | None = None) -> None:
        """Serve for `timeout` seconds, or until an exception (Ctrl-C) ends it; it may be called again.

        Raises: RuntimeError when another thread is in it; OSError when the stack was stopped or failed.
        """
    @property
    def served(self) -> dict[str, int]:
        """What was done so far: accepted, open, received, sent (bytes), datagrams, refused."""

@final
class UdpSocket:
    """A UDP socket (RFC 768). Made by `Stack.udp`."""

    def bind(self, local: _SocketAddress) -> None:
        """Take a local address; port 0 picks one.

        Raises: OSError(EADDRINUSE, EADDRNOTAVAIL, EINVAL when bound already).
        """
    def connect(self, remote: _SocketAddress | None) -> None:
        """Set the peer: only its datagrams and the ICMP errors about them come in. None undoes it."""
    def send(self, data: Buffer) -> int:
        """Send one datagram to the peer.

        Raises: OSError(EDESTADDRREQ) without one, ConnectionRefusedError after ICMP 3/3.
        """
    def sendto(self, data: Buffer, remote: _SocketAddress) -> int:
        """Send one datagram.

        Raises: OSError(EMSGSIZE) over 65507 bytes, or over the path's MTU with DF; PermissionError to a broadcast
        address without the option `broadcast`.
        """
    def recv(self, size: int) -> bytes:
        """The next datagram, cut to `size` bytes."""
    def recv_into(self, buffer: Buffer, size: int = 0) -> int:
        """The next datagram into a writable buffer; returns how many bytes were written."""
    def recvfrom(self, size: int) -> tuple[bytes, _SocketAddress]:
        """The next datagram, cut to `size` bytes, and its sender."""
    def recvmsg(self, size: int) -> tuple[bytes, DatagramInfo]:
        """The next datagram, cut to `size` bytes, and what is known of it."""
    def join_group(self, group: str, interface: int | None = None) -> None:
        """Receive a multicast group (IGMP, RFC 3376) on an interface, or on the one that routes lead to."""
    def leave_group(self, group: str, interface: int | None = None) -> None:
        """Undo `join_group`."""
    def close(self) -> None:
        """Close. May be called twice."""
    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
    @property
    def timeout(self) -> float | None:
        """Seconds that a call may wait; None for ever."""
    def settimeout(self, seconds: float | None) -> None:
        """Set `timeout`. Raises: ValueError when negative or not a number."""
    @property
    def local(self) -> _SocketAddress | None:
        """The local address; None while unbound."""
    @property
    def remote(self) -> _SocketAddress | None:
        """The peer; None while unconnected."""
    def option(self, name: str) -> int | str:
        """A socket option, by the names of `set_option`."""
    def set_option(self, name: str, value: int | str) -> None:
        """Set a socket option.

        Names: ttl tos broadcast multicast_ttl multicast_loop multicast_interface receive_buffer mtu_discover
        reuse_address receive_errors.
        Times are in milliseconds. Raises: ValueError that names the option or its value.
        """
    def readiness(self) -> int:
        """What can be done without waiting, as `select.POLL*` bits."""
    def wait(self, events: int, timeout: float | None = None) -> int:
        """As `TcpStream.wait`."""
    def queued_error(self) -> QueuedError | None:
        """Take the oldest entry of the error queue (MSG_ERRQUEUE); None when there is none. Never waits.

        The call that would have failed with it does not any more.
        """
    def take_error(self) -> int:
        """The errno that waits to be reported (SO_ERROR), and clears it; 0 when there is none."""

@final
class RawSocket:
    """A raw IP socket. Made by `Stack.raw`. Packets received begin with the IP header, as on Linux."""

    def bind(self, local: str) -> None:
        """Receive only what is sent to `local`, and send from it."""
    def connect(self, remote: str | None) -> None:
        """Set the peer; None undoes it."""
    def send(self, data: Buffer) -> int:
        """Send a payload (with option `header_included`, a whole packet) to the peer."""
    def sendto(self, data: Buffer, remote: str) -> int:
        """Send a payload (with option `header_included`, a whole packet)."""
    def recv(self, size: int) -> bytes:
        """The next packet from its IP header on, cut to `size` bytes."""
    def recv_into(self, buffer: Buffer, size: int = 0) -> int:
        """The next packet into a writable buffer; returns how many bytes were written."""
    def recvfrom(self, size: int) -> tuple[bytes, str]:
        """The next packet, cut to `size` bytes, and its sender."""
    def recvmsg(self, size: int) -> tuple[bytes, DatagramInfo]:
        """The next packet, cut to `size` bytes, and what is known of it (ports are 0)."""
    def join_group(self, group: str, interface: int | None = None) -> None:
        """Receive a multicast group on an interface, or on the one that routes lead to."""
    def leave_group(self, group: str, interface: int | None = None) -> None:
        """Undo `join_group`."""
    def close(self) -> None:
        """Close. May be called twice."""
    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
    @property
    def timeout(self) -> float | None:
        """Seconds that a call may wait; None for ever."""
    def settimeout(self, seconds: float | None) -> None:
        """Set `timeout`. Raises: ValueError when negative or not a number."""
    @property
    def protocol(self) -> int:
        """The IP protocol number."""
    @property
    def local(self) -> str | None:
        """The local address; None while unbound."""
    @property
    def remote(self) -> str | None:
        """The peer; None while unconnected."""
    def option(self, name: str) -> int | str:
        """A socket option, by the names of `set_option`."""
    def set_option(self, name: str, value: int | str) -> None:
        """Set a socket option.

        Names: ttl tos broadcast multicast_ttl multicast_loop multicast_interface receive_buffer mtu_discover
        header_included receive_errors.
        Times are in milliseconds. Raises: ValueError that names the option or its value.
        """
    def readiness(self) -> int:
        """What can be done without waiting, as `select.POLL*` bits."""
    def wait(self, events: int, timeout: float | None = None) -> int:
        """As `TcpStream.wait`."""
    def queued_error(self) -> QueuedError | None:
        """Take the oldest entry of the error queue (MSG_ERRQUEUE); None when there is none. Never waits.

        The call that would have failed with it does not any more.
        """
    def take_error(self) -> int:
        """The errno that waits to be reported (SO_ERROR), and clears it; 0 when there is none."""

@final
class Tap:
    """A Linux tap device. Needs CAP_NET_ADMIN and /dev/net/tun."""

    @staticmethod
    def open(name: str | None = None, *, persistent: bool = False, queues: int = 1) -> Tap:
        """Create a tap, or attach to one that exists; None lets the kernel name it.

        What existed before is left as it was (but for the offload mask) and is not removed. A tap made here goes
        away with its last descriptor, unless `persistent`. Several `queues` take one made here, or with multi_queue.
        Raises: PermissionError, FileNotFoundError without /dev/net/tun, OSError(EBUSY).
        """
    @property
    def name(self) -> str:
        """The kernel's name of the device."""
    @property
    def mtu(self) -> int:
        """The MTU as the kernel had it when the tap was opened."""
    @property
    def mac(self) -> str:
        """The hardware address of the kernel's side."""
    @property
    def created(self) -> bool:
        """Whether it did not exist before `open`."""
    @property
    def queues(self) -> int:
        """How many queues it has."""
    def close(self) -> None:
        """Close a tap that was never attached; an attached one is closed by its stack. May be called twice."""

@final
class Pipe:
    """One end of an in-memory wire between two stacks of this process."""

    @staticmethod
    def pair(mtu: int = 1500) -> tuple[Pipe, Pipe]:
        """Make both ends of a new wire."""
    @property
    def mtu(self) -> int:
        """The MTU."""

@final
class Loopback:
    """A device that hands back what is sent."""

    def __new__(cls) -> Self: ...
    @property
    def mtu(self) -> int:
        """The MTU: 65536, as Linux's `lo`."""

@final
class Queue:
    """A device for `Stack.inject` and `Stack.pull`, of a detached stack."""

    def __new__(cls, mtu: int = 1500) -> Self: ...
    @property
    def mtu(self) -> int:
        """The MTU."""

@final
class InterfaceInfo:
    """An interface as it was at one moment."""

    @property
    def index(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def medium(self) -> str: ...
    @property
    def mac(self) -> str: ...
    @property
    def mtu(self) -> int: ...
    @property
    def up(self) -> bool: ...
    @property
    def addresses(self) -> list[tuple[str, int]]: ...
    @property
    def rx_frames(self) -> int: ...
    @property
    def rx_bytes(self) -> int: ...
    @property
    def rx_errors(self) -> int: ...
    @property
    def tx_frames(self) -> int: ...
    @property
    def tx_bytes(self) -> int: ...
    @property
    def tx_errors(self) -> int: ...
    @property
    def drops(self) -> dict[str, int]: ...

@final
class RouteInfo:
    """A route of the forwarding table."""

    @property
    def address(self) -> str: ...
    @property
    def length(self) -> int: ...
    @property
    def gateway(self) -> str | None: ...
    @property
    def interface(self) -> int: ...
    @property
    def metric(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def source(self) -> str | None: ...

@final
class NeighborInfo:
    """An entry of the neighbour table."""

    @property
    def interface(self) -> int: ...
    @property
    def address(self) -> str: ...
    @property
    def mac(self) -> str | None: ...
    @property
    def state(self) -> str:
        """incomplete, reachable, stale, delay, probe, failed or permanent."""
    @property
    def age(self) -> float:
        """Seconds since the entry was last confirmed."""
    @property
    def expires_in(self) -> float | None:
        """Seconds until the entry changes its state by itself; None when it does not."""
    @property
    def pending(self) -> int:
        """Packets that wait for the address."""

@final
class ArpReply:
    """An ARP reply to `Stack.arping`."""

    @property
    def interface(self) -> int: ...
    @property
    def address(self) -> str: ...
    @property
    def mac(self) -> str: ...
    @property
    def time(self) -> float:
        """When it came, on the stack's clock."""

@final
class DatagramInfo:
    """What is known of a received datagram."""

    @property
    def source(self) -> _SocketAddress: ...
    @property
    def destination(self) -> str: ...
    @property
    def interface(self) -> int: ...
    @property
    def ttl(self) -> int: ...
    @property
    def tos(self) -> int: ...
    @property
    def length(self) -> int:
        """Its full length; more than what was returned when it was cut."""

@final
class QueuedError:
    """An entry of a socket's error queue (ip(7), IP_RECVERR)."""

    @property
    def errno(self) -> int: ...
    @property
    def origin(self) -> str | None:
        """Who says so: a router or the destination; None for this stack itself."""
    @property
    def destination(self) -> _SocketAddress:
        """Where the datagram was going; port 0 for a raw socket."""
    @property
    def icmp(self) -> tuple[int, int] | None:
        """ICMP type and code; None when no ICMP message said so."""
    @property
    def mtu(self) -> int | None:
        """The MTU that was exceeded, for EMSGSIZE."""
    @property
    def time(self) -> float:
        """When, on the clock of the stack."""

@final
class TcpInfo:
    """A TCP connection as it was at one moment. Sequence numbers are those on the wire (modulo 2**32)."""

    @property
    def local(self) -> _SocketAddress: ...
    @property
    def remote(self) -> _SocketAddress: ...
    @property
    def state(self) -> str:
        """The state as RFC 9293 3.3.2 writes it: "ESTABLISHED", "FIN-WAIT-1"."""
    @property
    def congestion(self) -> str:
        """The congestion control: "cubic"."""
    @property
    def congestion_phase(self) -> str:
        """What it is doing, in its own word: "slow-start", "avoidance"; "" before data may flow."""
    @property
    def cwnd(self) -> int:
        """Congestion window, bytes."""
    @property
    def ssthresh(self) -> int | None:
        """Slow start threshold, bytes; None before the first loss."""
    @property
    def srtt(self) -> float | None:
        """Smoothed round-trip time, seconds (RFC 6298); None before the first sample."""
    @property
    def rttvar(self) -> float | None:
        """Its mean deviation, seconds."""
    @property
    def rto(self) -> float:
        """Retransmission timeout, seconds."""
    @property
    def mss(self) -> int:
        """Payload of a full segment, bytes, options taken off."""
    @property
    def snd_una(self) -> int: ...
    @property
    def snd_nxt(self) -> int: ...
    @property
    def snd_wnd(self) -> int:
        """The peer's window, bytes, scaled."""
    @property
    def rcv_nxt(self) -> int: ...
    @property
    def rcv_wnd(self) -> int:
        """Our window as last advertised, bytes, scaled."""
    @property
    def send_queue(self) -> int:
        """Bytes queued and not yet acknowledged."""
    @property
    def receive_queue(self) -> int:
        """Bytes received in order and not yet read."""
    @property
    def out_of_order(self) -> int:
        """Segments received behind a gap."""
    @property
    def in_flight(self) -> int:
        """Sequence numbers sent and not yet acknowledged: bytes, SYN and FIN."""
    @property
    def waiting(self) -> str:
        """Why nothing is sent now.

        "nothing" (it is), "handshake", "application", "send-buffer", "cwnd", "receive-window", "silly-window",
        "pacing", "nagle", "cork", "closed".
        """
    @property
    def unsent(self) -> int:
        """Bytes queued and never sent (tcpi_notsent_bytes)."""
    @property
    def pipe(self) -> int:
        """Bytes out that are neither held by the peer nor known to be lost."""
    @property
    def sacked(self) -> int:
        """Bytes held by the peer behind a gap."""
    @property
    def lost(self) -> int:
        """Bytes known to be lost and not sent again yet."""
    @property
    def resent(self) -> int:
        """Bytes out that left more than once (tcpi_retrans)."""
    @property
    def busy_time(self) -> float:
        """Seconds with data queued or out."""
    @property
    def rwnd_limited(self) -> float:
        """Of them, held back by the peer's window."""
    @property
    def sndbuf_limited(self) -> float:
        """Of them, held back by the size of the send buffer."""
    @property
    def delivery_rate(self) -> int | None:
        """Bytes a second delivered last; None before the first sample."""
    @property
    def delivery_rate_app_limited(self) -> bool:
        """That rate is what the application wanted, not what the path can."""
    @property
    def pacing_rate(self) -> int | None:
        """Bytes a second at which output is paced; None where it is not."""
    @property
    def delivered(self) -> int:
        """Payload bytes delivered, in order or not."""
    @property
    def bytes_sent(self) -> int:
        """Payload bytes that left, copies included, and those that left again."""
    @property
    def bytes_retrans(self) -> int: ...
    @property
    def bytes_acked(self) -> int:
        """Payload bytes that the peer acknowledged, and those that came in order."""
    @property
    def bytes_received(self) -> int: ...
    @property
    def total_retrans(self) -> int:
        """Segments sent again."""
    @property
    def segs_out(self) -> int:
        """Segments that left and came, all and those with payload."""
    @property
    def segs_in(self) -> int: ...
    @property
    def data_segs_out(self) -> int: ...
    @property
    def data_segs_in(self) -> int: ...
    @property
    def dsack_dups(self) -> int:
        """ACKs that told of a second copy (DSACK), and of reordering."""
    @property
    def reord_seen(self) -> int: ...
    @property
    def rcv_ooopack(self) -> int:
        """Segments that came before their turn."""
    @property
    def total_rto(self) -> int:
        """Timeouts; rows of them that progress ended or will; seconds that those took which are over."""
    @property
    def total_rto_recoveries(self) -> int: ...
    @property
    def total_rto_time(self) -> float: ...
    @property
    def min_rtt(self) -> float | None:
        """The shortest round trip seen, seconds; None before the first sample."""
    @property
    def last_data_sent(self) -> float | None:
        """Seconds since data was sent, data was received, an ACK was received; None before the first."""
    @property
    def last_data_recv(self) -> float | None: ...
    @property
    def last_ack_recv(self) -> float | None: ...
    @property
    def ato(self) -> float:
        """How long an ACK may wait for company, seconds."""
    @property
    def rcv_mss(self) -> int:
        """Payload of the peer's full segments as far as seen, bytes."""
    @property
    def rcv_rtt(self) -> float | None:
        """The round trip as the receiver sees it, seconds; None while it does not know."""
    @property
    def rcv_space(self) -> int:
        """The most bytes that the application read in one round trip."""
    @property
    def receive_buffer(self) -> int:
        """Bytes that may wait to be read, and that may be queued, as tuned now."""
    @property
    def send_buffer(self) -> int: ...
    @property
    def pressure(self) -> str:
        """How short the memory of the stack is for it: "none", "short", "critical"."""
    @property
    def timers(self) -> dict[str, float]:
        """Timers that run, and in how many seconds they fire."""
    @property
    def fields(self) -> dict[str, int | str | bool | float]:
        """Everything else by name: negotiated options, the phase of recovery, counters; seconds for times."""

@final
class SocketInfo:
    """A socket of any kind, as `ss` shows it."""

    @property
    def kind(self) -> str:
        """One of tcp, listen, udp, raw."""
    @property
    def protocol(self) -> int:
        """The IP protocol number."""
    @property
    def state(self) -> str:
        """TCP's state, "LISTEN", "UNCONN" or "ESTAB"."""
    @property
    def local(self) -> _SocketAddress | None: ...
    @property
    def remote(self) -> _SocketAddress | None: ...
    @property
    def receive_queue(self) -> int:
        """Bytes not yet read; for a listener, connections not yet accepted."""
    @property
    def send_queue(self) -> int:
        """Bytes not yet acknowledged; for a listener, the backlog."""

@final
class Event:
    """A record of the trace."""

    @property
    def number(self) -> int: ...
    @property
    def time(self) -> float: ...
    @property
    def layer(self) -> str: ...
    @property
    def interface(self) -> str | None:
        """The name of the interface, where one is concerned."""
    @property
    def name(self) -> str:
        """What happened: "TcpState", "Drop"."""
    @property
    def fields(self) -> dict[str, int | str]: ...
    @property
    def text(self) -> str:
        """The line that `debug` prints."""

_Summary: TypeAlias = tuple[float, float, float, float, int]
_Column: TypeAlias = tuple[str, str, bytes | list[str]]
_Node: TypeAlias = tuple[str, int]
_Broken: TypeAlias = tuple[str, str, str, int, int, str | None]

@final
class Network:
    """A virtual network under virtual time, whose unit is the nanosecond here.

    Hosts, switches, links, flows and captures go by number, in the order in which they were made; the directions of
    link n are 2n and 2n + 1. See `tapip_rs.sim.Network`.

    Dicts that describe a direction hold the core's fields (rate, delay in s, jitter, drop, duplicate, reorder, corrupt
    as fractions, queue_bytes, queue_packets, mtu, up...), those that describe a flow nanoseconds, bytes, bit/s.
    """

    def __new__(cls, seed: int) -> Self: ...
    def add_host(self, name: str, forward: bool) -> int:
        """Add a host, a router if it is to `forward`; its number. Raises: ValueError for a name that is taken."""
    def add_switch(self, name: str) -> int:
        """Add a switch; its number. Raises: ValueError for a name that is taken."""
    def link(
        self,
        a: _Node,
        b: _Node,
        addresses: Sequence[tuple[str, int] | None],
        ab: dict[str, Any],
        ba: dict[str, Any],
    ) -> int:
        """Link two nodes, each ("host", number) or ("switch", number); the link's number.

        `addresses` are those of the new interfaces, with their lengths; None for the next free one. Raises: ValueError.
        """
    def change(self, direction: int, spec: dict[str, Any]) -> None:
        """Change a direction now. Raises: ValueError, and then nothing has changed."""
    def check_change(self, direction: int, spec: dict[str, Any]) -> None:
        """Raise what `change` would raise, and change nothing."""
    def set_predicate(self, direction: int, predicate: Callable[[int, bytes], object] | None) -> None:
        """Lose the packets for which `predicate(number, frame)` is true; None ends it. It must not use the network."""
    def stack(self, host: int) -> Stack:
        """The stack of a host, at the network's time."""
    def address(self, host: int) -> str | None:
        """The address by which others reach a host; None while it has no link."""
    def address_towards(self, source: int, destination: int) -> str | None:
        """The address by which `source` reaches `destination` best; None where there is none."""
    def interface_at(self, direction: int) -> tuple[int, int] | None:
        """Host and interface that a direction begins at; None at a switch."""
    def add_flow(self, kind: str, source: int, destination: int, spec: dict[str, Any]) -> int:
        """Add a flow of a kind: "bulk", "requests", "on_off", "poisson", "ping", "datagrams"; its number.

        Raises: ValueError.
        """
    def flow(self, flow: int) -> FlowInfo:
        """What came of a flow so far."""
    def trace(self, flow: int) -> list[_Column]:
        """The trace of a flow's sending connection, by column."""
    def exchanges(self, flow: int) -> list[_Column]:
        """The exchanges of a flow that came to their end, by column."""
    def stats(self, direction: int) -> DirectionInfo:
        """What became of the packets of a direction so far."""
    def restart_stats(self, direction: int) -> None:
        """Count what becomes of the packets of a direction from now on."""
    def queue(self, direction: int) -> list[_Column]:
        """How much waited at a direction over time, by column."""
    def start_capture(self, direction: int) -> int:
        """Begin to capture at the end of a link where a direction begins; the capture's number."""
    def take_capture(self, capture: int) -> bytes:
        """The bytes that a capture made since they were last taken: pieces of one pcapng file."""
    def stop_capture(self, capture: int) -> None:
        """End a capture."""
    def run(self, until: int | None, seconds: float) -> str:
        """Let time pass until `until` (None: until nothing is left to happen), or about `seconds` of real time.

        Returns "reached", "budget" (the real time is up), "notice" (see `notices`) or "broken" (see `broken`). Signals
        are looked at every few milliseconds; when a handler raises, the network stands between two events, and goes on
        when it is run again.
        """
    def step(self) -> bool:
        """Handle one event; False when there is none."""
    def watch(self) -> None:
        """Judge every frame that hosts send from now on."""
    @property
    def judged(self) -> int:
        """Segments judged so far."""
    def broken(self) -> tuple[_Broken, tuple[int, bytes, str], int | None] | None:
        """The next broken rule that was not told yet, with the frame that broke it; None where there is none.

        Rule, clause, what was seen, time, host, connection or None, number of the frame, its bytes, its words, and the
        direction that it left by.
        """
    def left(self) -> list[_Broken]:
        """What is wrong, if all should be over: flows that did not end, or not intact, and memory that hosts hold.

        For each: rule, clause, what was seen, time, host, connection or None.
        """
    def wake_at(self, time: int) -> int:
        """Ask to be woken at a time; the number that the notice will name."""
    def notices(self) -> list[tuple[str, int, int, int]]:
        """What there is to tell, in the order in which it happened, taken away.

        ("wake", number, 0, 0), ("flow", number, 0, 0), or ("socket", its number, its host, `select.POLL*` bits).
        """
    @property
    def now(self) -> int:
        """The time."""
    @property
    def next_event(self) -> int | None:
        """When the next event happens; None when nothing is left to happen."""
    @property
    def digest(self) -> int:
        """A hash over time, link, direction and bytes of every frame delivered so far."""
    @property
    def packets(self) -> int:
        """Frames delivered over links so far."""
    @property
    def events(self) -> int:
        """Events handled so far."""
    @staticmethod
    def congestion_controls() -> list[str]:
        """The congestion controls that flows may name."""
    def tcp_connect(self, host: int, remote: _SocketAddress, knobs: list[tuple[str, int]] = ...) -> VirtualSocket:
        """Connect by TCP: send a SYN, and return."""
    def tcp_listen(self, host: int, local: _SocketAddress, backlog: int) -> VirtualSocket:
        """Listen for TCP connections."""
    def udp(self, host: int, local: _SocketAddress | None) -> VirtualSocket:
        """Make a UDP socket, bound to `local` when it is given."""

@final
class VirtualSocket:
    """A socket of a virtual host: a TCP connection, a listener, or UDP. It never waits (BlockingIOError)."""

    @property
    def number(self) -> int:
        """The number that notices name it by."""
    @property
    def host(self) -> int:
        """The host whose socket it is."""
    def accept(self) -> VirtualSocket:
        """A listener's next connection."""
    def send(self, data: Buffer, offset: int = 0) -> int:
        """Queue bytes from `offset` on; returns how many were taken, at least one."""
    def recv(self, size: int) -> bytes:
        """1 to `size` bytes, or b"" once the peer has sent all it will (FIN)."""
    def sendto(self, data: Buffer, remote: _SocketAddress | None = None) -> int:
        """Send a datagram; returns its length."""
    def recvfrom(self, size: int) -> tuple[bytes, _SocketAddress]:
        """A datagram, as much of it as fits `size`, and who sent it."""
    def connect_udp(self, remote: _SocketAddress) -> None:
        """Take datagrams of one peer only, and errors about them; None undoes that."""
    def shutdown(self) -> None:
        """Send FIN behind what is queued."""
    def close(self) -> None:
        """Let go: what is queued still goes out. May be called twice."""
    def abort(self) -> None:
        """Reset the connection."""
    @property
    def local(self) -> _SocketAddress | None:
        """Our address; None while unbound."""
    @property
    def remote(self) -> _SocketAddress | None:
        """The peer's address; None where there is none."""
    def info(self) -> TcpInfo:
        """The state of the connection now."""
    def readiness(self) -> int:
        """What can be done without waiting, as `select.POLL*` bits."""
    def take_error(self) -> int:
        """The errno that waits to be reported (SO_ERROR), and clears it; 0 when there is none."""
    def knob(self, name: str) -> int:
        """The value of one of the stack's knobs as it is for this socket. Raises: KeyError."""
    def set_knob(self, name: str, value: int) -> None:
        """Set a knob of TCP for this socket only. Raises: KeyError; ValueError that says why not."""
    def option(self, name: str) -> int | str:
        """A socket option, by the names of `TcpStream.set_option`."""
    def set_option(self, name: str, value: int | str) -> None:
        """Set a socket option, by the names of `TcpStream.set_option`."""

@final
class FlowInfo:
    """What came of a flow of a virtual network so far."""

    @property
    def kind(self) -> str: ...
    @property
    def source(self) -> int: ...
    @property
    def destination(self) -> int: ...
    @property
    def started(self) -> float | None: ...
    @property
    def first_delivery(self) -> float | None: ...
    @property
    def last_delivery(self) -> float | None: ...
    @property
    def completed(self) -> float | None: ...
    @property
    def completion_time(self) -> float | None: ...
    @property
    def over(self) -> bool: ...
    @property
    def error(self) -> str | None: ...
    @property
    def bytes_delivered(self) -> int: ...
    @property
    def intact(self) -> bool: ...
    @property
    def goodput(self) -> float: ...
    @property
    def retransmissions(self) -> int: ...
    @property
    def resent(self) -> dict[str, int]:
        """Retransmissions by cause."""
    @property
    def spurious(self) -> int: ...
    @property
    def rtt(self) -> _Summary: ...
    @property
    def latency(self) -> _Summary: ...
    @property
    def sent(self) -> int: ...
    @property
    def received(self) -> int: ...
    @property
    def late(self) -> int: ...
    @property
    def duplicated(self) -> int: ...

@final
class DirectionInfo:
    """What became of the packets of one direction of a virtual link so far."""

    @property
    def offered_packets(self) -> int: ...
    @property
    def offered_bytes(self) -> int: ...
    @property
    def delivered_packets(self) -> int: ...
    @property
    def delivered_bytes(self) -> int: ...
    @property
    def drops(self) -> dict[str, int]: ...
    @property
    def marks(self) -> dict[str, int]: ...
    @property
    def duplicated(self) -> int: ...
    @property
    def reordered(self) -> int: ...
    @property
    def corrupted(self) -> int: ...
    @property
    def queue_packets(self) -> int: ...
    @property
    def queue_bytes(self) -> int: ...
    @property
    def queue_bytes_max(self) -> int: ...
    @property
    def queue_delay(self) -> _Summary: ...
    @property
    def utilisation(self) -> float: ...
    @property
    def throughput(self) -> float: ...
