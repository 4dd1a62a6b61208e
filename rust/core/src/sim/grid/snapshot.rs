//! Goodput of cells as it was: a text of one line a cell, name and bits per second.

use super::{Cell, Reading};
use std::collections::BTreeMap;

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Snapshot(BTreeMap<String, u64>);

impl Snapshot {
    /// Read it; lines that are empty or begin with `#` are passed over. The error is the line that is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let pairs = lines.map(|line| {
            let (name, value) = line.rsplit_once(' ').ok_or(line)?;
            Ok::<_, &str>((name.trim().to_owned(), value.parse().map_err(|_| line)?))
        });
        pairs.collect::<Result<_, &str>>().map(Self).map_err(str::to_owned)
    }

    /// The goodput of a cell, if it is in it.
    pub fn of(&self, cell: &Cell) -> Option<f64> {
        self.0.get(&cell.name()).map(|value| *value as f64)
    }

    /// Put readings in, in place of older ones.
    pub fn update(&mut self, readings: &[Reading]) {
        for reading in readings {
            self.0.insert(reading.cell.name(), reading.goodput.round() as u64);
        }
    }

    /// As text, cells in the order of the grid; those that are not of the grid any more are left out.
    pub fn text(&self) -> String {
        let lines = Cell::all().into_iter().filter_map(|cell| {
            let name = cell.name();
            self.0.get(&name).map(|value| format!("{name} {value}\n"))
        });
        lines.collect()
    }
}
