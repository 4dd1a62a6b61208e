//! All that waits at a datagram socket for its application, and the groups that it joined.

use super::{Datagram, DatagramQueue, ErrorQueue, Meta, QueuedError};
use crate::buffer::Pool;
use crate::error::Error;
use crate::observe::{InterfaceId, Readiness};
use crate::wire::IpAddress;

/// Groups that one socket may join; Linux's igmp_max_memberships.
const MAX_MEMBERSHIPS: usize = 20;

/// The receiving side of a datagram socket.
#[derive(Debug, Default)]
pub struct Inbox {
    queue: DatagramQueue,
    errors: ErrorQueue,
    memberships: Vec<(IpAddress, InterfaceId)>,
}

impl Inbox {
    /// Nothing waits.
    pub fn new() -> Self {
        Self::default()
    }

    /// Queue a datagram; false when it was dropped.
    pub fn push(&mut self, datagram: Datagram, limit: usize, pool: &mut Pool) -> bool {
        self.queue.push(datagram, limit, pool)
    }

    /// Copy the oldest datagram out, or fail with the error that waits, or with `WouldBlock`.
    pub fn recv(&mut self, out: &mut [u8], pool: &mut Pool) -> Result<(usize, Meta), Error> {
        self.errors.take_pending().map_or(Ok(()), Err)?;
        self.queue.pop(out, pool).ok_or(Error::WouldBlock)
    }

    /// As [`Inbox::recv`], but the datagram stays, and so does an error.
    pub fn peek(&self, out: &mut [u8]) -> Result<(usize, Meta), Error> {
        self.errors.pending().map_or(Ok(()), Err)?;
        self.queue.peek(out).ok_or(Error::WouldBlock)
    }

    /// Keep an error; with `fail` the next call fails with it.
    pub fn on_error(&mut self, error: QueuedError, fail: bool) {
        self.errors.push(error, fail);
    }

    /// The errors.
    pub const fn errors(&mut self) -> &mut ErrorQueue {
        &mut self.errors
    }

    /// The datagrams.
    pub const fn queue(&self) -> &DatagramQueue {
        &self.queue
    }

    /// What the socket is ready for. `errors_are_read`: the application looks at the error queue.
    pub fn readiness(&self, errors_are_read: bool) -> Readiness {
        let mut readiness = Readiness::WRITABLE;
        readiness.set(Readiness::READABLE, !self.queue.is_empty());
        let error = self.errors.pending().is_some() || (errors_are_read && !self.errors.is_empty());
        readiness.set(Readiness::ERROR, error);
        readiness
    }

    /// The groups joined, in the order of joining.
    pub fn memberships(&self) -> &[(IpAddress, InterfaceId)] {
        &self.memberships
    }

    /// Note a group joined. `AddressInUse` when it is noted already, `NoBuffers` when there are too many.
    pub fn add_membership(&mut self, group: IpAddress, interface: InterfaceId) -> Result<(), Error> {
        if self.memberships.contains(&(group, interface)) {
            return Err(Error::AddressInUse);
        }
        if self.memberships.len() == MAX_MEMBERSHIPS {
            return Err(Error::NoBuffers);
        }
        self.memberships.push((group, interface));
        Ok(())
    }

    /// Note a group left; `AddressNotAvailable` when it was not joined.
    pub fn remove_membership(&mut self, group: IpAddress, interface: InterfaceId) -> Result<(), Error> {
        let place = self.memberships.iter().position(|other| *other == (group, interface));
        self.memberships.remove(place.ok_or(Error::AddressNotAvailable)?);
        Ok(())
    }
}
