//! What the application does with a connection.

use super::common::Common;
use super::congestion::Kind;
use super::connection::Phase;
use super::open::Exit;
use super::receiver::Due;
use super::sender::Sender;
use super::wait::Wait;
use super::{Connection, Pressure, Setting, Settings};
use crate::buffer::{Chunks, Foreign, Pool, SendQueue};
use crate::error::Error;
use crate::observe::{Context, Counter, Readiness};
use crate::time::Duration;
use crate::wire::TcpFlags;

/// A sender that ran out of room is woken when this part of it is free again: a wake-up for each ACK would cost more
/// than it moves.
const LOW_WATER: usize = 3;

/// Whether a writer should be woken.
fn has_room(common: &Common, sender: &Sender) -> bool {
    let limit = sender.send_limit(common);
    let free = limit.saturating_sub(sender.queue.len());
    // Half of the mark, as on Linux: a writer that is woken at the mark itself writes a byte and sleeps again.
    free * LOW_WATER >= limit && sender.unsent().saturating_mul(2) < common.notsent_low_water() as usize
}

impl Connection {
    /// Queue a copy of `data`; returns how much was taken, `WouldBlock` if there is no room.
    pub fn send(&mut self, cx: &mut Context<'_>, data: &[u8], chunks: &mut Chunks) -> Result<usize, Error> {
        self.queue(cx, data.len(), |queue, room| queue.push(&data[..data.len().min(room)], chunks))
    }

    /// Queue `data` from `offset` on by reference; returns how much was taken.
    pub fn send_foreign(
        &mut self,
        cx: &mut Context<'_>,
        data: Foreign,
        offset: usize,
        chunks: &mut Chunks,
    ) -> Result<usize, Error> {
        let asked = (*data).as_ref().len().saturating_sub(offset);
        self.queue(cx, asked, |queue, room| queue.push_foreign(data, offset, room, chunks))
    }

    /// As `send`, and the peer is told that the data is urgent up to its end (RFC 6093). It stays in the stream.
    pub fn send_urgent(
        &mut self,
        cx: &mut Context<'_>,
        data: &[u8],
        chunks: &mut Chunks,
    ) -> Result<usize, Error> {
        let taken = self.send(cx, data, chunks)?;
        if let Some(open) = self.open_mut()
            && taken > 0
        {
            //= rfc9293#3.8.5 MUST-62   the pointer names the byte behind the urgent ones
            open.sender.urgent = Some(open.sender.end());
        }
        Ok(taken)
    }

    fn queue(
        &mut self,
        cx: &Context<'_>,
        asked: usize,
        push: impl FnOnce(&mut SendQueue, usize) -> usize,
    ) -> Result<usize, Error> {
        let open = match &mut self.phase {
            Phase::SynSent(_) => return Err(Error::WouldBlock),
            //= rfc7413#4.2.2   the answer need not wait for the end of the handshake
            Phase::SynReceived(state) if !state.close => state.fast.as_mut().ok_or(Error::WouldBlock)?,
            Phase::SynReceived(_) => return Err(Error::BrokenPipe),
            //= rfc9293#3.10.2   the connection is closing
            Phase::Open(open) if !open.flow.has_closed() => open,
            _ => return Err(self.common.error.take().unwrap_or(Error::BrokenPipe)),
        };
        if asked == 0 {
            return Ok(0);
        }
        let busy = open.sender.is_busy();
        let room = open.sender.room(&self.common);
        let taken = push(&mut open.sender.queue, room);
        open.sender.refused = taken < asked;
        if taken == 0 {
            return Err(Error::WouldBlock);
        }
        if !busy {
            open.sender.progress = cx.now;
        }
        self.restless = true;
        Ok(taken)
    }

    /// Read; `Ok(0)` is the end of the stream.
    pub fn recv(&mut self, cx: &mut Context<'_>, out: &mut [u8], pool: &mut Pool) -> Result<usize, Error> {
        if self.common.inbox.readable() == 0 {
            return self.nothing_to_read(out.is_empty());
        }
        let count = self.common.inbox.read(out, pool);
        if let Phase::Open(open) = &mut self.phase
            && open.flow.takes_text()
            && open.receiver.on_read(cx.now, &self.common)
        {
            //= rfc9293#3.8.6.2.2 MUST-39   the peer hears of the room only when it is worth a segment
            open.receiver.due = Due::Now;
            self.restless = true;
        }
        Ok(count)
    }

