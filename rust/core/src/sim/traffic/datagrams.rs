//! UDP at a constant rate: numbered and stamped datagrams, one after the other in equal times.

use super::{App, Cx, Owner, Record, Role};
use crate::error::Error;
use crate::observe::Readiness;
use crate::sim::impairment::ensure;
use crate::sim::network::{FlowId, HostId};
use crate::sim::{ImpairmentError, Network};
use crate::stack::{SocketId, UdpId};
use crate::time::{Duration, Instant};
use crate::wire::{IpAddress, SocketAddress};
use std::collections::BTreeSet;

/// Datagrams at a constant rate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatagramSpec {
    /// Bits of payload per second.
    pub rate: u64,
    /// Bytes of payload of each.
    pub size: usize,
    /// How many; `None` without end.
    pub count: Option<u64>,
    /// When it begins.
    pub start: Instant,
    /// When it ends; `None` for never.
    pub stop: Option<Instant>,
    /// Rows of the list of arrivals.
    pub trace_rows: usize,
}

impl Default for DatagramSpec {
    fn default() -> Self {
        // A call's worth of rate, and a payload that fills a frame with no header to spare.
        let (rate, size) = (1_000_000, 1_200);
        Self { rate, size, count: None, start: Instant::ZERO, stop: None, trace_rows: 50_000 }
    }
}

/// Number and time of sending, 8 bytes each.
const STAMP: usize = 16;
/// Numbers that are remembered as missing, to tell a late datagram from a copy.
const MISSING: usize = 65_536;

struct Datagrams {
    from: HostId,
    to: HostId,
    address: IpAddress,
    spec: DatagramSpec,
    sockets: Option<(UdpId, UdpId)>,
    remote: Option<SocketAddress>,
    began: Instant,
    /// The number that the next datagram should have.
    expected: u64,
    missing: BTreeSet<u64>,
}

impl App for Datagrams {
    fn on_timer(&mut self, cx: &mut Cx<'_, '_>) -> Option<HostId> {
        let now = cx.now();
        if cx.record.started.is_none() {
            cx.record.started = Some(now);
            self.began = now;
            if let Err(error) = self.open(cx) {
                cx.finish(Some(error));
                return None;
            }
        }
        if Some(cx.record.sent) == self.spec.count || self.spec.stop.is_some_and(|stop| now >= stop) {
            cx.finish(None);
            return None;
        }
        self.send(cx);
        let bits = u128::from(cx.record.sent) * self.spec.size as u128 * 8 * 1_000_000_000;
        let since = u64::try_from(bits / u128::from(self.spec.rate)).unwrap_or(u64::MAX);
        cx.wake_at(self.began + Duration::from_nanos(since));
        Some(self.from)
    }

    fn on_ready(&mut self, cx: &mut Cx<'_, '_>, owner: Owner, socket: SocketId, _: Readiness) {
        let (SocketId::Udp(id), Role::Server) = (socket, owner.role) else { return };
        let mut stamp = [0; STAMP];
        while let Ok((_, meta)) = cx.host(self.to).stack.udp_recv(id, &mut stamp) {
            let word =
                |at: usize| stamp[at..at + 8].iter().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte));
            cx.record.damaged |= meta.length != self.spec.size;
            self.on_datagram(cx, word(0), Instant::from_nanos(word(8)));
        }
    }
}

impl Datagrams {
    fn open(&mut self, cx: &mut Cx<'_, '_>) -> Result<(), Error> {
        let any = SocketAddress::new(std::net::Ipv4Addr::UNSPECIFIED.into(), 0);
        let sender = cx.open_udp(self.from, Role::Client)?;
        let receiver = cx.open_udp(self.to, Role::Server)?;
        cx.host(self.to).stack.udp_bind(receiver, any)?;
        let bound = cx.host(self.to).stack.local_address(SocketId::Udp(receiver))?;
        self.remote = bound.map(|bound| SocketAddress::new(self.address, bound.port()));
        self.sockets = Some((sender, receiver));
        Ok(())
    }

    fn send(&self, cx: &mut Cx<'_, '_>) {
        let Some((sender, _)) = self.sockets else { return };
        let now = cx.now();
        let mut payload = vec![0; self.spec.size];
        payload[..8].copy_from_slice(&cx.record.sent.to_be_bytes());
        payload[8..STAMP].copy_from_slice(&now.as_nanos().to_be_bytes());
        cx.record.sent += 1;
        // What cannot be sent now is a datagram lost.
        let _lost = cx.host(self.from).stack.udp_send(now, sender, &payload, self.remote);
    }

    fn on_datagram(&mut self, cx: &mut Cx<'_, '_>, number: u64, sent: Instant) {
        let now = cx.now();
        if number < self.expected {
            if !self.missing.remove(&number) {
                cx.record.duplicated += 1;
                return;
            }
            cx.record.late += 1;
        } else {
            self.missing.extend((self.expected..number).take(MISSING));
            while self.missing.len() > MISSING {
                self.missing.pop_first();
            }
            self.expected = number + 1;
        }
        cx.record.deliver(now, self.spec.size as u64);
        cx.record.exchange(number + 1, self.spec.size as u64, sent, now);
        if Some(cx.record.received) == self.spec.count {
            cx.record.completed = Some(now);
        }
    }
}

impl Network {
    /// Add datagrams at a constant rate from one host to another.
    pub fn datagrams(
        &mut self,
        from: HostId,
        to: HostId,
        spec: DatagramSpec,
    ) -> Result<FlowId, ImpairmentError> {
        let address = self.flow_address(from, to)?;
        ensure(spec.rate > 0, "rate", spec.rate, "1 bit/s or more")?;
        ensure((STAMP..=65_507).contains(&spec.size), "size", spec.size, "16 to 65507 bytes")?;
        let record = Record::new("datagrams", from, to, spec.trace_rows);
        let start = spec.start;
        let app = Datagrams {
            from,
            to,
            address,
            spec,
            sockets: None,
            remote: None,
            began: start,
            expected: 0,
            missing: BTreeSet::new(),
        };
        Ok(self.add_flow(Box::new(app), record, start))
    }
}
