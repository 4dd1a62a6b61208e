//! The fuzz targets over their committed seeds, and over random bytes, on a stable toolchain.

#[allow(dead_code, unreachable_pub, reason = "shared with the fuzzer and the flood")]
#[path = "../../fuzz/src/lib.rs"]
mod fuzz;
mod seeds;

use proptest::prelude::*;
use std::fs;
use std::path::PathBuf;

fn corpus(target: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target)
}

/// Run `body` over every input of `target`, saying which one it is.
fn replay(target: &str, body: fn(&[u8])) {
    let folder = fs::read_dir(corpus(target)).expect("the seeds are in git");
    let mut paths: Vec<_> = folder.map(|entry| entry.expect("a readable folder").path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "no seeds of {target}");
    for path in paths {
        let data = fs::read(&path).expect("a readable seed");
        println!("{}", path.display());
        body(&data);
    }
}

#[test]
fn parser_takes_its_seeds() {
    replay("parser", fuzz::parser::run);
}

#[test]
fn two_stacks_take_their_seeds() {
    replay("two_stacks", fuzz::two_stacks::run);
}

/// The first seeds are what their generator makes. With `TAPIP_WRITE_SEEDS` set it writes them instead.
#[test]
fn seeds_are_as_generated() {
    for (target, name, bytes) in seeds::parser().into_iter().chain(seeds::two_stacks()) {
        let path = corpus(target).join(format!("{name}.seed"));
        if std::env::var_os("TAPIP_WRITE_SEEDS").is_some() {
            fs::write(path, bytes).expect("a writable folder");
        } else {
            assert!(fs::read(path).is_ok_and(|seed| seed == bytes), "{target}/{name} is not as generated");
        }
    }
}

proptest! {
    // What fails here becomes a seed.
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn parser_takes_any_bytes(data in prop::collection::vec(any::<u8>(), 0..200)) {
        fuzz::parser::run(&data);
    }

    /// Any bytes rarely get past the version field; seeds with a few bytes changed do.
    #[test]
    fn parser_takes_seeds_with_changes(
        seed: prop::sample::Index,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        length: prop::sample::Index,
    ) {
        let seeds = seeds::parser();
        let mut data = seeds[seed.index(seeds.len())].2.clone();
        for (at, value) in changes {
            let at = at.index(data.len());
            data[at] = value;
        }
        fuzz::parser::run(&data);
        fuzz::parser::run(&data[..length.index(data.len())]);
    }
}
