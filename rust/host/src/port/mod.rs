//! A port: one device plugged into a stack, with what may stand between them.
//!
//! ```text
//! stack -> trace -> capture -> fault -> burst -> (writer or) frames that wait for room -> device
//! stack <- trace <- capture <- fault <--------------------------------------------------- device
//! ```
//! So a capture shows what the stack sent and what it was given, not what the fault decorator did to it on the way,
//! as tcpdump on a host does with netem on the wire. Each decorator is switched per port while the stack runs.

mod burst;
mod capture;
mod fault;
mod outbound;
mod trace;
mod writer;

pub use capture::Capture;
pub use fault::{Fault, FaultSpec};
pub use trace::{FrameTrace, TracedFrame};

use crate::device::{Device, Features};
use crate::error::reason;
use crate::poller::{Poller, Ready};
use burst::Burst;
use std::collections::VecDeque;
use std::io;
use std::iter::repeat_n;
use std::sync::Arc;
use tapip_core::buffer::{Packet, Pool};
use tapip_core::drops::DropReason;
use tapip_core::observe::InterfaceId;
use tapip_core::time::Instant;
use tapip_core::wire::EthernetHeader;
use writer::Writer;

/// A device, its decorators and the frames between them.
pub struct Port {
    id: InterfaceId,
    device: Box<dyn Device>,
    pub(crate) fault: Option<Box<Fault>>,
    pub(crate) capture: Option<Capture>,
    pub(crate) trace: Option<FrameTrace>,
    /// Frames that the device gets at the end of the burst.
    burst: Burst,
    /// Writes full bursts; begun with the first.
    writer: Option<Writer>,
    /// Whom the writer wakes: a stack without a driver has no writers.
    pub(crate) driver: Option<Arc<Poller>>,
    /// Frames that the device had no room for, oldest first.
    waiting: VecDeque<Packet>,
    /// Room is being watched for by EPOLLOUT.
    watched: bool,
    /// There may be frames to read.
    readable: bool,
    /// The descriptor reported an error: if reading finds nothing, the device is broken.
    broken: bool,
    failure: Option<String>,
    /// It failed since the engine last asked.
    failed_now: bool,
    /// Drops since the engine last took them to be counted.
    losses: Vec<DropReason>,
    /// Where frames are read to when the pool is empty, so that the device is drained all the same.
    scratch: Option<Packet>,
    /// Where the next unit is read to. It counts with the pool once something is in it, so that small frames never wait for it.
    unit: Option<Packet>,
    frame_size: usize,
    /// Bytes in front of the IP header.
    pub(crate) link_header: usize,
}

/// What reading brought.
pub(crate) enum Received {
    Frame(Packet),
    /// A frame that was lost; there may be more.
    Lost,
    /// Nothing for now.
    Dry,
}

/// What one read brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    Frame,
    /// A frame whose offload metadata does not fit it.
    Nonsense,
    Nothing,
}

impl Port {
    /// Frames that may wait for room: half of a tap's queue (txqueuelen 1000), under 1 MB of full frames.
    pub const WAITING: usize = 512;

    /// Ethernet header with two VLAN tags.
    const LINK_HEADER: usize = 22;

    /// Plug `device` in as interface `id`.
    pub(crate) fn new(id: InterfaceId, mtu: usize, device: Box<dyn Device>) -> Self {
        let frame_size = mtu.max(device.mtu()) + Self::LINK_HEADER;
        Self {
            id,
            device,
            fault: None,
            capture: None,
            trace: None,
            burst: Burst::default(),
            writer: None,
            driver: None,
            waiting: VecDeque::new(),
            watched: false,
            readable: true,
            broken: false,
            failure: None,
            failed_now: false,
            losses: Vec::new(),
            scratch: None,
            unit: None,
            frame_size,
            link_header: EthernetHeader::LEN,
        }
    }

    /// The interface it serves.
    pub const fn id(&self) -> InterfaceId {
        self.id
    }

    /// Change what is left to the device; what it can do of that.
    pub(crate) fn set_features(&mut self, features: Features) -> io::Result<Features> {
        self.device.set_features(features)?;
        Ok(self.device.features())
    }

    /// The device.
    pub fn device(&self) -> &dyn Device {
        &*self.device
    }

    /// Why the device is out of use, when it is.
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// Whether the device failed since this was asked last.
    pub(crate) const fn take_failed(&mut self) -> bool {
        std::mem::replace(&mut self.failed_now, false)
    }

    /// Frames that wait for room in the device.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Only the stack feeds it, so that it can be looked at by anyone and at any time.
    pub(crate) fn is_memory(&self) -> bool {
        self.device.fd().is_none()
    }

