//! What must be left of a network when all is over: every transfer came to its end, and no host holds anything.

use super::{Rule, Violation};
use crate::sim::FlowStats;
use crate::sim::network::{FlowId, HostId, Network};
use crate::stack::Memory;

/// Judge a network whose faults have stopped and that had time for every retry and for TIME-WAIT.
pub(super) fn judge(network: &Network) -> Vec<Violation> {
    let at = network.now();
    let flows = (0..network.flow_count() as u32).flat_map(|id| {
        let stats = network.flow(FlowId(id));
        let broken = [(Rule::Intact, intact(&stats)), (Rule::Liveness, liveness(&stats))];
        broken.map(|(rule, result)| (stats.from, rule, result.err().map(|what| format!("flow {id}: {what}"))))
    });
    let hosts = (0..network.host_count() as u32).map(|id| {
        let memory = network.stack(HostId(id)).memory();
        (HostId(id), Rule::Leak, leak(&memory).err())
    });
    flows
        .chain(hosts)
        .filter_map(|(host, rule, what)| what.map(|what| Violation { at, host, tuple: None, rule, what }))
        .collect()
}

/// What arrived is a prefix of what was sent.
pub(super) fn intact(stats: &FlowStats) -> Result<(), String> {
    //= rfc9293#2.2   reliable, in order
    if stats.damaged {
        Err(format!("of {} bytes delivered some are not those sent", stats.bytes_delivered))
    } else {
        Ok(())
    }
}

/// The flow is over, and if not well, it says why.
pub(super) fn liveness(stats: &FlowStats) -> Result<(), String> {
    //= rfc9293#3.8.3 MUST-20   R2 ends what does not move
    if !stats.over {
        return Err(format!(
            "a flow of kind {} is not over: {} bytes delivered",
            stats.kind, stats.bytes_delivered
        ));
    }
    // Pings and datagrams may be lost, and nobody is told.
    let said =
        stats.completed.is_some() || stats.error.is_some() || matches!(stats.kind, "ping" | "datagrams");
    if said {
        Ok(())
    } else {
        Err(format!("a flow of kind {} is over, but neither complete nor did it fail", stats.kind))
    }
}

/// All buffers are free again, and all connections gone.
pub(super) fn leak(memory: &Memory) -> Result<(), String> {
    //= rfc9293#3.10.4   CLOSED means that there is no record any more
    let left = (memory.packets_used, memory.connections, memory.output, memory.fragments);
    if left == (0, 0, 0, 0) {
        return Ok(());
    }
    let (packets, connections, output, fragments) = left;
    Err(format!(
        "{packets} buffers, {connections} connections, {output} packets to send, {fragments} bytes of fragments left"
    ))
}
