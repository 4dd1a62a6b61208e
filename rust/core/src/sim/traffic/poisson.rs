//! Transfers that arrive as a Poisson process, each on a connection of its own, of sizes by chance.

use super::stream::{Inlet, Outlet};
use super::{App, Cx, Owner, Record, Role};
use crate::error::Error;
use crate::observe::Readiness;
use crate::rng::Rng;
use crate::sim::draw;
use crate::sim::impairment::ensure;
use crate::sim::network::{FlowId, HostId};
use crate::sim::{ImpairmentError, Network};
use crate::stack::SocketId;
use crate::time::{Duration, Instant};
use crate::wire::IpAddress;

/// How large transfers are.
#[derive(Debug, Clone, PartialEq)]
pub enum SizeDistribution {
    /// Always so many bytes.
    Fixed(u64),
    /// Exponential of this mean.
    Exponential(u64),
    /// Pareto of this least size and tail index, cut off at the greatest size.
    Pareto {
        /// The least size.
        least: u64,
        /// The tail index: about 1.2 for files of the web.
        tail: f64,
        /// The greatest size.
        most: u64,
    },
    /// As measured: sizes with the part of a million transfers that are no larger, rising; in between by straight lines.
    Measured(Vec<(u64, u32)>),
}

impl SizeDistribution {
    fn check(&self) -> Result<(), ImpairmentError> {
        match self {
            Self::Fixed(size) | Self::Exponential(size) => ensure(*size > 0, "sizes", size, "1 byte or more"),
            Self::Pareto { least, tail, most } => {
                ensure(*least > 0 && most >= least, "sizes.least", least, "1 byte to sizes.most")?;
                ensure(*tail > 0.0 && tail.is_finite(), "sizes.tail", tail, "more than 0")
            }
            Self::Measured(points) => {
                let rising = points.windows(2).all(|pair| pair[0].0 <= pair[1].0 && pair[0].1 <= pair[1].1);
                let whole = points.last().is_some_and(|(size, part)| *size > 0 && *part == 1_000_000);
                let found = format!("{} points", points.len());
                ensure(rising && whole, "sizes", found, "points that rise, the last at 1000000")
            }
        }
    }

    fn draw(&self, rng: &mut Rng) -> u64 {
        let bytes = |size: f64| (size as u64).max(1);
        match self {
            Self::Fixed(size) => *size,
            Self::Exponential(mean) => bytes(*mean as f64 * draw::exponential(rng)),
            Self::Pareto { least, tail, most } => {
                bytes(*least as f64 * (1.0 + draw::lomax(rng, *tail))).min(*most)
            }
            Self::Measured(points) => {
                let part = rng.below(1_000_000) as u32;
                let above = points.partition_point(|(_, upto)| *upto <= part).min(points.len() - 1);
                let (size, upto) = points[above];
                let (from, since) = if above == 0 { (0, 0) } else { points[above - 1] };
                let width = u64::from(upto - since).max(1);
                (from + (size - from) * u64::from(part.saturating_sub(since)) / width).max(1)
            }
        }
    }
}

/// A Poisson process of transfers.
#[derive(Debug, Clone, PartialEq)]
pub struct PoissonSpec {
    /// Between two arrivals, in the mean.
    pub interval: Duration,
    /// How large the transfers are.
    pub sizes: SizeDistribution,
    /// How many; `None` without end.
    pub count: Option<u64>,
    /// When it begins.
    pub start: Instant,
    /// When no more arrive.
    pub stop: Option<Instant>,
    /// The senders' congestion control, by name.
    pub congestion: Option<String>,
    /// Rows of the list of transfers.
    pub trace_rows: usize,
}

impl Default for PoissonSpec {
    fn default() -> Self {
        Self {
            interval: Duration::from_millis(100),
            sizes: SizeDistribution::Exponential(100_000),
            count: None,
            start: Instant::ZERO,
            stop: None,
            congestion: None,
            trace_rows: 50_000,
        }
    }
}

