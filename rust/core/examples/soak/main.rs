//! The long proof: random trials under the oracle, and the whole grid of transfers against its snapshot.
//!
//! `cargo run --release -p tapip_core --example soak -- [--seconds N] [--seeds N] [--from N] [--only seeds|grid] [--update]
//! [--json]`; `make soak` runs it. Without a limit of time it takes 100,000 seeds and all 1152 cells. `TAPIP_SOAK_SECONDS` and
//! `TAPIP_SEEDS` say the same as the options. `--update` writes the grid's snapshot anew instead of comparing with it.

#![allow(clippy::disallowed_methods, reason = "it keeps to a budget of real time")]

mod cells;
mod options;
mod report;
mod seeds;

use options::Options;
use report::Report;
use std::process::ExitCode;
use std::time::{Duration, Instant as Clock};

fn main() -> ExitCode {
    let options = match Options::read() {
        Ok(options) => options,
        Err(complaint) => {
            eprintln!("soak: {complaint}");
            return ExitCode::from(2);
        }
    };
    let mut report = Report::new(options.json);
    let end = |share: u32| {
        let whole = options.seconds.map(Duration::from_secs_f64)?;
        Some(Clock::now() + whole * share / 100)
    };
    if options.seeds_wanted {
        // Half of the time, unless the other half has nothing to do.
        seeds::run(
            &mut report,
            options.from..options.from + options.seeds,
            end(if options.grid_wanted { 50 } else { 100 }),
        );
    }
    if options.grid_wanted {
        cells::run(&mut report, end(if options.seeds_wanted { 50 } else { 100 }), options.update);
    }
    report.finish()
}
