//! The network that is not there: whole stacks, links and switches under virtual time.
//!
//! Three layers, each usable without those above it:
//!
//! * **Impairment.** [`Impairment`] says what a link does to packets (lose, double, turn round, damage, delay, throttle), and
//!   [`Impairer`] does it. Seeded and pure, so the host's fault decorator runs it on the real clock and a simulated link
//!   in virtual time, and the same seed gives the same losses in both. `draw` holds the distributions.
//! * **Links and queues.** A direction of a link ([`LinkSpec`], link/) is a fate, a queue (queue/: FIFO, RED, CoDel,
//!   FQ-CoDel), a transmitter (a rate, or a capacity trace) and a flight.
//! * **[`Network`]** (network/): hosts, switches, links and one event queue (`events`); [`traffic`](BulkSpec) puts
//!   applications into it. [`Oracle`] (oracle/) judges all that its hosts do, [`Trial`] (trial/) makes
//!   networks at random for it, and [`Cell`]s (grid/) measure one transfer in each combination of conditions. `stats` keeps what happened in bounded memory, `digest` makes one number of all frames.
//!
//! What happens when: an event is a frame that arrives, a transmitter that is free, a host's timer, a flow's time, a scheduled
//! change of a link, or a time at which the caller wants to be woken. Ties are broken by the order in which events were
//! put in. A direction has at most one arrival and one transmission in the queue, a host one timeout, so the queue holds
//! as many events as there are links and hosts, not as there are packets. After anything that touches a host, its stack is
//! settled: frames drained into links, socket events handed to their flows or told to the caller, the next deadline armed.
//!
//! The same seed and the same calls give the same frames, on every machine: nothing here reads a clock, walks a hash map
//! or uses the platform's floating-point functions.
//!
//! May import every room of this crate; none of them imports this one.

mod digest;
mod draw;
mod events;
mod grid;
mod impair;
mod impairment;
mod link;
mod network;
mod oracle;
mod queue;
mod stats;
mod switch;
mod traffic;
mod trial;

pub use grid::{Cell, Disorder, Reading, Snapshot, disorders, shortfalls};
pub use impair::{Impairer, ImpairmentCounters};
pub use impairment::{GilbertElliott, Impairment, ImpairmentError, JitterShape};
pub use link::{CapacityTrace, Cause, Counts, DirectionStats, LinkSpec, Predicate, QueueRow};
pub use network::{
    Attachment, CaptureId, Change, DirectionId, End, FlowId, HostId, HostSpec, LinkId, Network, NodeId,
    Notice, Observer, Stop, SwitchId, WakeId,
};
pub use oracle::{Evidence, Judge, Live, Oracle, Rule, Violation};
pub use queue::{CodelSpec, Discipline, FqCodelSpec, RedSpec};
pub use stats::{Histogram, Series, Summary};
pub use traffic::{
    BulkSpec, DatagramSpec, Exchange, FlowStats, OnOffSpec, PingSpec, PoissonSpec, RequestSpec,
    SizeDistribution, TraceRow,
};
pub use trial::{Outcome, Trial};
