//! The other end, played by hand: segments by relative numbers, time by jumps.

use super::pair::{MTU, tuple};
use crate::buffer::Pool;
use crate::drops::DropReason;
use crate::error::Error;
use crate::observe::Bench;
use crate::tcp::congestion::Kind;
use crate::tcp::{Config, Connection, Disposition, Info, Outgoing, Settings, State};
use crate::time::{Duration, Instant};
use crate::wire::{SeqNumber, TcpFlags, TcpHeader, TcpOptions, Timestamps};
use std::sync::Arc;

/// Our first number, and the peer's: close to the wrap, so that every test crosses it.
pub(super) const ISS: SeqNumber = SeqNumber(u32::MAX - 100);
pub(super) const IRS: SeqNumber = SeqNumber(u32::MAX - 50);

pub(super) const ACK: TcpFlags = TcpFlags::ACK;
pub(super) const SYN: TcpFlags = TcpFlags::SYN;
pub(super) const RST: TcpFlags = TcpFlags::RST;
pub(super) const FIN: TcpFlags = TcpFlags::FIN;
pub(super) const URG: TcpFlags = TcpFlags::URG;
pub(super) const NONE: TcpFlags = TcpFlags::empty();

/// A segment from the peer: `seq` counts from its SYN, `ack` from ours.
#[derive(Debug, Clone)]
pub(super) struct Seg {
    pub(super) header: TcpHeader,
    pub(super) data: Vec<u8>,
    /// Of the segments that the device gathered into this one; 0: it is one.
    pub(super) segment_size: u16,
}

pub(super) fn seg(flags: TcpFlags, seq: i64, ack: i64) -> Seg {
    let mut header = TcpHeader::new(80, 40_000);
    header.flags = flags;
    header.seq = IRS + seq as u32;
    header.ack = if flags.contains(ACK) { ISS + ack as u32 } else { SeqNumber(0) };
    header.window = 0xffff;
    Seg { header, data: Vec::new(), segment_size: 0 }
}

impl Seg {
    pub(super) fn window(mut self, window: u16) -> Self {
        self.header.window = window;
        self
    }

    pub(super) fn data(mut self, data: &[u8]) -> Self {
        self.data = data.to_vec();
        self
    }

    pub(super) fn bytes(self, length: usize) -> Self {
        let data: Vec<u8> = (0..length).map(|i| i as u8).collect();
        self.data(&data)
    }

    pub(super) fn gathered(self, segment_size: u16) -> Self {
        Self { segment_size, ..self }
    }

    pub(super) fn stamps(mut self, value: u32, echo: u32) -> Self {
        self.header.options.timestamps = Some(Timestamps { value, echo });
        self
    }

    pub(super) fn options(mut self, options: TcpOptions) -> Self {
        self.header.options = options;
        self
    }

    pub(super) fn urgent(mut self, pointer: u16) -> Self {
        self.header.flags |= URG;
        self.header.urgent = pointer;
        self
    }
}

/// Options of the peer's SYN: an MSS of 1000, for round numbers.
pub(super) fn plain_options() -> TcpOptions {
    TcpOptions { mss: Some(1000), ..TcpOptions::default() }
}

pub(super) struct Peer {
    pub(super) bench: Bench,
    pub(super) tcp: Connection,
    pub(super) pool: Pool,
    pub(super) max_unit: usize,
    /// Payload of the last output, in order.
    pub(super) payload: Vec<u8>,
}

/// Few surprises: no scaling and no timestamps unless the peer's SYN has them, and no delayed start.
pub(super) fn config() -> Config {
    Config {
        receive_buffer: 10_000,
        receive_buffer_max: 10_000,
        paws_slack: 0,
        congestion: Kind::Reno,
        ..Config::default()
    }
}

impl Peer {
    /// SYN-SENT, the SYN still to be sent.
    pub(super) fn connecting(config: Config) -> Self {
        let mut bench = Bench::new(1);
        let tcp = Connection::connect(
            &mut bench.cx(),
            &Arc::new(config.clone()),
            Settings::new(&config),
            tuple(),
            ISS,
            MTU,
        );
        Self { bench, tcp, pool: Pool::new(4096, 2048), max_unit: 0, payload: Vec::new() }
    }

    /// SYN-RECEIVED by way of LISTEN, the SYN-ACK still to be sent.
    pub(super) fn answering(config: Config, syn: &Seg) -> Self {
        let mut bench = Bench::new(1);
        let settings = Settings::new(&config);
        let config = Arc::new(config);
        let tcp = Connection::accept(&mut bench.cx(), &config, settings, tuple(), &syn.header, ISS, MTU);
        Self { bench, tcp, pool: Pool::new(4096, 2048), max_unit: 0, payload: Vec::new() }
    }

    /// ESTABLISHED with `options` on the peer's SYN-ACK, all quiet.
    pub(super) fn established_with(config: Config, options: TcpOptions) -> Self {
        let mut peer = Self::connecting(config);
        peer.out();
        peer.send(&seg(SYN | ACK, 0, 1).options(options));
        assert_eq!(peer.out().len(), 1, "the last ACK of the handshake");
        assert_eq!(peer.tcp.state(), State::Established);
        peer
    }

    pub(super) fn established() -> Self {
        Self::established_with(config(), plain_options())
    }

