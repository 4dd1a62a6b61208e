//! Keys of the functions whose results others must not compute.

use crate::rng::{KeyedState, prf};

/// The keys of one stack's TCP, made from one.
#[derive(Debug, Clone, Copy)]
pub struct Secrets {
    /// Initial sequence numbers (RFC 6528).
    pub isn: u128,
    /// SYN cookies (RFC 4987 3.6).
    pub(super) syn_cookie: u128,
    /// Fast Open cookies (RFC 7413).
    pub(super) fast_open: u128,
    /// Tables whose keys the wire chooses.
    pub(super) table: KeyedState,
}

impl Secrets {
    /// All keys from `key`.
    pub fn new(key: u128) -> Self {
        let derived = |purpose: &[u8]| {
            let half = |side: u8| u128::from(prf(key, &[purpose, &[side]].concat()));
            half(0) << 64 | half(1)
        };
        Self {
            isn: key,
            syn_cookie: derived(b"syn cookie"),
            fast_open: derived(b"fast open"),
            table: KeyedState::from_key(derived(b"table")),
        }
    }
}
