//! The cookies that we give.

use crate::rng::prf;
use crate::tcp::Tuple;
use crate::tcp::isn::name_of;
use crate::time::{Duration, Instant};
use crate::wire::FastOpenCookie;

/// Makes and checks cookies: SipHash of both addresses under the stack's key and the number of the period.
#[derive(Debug, Clone, Copy)]
pub(in crate::tcp) struct Mint {
    pub(in crate::tcp) key: u128,
    /// How long a key is used; zero for ever.
    pub(in crate::tcp) rotation: Duration,
}

impl Mint {
    /// The cookie of the peer.
    pub(in crate::tcp) fn make(&self, now: Instant, tuple: &Tuple) -> FastOpenCookie {
        self.of_period(self.period(now), tuple)
    }

    /// Whether a cookie is the peer's, and if so, whether it is of the present period.
    pub(in crate::tcp) fn check(&self, now: Instant, tuple: &Tuple, cookie: FastOpenCookie) -> Option<bool> {
        let period = self.period(now);
        if cookie == self.of_period(period, tuple) {
            return Some(true);
        }
        //= rfc7413#4.1.2   keys change, and the one before is good for a while
        let before = period.checked_sub(1)?;
        (cookie == self.of_period(before, tuple)).then_some(false)
    }

    const fn period(&self, now: Instant) -> u64 {
        if self.rotation.is_zero() { 0 } else { now.as_nanos() / self.rotation.as_nanos() }
    }

    fn of_period(&self, period: u64, tuple: &Tuple) -> FastOpenCookie {
        //= rfc7413#4.1.2   of the addresses alone: one cookie for all connections of a host
        let mut input = [0; 44];
        input[..36].copy_from_slice(&name_of(tuple));
        input[16..18].fill(0);
        input[34..36].fill(0);
        input[36..].copy_from_slice(&period.to_be_bytes());
        FastOpenCookie::new(&prf(self.key, &input).to_be_bytes()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tuple(host: u8, port: u16) -> Tuple {
        Tuple { local: ([10, 0, 0, 1], 80).into(), remote: ([10, 0, 0, host], port).into() }
    }

    #[test]
    fn one_cookie_for_one_host() {
        let (mint, now) = (Mint { key: 5, rotation: Duration::ZERO }, Instant::from_secs(9));
        let cookie = mint.make(now, &tuple(2, 1));
        assert_eq!(cookie.as_slice().len(), 8);
        let check = |mint: Mint, host| mint.check(Instant::from_secs(1 << 30), &tuple(host, 7), cookie);
        assert_eq!(check(mint, 2), Some(true));
        assert_eq!(check(mint, 3), None);
        assert_eq!(check(Mint { key: 6, ..mint }, 2), None);
        assert_eq!(mint.check(now, &tuple(2, 1), FastOpenCookie::REQUEST), None);
    }

    #[test]
    fn the_key_before_is_good_for_one_more_period() {
        let mint = Mint { key: 5, rotation: Duration::from_secs(100) };
        let cookie = mint.make(Instant::from_secs(250), &tuple(2, 1));
        let check = |second| mint.check(Instant::from_secs(second), &tuple(2, 1), cookie);
        assert_eq!(
            [check(299), check(300), check(399), check(400)],
            [Some(true), Some(false), Some(false), None]
        );
    }
}
