//! How many errors may leave: token buckets, one for all and one for each destination (RFC 1812 4.3.2.8).

use super::Config;
use crate::buffer::LruMap;
use crate::drops::DropReason;
use crate::observe::{Context, Layer};
use crate::rng::Rng;
use crate::time::{Duration, Instant};
use crate::wire::{Icmpv4Message, IpAddress, unreachable};

/// How many errors one destination may get at once, after a quiet time; Linux's XRLIM_BURST_FACTOR.
const DESTINATION_BURST: u64 = 6;

/// Time saved up since the last message; messages cost time.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    saved: Duration,
    at: Instant,
}

impl Bucket {
    /// What is saved at `now`, never over `most`.
    fn fill(&mut self, now: Instant, most: Duration) -> Duration {
        let saved = self.saved + now.since(self.at);
        *self = Self { saved: saved.min(most), at: now };
        self.saved
    }

    fn spend(&mut self, cost: Duration) {
        self.saved = self.saved.saturating_sub(cost);
    }
}

/// The buckets of a stack.
#[derive(Debug)]
pub struct Limiter {
    global: Bucket,
    destinations: LruMap<IpAddress, Bucket>,
}

impl Limiter {
    /// Full buckets.
    pub fn new(rng: &mut Rng) -> Self {
        let global = Bucket { saved: Duration::MAX, at: Instant::ZERO };
        Self { global, destinations: LruMap::new(rng) }
    }

    /// Whether `message` may go to `destination` now; counted as `IcmpRateLimited` when not.
    pub fn allow(
        &mut self,
        cx: &mut Context<'_>,
        config: &Config,
        message: &Icmpv4Message,
        destination: IpAddress,
    ) -> bool {
        let (kind, code) = message.kind_and_code();
        let limited = config.rate_mask.checked_shr(u32::from(kind)).unwrap_or(0) & 1 == 1;
        // Path MTU discovery stalls without its messages, and what stays on this host floods nobody: both pass, as in Linux.
        let too_big =
            matches!(message, Icmpv4Message::Unreachable { .. }) && code == unreachable::FRAGMENTATION_NEEDED;
        if !limited || too_big || destination.is_loopback() {
            return true;
        }
        let allowed = self.take(cx, config, destination);
        if !allowed {
            //= rfc1812#4.3.2.8   a limit on the rate of errors, by timer and count
            cx.drop(Layer::Icmp, DropReason::IcmpRateLimited);
        }
        allowed
    }

    /// How many destinations are remembered.
    pub fn destinations(&self) -> usize {
        self.destinations.len()
    }

    /// Take from both buckets, or from none.
    fn take(&mut self, cx: &mut Context<'_>, config: &Config, destination: IpAddress) -> bool {
        let cost = config.rate_limit;
        let own = (!cost.is_zero()).then(|| self.destination(cx, config, destination));
        if own.is_some_and(|saved| saved < cost) {
            return false;
        }
        let Some(unit) = 1_000_000_000u64.checked_div(u64::from(config.messages_per_second)) else {
            return false;
        };
        let unit = Duration::from_nanos(unit.max(1));
        // The dearest message costs two: one is held back, so that even that can be paid and the rate is kept.
        let most = unit * (u64::from(config.messages_burst) + 1);
        if self.global.fill(cx.now, most) < unit * 2 {
            return false;
        }
        // One on average, but nobody may count our errors to find out about other senders' packets (CVE-2020-25705).
        self.global.spend(unit * cx.rng.below(3));
        if let Some(bucket) = self.destinations.peek_mut(&destination) {
            bucket.spend(cost);
        }
        true
    }

    /// What `destination` has saved up. One not seen lately starts with a full bucket.
    fn destination(&mut self, cx: &Context<'_>, config: &Config, destination: IpAddress) -> Duration {
        let most = config.rate_limit * DESTINATION_BURST;
        if let Some(bucket) = self.destinations.touch(&destination) {
            return bucket.fill(cx.now, most);
        }
        while self.destinations.len() >= config.rate_entries.max(1) {
            self.destinations.pop_oldest();
        }
        self.destinations.insert(destination, Bucket { saved: most, at: cx.now });
        most
    }
}
