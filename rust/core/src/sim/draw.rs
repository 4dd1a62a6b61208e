//! Numbers by chance: the distributions behind jitter, think times and flow sizes.
//!
//! Built from uniform integers by IEEE additions, multiplications and divisions and by the functions of the `libm` crate,
//! which are the same instructions on every machine; the platform's own `ln`, `exp`, `pow` and `cos` are not.

use super::impairment::JitterShape;
use crate::rng::Rng;
use crate::time::Duration;

/// The tail index of the Pareto jitter: mean and variance exist, and one packet in a thousand still comes twenty means late.
const JITTER_TAIL: f64 = 3.0;
/// No single draw of jitter is longer: an hour, as the longest delay.
const LONGEST: Duration = Duration::from_secs(3_600);

/// Uniform in the open interval from 0 to 1: 53 bits and a half.
pub(super) fn unit(rng: &mut Rng) -> f64 {
    ((rng.next_u64() >> 11) as f64 + 0.5) / (1u64 << 53) as f64
}

/// Exponential of mean 1.
pub(super) fn exponential(rng: &mut Rng) -> f64 {
    -libm::log(unit(rng))
}

/// Normal of mean 0 and variance 1 (Box and Muller's cosine branch).
pub(super) fn normal(rng: &mut Rng) -> f64 {
    let radius = libm::sqrt(-2.0 * libm::log(unit(rng)));
    radius * libm::cos(std::f64::consts::TAU * unit(rng))
}

/// Pareto with the given tail index, shifted to begin at 0 (Lomax), of scale 1.
pub(super) fn lomax(rng: &mut Rng, tail: f64) -> f64 {
    libm::pow(unit(rng), -1.0 / tail) - 1.0
}

/// A time of `mean`, multiplied by `factor`.
pub(super) fn scaled(mean: Duration, factor: f64) -> Duration {
    let nanos = mean.as_nanos() as f64 * factor;
    // A cast saturates, and takes what is below zero for zero.
    Duration::from_nanos(nanos as u64)
}

/// How much earlier, or else how much later, than its delay a packet comes.
pub(super) fn jitter(rng: &mut Rng, shape: JitterShape, jitter: Duration) -> (Duration, Duration) {
    match shape {
        JitterShape::Uniform => (Duration::ZERO, Duration::from_nanos(rng.below(jitter.as_nanos() + 1))),
        JitterShape::Normal => {
            let factor = normal(rng);
            let shift = scaled(jitter, factor.abs());
            if factor < 0.0 { (shift, Duration::ZERO) } else { (Duration::ZERO, shift) }
        }
        JitterShape::Pareto => {
            // Scale over (tail - 1) is the mean of a Lomax distribution.
            let late = scaled(jitter, lomax(rng, JITTER_TAIL) * (JITTER_TAIL - 1.0));
            (Duration::ZERO, late.min(LONGEST))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAWS: u32 = 200_000;

    fn mean(mut draw: impl FnMut(&mut Rng) -> f64) -> f64 {
        let mut rng = Rng::new(11);
        (0..DRAWS).map(|_| draw(&mut rng)).sum::<f64>() / f64::from(DRAWS)
    }

    fn close(found: f64, expected: f64, within: f64) {
        assert!((found - expected).abs() <= within, "{found} is not {expected}");
    }

    #[test]
    fn means_and_variances_are_those_of_the_distributions() {
        close(mean(unit), 0.5, 0.003);
        close(mean(exponential), 1.0, 0.01);
        close(mean(|rng| exponential(rng).powi(2)), 2.0, 0.05);
        close(mean(normal), 0.0, 0.01);
        close(mean(|rng| normal(rng).powi(2)), 1.0, 0.02);
        close(mean(|rng| lomax(rng, 3.0)), 0.5, 0.01);
    }

    #[test]
    fn the_tail_of_the_pareto_jitter_is_heavy_and_that_of_the_normal_one_is_not() {
        let unit = Duration::from_millis(1);
        let beyond = |shape, most: u64| {
            mean(move |rng| {
                let (_, late) = jitter(rng, shape, unit);
                f64::from(u8::from(late > unit * most))
            })
        };
        // P(Lomax > x) = (1 + x/2)^-3 with the mean at 1.
        close(beyond(JitterShape::Pareto, 6), 1.0 / 64.0, 0.002);
        close(beyond(JitterShape::Normal, 1), 0.1587, 0.004);
        assert_eq!(beyond(JitterShape::Uniform, 1), 0.0);
    }
}
