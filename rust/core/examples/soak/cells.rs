//! The grid, and its snapshots.

use super::report::{Report, Value};
use std::path::PathBuf;
use std::time::Instant as Clock;
use tapip_core::sim::{Cell, Reading, Snapshot, disorders, shortfalls};

/// Any number without a factor in common with that of the cells: a stride that meets each cell once, and soon some of each kind.
const STRIDE: usize = 485;

fn path(control: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/grid/{control}.txt"))
}

/// Run the cells until `end`, and compare; or write down what came of them.
pub(super) fn run(report: &mut Report, end: Option<Clock>, update: bool) {
    let cells = Cell::all();
    let mut readings = Vec::new();
    for step in 0..cells.len() {
        if end.is_some_and(|end| Clock::now() >= end) {
            break;
        }
        let reading = cells[step * STRIDE % cells.len()].run(false);
        tell(report, &reading);
        readings.push(reading);
        report.progress("cells", readings.len() as u64, cells.len() as u64);
    }
    for control in ["newreno", "cubic", "bbr"] {
        let own: Vec<Reading> =
            readings.iter().filter(|reading| reading.cell.control == control).cloned().collect();
        if update { write(report, control, &own) } else { compare(report, control, &own) }
    }
    order(report, &readings, update);
    let text = format!("{} of {} cells", readings.len(), cells.len());
    report.result(&text, &[("cells", Value::Number(readings.len() as f64))]);
}

fn tell(report: &mut Report, reading: &Reading) {
    let name = reading.cell.name();
    for complaint in &reading.complaints {
        report.complain(&format!("{name}: {complaint}"));
    }
    let fields = [
        ("cell", Value::Text(name)),
        ("goodput", Value::Number(reading.goodput.round())),
        ("retransmissions", Value::Number(reading.retransmissions as f64)),
        ("packets", Value::Number(reading.packets as f64)),
        ("complaints", Value::Texts(reading.complaints.clone())),
    ];
    report.result("", &fields);
}

fn stored(control: &str) -> Result<Snapshot, String> {
    let text = std::fs::read_to_string(path(control)).map_err(|error| error.to_string())?;
    Snapshot::parse(&text)
}

fn compare(report: &mut Report, control: &str, readings: &[Reading]) {
    match stored(control) {
        Ok(snapshot) => {
            for found in shortfalls(readings, &snapshot) {
                report.complain(&found);
            }
        }
        Err(error) => report.complain(&format!("snapshot of {control}: {error}")),
    }
}

/// Pairs that are known to be out of order are listed in a file: most because a short transfer spends more of its time in slow
/// start than a long one, and fifty round trips of a fast path are a long one. Any other is a complaint.
fn order(report: &mut Report, readings: &[Reading], update: bool) {
    let found = disorders(readings);
    if update {
        let pairs: String = found.iter().map(|disorder| format!("{}\n", disorder.pair)).collect();
        let head =
            "# Pairs of cells of which the first is faster, though its path loses more or is slower.\n";
        if let Err(error) = std::fs::write(path("disorders"), format!("{head}{pairs}")) {
            report.complain(&format!("{}: {error}", path("disorders").display()));
        }
        return;
    }
    let known = std::fs::read_to_string(path("disorders")).unwrap_or_default();
    for disorder in found.iter().filter(|disorder| !known.lines().any(|line| line == disorder.pair)) {
        report.complain(&disorder.what);
    }
}

fn write(report: &mut Report, control: &str, readings: &[Reading]) {
    let mut snapshot = stored(control).unwrap_or_default();
    snapshot.update(readings);
    let head = "# Goodput in bit/s of each cell of the grid; written by:\n\
                # cargo run --release -p tapip_core --example soak -- --only grid --update\n";
    if let Err(error) = std::fs::write(path(control), format!("{head}{}", snapshot.text())) {
        report.complain(&format!("{}: {error}", path(control).display()));
    }
}
