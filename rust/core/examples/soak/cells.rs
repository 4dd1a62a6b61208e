//! The grid, and its snapshots.

use super::report::{Report, Value};
use std::path::PathBuf;
use std::time::Instant as Clock;
use tapip_core::sim::{Cell, Disorder, Reading, Snapshot, disorders, shortfalls};

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

/// What stands above pairs whose cause nobody has found yet.
const UNEXPLAINED: &str = "# Cause: none known";

/// Pairs that are out of order, even when looked at closely, are listed in a file by their causes. Any other is a complaint.
fn order(report: &mut Report, readings: &[Reading], update: bool) {
    let found: Vec<Disorder> =
        disorders(readings).into_iter().filter_map(|disorder| disorder.again()).collect();
    let known = std::fs::read_to_string(path("disorders")).unwrap_or_default();
    if update {
        // A pair that nobody explained yet is written down, and a complaint all the same.
        let text = listed(&known, &found);
        if let Err(error) = std::fs::write(path("disorders"), text) {
            report.complain(&format!("{}: {error}", path("disorders").display()));
        }
    }
    for disorder in found.iter().filter(|disorder| !known.lines().any(|line| line == disorder.name())) {
        report.complain(&disorder.what);
    }
}

/// The list anew: of the pairs known, those that were found again, under their causes; the others at its end.
fn listed(known: &str, found: &[Disorder]) -> String {
    let names: Vec<String> = found.iter().map(Disorder::name).collect();
    let kept =
        |line: &&str| line.starts_with('#') || line.is_empty() || names.iter().any(|name| name == line);
    let mut lines: Vec<&str> = known.lines().filter(kept).collect();
    let fresh: Vec<&str> =
        names.iter().map(String::as_str).filter(|name| !known.lines().any(|line| line == *name)).collect();
    if !fresh.is_empty() {
        lines.push(UNEXPLAINED);
        lines.extend(fresh);
    }
    lines.join("\n") + "\n"
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