    /// As `recv`, but nothing is consumed.
    pub fn peek(&mut self, out: &mut [u8]) -> Result<usize, Error> {
        if self.common.inbox.readable() == 0 {
            return self.nothing_to_read(out.is_empty());
        }
        Ok(self.common.inbox.peek(out))
    }

    fn nothing_to_read(&mut self, no_room: bool) -> Result<usize, Error> {
        if let Some(error) = self.common.error.take() {
            return Err(error);
        }
        let waits = match &self.phase {
            Phase::SynSent(_) | Phase::SynReceived(_) => true,
            Phase::Open(open) => !open.receiver.finished && !self.common.read_shut,
            Phase::TimeWait(_) | Phase::Closed => false,
        };
        if waits && !no_room { Err(Error::WouldBlock) } else { Ok(0) }
    }

    /// How many bytes from the next one to be read on lie before the end of the urgent data, if such data was announced
    /// and is not read yet.
    pub const fn urgent_mark(&self) -> Option<usize> {
        //= rfc9293#3.8.5 MUST-33   whether there is more of it, and how much
        let Phase::Open(open) = &self.phase else { return None };
        let read = self.common.inbox.read_position();
        match open.receiver.urgent() {
            Some(mark) if mark > read => Some((mark - read) as usize),
            _ => None,
        }
    }

    /// No more data will be sent: a FIN follows what is queued.
    pub fn shutdown_write(&mut self, cx: &mut Context<'_>) -> Result<(), Error> {
        let before = self.state();
        match &mut self.phase {
            Phase::Closed => return Err(Error::NotConnected),
            //= rfc9293#3.10.4   nothing happened yet that the peer would have to forget
            Phase::SynSent(_) => self.end(),
            //= rfc9293#3.10.4   queued until the connection is established
            Phase::SynReceived(state) => state.close = true,
            Phase::Open(open) => open.close(cx.now, &self.common),
            Phase::TimeWait(_) => {}
        }
        self.restless = true;
        self.trace_state(cx, before);
        Ok(())
    }

    /// The application reads no more. What comes is acknowledged and thrown away, so that the peer's FIN can follow.
    pub fn shutdown_read(&mut self, _cx: &mut Context<'_>) {
        self.common.read_shut = true;
    }

    /// The application lets go of it. What is queued is still delivered; unread data, or no linger, means a reset.
    pub fn close(&mut self, cx: &mut Context<'_>) {
        self.common.orphan = true;
        let unread = self.common.inbox.readable() > 0 && !self.common.read_shut;
        let hard = self.common.settings.linger == Some(Duration::ZERO);
        if unread || hard {
            if unread {
                cx.count(Counter::TcpAbortOnData);
            }
            //= rfc9293#3.6.1 SHLD-3   data that nobody will read: the peer must not think that it arrived
            return self.abort(cx);
        }
        let before = self.state();
        match &mut self.phase {
            //= rfc9293#3.10.4   nothing happened yet that the peer would have to forget
            Phase::SynSent(_) => self.end(),
            Phase::SynReceived(state) => state.close = true,
            Phase::Open(open) => open.close(cx.now, &self.common),
            Phase::TimeWait(_) | Phase::Closed => {}
        }
        self.restless = true;
        self.trace_state(cx, before);
    }

    /// Reset the connection and let go of it.
    pub fn abort(&mut self, cx: &mut Context<'_>) {
        let before = self.state();
        self.common.orphan = true;
        match &self.phase {
            Phase::SynReceived(state) if state.fast.is_some() => {
                self.common.reply = state.fast.as_ref().map(|open| open.reset(&self.common));
                self.end();
            }
            Phase::SynReceived(state) => {
                let mut reset = self.common.header(TcpFlags::RST | TcpFlags::ACK);
                (reset.seq, reset.ack) = (state.knock.isn() + 1, state.next());
                self.common.reply = Some(reset);
                self.end();
            }
            //= rfc9293#3.10.5   where both sides agree on numbers, the peer hears of it
            Phase::Open(_) => self.leave(cx, Some(Exit::Closed { error: None, reset: true })),
            Phase::SynSent(_) | Phase::TimeWait(_) | Phase::Closed => self.end(),
        }
        self.restless = true;
        self.trace_state(cx, before);
    }

