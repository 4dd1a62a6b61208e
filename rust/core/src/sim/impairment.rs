//! What a link does to packets: plain data, checked before use.

use crate::time::Duration;
use std::fmt;

/// What a link does to packets. The default does nothing.
///
/// Probabilities are parts per million, for a machine's floating point has no say in what a seed means;
/// [`Impairment::set`] takes them as fractions. Packets are numbered from 1 in the order in which they come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impairment {
    /// Chance that a packet is lost, in parts per million.
    pub drop: u32,
    /// Lose every n-th packet; 0 for none.
    pub drop_every: u32,
    /// Lose the packets with these numbers.
    pub drop_list: Vec<u64>,
    /// Lose packets in bursts, besides.
    pub burst: Option<GilbertElliott>,
    /// Chance that a packet comes twice, in parts per million.
    pub duplicate: u32,
    /// Chance that a packet is held back so that later ones overtake it, in parts per million.
    pub reorder: u32,
    /// A packet held back is let go when this many later ones have passed; 0 leaves that to `reorder_delay` alone.
    pub reorder_gap: u32,
    /// A packet held back is let go after this extra time at the latest.
    pub reorder_delay: Duration,
    /// Chance that bits of a packet are flipped, in parts per million.
    pub corrupt: u32,
    /// From one to this many bits are flipped.
    pub corrupt_bits: u32,
    /// The first so many bytes are left intact: 14, say, to damage what Ethernet carries but not Ethernet.
    pub corrupt_offset: u32,
    /// Time under way.
    pub delay: Duration,
    /// How much the time under way varies; `jitter_shape` says how.
    pub jitter: Duration,
    /// How the jitter is spread.
    pub jitter_shape: JitterShape,
    /// Let a packet that would arrive before its forerunner do so. Otherwise it arrives right behind it.
    pub jitter_reorders: bool,
    /// Bits per second that the link takes, link header included; 0 for any number.
    pub rate: u64,
    /// Bytes that wait for the link or are being sent on it, at most; 0 for any number. Later ones are lost.
    pub queue_bytes: u64,
    /// Packets that wait for the link or are being sent on it, at most; 0 for any number. Later ones are lost.
    pub queue_packets: u64,
    /// Packets under way in all, at most: memory is finite even where delays are not.
    pub limit: u64,
}

impl Default for Impairment {
    fn default() -> Self {
        Self {
            drop: 0,
            drop_every: 0,
            drop_list: Vec::new(),
            burst: None,
            duplicate: 0,
            reorder: 0,
            // The smallest disorder there is: two packets change places.
            reorder_gap: 1,
            // Well under a retransmission timeout of 200 ms: reordering is to be told from loss.
            reorder_delay: Duration::from_millis(20),
            corrupt: 0,
            corrupt_bits: 1,
            corrupt_offset: 0,
            delay: Duration::ZERO,
            jitter: Duration::ZERO,
            jitter_shape: JitterShape::Uniform,
            jitter_reorders: false,
            rate: 0,
            queue_bytes: 0,
            queue_packets: 0,
            // 10 Gbit/s in frames of 1500 bytes for 78 ms, in 100 MB.
            limit: 65_536,
        }
    }
}

/// How jitter is spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum JitterShape {
    /// Evenly, from nothing up to `jitter` more.
    #[default]
    Uniform,
    /// By the normal distribution around the delay, `jitter` being the standard deviation. Nothing comes before it left.
    Normal,
    /// By the Pareto distribution of tail index 3, `jitter` being the mean of the extra time.
    Pareto,
}

/// Loss in bursts (Gilbert 1960, Elliott 1963): a link is in a good or a bad state, and each packet may turn it.
/// All are parts per million. The share of packets lost in the long run is [`GilbertElliott::loss`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GilbertElliott {
    /// Chance that a packet turns the good state bad.
    pub to_bad: u32,
    /// Chance that a packet turns the bad state good: one over it is the mean length of a bad state, in packets.
    pub to_good: u32,
    /// Chance of loss in the good state.
    pub drop_in_good: u32,
    /// Chance of loss in the bad state.
    pub drop_in_bad: u32,
}

impl GilbertElliott {
    /// The share of packets lost in the long run.
    pub fn loss(&self) -> f64 {
        let [to_bad, to_good, good, bad] =
            [self.to_bad, self.to_good, self.drop_in_good, self.drop_in_bad].map(f64::from);
        let share = if to_bad + to_good > 0.0 { to_bad / (to_bad + to_good) } else { 0.0 };
        ((1.0 - share) * good + share * bad) / f64::from(CERTAIN)
    }
}

/// A value that a field of [`Impairment`] does not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImpairmentError {
    /// The field.
    pub field: String,
    /// What it was given.
    pub value: String,
    /// What it takes.
    pub allowed: String,
}

