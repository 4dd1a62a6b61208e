//! Both ends of a stream of checked bytes, as all TCP applications here use them.

use super::Cx;
use crate::error::Error;
use crate::observe::Readiness;
use crate::sim::network::HostId;
use crate::stack::{SocketId, SocketOption, TcpId};

/// The sending end of a stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outlet {
    pub(super) host: HostId,
    pub(super) id: TcpId,
    /// Which stream it is: see the pattern.
    pub(super) salt: u32,
    /// Bytes queued so far.
    pub(super) sent: u64,
}

/// The receiving end of a stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inlet {
    pub(super) host: HostId,
    pub(super) id: TcpId,
    pub(super) salt: u32,
    /// Bytes read so far.
    pub(super) received: u64,
}

/// What a look at the receiving end found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Intake {
    pub(super) bytes: u64,
    /// The peer sends no more.
    pub(super) ended: bool,
}

impl Outlet {
    pub(super) const fn new(host: HostId, id: TcpId, salt: u32) -> Self {
        Self { host, id, salt, sent: 0 }
    }

    /// Queue bytes until `target` of them were queued in all, or the socket takes no more.
    pub(super) fn pump(&mut self, cx: &mut Cx<'_, '_>, target: u64) -> Result<(), Error> {
        let now = cx.now();
        while self.sent < target {
            let left = target - self.sent;
            let pattern = &cx.shared.pattern;
            let stack = &mut cx.arena.hosts[self.host.index()].stack;
            let bytes = pattern.bytes(self.salt, self.sent, u64::MAX);
            let taken = if left >= bytes.len() as u64 {
                let (foreign, offset) = pattern.foreign(self.salt, self.sent);
                stack.tcp_send_foreign(now, self.id, foreign, offset)
            } else {
                stack.tcp_send(now, self.id, &bytes[..left as usize])
            };
            match taken {
                Ok(taken) => self.sent += taken as u64,
                Err(Error::WouldBlock) => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Send no more, once what is queued has left.
    pub(super) fn shut(&self, cx: &mut Cx<'_, '_>) {
        let now = cx.now();
        let _closed_meanwhile = cx.host(self.host).stack.tcp_shutdown(now, self.id, false, true);
    }

    /// Let small pieces go at once.
    pub(super) fn no_delay(&self, cx: &mut Cx<'_, '_>) {
        let now = cx.now();
        let stack = &mut cx.host(self.host).stack;
        let _closed_meanwhile = stack.set_option(now, SocketId::Tcp(self.id), SocketOption::NoDelay, 1);
    }
}

impl Inlet {
    pub(super) const fn new(host: HostId, id: TcpId, salt: u32) -> Self {
        Self { host, id, salt, received: 0 }
    }

    /// Read and check all that is there.
    pub(super) fn drain(&mut self, cx: &mut Cx<'_, '_>, ready: Readiness) -> Result<Intake, Error> {
        let now = cx.now();
        let mut intake = Intake { bytes: 0, ended: false };
        loop {
            let stack = &mut cx.arena.hosts[self.host.index()].stack;
            match stack.tcp_recv(now, self.id, &mut cx.shared.scratch) {
                Ok(0) => {
                    intake.ended = true;
                    return Ok(intake);
                }
                Ok(count) => {
                    let found = &cx.shared.scratch[..count];
                    cx.record.damaged |= !cx.shared.pattern.matches(self.salt, self.received, found);
                    self.received += count as u64;
                    intake.bytes += count as u64;
                    // A read that did not fill the room left nothing but perhaps the end, which readiness tells.
                    if count < cx.shared.scratch.len() && !ready.contains(Readiness::READ_CLOSED) {
                        return Ok(intake);
                    }
                }
                Err(Error::WouldBlock) => return Ok(intake),
                Err(error) => return Err(error),
            }
        }
    }
}

impl Cx<'_, '_> {
    /// The error that a socket reports, if readiness says that there is one.
    pub(super) fn error_of(&mut self, host: HostId, id: TcpId, ready: Readiness) -> Option<Error> {
        if !ready.contains(Readiness::ERROR) {
            return None;
        }
        self.host(host).stack.take_error(SocketId::Tcp(id))
    }

    /// The peer of a client that had queued `sent` bytes closed its side, or the connection was closed before it was
    /// established: nothing more can come of it.
    pub(super) fn leave(&mut self, host: HostId, id: TcpId, sent: u64) {
        if !self.record.over {
            let all = self.record.delivered == sent;
            if all {
                let now = self.now();
                self.record.completed = self.record.last.or(Some(now));
            }
            self.finish((!all).then_some(Error::ConnectionAborted));
        }
        self.close(host, id);
    }

    /// Give up a connection that failed, and the flow with it.
    pub(super) fn fail(&mut self, host: HostId, id: TcpId, error: Error) {
        self.finish(Some(error));
        self.close(host, id);
    }
}
