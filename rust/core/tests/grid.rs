//! The small part of the grid: every transfer ends, intact, by the rules of the oracle, no slower than it was; and never
//! faster for more loss, nor slower for more rate.
//!
//! The snapshots in tests/grid are those of the whole grid, which `make soak` runs; after a change that is meant to change
//! them: `cargo run --release -p tapip_core --example soak -- --only grid --update`.

use tapip_core::sim::{Cell, Reading, Snapshot, disorders, shortfalls};

const SNAPSHOTS: [&str; 3] =
    [include_str!("grid/newreno.txt"), include_str!("grid/cubic.txt"), include_str!("grid/bbr.txt")];

#[test]
fn a_small_grid_is_as_fast_as_it_was() {
    let readings: Vec<Reading> = Cell::few().iter().map(|cell| cell.run(true)).collect();
    let named = |reading: &Reading| {
        let name = reading.cell.name();
        reading.complaints.iter().map(|what| format!("{name}: {what}")).collect::<Vec<_>>()
    };
    let mut found: Vec<String> = readings.iter().flat_map(named).collect();
    let disorders = disorders(&readings).into_iter().filter_map(|disorder| disorder.again());
    found.extend(disorders.map(|disorder| disorder.what));
    for snapshot in SNAPSHOTS {
        let snapshot = Snapshot::parse(snapshot).expect("lines of a name and a number");
        found.extend(shortfalls(&readings, &snapshot));
    }
    assert!(found.is_empty(), "{} complaints:\n{}", found.len(), found.join("\n"));
}

#[test]
fn every_pair_that_is_out_of_order_has_its_cause() {
    let mut cause = "";
    for line in include_str!("grid/disorders.txt").lines().filter(|line| !line.is_empty()) {
        if let Some(text) = line.strip_prefix("# Cause: ") {
            cause = text;
        } else if !line.starts_with('#') {
            assert!(!cause.is_empty() && cause != "none known", "{line}");
        }
    }
}

#[test]
fn the_snapshot_holds_the_whole_grid() {
    let snapshots = SNAPSHOTS.map(|text| Snapshot::parse(text).expect("lines of a name and a number"));
    for cell in Cell::all() {
        assert!(snapshots.iter().any(|snapshot| snapshot.of(&cell).is_some()), "{}", cell.name());
    }
}
