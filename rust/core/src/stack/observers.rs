//! Counters, trace and randomness of a stack, and the context that lends them out.

use super::Stack;
use crate::observe::{Context, Counters, InterfaceId, Layer, Trace, TraceEvent};
use crate::rng::Rng;
use crate::tcp::Pressure;
use crate::time::Instant;

/// What engines are lent with every call.
#[derive(Debug)]
pub(super) struct Observers {
    rng: Rng,
    pub(super) counters: Counters,
    trace: Trace,
}

impl Observers {
    pub(super) fn new(rng: Rng, trace_records: usize) -> Self {
        Self { rng, counters: Counters::default(), trace: Trace::new(trace_records) }
    }

    pub(super) const fn context(&mut self, now: Instant, interface: Option<InterfaceId>) -> Context<'_> {
        Context { now, interface, rng: &mut self.rng, counters: &mut self.counters, trace: &mut self.trace }
    }

    /// A frame goes to its device.
    pub(super) fn sent(&mut self, now: Instant, interface: InterfaceId, size: usize) {
        let counters = self.counters.interface_mut(interface);
        counters.tx_frames += 1;
        counters.tx_bytes += size as u64;
        self.context(now, Some(interface)).emit(Layer::Dev, || TraceEvent::FrameOut { size });
    }
}

/// What a stack holds in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Packet buffers in use.
    pub packets_used: usize,
    /// Packet buffers that wait for reuse.
    pub packets_free: usize,
    /// Packet buffers that may be in use at a time.
    pub packets_limit: usize,
    /// Sockets of all kinds, those too that only finish their work.
    pub sockets: usize,
    /// TCP connections.
    pub connections: usize,
    /// Bytes that TCP connections hold, and how short their memory is.
    pub tcp_bytes: u64,
    /// See `tcp_bytes`.
    pub tcp_pressure: Pressure,
    /// Incomplete datagrams, in bytes.
    pub fragments: usize,
    /// Packets that wait for a device.
    pub output: usize,
    /// Armed timers.
    pub timers: usize,
}

impl Stack {
    /// What the stack holds in memory.
    pub fn memory(&self) -> Memory {
        let connections = self.tcp.connections.len();
        Memory {
            packets_used: self.pool.in_use(),
            packets_free: self.pool.free(),
            packets_limit: self.pool.capacity(),
            sockets: connections + self.tcp.listeners.len() + self.udp.sockets.len() + self.raw.len(),
            connections,
            tcp_bytes: self.memory.held(),
            tcp_pressure: self.memory.pressure(),
            fragments: self.reassembler.memory(),
            output: self.output.len(),
            timers: self.wheel.len(),
        }
    }

    /// All counters.
    pub const fn counters(&self) -> &Counters {
        &self.observers.counters
    }

    /// All counters, for a driver that counts what its devices did.
    pub const fn counters_mut(&mut self) -> &mut Counters {
        &mut self.observers.counters
    }

    /// The trace ring.
    pub const fn trace(&self) -> &Trace {
        &self.observers.trace
    }

    /// The trace ring, to choose what is watched.
    pub const fn trace_mut(&mut self) -> &mut Trace {
        &mut self.observers.trace
    }
}
