//! The grid itself: how many cells, what a snapshot holds, what is taken for wrong.

use super::*;
use std::collections::BTreeSet;

fn reading(cell: Cell, goodput: f64) -> Reading {
    Reading { cell, goodput, retransmissions: 0, packets: 0, complaints: Vec::new() }
}

#[test]
fn every_combination_is_there_once_and_a_few_are_few() {
    let all = Cell::all();
    assert_eq!(all.len(), 4 * 2 * 4 * 4 * 3 * 3);
    assert_eq!(all.iter().map(Cell::name).collect::<BTreeSet<_>>().len(), all.len());
    let few = Cell::few();
    assert!((60..=100).contains(&few.len()), "{}", few.len());
    assert!(few.iter().all(|cell| cell.size() <= 2_500_000));
}

#[test]
fn a_transfer_is_as_long_as_its_path_is_fat() {
    let cell = Cell { control: "cubic", rtt: 20_000, buffer: 4, reorder: 0, loss: 0, rate: 100_000_000 };
    assert_eq!((cell.bdp(), cell.size()), (250_000, 12_500_000));
    assert_eq!(Cell { rtt: 50, ..cell }.size(), 2_000_000);
    assert_eq!(Cell { rtt: 200_000, rate: 1_000_000_000, ..cell }.size(), 200_000_000);
    assert_eq!(cell.name(), "cubic rtt=20ms buffer=1bdp reorder=0% loss=0% rate=100M");
}

#[test]
fn a_snapshot_survives_being_written() {
    let cells = Cell::few();
    let mut snapshot = Snapshot::default();
    snapshot.update(&[reading(cells[3], 1_000_000.4), reading(cells[1], 5.0)]);
    let text = snapshot.text();
    assert_eq!(Snapshot::parse(&format!("# a comment\n\n{text}")), Ok(snapshot.clone()));
    assert_eq!((snapshot.of(&cells[3]), snapshot.of(&cells[2])), (Some(1_000_000.0), None));
    assert_eq!(Snapshot::parse("cubic fast"), Err("cubic fast".to_owned()));
}

#[test]
fn what_is_slower_than_it_was_is_found() {
    let cell = Cell::few()[0];
    let mut snapshot = Snapshot::default();
    snapshot.update(&[reading(cell, 1_000.0)]);
    assert!(shortfalls(&[reading(cell, 951.0)], &snapshot).is_empty());
    assert_eq!(shortfalls(&[reading(cell, 949.0)], &snapshot).len(), 1);
}

#[test]
fn goodput_that_rises_with_loss_or_falls_with_rate_is_found() {
    let cell = Cell::all()[0];
    let lossy = |goodput| reading(Cell { loss: 10_000, ..cell }, goodput);
    let fast = |goodput| reading(Cell { rate: cell.rate * 10, ..cell }, goodput);
    assert!(disorders(&[reading(cell, 100.0), lossy(109.0), fast(92.0)]).is_empty());
    assert_eq!(disorders(&[reading(cell, 100.0), lossy(111.0), fast(100.0)]).len(), 1);
    assert_eq!(disorders(&[reading(cell, 100.0), lossy(100.0), fast(90.0)]).len(), 1);
}

#[test]
fn a_cell_runs_to_its_end() {
    let cell =
        Cell { control: "cubic", rtt: 1_000, buffer: 4, reorder: 50_000, loss: 10_000, rate: 10_000_000 };
    let reading = cell.run(true);
    assert_eq!(reading.complaints, Vec::<String>::new());
    assert!(reading.goodput > 5_000_000.0, "{reading:?}");
    assert_eq!(cell.run(false).goodput, reading.goodput, "who looks on changes nothing");
}
