//! CUBIC's window as a function of time, in fixed point (RFC 9438 4.2).
//!
//! Time is in ticks of 1024 ns, a shift away from nanoseconds: fine enough for any round trip, coarse enough that cubes
//! fit 128 bits.

use crate::time::Duration;

/// C = 0.4 segments per cubic second, per cubic tick in units of 2^-80: 0.4 * 1.024e-6^3 * 2^80.
const C: u128 = 519_230;
/// Binary places of `C`.
const C_PLACES: u32 = 80;
/// Longest time from the plateau that is told apart: 275 s, where the curve is 8 million segments away.
const MAX_TICKS: u64 = 1 << 28;

/// A stretch of time on the curve, in ticks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ticks(u64);

impl Ticks {
    pub(super) const fn of(time: Duration) -> Self {
        Self(time.as_nanos() >> 10)
    }

    #[cfg(test)]
    pub(super) const fn nanos(self) -> u64 {
        self.0 << 10
    }
}

/// K: how long the curve takes from `depth` bytes below the plateau to the plateau, with segments of `mss` bytes.
pub(super) fn time_to_plateau(depth: u32, mss: u32) -> Ticks {
    //= rfc9438#4.2   the cube root of the depth in segments over C
    let cube = (u128::from(depth) << C_PLACES) / (u128::from(mss.max(1)) * C);
    Ticks(cube_root(cube).min(MAX_TICKS))
}

/// W_cubic: the window, in bytes, `time` after the start of an epoch whose plateau of `plateau` bytes lies at `k`.
pub(super) fn window_at(time: Ticks, k: Ticks, plateau: u32, mss: u32) -> u64 {
    let apart = u128::from(time.0.abs_diff(k.0).min(MAX_TICKS));
    //= rfc9438#4.2   C (t - K)^3 + W_max
    let away = ((apart * apart * apart * u128::from(mss) * C) >> C_PLACES) as u64;
    if time >= k { u64::from(plateau).saturating_add(away) } else { u64::from(plateau).saturating_sub(away) }
}

/// The integer cube root, by Newton's method from above.
fn cube_root(value: u128) -> u64 {
    if value == 0 {
        return 0;
    }
    let mut root = 1_u128 << (128 - value.leading_zeros()).div_ceil(3);
    loop {
        let next = (2 * root + value / (root * root)) / 3;
        if next >= root {
            return root as u64;
        }
        root = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cube_roots_are_exact() {
        for root in [1_u128, 2, 3, 10, 999, 1 << 20, (1 << 36) + 7, (1 << 42) - 1] {
            let cube = root * root * root;
            assert_eq!(u128::from(cube_root(cube)), root);
            assert_eq!(u128::from(cube_root(cube - 1)), root - 1);
            assert_eq!(u128::from(cube_root(cube + root)), root);
        }
        assert_eq!(cube_root(0), 0);
    }

    #[test]
    fn the_plateau_lies_where_the_rfc_says() {
        // 100 segments cut by beta 0.7: K = cbrt(30 / 0.4) = 4.217163 s.
        let k = time_to_plateau(30 * 1460, 1460);
        let seconds = k.nanos() as f64 / 1e9;
        assert!((seconds - 4.217_163_326).abs() < 1e-4, "{seconds}");
    }

    #[test]
    fn the_curve_is_a_cubic_through_its_three_points() {
        let (mss, plateau) = (1460, 146_000);
        let k = time_to_plateau(30 * mss, mss);
        let at = |nanos| window_at(Ticks::of(Duration::from_nanos(nanos)), k, plateau, mss);
        assert!(at(0).abs_diff(u64::from(70 * mss)) <= 2, "{}", at(0));
        assert_eq!(at(k.nanos()), u64::from(plateau));
        assert!(at(2 * k.nanos()).abs_diff(u64::from(130 * mss)) <= 2, "{}", at(2 * k.nanos()));
        for tenths in 0..200 {
            let from_k = tenths as f64 / 10.0 - k.nanos() as f64 / 1e9;
            let exact = (0.4 * from_k.powi(3) + 100.0) * f64::from(mss);
            let ours = at(tenths * 100_000_000) as f64;
            assert!((ours - exact).abs() < 3.0 + exact * 1e-5, "at {tenths}: {ours} for {exact}");
        }
    }

    #[test]
    fn no_time_is_too_long() {
        let end = Ticks::of(Duration::MAX);
        assert!(window_at(end, Ticks(0), u32::MAX, u16::MAX.into()) > u64::from(u32::MAX));
        assert!(time_to_plateau(u32::MAX, 1) <= Ticks(MAX_TICKS));
    }
}