/// A transfer under way.
#[derive(Debug, Clone, Copy)]
struct Transfer {
    size: u64,
    number: u64,
    since: Instant,
    outlet: Outlet,
    inlet: Option<Inlet>,
    /// Which of its ends are still open.
    client: bool,
    server: bool,
}

struct Poisson {
    from: HostId,
    to: HostId,
    address: IpAddress,
    spec: PoissonSpec,
    rng: Rng,
    /// By the part of the flow that a socket is; a place is used again.
    transfers: Vec<Option<Transfer>>,
    free: Vec<u32>,
    arrived: u64,
    /// Why a transfer failed that did, the latest.
    failed: Option<Error>,
}

impl App for Poisson {
    fn on_timer(&mut self, cx: &mut Cx<'_, '_>) -> Option<HostId> {
        let now = cx.now();
        let first = cx.record.started.is_none();
        cx.record.started.get_or_insert(now);
        if self.arrivals_over(now) {
            self.finish_if_done(cx);
            return None;
        }
        if !first {
            self.begin(cx);
            // The last one may have come to nothing at once.
            self.finish_if_done(cx);
        }
        if !self.arrivals_over(now) {
            // A nanosecond at least, so that time goes on.
            let gap = draw::scaled(self.spec.interval, draw::exponential(&mut self.rng));
            cx.wake_at(now + gap.max(Duration::from_nanos(1)));
        }
        Some(self.from)
    }

    fn on_ready(&mut self, cx: &mut Cx<'_, '_>, owner: Owner, socket: SocketId, ready: Readiness) {
        let SocketId::Tcp(id) = socket else { return };
        let Some(mut transfer) = self.transfers.get(owner.part as usize).copied().flatten() else {
            // Its other end gave up before this one was there.
            return cx.close(owner.host, id);
        };
        let over = match owner.role {
            Role::Client => self.on_client(cx, &mut transfer, ready),
            Role::Server => {
                let inlet = Inlet::new(self.to, id, transfer.outlet.salt);
                transfer.inlet.get_or_insert(inlet);
                self.on_server(cx, &mut transfer, ready)
            }
        };
        if over {
            cx.close(owner.host, id);
            match owner.role {
                Role::Client => transfer.client = false,
                Role::Server => transfer.server = false,
            }
        }
        let cut_off = !transfer.server
            && owner.role == Role::Client
            && transfer.inlet.is_some()
            && self.failed.is_some();
        let place = &mut self.transfers[owner.part as usize];
        *place = Some(transfer).filter(|transfer| transfer.client || transfer.server);
        if place.is_none() {
            // A socket that still stands there must not be taken for one of another transfer.
            if !cut_off {
                self.free.push(owner.part);
            }
        }
        if over {
            self.finish_if_done(cx);
        }
    }
}

impl Poisson {
    fn arrivals_over(&self, now: Instant) -> bool {
        self.spec.count == Some(self.arrived) || self.spec.stop.is_some_and(|stop| now >= stop)
    }

    /// A transfer is done when its receiver is: the sender may wait for a FIN that was lost, for ever if its peer gave up.
    fn finish_if_done(&self, cx: &mut Cx<'_, '_>) {
        if self.arrivals_over(cx.now()) && self.transfers.iter().flatten().all(|transfer| !transfer.server) {
            if self.failed.is_none() {
                cx.record.completed = cx.record.completed.or(cx.record.last);
            }
            cx.finish(self.failed);
        }
    }

    /// A transfer arrives.
    fn begin(&mut self, cx: &mut Cx<'_, '_>) {
        self.arrived += 1;
        cx.record.sent += 1;
        let size = self.spec.sizes.draw(&mut self.rng);
        let part = self.free.pop().unwrap_or(self.transfers.len() as u32);
        let congestion = self.spec.congestion.as_deref();
        let id = match cx.connect(self.from, self.to, self.address, congestion, part) {
            Ok(id) => id,
            Err(error) => {
                // No port is free: the transfer is lost, as the difference of sent and received tells.
                self.free.push(part);
                self.failed = Some(error);
                return;
            }
        };
        if part as usize >= self.transfers.len() {
            self.transfers.resize(part as usize + 1, None);
        }
        let salt = cx.flow.0.wrapping_add(self.arrived as u32);
        let (outlet, since) = (Outlet::new(self.from, id, salt), cx.now());
        let transfer =
            Transfer { size, number: self.arrived, since, outlet, inlet: None, client: true, server: true };
        self.transfers[part as usize] = Some(transfer);
    }

