//! How many errors may leave.
use super::Config;
use crate::observe::Context;
use crate::rng::Rng;
use crate::wire::{Icmpv4Message, IpAddress};

/// The token buckets.
#[derive(Debug)]
pub struct Limiter {}

#[allow(unused_variables, missing_docs)]
impl Limiter {
    pub fn new(rng: &mut Rng) -> Self {
        todo!()
    }
    /// Whether `message` may go to `destination` now; counts IcmpRateLimited when not.
    pub fn allow(
        &mut self,
        cx: &mut Context<'_>,
        config: &Config,
        message: &Icmpv4Message,
        destination: IpAddress,
    ) -> bool {
        todo!()
    }
}
