//! Flows: what the caller asks of them.

use super::{FlowId, HostId, Network};
use crate::rng::Rng;
use crate::sim::ImpairmentError;
use crate::sim::impairment::ensure;
use crate::sim::traffic::{App, Arena, Exchange, FlowStats, Record, TraceRow};
use crate::time::Instant;
use crate::wire::IpAddress;

impl Network {
    /// How many flows there are; they are numbered from 0.
    pub fn flow_count(&self) -> usize {
        self.traffic.len()
    }

    /// What came of a flow so far.
    pub fn flow(&self, flow: FlowId) -> FlowStats {
        self.traffic.stats(&self.hosts, flow)
    }

    /// A row for each change of a flow's sending connection. Thinned where there would be too many.
    pub fn trace(&self, flow: FlowId) -> &[TraceRow] {
        self.traffic.trace(flow)
    }

    /// The exchanges of a flow that came to their end. Thinned where there would be too many.
    pub fn exchanges(&self, flow: FlowId) -> &[Exchange] {
        self.traffic.exchanges(flow)
    }

    /// Randomness for an application of its own.
    pub(in crate::sim) fn fork_rng(&mut self) -> Rng {
        self.rng.fork()
    }

    /// The address that a flow sends to.
    pub(in crate::sim) fn flow_address(
        &self,
        from: HostId,
        to: HostId,
    ) -> Result<IpAddress, ImpairmentError> {
        for (field, host) in [("from", from), ("to", to)] {
            ensure(host.index() < self.hosts.len(), field, host.0, "a host of this network")?;
        }
        if from == to {
            return Ok(std::net::Ipv4Addr::LOCALHOST.into());
        }
        let address = self.address_towards(from, to);
        ensure(address.is_some(), "to", self.host_name(to), "a host that a link gave an address")?;
        Ok(address.expect("just ensured"))
    }

    pub(in crate::sim) fn add_flow(&mut self, app: Box<dyn App>, record: Record, start: Instant) -> FlowId {
        let mut arena = Arena { now: self.now, hosts: &mut self.hosts, events: &mut self.events };
        self.traffic.add(&mut arena, app, record, start)
    }
}
