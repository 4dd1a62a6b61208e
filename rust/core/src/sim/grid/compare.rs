//! What is wrong with a set of readings.

use super::{Cell, Reading, Snapshot};
use std::collections::BTreeMap;

/// A cell may be so much slower than it was.
const SLACK: f64 = 0.05;
/// So much may goodput rise with loss, or fall with rate, before it is more than luck.
const LUCK: f64 = 0.10;

/// Cells that are slower than in the snapshot.
pub fn shortfalls(readings: &[Reading], snapshot: &Snapshot) -> Vec<String> {
    let short = readings.iter().filter_map(|reading| {
        let before = snapshot.of(&reading.cell)?;
        let now = reading.goodput;
        (now < before * (1.0 - SLACK)).then(|| {
            format!(
                "{}: {:.0} bit/s, {:.1} % less than {before:.0}",
                reading.cell.name(),
                now,
                100.0 - now / before * 100.0
            )
        })
    });
    short.collect()
}

/// Two cells of which the one that should be slower is faster.
#[derive(Debug, Clone, PartialEq)]
pub struct Disorder {
    /// Which pair: a name by which it can be known.
    pub pair: String,
    /// How far apart they are.
    pub what: String,
}

/// Pairs of cells that differ in loss alone, where the one with more of it is faster; or in rate alone, where the faster link
/// is slower.
pub fn disorders(readings: &[Reading]) -> Vec<Disorder> {
    let mut found = along(readings, |cell| Cell { loss: 0, ..cell }, |cell| i64::from(cell.loss));
    found.extend(along(readings, |cell| Cell { rate: 0, ..cell }, |cell| -(cell.rate as i64)));
    found
}

/// Cells of one `family`, in the order in which goodput must not rise.
fn along(readings: &[Reading], family: impl Fn(Cell) -> Cell, order: impl Fn(Cell) -> i64) -> Vec<Disorder> {
    let mut families: BTreeMap<Cell, Vec<&Reading>> = BTreeMap::new();
    for reading in readings {
        families.entry(family(reading.cell)).or_default().push(reading);
    }
    let mut found = Vec::new();
    for members in families.values_mut() {
        members.sort_by_key(|reading| order(reading.cell));
        for pair in members.windows(2) {
            let [better, worse] = pair else { continue };
            if worse.goodput > better.goodput * (1.0 + LUCK) {
                let pair = format!("{} | {}", worse.cell.name(), better.cell.name());
                let what = format!("{pair}: {:.0} bit/s, but {:.0}", worse.goodput, better.goodput);
                found.push(Disorder { pair, what });
            }
        }
    }
    found
}
