//! Errors that concern a datagram socket: the one it fails with next, and the queue with all their details.

use crate::error::Error;
use crate::time::Instant;
use crate::wire::{IpAddress, SocketAddress};
use std::collections::VecDeque;

/// Entries of one error queue. An application that reads it does so at once; the others must not pay for it.
const MAX_ERRORS: usize = 64;

/// An entry of the error queue (what Linux gives with IP_RECVERR).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueuedError {
    /// What happened.
    pub error: Error,
    /// Who says so: a router, the destination, or `None` for this stack itself.
    pub origin: Option<IpAddress>,
    /// Where our datagram was going.
    pub destination: SocketAddress,
    /// ICMP type and code; zeros when the stack itself says so.
    pub icmp: (u8, u8),
    /// The MTU, for `MessageTooLong`; else 0.
    pub mtu: u16,
    /// When.
    pub time: Instant,
}

impl QueuedError {
    /// An error that this stack itself found, on the way to `destination`.
    pub fn local(now: Instant, error: Error, destination: SocketAddress, mtu: usize) -> Self {
        let mtu = u16::try_from(mtu).unwrap_or(u16::MAX);
        Self { error, origin: None, destination, icmp: (0, 0), mtu, time: now }
    }
}

/// The errors of one socket.
#[derive(Debug, Default)]
pub struct ErrorQueue {
    pending: Option<Error>,
    queue: VecDeque<QueuedError>,
    drops: u64,
}

impl ErrorQueue {
    /// No errors.
    pub fn new() -> Self {
        Self::default()
    }

    /// Keep an error; the oldest gives way. With `fail` the next call on the socket fails with it.
    pub fn push(&mut self, error: QueuedError, fail: bool) {
        if fail {
            self.pending = Some(error.error);
        }
        if self.queue.len() == MAX_ERRORS {
            self.queue.pop_front();
            self.drops += 1;
        }
        self.queue.push_back(error);
    }

    /// Take the error that the next call fails with (SO_ERROR).
    pub const fn take_pending(&mut self) -> Option<Error> {
        self.pending.take()
    }

    /// The error that the next call fails with.
    pub const fn pending(&self) -> Option<Error> {
        self.pending
    }

    /// Take the oldest entry. Who reads it needs no call to fail with it: what fails next is the entry behind, if any.
    pub fn take(&mut self) -> Option<QueuedError> {
        let taken = self.queue.pop_front();
        if self.pending.is_some() {
            self.pending = self.queue.front().map(|next| next.error);
        }
        taken
    }

    /// How many entries wait.
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Entries lost because the queue was full.
    pub const fn drops(&self) -> u64 {
        self.drops
    }
}
