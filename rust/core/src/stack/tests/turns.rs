//! Whose turn it is: what leaves of several connections when not everything can leave at once.

use super::streams::{at, pattern};
use super::wire_pair::{B, ETH, Net};
use crate::buffer::Offloads;
use crate::stack::{SocketId, SocketOption, TcpId};
use crate::time::Duration;
use crate::wire::be16;
use std::collections::BTreeMap;

/// Two hosts, the first with so many connections to the second; windows are wide open.
fn crowd(count: usize, offloads: Offloads) -> (Net, Vec<TcpId>) {
    let mut net = Net::pair(1);
    for host in &mut net.hosts {
        for (name, value) in
            [("tcp_initial_cwnd", 1_000), ("tcp_rmem_default", 4 << 20), ("tcp_rmem_max", 8 << 20)]
        {
            host.set_knob(net.now, name, value).unwrap();
        }
        for name in ["tcp_wmem_default", "tcp_wmem_max"] {
            host.set_knob(net.now, name, 4 << 20).unwrap();
        }
    }
    net.hosts[0].set_offloads(ETH, offloads).unwrap();
    net.hosts[1].tcp_listen(at(B, 80), 64).unwrap();
    let connect = |net: &mut Net| net.hosts[0].tcp_connect(net.now, at(B, 80), None, None).unwrap();
    let ids: Vec<_> = (0..count).map(|_| connect(&mut net)).collect();
    net.run(Duration::from_secs(1));
    // The window of a SYN is 64 KiB at most; the first ACK tells the whole one.
    for id in &ids {
        net.hosts[0].tcp_send(net.now, *id, b"hello").unwrap();
    }
    net.run(Duration::from_secs(1));
    (net, ids)
}

fn port(net: &Net, id: TcpId) -> u16 {
    net.hosts[0].tcp_info(id).unwrap().tuple.local.port()
}

/// What the first host sends next: source port and bytes of payload of each frame, until so many bytes in all.
fn leaves(net: &mut Net, bytes: usize) -> Vec<(u16, usize)> {
    let (mut frames, mut total) = (Vec::new(), 0);
    while total < bytes {
        let Some(frame) = net.hosts[0].poll_transmit(net.now) else { break };
        let (port, length) = (be16(frame.header, 34), frame.len() - 66);
        frames.push((port, length));
        total += length;
    }
    frames
}

#[test]
fn two_bulk_flows_get_the_same_bytes_whatever_their_segments() {
    for segment in [0, u16::MAX] {
        let (mut net, ids) = crowd(2, Offloads { checksum: true, segment });
        let now = net.now;
        net.hosts[0].set_option(now, SocketId::Tcp(ids[1]), SocketOption::MaxSegment, 536).unwrap();
        let data = pattern(1 << 20);
        for id in &ids {
            assert_eq!(net.hosts[0].tcp_send(now, *id, &data), Ok(data.len()));
        }
        let mut sums = BTreeMap::new();
        for (port, length) in leaves(&mut net, 600_000) {
            *sums.entry(port).or_insert(0) += length;
        }
        let sums = ids.iter().map(|id| sums[&port(&net, *id)]).collect::<Vec<_>>();
        let unit = if segment > 0 { 65_536 } else { 1_448 };
        assert!(sums[0].abs_diff(sums[1]) <= unit + (16 << 10), "{sums:?}");
        assert!(sums[0] + sums[1] >= 600_000, "{sums:?}");
    }
}

#[test]
fn small_flows_do_not_wait_behind_bulk() {
    let (mut net, ids) = crowd(32, Offloads { checksum: true, segment: u16::MAX });
    let now = net.now;
    let data = pattern(1 << 20);
    let (bulk, small) = ids.split_at(2);
    for id in bulk {
        net.hosts[0].tcp_send(now, *id, &data).unwrap();
    }
    assert!(leaves(&mut net, 300_000).len() < 10);
    for id in small {
        net.hosts[0].tcp_send(now, *id, b"a question").unwrap();
    }
    let expected: Vec<_> = small.iter().map(|id| (port(&net, *id), 10)).collect();
    assert_eq!(
        leaves(&mut net, 300),
        expected,
        "in the order in which they asked, before any more of the bulk"
    );
    assert!(
        leaves(&mut net, 300_000).iter().all(|(port, _)| expected.iter().all(|(small, _)| port != small))
    );
}
