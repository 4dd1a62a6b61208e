//! One neighbour that was learned: its states, and what a timer makes of each.
//!
//! ```text
//!              asked              answered
//!   (none) ─────────> INCOMPLETE ──────────> REACHABLE <───────────┐ confirmed, answered
//!                     │       ^                  │ reachable_time  │
//!       never answered│       │ used again       v          used   │     delay_time
//!                     └─> FAILED <─────┐       STALE ──────────> DELAY ───────────> PROBE
//!                                      │         ^                                   │
//!                                      │         └ heard of from outside             │
//!                                      └─────────────────────────────────────────────┘ not answered
//! ```

use super::{Config, State};
use crate::buffer::Packet;
use crate::time::Instant;
use crate::wire::MacAddress;
use std::collections::VecDeque;

/// A state and what is known in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Asked `tries` times, never answered.
    Incomplete { tries: u8 },
    /// Answered, or confirmed from above.
    Reachable { mac: MacAddress },
    /// In doubt, not used.
    Stale { mac: MacAddress },
    /// In doubt, used; the layers above may still confirm it.
    Delay { mac: MacAddress },
    /// In doubt, used, asked again `tries` times.
    Probe { mac: MacAddress, tries: u8 },
    /// Silent.
    Failed { since: Instant },
}

/// What the table has to do when a timer fired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// Nothing.
    Rest,
    /// Send a request, there only if an address is given.
    Ask(Option<MacAddress>),
    /// Give the waiting packets up.
    Fail,
    /// Remove the entry.
    Forget,
}

/// A learned entry.
#[derive(Debug)]
pub(super) struct Neighbor {
    pub(super) phase: Phase,
    /// When the address was last confirmed or changed, or else when the entry was made.
    pub(super) updated: Instant,
    /// When the last request left.
    pub(super) asked: Option<Instant>,
    /// When the phase ends by itself; an earlier timer than needed in `Reachable`, which moves on when it fires.
    pub(super) deadline: Instant,
    /// What waits for the first answer, oldest first.
    pub(super) queue: VecDeque<Packet>,
}

impl Phase {
    pub(super) const fn state(self) -> State {
        match self {
            Self::Incomplete { .. } => State::Incomplete,
            Self::Reachable { .. } => State::Reachable,
            Self::Stale { .. } => State::Stale,
            Self::Delay { .. } => State::Delay,
            Self::Probe { .. } => State::Probe,
            Self::Failed { .. } => State::Failed,
        }
    }

    pub(super) const fn mac(self) -> Option<MacAddress> {
        match self {
            Self::Reachable { mac } | Self::Stale { mac } | Self::Delay { mac } | Self::Probe { mac, .. } => {
                Some(mac)
            }
            Self::Incomplete { .. } | Self::Failed { .. } => None,
        }
    }
}

impl Neighbor {
    /// An entry in `phase`; its deadline is now, so that the first step follows at once.
    pub(super) const fn new(now: Instant, phase: Phase) -> Self {
        Self { phase, updated: now, asked: None, deadline: now, queue: VecDeque::new() }
    }

    /// Go to `phase` and set the deadline that belongs to it.
    pub(super) fn enter(&mut self, now: Instant, config: &Config, phase: Phase) {
        self.phase = phase;
        self.deadline = match phase {
            Phase::Incomplete { .. } | Phase::Probe { .. } => now,
            Phase::Reachable { .. } => now + config.reachable_time,
            Phase::Delay { .. } => now + config.delay_time,
            Phase::Stale { .. } | Phase::Failed { .. } => now + config.stale_time,
        };
    }

    /// The address is right: somebody answered, or the layer above saw progress.
    pub(super) fn confirm(&mut self, now: Instant, config: &Config, mac: MacAddress) {
        self.updated = now;
        // The timer of a reachable entry stays where it is and moves on when it fires: confirming costs no timer.
        if self.phase != (Phase::Reachable { mac }) {
            self.enter(now, config, Phase::Reachable { mac });
        }
    }

    /// The deadline has come, or a new phase begins.
    pub(super) fn on_timeout(&mut self, now: Instant, config: &Config) -> Due {
        match self.phase {
            Phase::Incomplete { tries } => self.ask(now, config, None, tries),
            Phase::Probe { mac, tries } => self.ask(now, config, Some(mac), tries),
            Phase::Reachable { mac } => {
                let until = self.updated + config.reachable_time;
                if now < until {
                    self.deadline = until;
                } else {
                    self.enter(now, config, Phase::Stale { mac });
                }
                Due::Rest
            }
            Phase::Delay { mac } => {
                self.enter(now, config, Phase::Probe { mac, tries: 0 });
                self.ask(now, config, Some(mac), 0)
            }
            //= rfc1122#2.3.2.1   out-of-date entries are flushed, by a timer
            Phase::Stale { .. } | Phase::Failed { .. } => Due::Forget,
        }
    }

    fn ask(&mut self, now: Instant, config: &Config, mac: Option<MacAddress>, tries: u8) -> Due {
        //= rfc1122#2.3.2.1   no flood: at most one request a second to one destination
        if let Some(next) = self.asked.map(|asked| asked + config.retry_interval).filter(|next| now < *next) {
            self.deadline = next;
            return Due::Rest;
        }
        if tries >= config.probes.max(1) {
            self.enter(now, config, Phase::Failed { since: now });
            return Due::Fail;
        }
        self.asked = Some(now);
        self.deadline = now + config.retry_interval;
        self.phase = match mac {
            None => Phase::Incomplete { tries: tries + 1 },
            Some(mac) => Phase::Probe { mac, tries: tries + 1 },
        };
        //= rfc1122#2.3.2.1   a probe goes to the known address first, and by broadcast when that stays silent
        Due::Ask(mac.filter(|_| tries < config.unicast_probes))
    }
}
