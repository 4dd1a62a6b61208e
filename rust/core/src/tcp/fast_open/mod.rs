//! TCP Fast Open (RFC 7413): data in the SYN, for a peer that showed a cookie.
//!
//! `cookie` is the server's side: whom it gives one, and whom it believes. `cache` is the client's: which server gave
//! what, and towards whom it is not tried for a while. What a handshake does with them is in `handshake` and `listener`.

mod cache;
mod cookie;

pub use cache::{FastOpenCache, Known};
pub(super) use cookie::Mint;

use crate::buffer::SendQueue;
use crate::wire::FastOpenCookie;

/// The bit of the knob for active opens, and that for passive ones (Linux's net.ipv4.tcp_fastopen).
pub(crate) const CLIENT: u8 = 1;
/// See [`CLIENT`].
pub(crate) const SERVER: u8 = 2;

/// How far Fast Open went on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FastOpen {
    /// Not tried.
    #[default]
    None,
    /// A cookie was asked for or given.
    Cookie,
    /// Data left with our SYN; its fate is not known yet.
    Data,
    /// The data in the SYN was taken.
    Accepted,
    /// It was not, and goes the usual way.
    Refused,
}

impl FastOpen {
    /// Its name in a snapshot.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Cookie => "cookie",
            Self::Data => "data",
            Self::Accepted => "accepted",
            Self::Refused => "refused",
        }
    }
}

/// What a handshake taught about a server, for the cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lesson {
    /// It gave this cookie and announced this MSS.
    Cookie(FastOpenCookie, u16),
    /// It took the data.
    Accepted,
    /// It did not take the data, and gave no new cookie.
    Refused,
    /// SYNs with the option vanished on the way.
    Lost,
}

/// Data that waits to go with our SYN.
#[derive(Debug)]
pub(super) struct Early {
    pub(super) queue: SendQueue,
    /// What we know of the server; `None` once the option is given up.
    pub(super) known: Option<Known>,
    /// Bytes that left with a SYN at most.
    pub(super) in_syn: usize,
}
