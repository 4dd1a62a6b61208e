//! The bodies of the fuzz targets. The core's own tests include this file by its path, so that the same functions
//! run over the committed seeds, and for the mutation flood, without the fuzzer.

pub mod arena;
pub mod dice;
pub mod mutate;
pub mod parser;
pub mod two_stacks;
