//! Two hosts in dialogue under a flood of mutated frames: no panic, no growth, and both answer in the end.
//!
//! Mutants are made of the frames of the moment, half of them with their checksums mended, so their sequence numbers
//! and ports mean something to the connections they hit. `TAPIP_FLOOD` sets how many; `make soak` sends ten million.

#[allow(dead_code, unreachable_pub, reason = "shared with the fuzzer")]
#[path = "../../fuzz/src/lib.rs"]
mod fuzz;

use fuzz::arena::Arena;
use fuzz::dice::Dice;
use std::fs;

/// Healings on the way: after each one the hosts hold nothing, so a leak cannot hide in the turmoil.
const ROUNDS: u64 = 10;
/// What the process may grow by between the second round and the last: the allocator's own play. Ten million frames
/// that leaked a byte each would show.
const PLAY: u64 = 8 << 20;

/// Bytes of memory that the process occupies.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages = status.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
    pages.expect("the second field is a number of pages") * 4_096
}

fn flood(mutants: u64) {
    let mut arena = Arena::new(0x7a91);
    let mut dice = Dice::seeded(0xf100d);
    let mut before = 0;
    for round in 1..=ROUNDS {
        arena.play(&mut dice, mutants * round / ROUNDS);
        arena.heal();
        let now = resident();
        println!("{} mutants, {:?} virtual, {} KiB resident", arena.mutants, arena.now, now >> 10);
        if round == 2 {
            before = now;
        }
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < PLAY, "grown by {grown} bytes over {mutants} mutants");
}

#[test]
#[ignore = "TCP has no body yet"]
fn mutation_flood() {
    let wanted = std::env::var("TAPIP_FLOOD").ok().map(|text| text.parse().expect("a number"));
    flood(wanted.unwrap_or(20_000));
}

#[test]
#[ignore = "minutes; part of `make soak`"]
fn mutation_soak() {
    flood(10_000_000);
}
