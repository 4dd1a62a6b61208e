//! Counters under the names of Linux's `/proc/net/snmp` and `nstat`, and drops by reason.

use super::InterfaceId;
use crate::drops::DropReason;

macro_rules! counters {
    ($($(#[doc = $doc:literal])+ $variant:ident,)+) => {
        /// A protocol counter of the stack.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Counter { $($(#[doc = $doc])+ $variant,)+ }

        impl Counter {
            /// Every counter, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];
            /// The name, as Linux's nstat would print it.
            pub const fn name(self) -> &'static str { match self { $(Self::$variant => stringify!($variant),)+ } }
        }
    };
}

counters! {
    /// ARP requests sent.
    ArpOutRequests,
    /// ARP replies sent.
    ArpOutReplies,
    /// ARP packets received.
    ArpInPackets,
    /// Neighbours forgotten to make room for others.
    NeighborEvictions,
    /// IP packets received.
    IpInReceives,
    /// IP packets received that were ECT(0).
    IpInECT0Pkts,
    /// IP packets received that were ECT(1).
    IpInECT1Pkts,
    /// IP packets received with congestion experienced.
    IpInCEPkts,
    /// IP packets handed to a protocol.
    IpInDelivers,
    /// IP packets sent by this host.
    IpOutRequests,
    /// IP packets forwarded.
    IpForwDatagrams,
    /// Fragments received.
    IpReasmReqds,
    /// Datagrams put together.
    IpReasmOKs,
    /// Datagrams that never became whole.
    IpReasmFails,
    /// Datagrams cut into fragments.
    IpFragOKs,
    /// Fragments made.
    IpFragCreates,
    /// ICMP messages received.
    IcmpInMsgs,
    /// ICMP messages sent.
    IcmpOutMsgs,
    /// Echo requests answered.
    IcmpOutEchoReps,
    /// ICMP errors sent.
    IcmpOutErrors,
    /// IGMP messages received.
    IgmpInMsgs,
    /// IGMP messages sent.
    IgmpOutMsgs,
    /// UDP datagrams delivered.
    UdpInDatagrams,
    /// UDP datagrams sent.
    UdpOutDatagrams,
    /// Connections opened by us.
    TcpActiveOpens,
    /// Connections opened by a peer.
    TcpPassiveOpens,
    /// Opens that failed.
    TcpAttemptFails,
    /// Established connections that were reset.
    TcpEstabResets,
    /// Segments received.
    TcpInSegs,
    /// Segments sent.
    TcpOutSegs,
    /// Segments sent again.
    TcpRetransSegs,
    /// Segments with RST sent.
    TcpOutRsts,
    /// Retransmission timeouts.
    TcpTimeouts,
    /// Fast retransmissions.
    TcpFastRetrans,
    /// Challenge ACKs sent (RFC 5961).
    TcpChallengeAcks,
    /// Zero-window probes sent.
    TcpProbes,
    /// Keep-alive probes sent.
    TcpKeepAlives,
    /// Delayed ACKs sent by their timer.
    TcpDelayedAcks,
    /// Segments taken out of order.
    TcpOfoQueue,
    /// Segments dropped for want of memory.
    TcpRcvQDrop,
    /// Times that the memory of all connections became short.
    TcpMemoryPressures,
    /// Connections that a full accept queue kept out.
    TcpListenOverflows,
    /// SYNs answered with a cookie because the SYN queue was full.
    TcpReqQFullDoCookies,
    /// Half-open connections dropped from a full SYN queue to make room.
    TcpReqQFullDrop,
    /// SYN cookies sent (RFC 4987).
    TcpSyncookiesSent,
    /// SYN cookies that came back.
    TcpSyncookiesRecv,
    /// Acknowledgments that held no valid SYN cookie while some were out.
    TcpSyncookiesFailed,
    /// SYNs whose data the server took (RFC 7413).
    TcpFastOpenActive,
    /// SYNs whose data the server did not take, or that vanished.
    TcpFastOpenActiveFail,
    /// Connections that a Fast Open cookie opened.
    TcpFastOpenPassive,
    /// Fast Open cookies that were not ours.
    TcpFastOpenPassiveFail,
    /// SYNs with a good cookie for which there was no place.
    TcpFastOpenListenOverflow,
    /// SYNs that asked for a Fast Open cookie.
    TcpFastOpenCookieReqd,
    /// Servers towards which Fast Open was given up for a while.
    TcpFastOpenBlackhole,
    /// Last ACKs of handshakes ignored because the application waits for data.
    TcpDeferAcceptDrop,
    /// Connections closed because the peer was silent.
    TcpAbortOnTimeout,
    /// Resets sent because data arrived or lay unread after close.
    TcpAbortOnData,
    /// Reports of a second copy received (DSACK).
    TcpDSACKRecv,
    /// Reports of a second copy sent.
    TcpDSACKOldSent,
    /// SACK blocks of what was never sent, or is long acknowledged.
    TcpSACKDiscard,
    /// Tail loss probes sent.
    TcpLossProbes,
    /// Losses that a tail loss probe repaired.
    TcpLossProbeRecovery,
    /// Retransmission timeouts that turned out to be none.
    TcpSpuriousRTOs,
    /// Fast recoveries that turned out to be none.
    TcpFullUndo,
    /// Connections that entered TIME-WAIT.
    TcpTimeWaits,
}

/// Traffic of one interface, in frames and bytes.
#[derive(Debug, Clone, Default)]
pub struct InterfaceCounters {
    /// Frames received.
    pub rx_frames: u64,
    /// Bytes received.
    pub rx_bytes: u64,
    /// Frames received that were malformed.
    pub rx_errors: u64,
    /// Frames sent.
    pub tx_frames: u64,
    /// Bytes sent.
    pub tx_bytes: u64,
    /// Frames that the device did not take.
    pub tx_errors: u64,
    drops: Vec<u64>,
}

impl InterfaceCounters {
    /// Drops on this interface for one reason.
    pub fn drops(&self, reason: DropReason) -> u64 {
        self.drops.get(reason as usize).copied().unwrap_or(0)
    }

    fn drop(&mut self, reason: DropReason) {
        self.drops.resize(DropReason::ALL.len(), 0);
        self.drops[reason as usize] += 1;
    }
}

/// All counters of a stack.
#[derive(Debug, Clone)]
pub struct Counters {
    counts: Vec<u64>,
    drops: Vec<u64>,
    interfaces: Vec<InterfaceCounters>,
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            counts: vec![0; Counter::ALL.len()],
            drops: vec![0; DropReason::ALL.len()],
            interfaces: Vec::new(),
        }
    }
}

