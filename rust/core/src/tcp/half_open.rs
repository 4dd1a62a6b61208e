//! A half-open connection, packed: all that a SYN leaves behind at a listener.
//!
//! What a [`SynReceived`] and its [`Common`] hold besides comes from the listener and the knobs, so that a SYN costs a
//! hundred bytes and no memory of its own. For each segment and each timeout it is unpacked, worked on, and packed again.

use super::common::Common;
use super::fast_open::FastOpen;
use super::handshake::SynReceived;
use super::knock::Knock;
use super::options::Agreed;
use super::{Config, Settings, Tuple};
use crate::time::Instant;
use crate::wire::SeqNumber;
use std::sync::Arc;

/// See the module.
#[derive(Debug, Clone)]
pub(super) struct HalfOpen {
    pub(super) tuple: Tuple,
    /// When its SYN came.
    pub(super) first: Instant,
    /// When something is to happen.
    pub(super) deadline: Instant,
    next_challenge: Instant,
    isn: SeqNumber,
    irs: SeqNumber,
    clock_offset: u32,
    /// Path MTU, as far as a segment could fill it.
    mtu: u16,
    window: u16,
    /// Repetitions of our SYN-ACK.
    pub(super) retries: u8,
    deferred: bool,
    fast_open: FastOpen,
    agreed: Agreed,
}

impl HalfOpen {
    /// Pack.
    pub(super) fn new(common: &Common, state: &SynReceived) -> Self {
        let knock = &state.knock;
        let (clock_offset, next_challenge) = common.clock();
        Self {
            tuple: common.tuple,
            first: knock.first(),
            deadline: knock.poll_timeout(common),
            next_challenge,
            isn: knock.isn(),
            irs: state.irs,
            clock_offset,
            mtu: common.mtu.min(usize::from(u16::MAX)) as u16,
            window: knock.window(),
            retries: knock.retries(),
            deferred: state.deferred,
            fast_open: common.fast_open,
            agreed: state.agreed,
        }
    }

    /// Unpack.
    pub(super) fn unpack(&self, config: &Arc<Config>, settings: Settings) -> (Common, SynReceived) {
        let clock = (self.clock_offset, self.next_challenge);
        let mut common = Common::with_clock(config, settings, self.tuple, usize::from(self.mtu), clock);
        (common.stats.segments_in, common.stats.segments_out) = (1, 1 + u64::from(self.retries));
        common.fast_open = self.fast_open;
        let shift = self.agreed.scale.map(|(_, ours)| ours);
        let numbers = (self.isn, self.window, shift);
        let knock = Knock::resumed(config, numbers, self.first, self.deadline, self.retries);
        let mut state = SynReceived::of(knock, self.irs, self.agreed);
        state.deferred = self.deferred;
        (common, state)
    }

    /// Our number.
    pub(super) const fn isn(&self) -> SeqNumber {
        self.isn
    }
}
