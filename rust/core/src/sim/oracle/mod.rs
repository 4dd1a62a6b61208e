//! The oracle: judges every frame that the hosts of a network send, and what is left when all is over.
//!
//! Two parts. A [`Judge`] knows only frames, what the sending connection tells of itself beside them ([`Live`]), and the
//! rules (rules/, one file each, naming the RFC clause that they hold to). It keeps a ledger of each end of each connection:
//! what that end sent and what reached it, for a host is judged where it emits by what it could know then, whatever links
//! lose, double or turn round. An [`Oracle`] puts a judge into a [`Network`] and, at the end, adds the rules about what must
//! be left of it (`afterwards`).
//!
//! A rule never excuses more than its text says; where what a host knew cannot be told from outside (a fragment, a segment
//! that waited for its neighbour's address), it is silent.

mod afterwards;
mod evidence;
mod judge;
mod ledger;
mod live;
mod ranges;
mod rules;
mod segment;

#[cfg(test)]
mod tests;

pub use evidence::Evidence;
pub use judge::Judge;
pub use live::Live;
pub use rules::Rule;

use super::network::{HostId, Network, Observer};
use crate::observe::InterfaceId;
use crate::stack::Stack;
use crate::tcp::Tuple;
use crate::time::Instant;
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A rule was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// When.
    pub at: Instant,
    /// By which host.
    pub host: HostId,
    /// On which connection, if on one.
    pub tuple: Option<Tuple>,
    /// Which rule.
    pub rule: Rule,
    /// What was seen, and what is allowed.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.at.as_nanos();
        write!(f, "{}.{:09} s, host {}", nanos / 1_000_000_000, nanos % 1_000_000_000, self.host.0)?;
        if let Some(tuple) = &self.tuple {
            write!(f, ", {} > {}", tuple.local, tuple.remote)?;
        }
        write!(f, ": {} ({}): {}", self.rule.name(), self.rule.clause(), self.what)
    }
}

/// Watches a network.
#[derive(Debug, Clone)]
pub struct Oracle {
    judge: Arc<Mutex<Judge>>,
    /// What was found and not told yet.
    evidence: Arc<Mutex<VecDeque<Evidence>>>,
}

/// What the network calls.
struct Watcher {
    oracle: Oracle,
    /// Frames that hosts sent.
    sent: u64,
}

impl Oracle {
    /// Watch `network` from now on, in place of any other observer.
    pub fn watch(network: &mut Network) -> Self {
        let oracle = Self { judge: Arc::default(), evidence: Arc::default() };
        network.observe(Some(Box::new(Watcher { oracle: oracle.clone(), sent: 0 })));
        oracle
    }

    /// What was found so far.
    pub fn violations(&self) -> Vec<Violation> {
        self.judge().violations().to_vec()
    }

    /// Frames judged so far.
    pub fn judged(&self) -> u64 {
        self.judge().judged()
    }

    /// What was found so far, and what is wrong with a network in which everything should have come to its end.
    pub fn verdict(&self, network: &Network) -> Vec<Violation> {
        let mut found = self.violations();
        found.extend(Self::afterwards(network));
        found
    }

    /// What is wrong with a network in which everything should have come to its end, watched or not.
    pub fn afterwards(network: &Network) -> Vec<Violation> {
        afterwards::judge(network)
    }

    /// The next broken rule with the frame that broke it, in the order in which they were found; at once after the event at
    /// which it was.
    pub fn poll_evidence(&self) -> Option<Evidence> {
        locked(&self.evidence).pop_front()
    }

    /// Whether `poll_evidence` has something to tell.
    pub fn has_evidence(&self) -> bool {
        !locked(&self.evidence).is_empty()
    }

    fn judge(&self) -> MutexGuard<'_, Judge> {
        locked(&self.judge)
    }
}

/// What somebody left who panicked is as good as it was.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Observer for Watcher {
    fn on_sent(&mut self, _: Instant, _: HostId, _: InterfaceId, _: &[u8]) {}

    fn on_emitted(
        &mut self,
        now: Instant,
        host: HostId,
        interface: InterfaceId,
        frame: &[u8],
        stack: &Stack,
    ) {
        self.sent += 1;
        let mut judge = self.oracle.judge();
        let before = judge.violations().len();
        judge.on_emitted(now, host, frame, stack);
        for violation in &judge.violations()[before..] {
            let (violation, frame) = (violation.clone(), frame.to_vec());
            locked(&self.oracle.evidence).push_back(Evidence {
                violation,
                interface,
                number: self.sent,
                frame,
            });
        }
    }

    fn on_received(&mut self, now: Instant, host: HostId, _: InterfaceId, frame: &[u8]) {
        self.oracle.judge().on_received(now, host, frame);
    }
}