    /// Payload bytes that the peer acknowledged so far.
    pub const fn bytes_acked(&self) -> u64 {
        self.common.stats.bytes_acked
    }

    /// Whether the application let go of it.
    pub const fn is_orphan(&self) -> bool {
        self.common.orphan
    }

    /// What it is ready for.
    pub fn readiness(&self) -> Readiness {
        let mut readiness = Readiness::empty();
        let (ended, read_over, writable) = match &self.phase {
            Phase::SynReceived(state) => {
                let fast = state.fast.as_ref();
                let room = fast.is_some_and(|open| has_room(&self.common, &open.sender));
                (false, false, room)
            }
            Phase::SynSent(_) => (false, false, false),
            Phase::Open(open) => {
                let closed = open.flow.has_closed();
                let room = has_room(&self.common, &open.sender);
                (closed && open.receiver.finished, open.receiver.finished, closed || room)
            }
            Phase::TimeWait(_) | Phase::Closed => (true, true, true),
        };
        let read_over = read_over || self.common.read_shut;
        readiness.set(Readiness::READABLE, read_over || self.common.inbox.readable() > 0);
        readiness.set(Readiness::READ_CLOSED, read_over);
        readiness.set(Readiness::WRITABLE, writable);
        readiness.set(Readiness::HANGUP, ended);
        readiness.set(Readiness::ERROR, self.common.error.is_some());
        readiness
    }

    /// The pending error, once.
    pub const fn take_error(&mut self) -> Option<Error> {
        self.common.error.take()
    }

    /// Change a setting.
    pub fn set(&mut self, cx: &mut Context<'_>, setting: Setting) -> Result<(), Error> {
        self.common.settings.set(setting)?;
        self.restless = true;
        if let (Setting::SendBuffer(_), Phase::SynSent(state)) = (setting, &mut self.phase)
            && let Some(early) = &mut state.early
        {
            early.queue.set_limit(self.common.settings.send_buffer);
        }
        let Some(open) = self.phase.open_mut() else { return Ok(()) };
        match setting {
            Setting::ReceiveBuffer(_) => open.receiver.tuning.set(self.common.settings.receive_buffer),
            Setting::QuickAck(true) if open.receiver.due == Due::Later => open.receiver.due = Due::Now,
            //= rfc9293#3.7.4   who turns Nagle off wants what waits to go, corked or not (tcp(7))
            Setting::NoDelay(true) => open.sender.force = open.sender.waiting == Wait::Cork,
            Setting::SendBuffer(_) => open.sender.queue.set_limit(self.common.settings.send_buffer),
            Setting::Congestion(kind) => {
                open.sender.set_congestion(cx.now, &self.common.config, kind);
                open.receiver.ecn.set_dctcp(kind == Kind::Dctcp);
            }
            Setting::MaxSegment(_) => open.sender.set_path_mss(self.common.path_mss()),
            Setting::KeepAlive(_) | Setting::KeepIdle(_) | Setting::KeepInterval(_) => {
                open.arm_keep_alive(cx.now, &self.common);
            }
            _ => {}
        }
        Ok(())
    }

    /// The congestion control in use.
    pub fn congestion(&self) -> Kind {
        self.common.congestion()
    }

    /// Bytes that may be queued now, and that may wait to be read.
    pub fn buffers(&self) -> (usize, usize) {
        let settings = &self.common.settings;
        self.open().map_or((settings.send_buffer, settings.receive_buffer), |open| {
            (open.sender.queue.limit(), open.receiver.tuning.size())
        })
    }

    /// Bytes that it holds for its application and for its peer.
    pub fn held(&self) -> usize {
        let queued = self.open().map_or(0, |open| open.sender.queue.len());
        queued + self.common.inbox.readable() + self.common.inbox.waiting()
    }

    /// How short the memory of the stack is, before anything else is asked of the connection.
    pub const fn set_pressure(&mut self, pressure: Pressure) {
        self.common.memory = pressure;
    }

    /// The settings in force.
    pub const fn settings(&self) -> &Settings {
        &self.common.settings
    }
}
