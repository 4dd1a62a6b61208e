//! The cookies that servers gave us, and where Fast Open is not to be tried.

use super::Lesson;
use crate::buffer::LruMap;
use crate::rng::{Rng, prf};
use crate::time::{Duration, Instant};
use crate::wire::{FastOpenCookie, IpAddress};

/// Servers remembered: one that was not heard of for as long as it takes to meet a thousand others costs one round trip.
const SERVERS: usize = 1024;
/// The wait after a black hole doubles at most this often.
const MAX_DOUBLINGS: u32 = 6;

/// What is known of a server before a connection to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// Its cookie, or the request for one.
    pub cookie: FastOpenCookie,
    /// The MSS that it announced; the default of IPv4 before it announced any (RFC 9293 MUST-15).
    pub mss: u16,
}

impl Known {
    /// Nothing is known: ask for a cookie.
    const NOTHING: Self = Self { cookie: FastOpenCookie::REQUEST, mss: 536 };
}

#[derive(Debug)]
struct Server {
    known: Known,
    /// Black holes in a row.
    failures: u32,
    /// Not to be tried before this.
    barred: Instant,
}

/// The client's memory of servers, the least recently used of which is forgotten first.
#[derive(Debug)]
pub struct FastOpenCache {
    servers: LruMap<IpAddress, Server>,
}

impl FastOpenCache {
    /// An empty one, its table under a key from `seed`.
    pub fn new(seed: u128) -> Self {
        Self { servers: LruMap::new(&mut Rng::new(prf(seed, b"fast open").into())) }
    }

    /// What to put into a SYN to `server`; `None` while Fast Open is not to be tried.
    pub fn recall(&mut self, now: Instant, server: IpAddress) -> Option<Known> {
        match self.servers.touch(&server) {
            Some(entry) => (now >= entry.barred).then_some(entry.known),
            None => Some(Known::NOTHING),
        }
    }

    /// Remember what a handshake taught; true when it bars the server. `patience` is how long the first black hole does so.
    pub fn learn(&mut self, now: Instant, server: IpAddress, lesson: Lesson, patience: Duration) -> bool {
        if self.servers.touch(&server).is_none() {
            if self.servers.len() >= SERVERS {
                self.servers.pop_oldest();
            }
            self.servers.insert(server, Server { known: Known::NOTHING, failures: 0, barred: Instant::ZERO });
        }
        let Some(entry) = self.servers.peek_mut(&server) else { return false };
        match lesson {
            Lesson::Cookie(cookie, mss) => entry.known = Known { cookie, mss },
            Lesson::Accepted => entry.failures = 0,
            //= rfc7413#4.1.3.1   a refusal: ask anew before the next data
            Lesson::Refused => entry.known.cookie = FastOpenCookie::REQUEST,
            Lesson::Lost => {
                //= rfc7413#4.1.3.1   something on the path drops such SYNs: leave it alone, each time twice as long
                let doublings = entry.failures.min(MAX_DOUBLINGS);
                entry.barred = now + patience * (1 << doublings);
                entry.failures += 1;
                return !patience.is_zero();
            }
        }
        false
    }

    /// Servers remembered.
    pub fn len(&self) -> usize {
        self.servers.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.servers.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn server(number: u32) -> IpAddress {
        std::net::Ipv4Addr::from(number).into()
    }

    fn known() -> Known {
        Known { cookie: FastOpenCookie::new(&[7; 8]).unwrap(), mss: 1460 }
    }

    #[test]
    fn it_asks_learns_and_asks_again_after_a_refusal() {
        let (mut cache, now) = (FastOpenCache::new(1), Instant::ZERO);
        assert_eq!(cache.recall(now, server(1)), Some(Known::NOTHING));
        cache.learn(now, server(1), Lesson::Cookie(known().cookie, 1460), HOUR);
        assert_eq!(cache.recall(now, server(1)), Some(known()));
        cache.learn(now, server(1), Lesson::Refused, HOUR);
        assert_eq!(cache.recall(now, server(1)), Some(Known { mss: 1460, ..Known::NOTHING }));
        assert_eq!(cache.recall(now, server(2)), Some(Known::NOTHING));
    }

    #[test]
    fn a_black_hole_bars_for_an_hour_then_two_until_it_works() {
        let mut cache = FastOpenCache::new(1);
        let mut now = Instant::ZERO;
        cache.learn(now, server(1), Lesson::Cookie(known().cookie, 1460), HOUR);
        for hours in [1, 2, 4, 8, 16, 32, 64, 64] {
            assert!(cache.learn(now, server(1), Lesson::Lost, HOUR));
            now += HOUR * hours;
            assert_eq!(cache.recall(now - Duration::from_secs(1), server(1)), None);
            assert_eq!(cache.recall(now, server(1)), Some(known()), "{hours}");
        }
        cache.learn(now, server(1), Lesson::Accepted, HOUR);
        cache.learn(now, server(1), Lesson::Lost, HOUR);
        assert_eq!(cache.recall(now + HOUR, server(1)), Some(known()));
        assert!(!cache.learn(now, server(1), Lesson::Lost, Duration::ZERO), "never, by the knob");
        assert_eq!(cache.recall(now, server(1)), Some(known()));
    }

    #[test]
    fn the_least_recently_used_is_forgotten() {
        let (mut cache, now) = (FastOpenCache::new(1), Instant::ZERO);
        for number in 0..SERVERS as u32 {
            cache.learn(now, server(number), Lesson::Cookie(known().cookie, 1460), HOUR);
        }
        cache.recall(now, server(0));
        cache.learn(now, server(9_999), Lesson::Accepted, HOUR);
        assert_eq!(cache.len(), SERVERS);
        assert_eq!(cache.recall(now, server(0)), Some(known()));
        assert_eq!(cache.recall(now, server(1)), Some(Known::NOTHING));
    }
}
