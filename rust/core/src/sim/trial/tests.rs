//! A few trials for each run of the unit tests; rust/core/tests/oracle.rs runs thousands.

use super::*;

#[test]
fn a_seed_says_everything() {
    for seed in 0..4 {
        assert_eq!(Trial::new(seed).run(), Trial::new(seed).run(), "seed {seed}");
    }
}

#[test]
fn trials_try_something() {
    let outcomes: Vec<Outcome> = (0..30).map(|seed| Trial::new(seed).run()).collect();
    let sum = |of: fn(&Outcome) -> u64| outcomes.iter().map(of).sum::<u64>();
    assert!(sum(|outcome| outcome.judged) > 5_000, "{outcomes:?}");
    assert!(sum(|outcome| outcome.completed as u64) > 40, "{outcomes:?}");
}
