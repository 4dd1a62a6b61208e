//! Hosts of a network that break a rule for real, by a raw socket, and what is told of it.

use super::*;
use crate::sim::{BulkSpec, Evidence, HostId, HostSpec, LinkSpec, Network, Oracle, Stop};
use crate::tcp::Tuple;
use crate::time::Duration;

/// A flow under way from the first host to the second, half a second old.
fn watched() -> (Network, Oracle, [HostId; 2]) {
    let mut network = Network::new(1);
    let hosts = ["a", "b"].map(|name| network.add_host(name, HostSpec::default()).expect("a new name"));
    let spec = LinkSpec::new(1_000_000, Duration::from_millis(5));
    network.link(hosts[0], hosts[1], spec.clone(), spec).expect("a sound link");
    let oracle = Oracle::watch(&mut network);
    network.bulk(hosts[0], hosts[1], BulkSpec::default()).expect("a sound flow");
    pass(&mut network, 500);
    assert!(!oracle.has_evidence() && oracle.judged() > 10);
    (network, oracle, hosts)
}

fn pass(network: &mut Network, millis: u64) {
    while network.run_until(Instant::from_millis(millis), 1 << 20) != Stop::Reached {
        while network.poll_notice().is_some() {}
    }
}

/// `host` sends `body` as TCP to the other end of its connection.
fn forge(network: &mut Network, host: HostId, body: impl FnOnce(&Tuple) -> Vec<u8>) {
    let info = |network: &Network| {
        let stack = network.stack(host);
        let id = stack.tcp_ids().into_iter().find(|id| stack.tcp_tuple(*id).is_ok()).expect("a connection");
        stack.tcp_tuple(id).expect("it is there")
    };
    let tuple = info(network);
    let body = body(&tuple);
    network.with_stack(host, |stack, now| {
        let raw = stack.raw_open(6).expect("a socket");
        stack.raw_send(now, raw, &body, Some(tuple.remote.ip())).expect("a route and a neighbour")
    });
}

fn only(oracle: &Oracle) -> Evidence {
    let evidence = oracle.poll_evidence().expect("something is wrong");
    assert!(!oracle.has_evidence(), "{:?}", oracle.poll_evidence());
    evidence
}

#[test]
fn a_broken_checksum_is_shown_with_its_frame() {
    let (mut network, oracle, [_, b]) = watched();
    forge(&mut network, b, |_| vec![0xee; 40]);
    let evidence = only(&oracle);
    assert_eq!((evidence.violation.rule, evidence.violation.host), (Rule::Checksum, b));
    assert_eq!(evidence.violation.at, network.now());
    assert!(evidence.frame.ends_with(&[0xee; 40]) && evidence.number > oracle.judged());
    assert_eq!(
        network.interface_at(crate::sim::LinkId(0), crate::sim::End::B),
        Some((b, evidence.interface))
    );
    assert!(evidence.to_string().contains("checksum (RFC 9293 3.1 MUST-2"), "{evidence}");
    pass(&mut network, 600);
    assert!(!oracle.has_evidence(), "the stacks themselves go on rightly");
}

#[test]
fn an_acknowledgment_of_what_never_came_is_shown_with_its_connection() {
    let (mut network, oracle, [_, b]) = watched();
    let mut forged = None;
    let stack = network.stack(b);
    let id = stack.tcp_ids().into_iter().next_back().expect("a connection");
    let next = stack.tcp_info(id).expect("it is there").rcv_nxt;
    forge(&mut network, b, |tuple| {
        forged = Some(*tuple);
        let header = TcpHeader {
            seq: SeqNumber(1),
            ack: next + 1_000_000,
            flags: ACK,
            ..TcpHeader::new(tuple.local.port(), tuple.remote.port())
        };
        let mut tcp = vec![0; header.len()];
        header.emit(&mut tcp, 0);
        let sum = Sum::new().pseudo_header(tuple.local.ip(), tuple.remote.ip(), 6, tcp.len()).bytes(&tcp);
        header.emit(&mut tcp, sum.finish());
        tcp
    });
    let evidence = oracle.poll_evidence().expect("something is wrong");
    assert_eq!((evidence.violation.rule, evidence.violation.tuple), (Rule::AckCovers, forged));
    assert!(evidence.in_words().contains("0 bytes of data"), "{evidence}");
}
