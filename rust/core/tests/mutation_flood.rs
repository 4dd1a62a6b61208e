//! Two hosts in dialogue under a flood of mutated frames: no panic, no growth, and both answer in the end.
//!
//! Mutants are made of the frames of the moment, half of them with their checksums mended, so their sequence numbers
//! and ports mean something to the connections they hit. `TAPIP_FLOOD` sets how many; `make soak` sends ten million. `TAPIP_SEED` makes it
//! another flood.

#[allow(dead_code, unreachable_pub, reason = "shared with the fuzzer")]
#[path = "../../fuzz/src/lib.rs"]
mod fuzz;

use fuzz::arena::Arena;
use fuzz::dice::Dice;
use std::fs;
use tapip_core::drops::DropReason;
use tapip_core::observe::Counter;

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

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

fn flood(mutants: u64) {
    let seed = u128::from(from_environment("TAPIP_SEED").unwrap_or(0xf100d));
    let mut arena = Arena::new(seed);
    let mut dice = Dice::seeded(seed);
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
    check_depth(&arena);
}

/// A flood that is stopped at the door proves nothing: it must have met connections in every state, and the rules
/// behind the checksums.
fn check_depth(arena: &Arena) {
    for counter in [
        Counter::TcpPassiveOpens,
        Counter::TcpEstabResets,
        Counter::TcpRetransSegs,
        Counter::TcpChallengeAcks,
        Counter::TcpOfoQueue,
        Counter::TcpTimeWaits,
        Counter::IpReasmOKs,
        Counter::UdpInDatagrams,
    ] {
        assert!(arena.counted(counter) * 1_000 > arena.mutants, "{counter:?}: {}", arena.counted(counter));
    }
    for reason in [DropReason::TcpBadAck, DropReason::TcpOutOfWindow, DropReason::IcmpImplausible] {
        assert!(arena.dropped(reason) * 1_000 > arena.mutants, "{reason}: {}", arena.dropped(reason));
    }
}

#[test]
fn mutation_flood() {
    flood(from_environment("TAPIP_FLOOD").unwrap_or(20_000));
}

#[test]
#[ignore = "minutes; part of `make soak`"]
fn mutation_soak() {
    flood(10_000_000);
}
