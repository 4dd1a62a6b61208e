//! What the application does with a connection.

use super::closing::Closing;
use super::connection::{Connection, Phase};
use super::open::Open;
use super::receiver::AckWish;
use super::timers::Timer;
use crate::buffer::{Foreign, Pool};
use crate::error::Error;
use crate::observe::{Context, Counter};
use crate::wire::{TcpFlags, TcpHeader};
use std::sync::Arc;

impl Connection {
    /// Queue bytes to be sent; returns how many were taken.
    pub fn send(&mut self, cx: &mut Context<'_>, data: &[u8]) -> Result<usize, Error> {
        let open = self.sending()?;
        let taken = open.sender.queue.push(data);
        self.queued(cx, taken, data.len())
    }

    /// Queue bytes by reference, from `offset` on; returns how many were taken.
    pub fn send_foreign(
        &mut self,
        cx: &mut Context<'_>,
        data: Foreign,
        offset: usize,
    ) -> Result<usize, Error> {
        let open = self.sending()?;
        let length = (*data).as_ref().len().saturating_sub(offset);
        let taken = open.sender.queue.push_foreign(data, offset);
        self.queued(cx, taken, length)
    }

    /// Queue urgent bytes (RFC 6093); returns how many were taken.
    pub fn send_urgent(&mut self, cx: &mut Context<'_>, data: &[u8]) -> Result<usize, Error> {
        let open = self.sending()?;
        let taken = open.sender.queue.push(data);
        if taken > 0 {
            open.sender.mark_urgent();
        }
        self.queued(cx, taken, data.len())
    }

    fn sending(&mut self) -> Result<&mut Open, Error> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        match &mut self.phase {
            Phase::Open(open) if !open.sender.closing() => Ok(open),
            Phase::Open(_) | Phase::Closed(_) => Err(Error::BrokenPipe),
            Phase::SynSent(_) | Phase::SynReceived(_) => Err(Error::WouldBlock),
        }
    }

    fn queued(&mut self, cx: &Context<'_>, taken: usize, wanted: usize) -> Result<usize, Error> {
        if let Phase::Open(open) = &mut self.phase {
            open.rearm(cx.now, &self.config);
        }
        if taken == 0 && wanted > 0 { Err(Error::WouldBlock) } else { Ok(taken) }
    }

    /// Read what arrived in order; 0 when the peer sends no more.
    pub fn recv(&mut self, cx: &mut Context<'_>, out: &mut [u8], pool: &mut Pool) -> Result<usize, Error> {
        let config = Arc::clone(&self.config);
        match &mut self.phase {
            Phase::SynSent(_) | Phase::SynReceived(_) => Err(Error::WouldBlock),
            Phase::Open(open) => {
                let count = open.receiver.read(out, pool);
                if open.receiver.owes_update() {
                    open.ack = AckWish::Now;
                    open.rearm(cx.now, &config);
                }
                let ended = open.receiver.finished() || open.receiver.shut();
                if count == 0 && !out.is_empty() && !ended { Err(Error::WouldBlock) } else { Ok(count) }
            }
            Phase::Closed(closed) => match closed.left.read(out, pool) {
                0 => self.error.take().map_or(Ok(0), Err),
                count => Ok(count),
            },
        }
    }

    /// As [`Connection::recv`], but the bytes stay.
    pub fn peek(&mut self, out: &mut [u8]) -> Result<usize, Error> {
        match &self.phase {
            Phase::SynSent(_) | Phase::SynReceived(_) => Err(Error::WouldBlock),
            Phase::Open(open) => {
                let ended = open.receiver.finished() || open.receiver.shut();
                match open.receiver.peek(out) {
                    0 if !out.is_empty() && !ended => Err(Error::WouldBlock),
                    count => Ok(count),
                }
            }
            Phase::Closed(closed) => match closed.left.peek(out) {
                0 => self.error.take().map_or(Ok(0), Err),
                count => Ok(count),
            },
        }
    }

    /// Send no more, once what is queued has left.
    pub fn shutdown_write(&mut self, cx: &mut Context<'_>) -> Result<(), Error> {
        match &mut self.phase {
            Phase::Open(open) => {
                if !open.sender.closing() {
                    open.close_sending(cx);
                    open.rearm(cx.now, &self.config);
                }
                Ok(())
            }
            _ => Err(Error::NotConnected),
        }
    }

    /// Receive no more: what is unread, and what still comes, is thrown away (as Linux does for SHUT_RD).
    pub fn shutdown_read(&mut self, cx: &mut Context<'_>) {
        if let Phase::Open(open) = &mut self.phase {
            open.receiver.shut_down();
            open.rearm(cx.now, &self.config);
        }
    }

    /// The application lets go. What is queued is still delivered; unread data means a reset.
    pub fn close(&mut self, cx: &mut Context<'_>) {
        let before = self.state();
        let hard = self.settings.linger.is_some_and(|linger| linger.is_zero());
        match &mut self.phase {
            Phase::SynSent(_) => self.end(None, None),
            Phase::SynReceived(_) => self.abort(cx),
            Phase::Open(open) => {
                let unread = open.receiver.readable() > 0 && open.closing != Closing::TimeWait;
                if hard || unread {
                    //= rfc9293#3.6.1 SHLD-3   who closes without having read all resets
                    if unread {
                        cx.count(Counter::TcpAbortOnData);
                    }
                    return self.abort(cx);
                }
                open.orphan = true;
                if !open.sender.closing() {
                    open.close_sending(cx);
                }
                open.timers.stop(Timer::KeepAlive);
                open.rearm(cx.now, &self.config);
            }
            Phase::Closed(closed) => closed.left.clear(),
        }
        self.note_state(cx, before);
    }

    /// Cut it off: the peer is reset, what is queued is lost.
    pub fn abort(&mut self, cx: &mut Context<'_>) {
        let before = self.state();
        let reset = match &mut self.phase {
            //= rfc9293#3.10.5   no reset for a peer that knows nothing, or that has heard everything
            Phase::Open(open) if open.closing != Closing::TimeWait => Some(open.reset(cx)),
            Phase::SynReceived(half) => {
                let mut reset = TcpHeader::new(0, 0);
                (reset.seq, reset.ack) = (half.iss + 1, half.irs + 1);
                reset.flags = TcpFlags::RST | TcpFlags::ACK;
                Some(reset)
            }
            _ => None,
        };
        self.end(None, reset);
        if let Phase::Closed(closed) = &mut self.phase {
            closed.left.clear();
        }
        self.note_state(cx, before);
    }
}