    /// Note what the poller saw.
    pub(crate) fn on_ready(&mut self, ready: Ready) {
        self.readable |= ready.readable;
        self.broken |= ready.broken;
    }

    /// Have it read once more, though the poller saw nothing.
    pub(crate) const fn expect_frames(&mut self) {
        self.readable = true;
    }

    /// Whether a read may bring something at `now`.
    pub(crate) fn wants_read(&self, now: Instant) -> bool {
        let released = self.fault.as_ref().is_some_and(|fault| fault.inbound_due(now));
        released || self.failure.is_none() && (self.readable || self.is_memory())
    }

    /// When a frame that the fault decorator holds is due.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        self.fault.as_ref().and_then(|fault| fault.poll_timeout())
    }

    /// The next frame for the stack.
    pub(crate) fn recv(&mut self, now: Instant, pool: &mut Pool) -> Received {
        loop {
            if let Some(packet) = self.fault.as_mut().and_then(|fault| fault.poll_inbound(now)) {
                return self.given(now, pool.relieve(packet));
            }
            match self.read(pool) {
                Received::Frame(packet) => match &mut self.fault {
                    Some(fault) if fault.impairs_inbound() => {
                        let size = packet.offload.segment_size;
                        let mut lost = 0;
                        if size > 0 {
                            outbound::cut(packet.bytes(), &[], self.link_header, size, |packet| {
                                lost += fault.push_inbound(now, packet);
                            });
                            pool.put(packet);
                        } else {
                            lost += fault.push_inbound(now, packet);
                        }
                        self.losses.extend(repeat_n(DropReason::Impaired, lost));
                    }
                    _ => return self.given(now, pool.relieve(packet)),
                },
                other => return other,
            }
        }
    }

    fn given(&mut self, now: Instant, packet: Packet) -> Received {
        if let Some(capture) = &mut self.capture {
            capture.inbound(now, &packet);
        }
        if let Some(trace) = &mut self.trace {
            trace.inbound(now, packet.bytes());
        }
        Received::Frame(packet)
    }

    /// One read from the device, into a buffer of the pool.
    fn read(&mut self, pool: &mut Pool) -> Received {
        if self.unit.is_none() && self.device.delivers_units() {
            self.unit = Some(pool.reading_unit());
        }
        // A device in memory hands over a packet of its own.
        let taken =
            if self.is_memory() { Some(Packet::copied(0, &[])) } else { pool.take_sized(self.frame_size) };
        let Some(mut packet) = taken else { return self.discard() };
        let read = self.read_into(&mut packet);
        if read == Reading::Frame {
            let Some(unit) = self.unit.take_if(|unit| !unit.is_empty()) else {
                return Received::Frame(packet);
            };
            pool.put(packet);
            return Received::Frame(pool.admit(unit).unwrap_or_else(|mut unit| {
                let copy = unit.copy_of();
                unit.reset(Pool::HEADROOM);
                self.unit = Some(unit);
                copy
            }));
        }
        pool.put(packet);
        if read == Reading::Nothing {
            return Received::Dry;
        }
        self.losses.push(DropReason::BadOffload);
        Received::Lost
    }

    /// One read into nowhere: the pool is empty, but a device that is not drained would wake the driver for ever.
    fn discard(&mut self) -> Received {
        // What is longer is cut short, and lost all the same.
        let size = self.frame_size;
        let mut packet = self.scratch.take().unwrap_or_else(|| Packet::copied(0, &vec![0; size]));
        packet.truncate(0);
        let read = self.read_into(&mut packet);
        self.scratch = Some(packet);
        if let Some(unit) = &mut self.unit {
            unit.reset(Pool::HEADROOM);
        }
        if read != Reading::Nothing {
            self.losses.push(DropReason::PoolExhausted);
            return Received::Lost;
        }
        Received::Dry
    }

    fn read_into(&mut self, packet: &mut Packet) -> Reading {
        if self.failure.is_some() {
            return Reading::Nothing;
        }
        let read = match &mut self.unit {
            Some(unit) => self.device.recv_unit(packet, unit),
            None => self.device.recv(packet),
        };
        match read {
            Ok(true) => return Reading::Frame,
            Ok(false) if self.broken => self.fail("its descriptor reports an error"),
            Ok(false) => self.readable = false,
            Err(error) if error.kind() == io::ErrorKind::InvalidData => return Reading::Nonsense,
            Err(error) => self.fail(&reason(&error)),
        }
        Reading::Nothing
    }

    /// The device is gone: nothing is read from it or written to it any more.
    fn fail(&mut self, text: &str) {
        self.failure = Some(text.to_owned());
        self.failed_now = true;
        self.readable = false;
        let lost = self.waiting.drain(..).count();
        self.losses.extend(repeat_n(DropReason::DeviceError, lost));
    }
}

#[cfg(test)]
mod tests;
