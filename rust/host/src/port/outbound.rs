//! The way out of a port: fault decorator, burst, writer, frames that wait for room, device.

use super::Port;
use super::burst::Burst;
use super::writer::Writer;
use crate::device::{Room, copy_of, is_down, is_gone};
use crate::error::reason;
use crate::poller::Poller;
use std::io;
use std::iter::repeat_n;
use tapip_core::buffer::{Packet, Pool, Slices};
use tapip_core::drops::DropReason;
use tapip_core::ip::Segments;
use tapip_core::observe::InterfaceId;
use tapip_core::stack::Transmit;
use tapip_core::time::Instant;

impl Port {
    /// Send a frame, or keep it, or lose it and note why.
    pub(crate) fn send(&mut self, now: Instant, frame: &Transmit<'_>) {
        if let Some(capture) = &mut self.capture {
            capture.outbound(now, frame);
        }
        if let Some(trace) = &mut self.trace {
            trace.outbound(now, frame);
        }
        match &mut self.fault {
            Some(fault) if fault.impairs_outbound() => {
                let mut lost = 0;
                if frame.offload.segment_size > 0 {
                    // What happens on a wire happens to packets.
                    let payload = frame.payload.as_slice();
                    let size = frame.offload.segment_size;
                    cut(frame.header, payload, self.link_header, size, |packet| {
                        lost += fault.push_outbound(now, packet);
                    });
                } else {
                    lost += fault.push_outbound(now, copy_of(frame));
                }
                self.losses.extend(repeat_n(DropReason::Impaired, lost));
                self.release(now);
            }
            _ => self.write(frame),
        }
    }

    /// Send what waited for its time or for room. Returns whether anything went.
    pub(crate) fn flush(&mut self, now: Instant) -> bool {
        let before = self.waiting.len();
        self.drain_waiting();
        self.release(now) || self.waiting.len() != before
    }

    /// End a burst: what was sent goes to the device now.
    pub(crate) fn end_burst(&mut self) {
        if self.burst.is_empty() {
            return;
        }
        let mut burst = std::mem::take(&mut self.burst);
        if let Some(writer) = self.writer_for(&burst) {
            self.burst = writer.push(burst);
            return;
        }
        for (whole, frame) in burst.transmits(self.id) {
            self.hand_over(&frame, Some(whole));
        }
        burst.clear();
        self.burst = burst;
    }

    /// The writer, if this burst is for it: a full one, or one that older ones are ahead of.
    fn writer_for(&mut self, burst: &Burst) -> Option<&Writer> {
        if !self.waiting.is_empty() || self.failure.is_some() {
            return None;
        }
        if self.writer.is_none() && burst.is_full() {
            let (queues, driver) = (self.device.writing_end()?, self.driver.clone()?);
            // Without another thread we write ourselves.
            self.writer = Writer::start(queues, driver).ok();
        }
        self.writer.as_ref().filter(|writer| burst.is_full() || !writer.is_idle())
    }

    /// Whether the stack shall make no more frames now. The driver is woken when it may.
    pub(crate) fn is_backed_up(&self) -> bool {
        self.writer.as_ref().is_some_and(Writer::is_full)
    }

    /// Whether `flush` has anything to do.
    pub(crate) fn wants_flush(&self, now: Instant) -> bool {
        !self.waiting.is_empty() || self.fault.as_ref().is_some_and(|fault| fault.outbound_due(now))
    }

    /// Drops since the last time, to be counted.
    pub(crate) fn take_losses(&mut self) -> Vec<DropReason> {
        for error in self.writer.as_ref().map(Writer::take_losses).unwrap_or_default() {
            self.lose(&error);
        }
        std::mem::take(&mut self.losses)
    }

    /// Have the poller watch for room exactly while frames wait for it.
    pub(crate) fn update_watch(&mut self, poller: &Poller) {
        let watch =
            self.device.room() == Room::Writable && !self.waiting.is_empty() && self.failure.is_none();
        if watch != self.watched {
            // Whichever of them has room: frames that wait keep their order.
            let watched = |fd| poller.watch_room(self.id, fd, watch).is_ok();
            self.watched = self.device.fds().into_iter().map(watched).fold(watch, |all, one| all && one);
        }
    }

    fn release(&mut self, now: Instant) -> bool {
        let mut released = false;
        while let Some(packet) = self.fault.as_mut().and_then(|fault| fault.poll_outbound(now)) {
            self.write(&whole(self.id, &packet));
            released = true;
        }
        released
    }

    /// Into the burst, or behind it to the device.
    fn write(&mut self, frame: &Transmit<'_>) {
        let alone = self.writer.as_ref().is_none_or(Writer::is_idle);
        if alone && !(self.device.wants_bursts() && Burst::takes(frame)) {
            self.end_burst();
            self.hand_over(frame, None);
        } else {
            self.burst.push(&*self.device, frame);
            if self.burst.is_full() {
                self.end_burst();
            }
        }
    }

    /// To the device, behind what waits already; `whole` is the frame behind its front, where it has one.
    fn hand_over(&mut self, frame: &Transmit<'_>, whole: Option<&[u8]>) {
        if self.failure.is_some() {
            self.losses.push(DropReason::InterfaceDown);
        } else if !self.waiting.is_empty() {
            self.keep(frame);
        } else {
            let sent = match whole {
                Some(whole) => self.device.send_fronted(whole, frame),
                None => self.device.send(frame),
            };
            match sent {
                Ok(true) => {}
                Ok(false) => self.keep(frame),
                Err(error) => self.lose(&error),
            }
        }
    }

    fn keep(&mut self, frame: &Transmit<'_>) {
        if self.waiting.len() < Self::WAITING {
            self.waiting.push_back(copy_of(frame));
        } else {
            self.losses.push(DropReason::QueueFull);
        }
    }

    fn drain_waiting(&mut self) {
        while let Some(packet) = self.waiting.pop_front() {
            match self.device.send(&whole(self.id, &packet)) {
                Ok(true) => {}
                Ok(false) => {
                    self.waiting.push_front(packet);
                    return;
                }
                Err(error) => self.lose(&error),
            }
        }
    }

    /// A frame was lost to `error`, or the device with it.
    fn lose(&mut self, error: &io::Error) {
        if is_down(error) {
            self.losses.push(DropReason::InterfaceDown);
            return;
        }
        if error.kind() == io::ErrorKind::WouldBlock {
            self.losses.push(DropReason::QueueFull);
            return;
        }
        self.losses.push(DropReason::DeviceError);
        if is_gone(error) {
            self.fail(&reason(error));
        }
    }
}

/// A packet as a frame in one piece.
fn whole(interface: InterfaceId, packet: &Packet) -> Transmit<'_> {
    Transmit { interface, offload: packet.offload, header: packet.bytes(), payload: Slices::EMPTY }
}

/// Cut a unit to the frames that it is on a wire. One that cannot be cut is none that the stack made, and vanishes.
pub(super) fn cut(front: &[u8], rest: &[&[u8]], link_header: usize, size: u16, mut each: impl FnMut(Packet)) {
    let Some(mut segments) = Segments::new(front, rest, link_header, size) else { return };
    while let Some(length) = segments.next_len() {
        let mut packet = Packet::with_room(Pool::HEADROOM + length);
        packet.reset(Pool::HEADROOM);
        packet.grow(length);
        segments.emit(packet.bytes_mut());
        each(packet);
    }
}
