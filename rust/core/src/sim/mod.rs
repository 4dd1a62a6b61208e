//! The network that is not there: what links do to packets, under whatever clock drives them.
//!
//! So far one part: [`Impairment`] says what a link does (lose, double, turn round, damage, delay, throttle), and
//! [`Impairer`] does it to packets. It is seeded and pure, so the host's fault decorator runs it on the real clock
//! and a simulated link runs it in virtual time, and the same seed gives the same losses in both.
//!
//! May import every room of this crate; none of them imports this one.

mod impair;
mod impairment;

pub use impair::{Impairer, ImpairmentCounters};
pub use impairment::{Impairment, ImpairmentError};