impl fmt::Display for ImpairmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}: allowed is {}", self.field, self.value, self.allowed)
    }
}

impl std::error::Error for ImpairmentError {}

/// One million parts per million.
const CERTAIN: u32 = 1_000_000;
/// An hour on a link is longer than any timer that we would want to try with it.
const LONGEST: Duration = Duration::from_secs(3_600);
/// Flipping more bits than this is noise, not damage.
const MOST_BITS: u32 = 64;
/// Numbers above this are not whole in `f64`.
const LARGEST_WHOLE: u64 = 1 << 53;

impl Impairment {
    /// The fields that [`Impairment::set`] knows: all that are numbers.
    pub const FIELDS: [&'static str; 15] = [
        "drop",
        "drop_every",
        "duplicate",
        "reorder",
        "reorder_gap",
        "reorder_delay",
        "corrupt",
        "corrupt_bits",
        "corrupt_offset",
        "delay",
        "jitter",
        "rate",
        "queue_bytes",
        "queue_packets",
        "limit",
    ];

    /// Set a field by name. Probabilities are from 0 to 1, times in seconds.
    pub fn set(&mut self, field: &str, value: f64) -> Result<(), ImpairmentError> {
        let small = |most| whole(field, value, most).map(|value| value as u32);
        match field {
            "drop" => self.drop = probability(field, value)?,
            "drop_every" => self.drop_every = small(u64::from(u32::MAX))?,
            "duplicate" => self.duplicate = probability(field, value)?,
            "reorder" => self.reorder = probability(field, value)?,
            "reorder_gap" => self.reorder_gap = small(u64::from(u32::MAX))?,
            "reorder_delay" => self.reorder_delay = seconds(field, value)?,
            "corrupt" => self.corrupt = probability(field, value)?,
            "corrupt_bits" => self.corrupt_bits = small(u64::from(MOST_BITS))?,
            "corrupt_offset" => self.corrupt_offset = small(u64::from(u32::MAX))?,
            "delay" => self.delay = seconds(field, value)?,
            "jitter" => self.jitter = seconds(field, value)?,
            "rate" => self.rate = whole(field, value, LARGEST_WHOLE)?,
            "queue_bytes" => self.queue_bytes = whole(field, value, LARGEST_WHOLE)?,
            "queue_packets" => self.queue_packets = whole(field, value, LARGEST_WHOLE)?,
            "limit" => self.limit = whole(field, value, LARGEST_WHOLE)?,
            _ => {
                let allowed = format!("one of {}, drop_list", Self::FIELDS.join(", "));
                let (field, value) = (field.to_owned(), value.to_string());
                return Err(ImpairmentError { field, value, allowed });
            }
        }
        Ok(())
    }

    /// The value of a field, as [`Impairment::set`] takes it.
    pub fn value(&self, field: &str) -> Option<f64> {
        let fraction = |parts: u32| f64::from(parts) / f64::from(CERTAIN);
        let seconds = |span: Duration| span.as_nanos() as f64 / 1e9;
        Some(match field {
            "drop" => fraction(self.drop),
            "drop_every" => f64::from(self.drop_every),
            "duplicate" => fraction(self.duplicate),
            "reorder" => fraction(self.reorder),
            "reorder_gap" => f64::from(self.reorder_gap),
            "reorder_delay" => seconds(self.reorder_delay),
            "corrupt" => fraction(self.corrupt),
            "corrupt_bits" => f64::from(self.corrupt_bits),
            "corrupt_offset" => f64::from(self.corrupt_offset),
            "delay" => seconds(self.delay),
            "jitter" => seconds(self.jitter),
            "rate" => self.rate as f64,
            "queue_bytes" => self.queue_bytes as f64,
            "queue_packets" => self.queue_packets as f64,
            "limit" => self.limit as f64,
            _ => return None,
        })
    }

    /// Check every field, and the fields against each other.
    pub fn check(&self) -> Result<(), ImpairmentError> {
        for (field, parts) in [
            ("drop", self.drop),
            ("duplicate", self.duplicate),
            ("reorder", self.reorder),
            ("corrupt", self.corrupt),
        ] {
            ensure(parts <= CERTAIN, field, parts, "0 to 1000000 parts per million")?;
        }
        for (field, span) in
            [("reorder_delay", self.reorder_delay), ("delay", self.delay), ("jitter", self.jitter)]
        {
            ensure(span <= LONGEST, field, format!("{span:?}"), "0 to 3600 seconds")?;
        }
        if let Some(burst) = self.burst {
            for (field, parts) in [
                ("burst.to_bad", burst.to_bad),
                ("burst.to_good", burst.to_good),
                ("burst.drop_in_good", burst.drop_in_good),
                ("burst.drop_in_bad", burst.drop_in_bad),
            ] {
                ensure(parts <= CERTAIN, field, parts, "0 to 1000000 parts per million")?;
            }
        }
        let bits = self.corrupt_bits;
        ensure((1..=MOST_BITS).contains(&bits), "corrupt_bits", bits, "1 to 64")?;
        ensure(self.limit > 0, "limit", self.limit, "1 packet or more")?;
        ensure(!self.drop_list.contains(&0), "drop_list", 0, "packet numbers from 1 on")?;
        for (field, queue) in [("queue_bytes", self.queue_bytes), ("queue_packets", self.queue_packets)] {
            ensure(queue == 0 || self.rate > 0, field, queue, "0 as long as rate is 0: nothing waits then")?;
        }
        let held = self.reorder == 0 || self.reorder_gap > 0 || !self.reorder_delay.is_zero();
        ensure(held, "reorder_delay", 0, "more than 0 where reorder_gap is 0: nothing would be held back")
    }
}