    /// Whether this end is over.
    fn on_client(&mut self, cx: &mut Cx<'_, '_>, transfer: &mut Transfer, ready: Readiness) -> bool {
        if let Some(error) = cx.error_of(self.from, transfer.outlet.id, ready) {
            self.failed = Some(error);
            // The other end may never hear of it.
            transfer.server = false;
            return true;
        }
        // The receiver closes first, and so it is the one to keep the memory of the connection, not this port.
        ready.contains(Readiness::READ_CLOSED) || transfer.outlet.pump(cx, transfer.size).is_err()
    }

    fn on_server(&mut self, cx: &mut Cx<'_, '_>, transfer: &mut Transfer, ready: Readiness) -> bool {
        let Some(inlet) = &mut transfer.inlet else { return false };
        let now = cx.now();
        match inlet.drain(cx, ready) {
            Err(error) => {
                self.failed = Some(error);
                true
            }
            Ok(intake) => {
                if intake.bytes > 0 {
                    cx.record.deliver(now, intake.bytes);
                }
                if inlet.received < transfer.size {
                    return intake.ended;
                }
                cx.record.exchange(transfer.number, transfer.size, transfer.since, now);
                true
            }
        }
    }
}

impl Network {
    /// Add a Poisson process of transfers from one host to another.
    pub fn poisson(
        &mut self,
        from: HostId,
        to: HostId,
        spec: PoissonSpec,
    ) -> Result<FlowId, ImpairmentError> {
        let address = self.flow_address(from, to)?;
        Self::check_congestion(spec.congestion.as_deref())?;
        ensure(!spec.interval.is_zero(), "interval", format!("{:?}", spec.interval), "more than 0")?;
        spec.sizes.check()?;
        let record = Record::new("poisson", from, to, spec.trace_rows);
        let (start, rng) = (spec.start, self.fork_rng());
        let app = Poisson {
            from,
            to,
            address,
            spec,
            rng,
            transfers: Vec::new(),
            free: Vec::new(),
            arrived: 0,
            failed: None,
        };
        Ok(self.add_flow(Box::new(app), record, start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(sizes: &SizeDistribution) -> f64 {
        sizes.check().expect("a sound distribution");
        let mut rng = Rng::new(5);
        (0..100_000).map(|_| sizes.draw(&mut rng) as f64).sum::<f64>() / 100_000.0
    }

    #[test]
    fn sizes_have_the_means_of_their_distributions() {
        let close = |found: f64, expected: f64| assert!((found / expected - 1.0).abs() < 0.02, "{found}");
        close(mean(&SizeDistribution::Fixed(7)), 7.0);
        close(mean(&SizeDistribution::Exponential(10_000)), 10_000.0);
        // The mean of a Pareto distribution is its least value times tail over (tail - 1).
        let pareto = SizeDistribution::Pareto { least: 1_000, tail: 3.0, most: u64::MAX };
        close(mean(&pareto), 1_500.0);
        // Half between 0 and 1000, half between 1000 and 3000.
        close(mean(&SizeDistribution::Measured(vec![(1_000, 500_000), (3_000, 1_000_000)])), 1_250.0);
    }

    #[test]
    fn what_is_no_distribution_is_refused() {
        for wrong in [
            SizeDistribution::Fixed(0),
            SizeDistribution::Pareto { least: 9, tail: 0.0, most: 10 },
            SizeDistribution::Pareto { least: 9, tail: 1.0, most: 8 },
            SizeDistribution::Measured(vec![(10, 500_000)]),
            SizeDistribution::Measured(vec![(10, 600_000), (20, 500_000), (30, 1_000_000)]),
        ] {
            assert!(wrong.check().is_err(), "{wrong:?}");
        }
    }
}
