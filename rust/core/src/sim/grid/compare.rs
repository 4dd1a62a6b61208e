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
    /// The one that should be slower, and the other one.
    pub cells: [Cell; 2],
    /// How far apart they are.
    pub what: String,
}

impl Disorder {
    fn of(cells: [Cell; 2], goodput: [f64; 2]) -> Option<Self> {
        let what = || format!("{}: {:.0} bit/s, but {:.0}", name(&cells), goodput[0], goodput[1]);
        (goodput[0] > goodput[1] * (1.0 + LUCK)).then(|| Self { cells, what: what() })
    }

    /// Which pair: a name by which it can be known.
    pub fn name(&self) -> String {
        name(&self.cells)
    }

    /// Look again, closely: over transfers of one size, since a longer one spends less of its time in slow start, and by
    /// medians. `None` if they are in order then.
    pub fn again(&self) -> Option<Self> {
        let size = self.cells[0].size().min(self.cells[1].size());
        Self::of(self.cells, self.cells.map(|cell| cell.median(size)))
    }
}

fn name(cells: &[Cell; 2]) -> String {
    format!("{} | {}", cells[0].name(), cells[1].name())
}

/// Pairs of cells that differ in loss alone, where the one with more of it is faster; or in rate alone, where the faster link
/// is slower. At first sight: [`Disorder::again`] looks closely.
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
            found.extend(Disorder::of([worse.cell, better.cell], [worse.goodput, better.goodput]));
        }
    }
    found
}
