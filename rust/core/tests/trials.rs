//! Random networks under the eyes of the oracle: two thousand seeds here, a hundred thousand in `make soak`.
//!
//! `TAPIP_SEEDS=5000` runs another number of them, `TAPIP_SEED=17` one alone, with all that is known of it.

use tapip_core::sim::{Outcome, Trial};

/// Enough to meet every combination of two knobs, and few enough to take less than a minute on one core.
const SEEDS: u64 = 2_000;

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

/// What is wrong, and how to see it again.
fn complaint(seed: u64, outcome: &Outcome) -> Option<String> {
    if outcome.violations.is_empty() {
        return None;
    }
    let list: Vec<String> = outcome.violations.iter().map(|violation| format!("  {violation}")).collect();
    let again = format!("TAPIP_SEED={seed} cargo test -p tapip_core --test trials -- --nocapture");
    Some(format!("seed {seed}, digest {:016x}; again by: {again}\n{}", outcome.digest, list.join("\n")))
}

#[test]
fn no_host_breaks_a_rule_and_every_transfer_comes_to_its_end() {
    let one = from_environment("TAPIP_SEED");
    let all = 0..from_environment("TAPIP_SEEDS").unwrap_or(SEEDS);
    let seeds = one.map_or(all, |seed| seed..seed + 1);
    let mut complaints = Vec::new();
    let (mut completed, mut failed, mut judged) = (0, 0, 0);
    for seed in seeds.clone() {
        let outcome = Trial::new(seed).run();
        if one.is_some() {
            println!("{outcome:#?}");
        }
        (completed, failed) = (completed + outcome.completed, failed + outcome.failed);
        judged += outcome.judged;
        complaints.extend(complaint(seed, &outcome));
    }
    let count = seeds.end - seeds.start;
    println!("{count} seeds, {judged} segments judged, {completed} flows complete, {failed} failed");
    let few: Vec<&str> = complaints.iter().take(10).map(String::as_str).collect();
    assert!(complaints.is_empty(), "{} of {count} seeds:\n{}", complaints.len(), few.join("\n"));
    // What judges nothing finds nothing.
    assert!(one.is_some() || judged > 100 * count, "{judged} segments");
    assert!(one.is_some() || completed > 5 * failed, "{completed} complete, {failed} failed");
}

#[test]
fn seeds_that_once_found_something_are_clean() {
    // 44409: a cookie came back after the listener's buffer had changed. 45443: a path was probed with nothing behind the probe.
    let complaints: Vec<_> =
        [44_409, 45_443].into_iter().filter_map(|seed| complaint(seed, &Trial::new(seed).run())).collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}
