//! Options of sockets, uniform over all kinds: a name and a number.

/// An option of a socket, under the name that socket(7), tcp(7) or ip(7) has for it. Times are in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SocketOption {
    /// TCP_NODELAY: Nagle off.
    NoDelay,
    /// SO_KEEPALIVE.
    KeepAlive,
    /// TCP_KEEPIDLE.
    KeepIdle,
    /// TCP_KEEPINTVL.
    KeepInterval,
    /// TCP_KEEPCNT.
    KeepCount,
    /// TCP_USER_TIMEOUT; 0 for the default.
    UserTimeout,
    /// SO_LINGER: -1 off, else how long close waits; 0 resets.
    Linger,
    /// IP_TTL.
    Ttl,
    /// IP_TOS.
    Tos,
    /// IP_MULTICAST_TTL.
    MulticastTtl,
    /// IP_MULTICAST_LOOP.
    MulticastLoop,
    /// IP_MULTICAST_IF, as an interface number; -1 for the route's.
    MulticastInterface,
    /// SO_SNDBUF, in bytes, exactly (Linux doubles it).
    SendBuffer,
    /// SO_RCVBUF, in bytes, exactly.
    ReceiveBuffer,
    /// TCP_MAXSEG.
    MaxSegment,
    /// TCP_QUICKACK.
    QuickAck,
    /// TCP_CORK.
    Cork,
    /// TCP_NOTSENT_LOWAT, in bytes; 0 as the stack has it.
    NotSentLowWater,
    /// TCP_CONGESTION, as a place in `congestion::Kind::ALL`.
    Congestion,
    /// SYN cookies of a listener: 0 never, 1 when its queue is full, 2 always; -1 as the stack does.
    SynCookies,
    /// Explicit congestion notification, as net.ipv4.tcp_ecn; -1 as the stack does.
    Ecn,
    /// TCP_FASTOPEN, of a listener; 0 is off.
    FastOpen,
    /// TCP_DEFER_ACCEPT, of a listener; 0 is off.
    DeferAccept,
    /// SO_BROADCAST.
    Broadcast,
    /// SO_REUSEADDR.
    ReuseAddress,
    /// IP_MTU_DISCOVER: 0 never sets DF, 1 as the route says, 2 always.
    MtuDiscover,
    /// IP_RECVERR.
    ReceiveErrors,
    /// IP_HDRINCL.
    HeaderIncluded,
}
