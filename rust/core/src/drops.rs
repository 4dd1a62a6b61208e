//! Why a packet was dropped. One list for all layers, so that no drop goes uncounted or unnamed.

use std::fmt;

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $variant:ident = $layer:literal $name:literal,)+) => {
        /// The rule that dropped a packet.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum DropReason { $($(#[doc = $doc])+ $variant,)+ }

        impl DropReason {
            /// Every reason, in the order in which counters are kept.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The protocol that dropped it: `ethernet`, `arp`, `ip`, `icmp`, `igmp`, `udp`, `tcp`, `raw`, `device`.
            pub const fn protocol(self) -> &'static str { match self { $(Self::$variant => $layer,)+ } }

            /// A short stable name, unique within its protocol.
            pub const fn name(self) -> &'static str { match self { $(Self::$variant => $name,)+ } }
        }
    };
}

reasons! {
    /// The buffer pool is empty.
    PoolExhausted = "device" "pool-exhausted",
    /// The interface is down.
    InterfaceDown = "device" "interface-down",
    /// A queue towards a device or neighbour is full.
    QueueFull = "device" "queue-full",
    /// The device refused the frame.
    DeviceError = "device" "device-error",
    /// A fault decorator or link dropped it on purpose.
    Impaired = "device" "impaired",
    /// Offload metadata that does not fit the frame.
    BadOffload = "device" "bad-offload",
    /// Shorter than an Ethernet header.
    EthernetTooShort = "ethernet" "too-short",
    /// Addressed to another host.
    EthernetNotForUs = "ethernet" "not-for-us",
    /// Multicast group that nobody here joined.
    EthernetMulticastNotJoined = "ethernet" "multicast-not-joined",
    /// An EtherType without an engine.
    EthernetUnknownType = "ethernet" "unknown-type",
    /// Source address is a group address or our own.
    EthernetBadSource = "ethernet" "bad-source",
    /// Shorter than an ARP packet for IPv4 over Ethernet.
    ArpTooShort = "arp" "too-short",
    /// Hardware or protocol type, or length, is not Ethernet/IPv4.
    ArpUnsupported = "arp" "unsupported",
    /// Sender hardware address differs from the frame's source, or is a group address.
    ArpBadSender = "arp" "bad-sender",
    /// Sender claims our own address.
    ArpAddressConflict = "arp" "address-conflict",
    /// A reply nobody asked for, or an announcement of an unknown host.
    ArpUnsolicited = "arp" "unsolicited",
    /// Another hardware address for an entry that was confirmed a moment ago.
    ArpLocked = "arp" "locked",
    /// A request for somebody else.
    ArpNotForUs = "arp" "not-for-us",
    /// No answer from the neighbour.
    NeighborUnreachable = "arp" "neighbor-unreachable",
    /// Too many packets wait for this neighbour.
    NeighborQueueFull = "arp" "neighbor-queue-full",
    /// Evicted to make room while packets waited.
    NeighborEvicted = "arp" "neighbor-evicted",
    /// Shorter than its header says.
    IpTooShort = "ip" "too-short",
    /// Version is not 4.
    IpBadVersion = "ip" "bad-version",
    /// Header length under 20 or beyond the packet.
    IpBadHeaderLength = "ip" "bad-header-length",
    /// Total length under the header or beyond the frame.
    IpBadTotalLength = "ip" "bad-total-length",
    /// Header checksum wrong.
    IpBadChecksum = "ip" "bad-checksum",
    /// An option whose length is 0, 1 or beyond the header.
    IpBadOption = "ip" "bad-option",
    /// Loose or strict source route (RFC 7126 4.3, 4.4).
    IpSourceRoute = "ip" "source-route",
    /// Source is broadcast, multicast, class E or 0/8.
    IpBadSource = "ip" "bad-source",
    /// 127/8 on the wire.
    IpLoopbackFromWire = "ip" "loopback-from-wire",
    /// Source is our own address, from the wire.
    IpOwnSource = "ip" "own-source",
    /// Destination can never be right here.
    IpBadDestination = "ip" "bad-destination",
    /// Not for us, and we do not forward.
    IpNotForUs = "ip" "not-for-us",
    /// Multicast group that nobody here joined.
    IpMulticastNotJoined = "ip" "multicast-not-joined",
    /// No engine and no raw socket for the protocol.
    IpUnknownProtocol = "ip" "unknown-protocol",
    /// No route to the destination.
    IpNoRoute = "ip" "no-route",
    /// A prohibit or blackhole route.
    IpProhibited = "ip" "prohibited",
    /// TTL ran out while forwarding.
    IpTtlExceeded = "ip" "ttl-exceeded",
    /// Does not fit, and may not be fragmented.
    IpTooBig = "ip" "too-big",
    /// Not forwardable: link-layer broadcast, multicast or link-local.
    IpNotForwardable = "ip" "not-forwardable",
    /// A fragment whose end lies beyond 65535, or of impossible length.
    FragmentBad = "ip" "fragment-bad",
    /// A fragment that overlaps another one differently.
    FragmentOverlap = "ip" "fragment-overlap",
    /// Reassembly memory is used up.
    FragmentMemory = "ip" "fragment-memory",
    /// The datagram was not complete in time.
    FragmentTimeout = "ip" "fragment-timeout",
    /// Fragment repeated.
    FragmentDuplicate = "ip" "fragment-duplicate",
    /// Shorter than its header.
    IcmpTooShort = "icmp" "too-short",
    /// Checksum wrong.
    IcmpBadChecksum = "icmp" "bad-checksum",
    /// A type we do not act on.
    IcmpUnknownType = "icmp" "unknown-type",
    /// Echo to a broadcast or multicast address.
    IcmpEchoBroadcast = "icmp" "echo-broadcast",
    /// Echo replies are switched off.
    IcmpEchoDisabled = "icmp" "echo-disabled",
    /// The quoted packet is malformed.
    IcmpBadQuote = "icmp" "bad-quote",
    /// The error concerns nothing that we sent.
    IcmpNoSocket = "icmp" "no-socket",
    /// The error is not plausible for the connection (RFC 5927).
    IcmpImplausible = "icmp" "implausible",
    /// An error we wanted to send was over the rate limit.
    IcmpRateLimited = "icmp" "rate-limited",
    /// A redirect that we do not follow.
    IcmpRedirectIgnored = "icmp" "redirect-ignored",
    /// Shorter than its header.
    IgmpTooShort = "igmp" "too-short",
    /// Checksum wrong.
    IgmpBadChecksum = "igmp" "bad-checksum",
    /// Not a query or report we know.
    IgmpUnknownType = "igmp" "unknown-type",
    /// Shorter than its header.
    UdpTooShort = "udp" "too-short",
    /// Length field under 8 or beyond the packet.
    UdpBadLength = "udp" "bad-length",
    /// Checksum wrong.
    UdpBadChecksum = "udp" "bad-checksum",
    /// Port 0, or nobody listens on the port.
    UdpNoSocket = "udp" "no-socket",
    /// The socket's receive queue is full.
    UdpQueueFull = "udp" "queue-full",
    /// The raw socket's receive queue is full.
    RawQueueFull = "raw" "queue-full",
    /// Shorter than its header.
    TcpTooShort = "tcp" "too-short",
    /// Data offset under 5 or beyond the segment.
    TcpBadOffset = "tcp" "bad-offset",
    /// An option of impossible length.
    TcpBadOption = "tcp" "bad-option",
    /// Checksum wrong.
    TcpBadChecksum = "tcp" "bad-checksum",
    /// To or from a broadcast or multicast address.
    TcpBadAddress = "tcp" "bad-address",
    /// Port 0.
    TcpBadPort = "tcp" "bad-port",
    /// SYN with FIN or RST, or no flag at all.
    TcpBadFlags = "tcp" "bad-flags",
    /// No connection and no listener.
    TcpNoSocket = "tcp" "no-socket",
    /// The listener's SYN queue is full.
    TcpSynQueueFull = "tcp" "syn-queue-full",
    /// The listener's accept queue is full.
    TcpAcceptQueueFull = "tcp" "accept-queue-full",
    /// A segment that LISTEN ignores.
    TcpListenIgnored = "tcp" "listen-ignored",
    /// Sequence number outside the window.
    TcpOutOfWindow = "tcp" "out-of-window",
    /// Timestamp older than the last (RFC 7323 PAWS).
    TcpPaws = "tcp" "paws",
    /// RST that is not at RCV.NXT (RFC 5961 section 3).
    TcpBadReset = "tcp" "bad-reset",
    /// SYN in a synchronized state (RFC 5961 section 4).
    TcpUnexpectedSyn = "tcp" "unexpected-syn",
    /// ACK of something never sent, or too old (RFC 5961 section 5).
    TcpBadAck = "tcp" "bad-ack",
    /// Segment without ACK where one must be.
    TcpNoAck = "tcp" "no-ack",
    /// The connection does not take data any more.
    TcpAfterClose = "tcp" "after-close",
    /// Wholly received before.
    TcpDuplicate = "tcp" "duplicate",
    /// The out-of-order queue is full.
    TcpOutOfOrderFull = "tcp" "out-of-order-full",
    /// The memory of the stack is used up, and the connection holds more than its least.
    TcpNoMemory = "tcp" "no-memory",
    /// Beyond the receive window.
    TcpBeyondWindow = "tcp" "beyond-window",
    /// RST in TIME-WAIT (RFC 1337).
    TcpTimeWaitReset = "tcp" "time-wait-reset",
    /// Resets are rate limited.
    TcpResetLimited = "tcp" "reset-limited",
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.protocol(), self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_indices_dense() {
        let names: HashSet<_> = DropReason::ALL.iter().map(ToString::to_string).collect();
        assert_eq!(names.len(), DropReason::ALL.len());
        assert!(DropReason::ALL.iter().enumerate().all(|(index, reason)| *reason as usize == index));
    }
}
