//! Things that live in this process and die with a fork.
//!
//! A forked child has the memory of its parent but none of its threads: the driver of a stack is not there, and its
//! lock may be held for ever. So nothing of a stack may be touched in the child, not even to drop it.

use std::sync::atomic::{AtomicU32, Ordering};
use tapip_host::HostError;

/// How many forks lie between this process and the first one.
static GENERATION: AtomicU32 = AtomicU32::new(0);

/// The process was forked, and this is the child.
pub(crate) fn mark_forked() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
}

/// A value that only the process that made it may use or drop.
pub(crate) struct Alive<T> {
    value: Option<T>,
    generation: u32,
}

impl<T> Alive<T> {
    /// A value made here and now.
    pub(crate) fn new(value: T) -> Self {
        Self { value: Some(value), generation: GENERATION.load(Ordering::Relaxed) }
    }

    /// The value, in the process that made it.
    pub(crate) fn check(&self) -> Result<&T, HostError> {
        let text = "the process was forked; the stack lives in the parent, make a new one here";
        let failed = || HostError::StackFailed(text.to_owned());
        self.value.as_ref().filter(|_| self.is_here()).ok_or_else(failed)
    }

    /// Whether this is the process that made the value.
    pub(crate) fn is_here(&self) -> bool {
        self.generation == GENERATION.load(Ordering::Relaxed)
    }
}

impl<T> Drop for Alive<T> {
    fn drop(&mut self) {
        if !self.is_here() {
            std::mem::forget(self.value.take());
        }
    }
}