    /// Timestamps agreed; the peer's clock stood at 100.
    pub(super) fn stamped(config: Config) -> Self {
        let stamps = Some(Timestamps { value: 100, echo: 0 });
        Self::established_with(config, TcpOptions { timestamps: stamps, ..plain_options() })
    }

    /// Any state, all quiet; numbers as after a plain handshake.
    pub(super) fn in_state(state: State) -> Self {
        if state == State::SynReceived {
            let mut peer = Self::answering(config(), &seg(SYN, 0, 0).options(plain_options()));
            peer.out();
            return peer;
        }
        if state == State::SynSent {
            let mut peer = Self::connecting(config());
            peer.out();
            return peer;
        }
        let mut peer = Self::established();
        if matches!(state, State::CloseWait | State::LastAck) {
            peer.send(&seg(FIN | ACK, 1, 1));
            peer.out();
        }
        if !matches!(state, State::Established | State::CloseWait | State::Closed) {
            peer.shutdown();
            peer.out();
        }
        match state {
            State::FinWait2 => peer.send(&seg(ACK, 1, 2)),
            State::Closing => peer.send(&seg(FIN | ACK, 1, 1)),
            State::TimeWait => peer.send(&seg(FIN | ACK, 1, 2)),
            State::Closed => peer.abort(),
            _ => Disposition::Done,
        };
        peer.out();
        assert_eq!(peer.tcp.state(), state);
        peer
    }

    pub(super) fn send(&mut self, seg: &Seg) -> Disposition {
        let mut packet = self.pool.take_sized(seg.data.len()).expect("the pool is large");
        packet.append(&seg.data);
        packet.offload.segment_size = seg.segment_size;
        self.tcp.on_segment(&mut self.bench.cx(), &seg.header, packet, &mut self.pool)
    }

    /// All that goes out now.
    pub(super) fn out(&mut self) -> Vec<Outgoing> {
        let mut all = Vec::new();
        self.payload.clear();
        while let Some(unit) = self.tcp.poll_transmit(&mut self.bench.cx(), self.max_unit) {
            for slice in self.tcp.slices(unit.offset, unit.length).as_slice() {
                self.payload.extend_from_slice(slice);
            }
            all.push(unit);
        }
        assert!(!self.tcp.wants_transmit());
        all
    }

    /// All that goes out now, in words: flags, relative numbers, length.
    pub(super) fn says(&mut self) -> String {
        self.out().iter().map(words).collect::<Vec<_>>().join(", ")
    }

    /// What is answered to `seg`, in words.
    pub(super) fn answer(&mut self, seg: &Seg) -> String {
        self.send(seg);
        self.says()
    }

    /// Let `millis` pass, timers firing on their way; what goes out, with the time it took, in words.
    pub(super) fn pass(&mut self, millis: u64) -> String {
        let start = self.bench.now;
        let end = start + Duration::from_millis(millis);
        let mut said = Vec::new();
        while let Some(at) = self.tcp.poll_timeout().filter(|at| *at <= end) {
            self.bench.now = self.bench.now.max(at);
            self.tcp.on_timeout(&mut self.bench.cx());
            let after = self.bench.now.since(start).as_millis();
            said.extend(self.out().iter().map(|unit| format!("@{after} {}", words(unit))));
        }
        self.bench.now = end;
        said.join(", ")
    }

    /// Jump to the next deadline and let it fire.
    pub(super) fn fire(&mut self) -> Option<Instant> {
        let at = self.tcp.poll_timeout()?;
        self.bench.now = self.bench.now.max(at);
        self.tcp.on_timeout(&mut self.bench.cx());
        Some(at)
    }

    pub(super) fn write(&mut self, length: usize) -> Result<usize, Error> {
        let data: Vec<u8> = (0..length).map(|i| (i % 251) as u8).collect();
        self.tcp.send(&mut self.bench.cx(), &data, &mut self.pool.chunks)
    }

    pub(super) fn read(&mut self, limit: usize) -> Result<Vec<u8>, Error> {
        let mut out = vec![0; limit];
        let count = self.tcp.recv(&mut self.bench.cx(), &mut out, &mut self.pool)?;
        out.truncate(count);
        Ok(out)
    }

    pub(super) fn shutdown(&mut self) {
        self.tcp.shutdown_write(&mut self.bench.cx()).expect("open");
    }

    pub(super) fn close(&mut self) {
        self.tcp.close(&mut self.bench.cx());
    }

    pub(super) fn abort(&mut self) -> Disposition {
        self.tcp.abort(&mut self.bench.cx());
        Disposition::Done
    }

    /// Our timestamp clock.
    pub(super) fn stamp(&self) -> u32 {
        self.tcp.common.timestamp(self.bench.now)
    }

    pub(super) fn info(&self) -> Info {
        self.tcp.info()
    }

    pub(super) fn dropped(&self, reason: DropReason) -> u64 {
        self.bench.drops(reason)
    }
}

/// `ACK 1:1`, `FIN|PSH|ACK 1:1 +500`, `RST 5`: relative to both SYNs.
pub(super) fn words(unit: &Outgoing) -> String {
    let header = &unit.header;
    let mut text = format!("{} {}", header.flags.name(), header.seq.distance(ISS));
    if header.has(ACK) {
        text += &format!(":{}", header.ack.distance(IRS));
    }
    if unit.length > 0 {
        text += &format!(" +{}", unit.length);
    }
    text
}
