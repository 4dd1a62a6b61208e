//! Which nodes there are, and which are linked: a tree, sometimes with a second way between two routers.

use super::{hosts, links, once_in};
use crate::rng::Rng;
use crate::sim::{HostId, HostSpec, LinkId, Network, NodeId};

/// What was built.
pub(super) struct Shape {
    /// Hosts at the leaves.
    pub(super) hosts: Vec<HostId>,
    pub(super) routers: Vec<HostId>,
    pub(super) links: Vec<LinkId>,
    /// A link damages packets. Only one does: of two flipped bits one in thirty-two pairs leaves the checksum as it was.
    damaging: bool,
}

/// Two to six hosts; between them nothing, or up to three routers and switches in a tree.
pub(super) fn build(network: &mut Network, rng: &mut Rng) -> Shape {
    let mut shape = Shape { hosts: Vec::new(), routers: Vec::new(), links: Vec::new(), damaging: false };
    let middles = middles(network, rng, &mut shape);
    let count = if middles.is_empty() { 2 } else { 2 + rng.below(5) };
    for number in 0..count {
        let host = hosts::add(network, rng, &format!("host{number}"));
        if let Some(middle) = middles.get(rng.below(middles.len().max(1) as u64) as usize) {
            join(network, rng, &mut shape, host.into(), *middle);
        } else if let Some(first) = shape.hosts.first().copied() {
            join(network, rng, &mut shape, first.into(), host.into());
        }
        shape.hosts.push(host);
    }
    shape
}

fn middles(network: &mut Network, rng: &mut Rng, shape: &mut Shape) -> Vec<NodeId> {
    let mut middles: Vec<NodeId> = Vec::new();
    for number in 0..rng.below(4) {
        let name = format!("middle{number}");
        let node = if once_in(rng, 2) {
            let router = HostSpec { forward: true, ..HostSpec::default() };
            let router = network.add_host(&name, router).expect("a new name");
            shape.routers.push(router);
            router.into()
        } else {
            network.add_switch(&name).expect("a new name").into()
        };
        if !middles.is_empty() {
            let before = middles[rng.below(middles.len() as u64) as usize];
            join(network, rng, shape, before, node);
        }
        middles.push(node);
    }
    // A ring of switches would carry a frame round for ever; routers count hops.
    if let [first, .., last] = shape.routers[..]
        && once_in(rng, 3)
    {
        join(network, rng, shape, first.into(), last.into());
    }
    middles
}

fn join(network: &mut Network, rng: &mut Rng, shape: &mut Shape, a: NodeId, b: NodeId) {
    let (mut ab, mut ba) = (links::random(rng), links::random(rng));
    if shape.damaging {
        (ab.impairment.corrupt, ba.impairment.corrupt) = (0, 0);
    }
    shape.damaging |= ab.impairment.corrupt + ba.impairment.corrupt > 0;
    shape.links.push(network.link(a, b, ab, ba).expect("a sound link"));
}
