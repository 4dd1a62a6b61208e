//! Pings: echo requests by a raw socket, answered by the other host's stack itself.

use super::{App, Cx, Owner, Record};
use crate::error::Error;
use crate::observe::Readiness;
use crate::sim::impairment::ensure;
use crate::sim::network::{FlowId, HostId};
use crate::sim::{ImpairmentError, Network};
use crate::stack::{RawId, SocketId};
use crate::time::{Duration, Instant};
use crate::wire::{IpAddress, Protocol, checksum};
use std::collections::BTreeMap;

/// Pings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PingSpec {
    /// Between two requests.
    pub interval: Duration,
    /// How many; `None` without end.
    pub count: Option<u64>,
    /// Bytes of a request behind its header.
    pub payload: usize,
    /// When it begins.
    pub start: Instant,
    /// How long an answer may take; later ones are not counted.
    pub timeout: Duration,
    /// Rows of the list of answers.
    pub trace_rows: usize,
}

impl Default for PingSpec {
    /// As ping(8): one a second, 56 bytes.
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(1),
            count: None,
            payload: 56,
            start: Instant::ZERO,
            timeout: Duration::from_secs(10),
            trace_rows: 50_000,
        }
    }
}

struct Ping {
    from: HostId,
    address: IpAddress,
    spec: PingSpec,
    socket: Option<RawId>,
    /// Tells our answers from those to other pings of the host.
    ident: u16,
    /// Requests without an answer yet: number and time, by the sequence number that they carry.
    asked: BTreeMap<u16, (u64, Instant)>,
    /// The highest number that was answered.
    highest: u64,
}

/// Type, code, checksum, identifier, sequence number.
const HEADER: usize = 8;

impl App for Ping {
    fn on_timer(&mut self, cx: &mut Cx<'_, '_>) -> Option<HostId> {
        let now = cx.now();
        cx.record.started.get_or_insert(now);
        let timeout = self.spec.timeout;
        self.asked.retain(|_, (_, since)| now.since(*since) < timeout);
        if Some(cx.record.sent) == self.spec.count {
            // All were sent; the last had its time.
            cx.finish(None);
            return None;
        }
        if let Err(error) = self.ask(cx) {
            cx.finish(Some(error));
            return None;
        }
        let last = Some(cx.record.sent) == self.spec.count;
        cx.wake_at(now + if last { timeout } else { self.spec.interval });
        Some(self.from)
    }

    fn on_ready(&mut self, cx: &mut Cx<'_, '_>, _: Owner, _: SocketId, _: Readiness) {
        let Some(socket) = self.socket else { return };
        let mut packet = vec![0; 64 + HEADER + self.spec.payload];
        while let Ok((length, _)) = cx.host(self.from).stack.raw_recv(socket, &mut packet) {
            let length = length.min(packet.len());
            self.on_packet(cx, &packet[..length]);
        }
    }
}

impl Ping {
    fn ask(&mut self, cx: &mut Cx<'_, '_>) -> Result<(), Error> {
        let now = cx.now();
        let socket = match self.socket {
            Some(socket) => socket,
            None => cx.open_raw(self.from, Protocol::ICMP)?,
        };
        self.socket = Some(socket);
        let number = cx.record.sent;
        cx.record.sent += 1;
        let mut message = vec![0; HEADER + self.spec.payload];
        message[0] = 8;
        message[4..6].copy_from_slice(&self.ident.to_be_bytes());
        message[6..8].copy_from_slice(&(number as u16).to_be_bytes());
        let sum = checksum::checksum(&message);
        message[2..4].copy_from_slice(&sum.to_be_bytes());
        self.asked.insert(number as u16, (number, now));
        // What cannot be sent now is a ping without an answer.
        let _lost = cx.host(self.from).stack.raw_send(now, socket, &message, Some(self.address));
        Ok(())
    }

    fn on_packet(&mut self, cx: &mut Cx<'_, '_>, packet: &[u8]) {
        let header = packet.first().map_or(0, |first| usize::from(first & 0x0f) * 4);
        let Some(message) = packet.get(header..).filter(|message| message.len() >= HEADER) else { return };
        let word = |at: usize| u16::from_be_bytes([message[at], message[at + 1]]);
        if message[0] != 0 || word(4) != self.ident {
            return;
        }
        let now = cx.now();
        let Some((number, since)) = self.asked.remove(&word(6)) else {
            cx.record.duplicated += 1;
            return;
        };
        cx.record.late += u64::from(number < self.highest);
        self.highest = self.highest.max(number);
        cx.record.rtt.record(now.since(since));
        cx.record.exchange(number + 1, message.len() as u64, since, now);
        cx.record.deliver(now, (message.len() - HEADER) as u64);
        if Some(cx.record.received) == self.spec.count {
            cx.record.completed = Some(now);
            cx.finish(None);
        }
    }
}

impl Network {
    /// Let one host ping another.
    pub fn ping(&mut self, from: HostId, to: HostId, spec: PingSpec) -> Result<FlowId, ImpairmentError> {
        let address = self.flow_address(from, to)?;
        ensure(!spec.interval.is_zero(), "interval", format!("{:?}", spec.interval), "more than 0")?;
        ensure(spec.payload <= 65_507, "payload", spec.payload, "0 to 65507 bytes")?;
        ensure(spec.count != Some(0), "count", 0, "1 request or more")?;
        let record = Record::new("ping", from, to, spec.trace_rows);
        let start = spec.start;
        let ident = self.flow_count() as u16;
        let app = Ping { from, address, spec, socket: None, ident, asked: BTreeMap::new(), highest: 0 };
        Ok(self.add_flow(Box::new(app), record, start))
    }
}
