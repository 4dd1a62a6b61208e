//! Transfers over bad wires end, and end intact.

use super::pair::{Pair, Wire};
use crate::tcp::{Config, State};
use test_case::test_case;

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|i| (i * 7 + i / 251) as u8).collect()
}

const CLEAN: Wire = Wire { loss: 0, duplicate: 0, reorder: 0 };
const LOSSY: Wire = Wire { loss: 50_000, duplicate: 0, reorder: 0 };
const MESSY: Wire = Wire { loss: 20_000, duplicate: 20_000, reorder: 50_000 };
const AWFUL: Wire = Wire { loss: 200_000, duplicate: 100_000, reorder: 200_000 };

fn plain() -> Config {
    Config { timestamps: false, sack: false, window_scaling: false, ..Config::default() }
}

fn tight() -> Config {
    Config { receive_buffer: 3_000, send_buffer: 10_000, ..Config::default() }
}

#[test_case(CLEAN, &Config::default(), 3_000_000; "clean")]
#[test_case(LOSSY, &Config::default(), 1_000_000; "five percent loss")]
#[test_case(MESSY, &Config::default(), 1_000_000; "loss, copies and disorder")]
#[test_case(MESSY, &plain(), 1_000_000; "the same without options")]
#[test_case(MESSY, &tight(), 200_000; "the same through small buffers")]
#[test_case(AWFUL, &Config::default(), 100_000; "a fifth lost, a fifth late")]
fn data_arrives_whole(wire: Wire, config: &Config, length: usize) {
    for seed in 0..4 {
        let data = pattern(length);
        let mut pair = Pair::established(seed, config.clone(), wire);
        let got = pair.transfer(&data, 100_000, 2_000_000);
        assert_eq!(got.len(), data.len(), "seed {seed} client {:?}", pair.client.tcp().info());
        assert!(got == data, "seed {seed}");
        assert_eq!(pair.server.state(), State::Closed, "seed {seed}");
        assert!(matches!(pair.client.state(), State::TimeWait | State::Closed), "seed {seed}");
        assert_eq!(pair.server.pool.in_use() + pair.client.pool.in_use(), 0, "seed {seed}");
    }
}

#[test]
fn the_same_seed_sends_the_same_segments() {
    let run = |seed| {
        let mut pair = Pair::established(seed, Config::default(), MESSY);
        pair.transfer(&pattern(200_000), 10_000, 200_000);
        pair.log
    };
    assert!(run(3) == run(3));
    assert!(run(3) != run(4));
}

#[test]
fn a_transfer_survives_a_closed_window_and_a_slow_reader() {
    for wire in [CLEAN, MESSY] {
        let data = pattern(60_000);
        let mut pair = Pair::established(9, Config { receive_buffer: 4_000, ..Config::default() }, wire);
        assert!(pair.transfer(&data, 37, 1_000_000) == data);
    }
}

#[test]
fn units_of_64_kib_carry_the_same_stream() {
    for wire in [CLEAN, LOSSY] {
        let data = pattern(2_000_000);
        let mut pair = Pair::established(5, Config::default(), wire);
        (pair.client.max_unit, pair.server.max_unit) = (65_000, 65_000);
        pair.client.pool = crate::buffer::Pool::new(4_096, 70_000);
        pair.server.pool = crate::buffer::Pool::new(4_096, 70_000);
        let units = |pair: &Pair| pair.data_segments(false);
        assert!(pair.transfer(&data, 100_000, 2_000_000) == data);
        assert!(units(&pair) < 2_000_000 / 1_448, "{} units", units(&pair));
    }
}

#[test]
fn both_sides_talk_at_once() {
    let data = pattern(300_000);
    let mut pair = Pair::established(6, Config::default(), MESSY);
    let (mut sent, mut got) = ([0; 2], [Vec::new(), Vec::new()]);
    for _ in 0..100_000 {
        sent[0] += pair.client.send(&data[sent[0]..]);
        sent[1] += pair.server.send(&data[sent[1]..]);
        got[0].extend(pair.client.recv(100_000));
        got[1].extend(pair.server.recv(100_000));
        if got.iter().all(|got| got.len() == data.len()) || !pair.step() {
            break;
        }
    }
    assert!(got[0] == data && got[1] == data);
}

/// Lost handshakes and lost FINs: opening and closing over a wire that loses a third of everything.
#[test]
fn opening_and_closing_survive_a_terrible_wire() {
    for seed in 0..20 {
        let wire = Wire { loss: 330_000, duplicate: 100_000, reorder: 300_000 };
        let mut pair = Pair::new(seed, Config::default(), wire);
        let data = pattern(3_000);
        assert!(pair.transfer(&data, 10_000, 100_000) == data, "seed {seed}");
        assert_eq!(pair.server.state(), State::Closed, "seed {seed}");
    }
}
