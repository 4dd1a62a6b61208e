//! Random trials, one seed after the other.

use super::report::{Report, Value};
use std::ops::Range;
use std::time::Instant as Clock;
use tapip_core::sim::Trial;

/// Run the trials of `seeds` until `end`.
pub(super) fn run(report: &mut Report, seeds: Range<u64>, end: Option<Clock>) {
    let (mut done, mut judged, mut completed, mut failed) = (0, 0, 0, 0);
    for seed in seeds.clone() {
        if end.is_some_and(|end| Clock::now() >= end) {
            break;
        }
        let outcome = Trial::new(seed).run();
        done += 1;
        judged += outcome.judged;
        (completed, failed) = (completed + outcome.completed, failed + outcome.failed);
        for violation in &outcome.violations {
            let again = format!("TAPIP_SEED={seed} cargo test -p tapip_core --test trials -- --nocapture");
            report.complain(&format!(
                "seed {seed}, digest {:016x}: {violation}; again by: {again}",
                outcome.digest
            ));
        }
        report.progress("seeds", done, seeds.end - seeds.start);
    }
    let text = format!(
        "{done} seeds: {judged} segments judged, {completed} flows complete, {failed} failed and said so"
    );
    let number = |value: u64| Value::Number(value as f64);
    let flows = [("completed", Value::Number(completed as f64)), ("failed", Value::Number(failed as f64))];
    let [completed, failed] = flows;
    report.result(&text, &[("seeds", number(done)), ("judged", number(judged)), completed, failed]);
}
