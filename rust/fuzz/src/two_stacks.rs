//! Two stacks on a wire on which the input decides what happens to each frame.

use super::arena::Arena;
use super::dice::Dice;

/// Longer inputs than this are played to here only: a run of the fuzzer is to take milliseconds.
const LONGEST: usize = 4_096;

/// The body of the target.
pub fn run(data: &[u8]) {
    let data = &data[..data.len().min(LONGEST)];
    let Some((seed, rest)) = data.split_first() else { return };
    let mut arena = Arena::new(u128::from(*seed));
    arena.play(&mut Dice::Bytes(rest), u64::MAX);
    arena.heal();
}