impl Counters {
    /// One more of `counter`.
    pub fn count(&mut self, counter: Counter) {
        self.counts[counter as usize] += 1;
    }

    /// `n` more of `counter`.
    pub fn add(&mut self, counter: Counter, n: u64) {
        self.counts[counter as usize] += n;
    }

    /// One more drop for `reason`, on `interface` where it is known.
    pub fn drop(&mut self, interface: Option<InterfaceId>, reason: DropReason) {
        self.drops[reason as usize] += 1;
        if let Some(id) = interface {
            self.interface_mut(id).drop(reason);
        }
    }

    /// The value of one counter.
    pub fn value(&self, counter: Counter) -> u64 {
        self.counts[counter as usize]
    }

    /// Drops for one reason, over the whole stack.
    pub fn drops(&self, reason: DropReason) -> u64 {
        self.drops[reason as usize]
    }

    /// Traffic of one interface.
    pub fn interface(&self, id: InterfaceId) -> Option<&InterfaceCounters> {
        self.interfaces.get(id.0 as usize)
    }

    /// Traffic of one interface, to be counted on.
    pub fn interface_mut(&mut self, id: InterfaceId) -> &mut InterfaceCounters {
        let index = id.0 as usize;
        if index >= self.interfaces.len() {
            self.interfaces.resize_with(index + 1, InterfaceCounters::default);
        }
        &mut self.interfaces[index]
    }
}