pub(super) fn ensure(
    right: bool,
    field: &str,
    value: impl fmt::Display,
    allowed: &str,
) -> Result<(), ImpairmentError> {
    if right {
        return Ok(());
    }
    Err(ImpairmentError { field: field.to_owned(), value: value.to_string(), allowed: allowed.to_owned() })
}

fn probability(field: &str, value: f64) -> Result<u32, ImpairmentError> {
    ensure((0.0..=1.0).contains(&value), field, value, "a probability from 0 to 1")?;
    Ok((value * f64::from(CERTAIN)).round() as u32)
}

fn seconds(field: &str, value: f64) -> Result<Duration, ImpairmentError> {
    let longest = LONGEST.as_secs() as f64;
    ensure((0.0..=longest).contains(&value), field, value, "0 to 3600 seconds")?;
    Ok(Duration::from_nanos((value * 1e9).round() as u64))
}

fn whole(field: &str, value: f64, most: u64) -> Result<u64, ImpairmentError> {
    let right = (0.0..=most as f64).contains(&value) && value.fract() == 0.0;
    ensure(right, field, value, &format!("a whole number from 0 to {most}"))?;
    Ok(value as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint(change: impl FnOnce(&mut Impairment)) -> String {
        let mut spec = Impairment::default();
        change(&mut spec);
        spec.check().expect_err("this is not allowed").to_string()
    }

    #[test]
    fn every_field_can_be_set_and_read_by_name() {
        let mut spec = Impairment::default();
        for field in Impairment::FIELDS {
            spec.set(field, 1.0).expect("one is allowed everywhere");
            assert_eq!(spec.value(field), Some(1.0), "{field}");
        }
        spec.set("drop", 0.05).expect("a probability");
        assert_eq!(spec.drop, 50_000);
        spec.set("delay", 0.000_25).expect("a time");
        assert_eq!(spec.delay, Duration::from_micros(250));
        assert_eq!(spec.value("drop_list"), None);
    }

    #[test]
    fn a_refusal_names_field_value_and_what_is_allowed() {
        let refusal = |field, value| {
            Impairment::default().set(field, value).expect_err("this is not allowed").to_string()
        };
        assert_eq!(refusal("drop", 1.5), "drop = 1.5: allowed is a probability from 0 to 1");
        assert_eq!(refusal("jitter", -1.0), "jitter = -1: allowed is 0 to 3600 seconds");
        assert_eq!(refusal("delay", f64::NAN), "delay = NaN: allowed is 0 to 3600 seconds");
        assert_eq!(
            refusal("corrupt_bits", 1.5),
            "corrupt_bits = 1.5: allowed is a whole number from 0 to 64"
        );
        assert!(refusal("lose", 1.0).starts_with("lose = 1: allowed is one of drop, drop_every, "));
    }

    #[test]
    fn checks_hold_for_fields_set_directly_too() {
        assert_eq!(Impairment::default().check(), Ok(()));
        assert_eq!(
            complaint(|spec| spec.corrupt = 2_000_000),
            "corrupt = 2000000: allowed is 0 to 1000000 parts per million"
        );
        assert_eq!(complaint(|spec| spec.corrupt_bits = 0), "corrupt_bits = 0: allowed is 1 to 64");
        assert!(complaint(|spec| spec.delay = Duration::MAX).starts_with("delay = "));
        assert!(complaint(|spec| spec.drop_list = vec![3, 0]).starts_with("drop_list = 0"));
        assert!(complaint(|spec| spec.limit = 0).starts_with("limit = 0"));
        assert!(complaint(|spec| spec.queue_bytes = 9).starts_with("queue_bytes = 9"));
        let nothing_held = complaint(|spec| {
            (spec.reorder, spec.reorder_gap, spec.reorder_delay) = (1, 0, Duration::ZERO);
        });
        assert!(nothing_held.starts_with("reorder_delay = 0"));
    }
}
