//! Whole stacks joined by a queue under a jumping clock.
