//! What paths carry: the path MTU cache (RFC 1191).
//!
//! Whether a report is plausible, the socket that it concerns has decided already (RFC 5927). Here it can only make
//! things so much worse: never larger than the packet that was too big, never under the floor, and for ten minutes.

use super::Config;
use crate::buffer::LruMap;
use crate::rng::Rng;
use crate::time::Instant;
use crate::wire::IpAddress;

/// MTUs of real links, largest first: what to try next when a router does not say how much would pass (RFC 1191 7.1).
const PLATEAUS: [u16; 9] = [32_000, 17_914, 8_166, 4_352, 2_002, 1_492, 1_006, 508, 296];

/// What is known about a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Path {
    /// The largest packet to send.
    pub mtu: u16,
    /// The path carries even less than the floor: send without DF, so that routers may fragment.
    pub locked: bool,
}

#[derive(Debug, Clone, Copy)]
struct Learned {
    path: Path,
    expires: Instant,
}

/// Learned path MTUs, by destination.
#[derive(Debug)]
pub struct PathMtu {
    paths: LruMap<IpAddress, Learned>,
}

impl PathMtu {
    /// Nothing learned yet.
    pub fn new(rng: &mut Rng) -> Self {
        Self { paths: LruMap::new(rng) }
    }

    /// What is known about the path to `destination`; `None`: the interface's MTU holds.
    pub fn lookup(&mut self, now: Instant, destination: IpAddress) -> Option<Path> {
        if self.paths.is_empty() {
            return None;
        }
        let learned = *self.paths.touch(&destination)?;
        //= rfc1191#6.3   what was learned is forgotten after ten minutes, for the path may carry more by then
        if now >= learned.expires {
            self.paths.remove(&destination);
            return None;
        }
        Some(learned.path)
    }

    /// When what is known about the path to `destination` is forgotten.
    pub fn expires(&self, destination: IpAddress) -> Option<Instant> {
        self.paths.peek(&destination).map(|learned| learned.expires)
    }

    /// A plausible ICMP 3/4 came about a packet of `packet_length` bytes to `destination`; `claimed` is its MTU
    /// field, 0 from an old router. Answers what holds now, if that changed anything.
    pub fn on_too_big(
        &mut self,
        now: Instant,
        config: &Config,
        destination: IpAddress,
        claimed: u16,
        packet_length: u16,
    ) -> Option<Path> {
        //= rfc1191#5   a router that gives no size: the next lower of the usual ones
        let claimed = match claimed {
            0 => PLATEAUS.into_iter().find(|plateau| *plateau < packet_length).unwrap_or(0),
            claimed => claimed,
        };
        //= rfc1191#3   an estimate is never raised by a report
        if claimed >= packet_length || self.lookup(now, destination).is_some_and(|path| claimed >= path.mtu) {
            return None;
        }
        let path = Path { mtu: claimed.max(config.min_pmtu), locked: claimed < config.min_pmtu };
        if self.lookup(now, destination) == Some(path) {
            return None;
        }
        if self.paths.peek(&destination).is_none() {
            while self.paths.len() >= config.pmtu_entries.max(1) {
                self.paths.pop_oldest();
            }
        }
        self.paths.insert(destination, Learned { path, expires: now + config.pmtu_expires });
        Some(path)
    }

    /// How many paths are known to be narrow.
    pub fn len(&self) -> usize {
        self.paths.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty()
    }

    /// Forget everything, as after a change of interfaces.
    pub fn clear(&mut self) {
        self.paths.clear();
    }
}

#[cfg(test)]
mod tests;
