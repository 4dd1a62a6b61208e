//! Units of several segments, and checksums that others make: between hosts, through cards, through a router.

use super::routing::{FAR, network};
use super::streams::{at, connected, pattern, transfer};
use super::wire_pair::{A, B, ETH, Net};
use crate::buffer::{Offload, Offloads, Packet};
use crate::drops::DropReason;
use crate::ip::Segments;
use crate::observe::{Counter, InterfaceId};
use crate::rng::Rng;
use crate::stack::TcpId;
use crate::time::Duration;
use crate::wire::{Ipv4Header, Ipv4Options, Protocol, TcpFlags, TcpHeader, checksum::Sum, put16};
use std::net::Ipv4Addr;

const SECOND: Duration = Duration::from_secs(1);
const ALL: Offloads = Offloads { checksum: true, segment: u16::MAX };

/// Two hosts whose devices cut units and make checksums.
fn pair(seed: u128) -> Net {
    let mut net = Net::pair(seed);
    for host in &mut net.hosts {
        host.set_offloads(ETH, ALL).unwrap();
    }
    net
}

fn count(net: &Net, host: usize, counter: Counter) -> u64 {
    net.hosts[host].counters().value(counter)
}

fn sent_frames(net: &Net, host: usize) -> u64 {
    net.hosts[host].counters().interface(ETH).unwrap().tx_frames
}

#[test]
fn units_travel_whole_where_both_sides_take_them() {
    let mut net = pair(1);
    net.carries_units = true;
    let (_, client, server) = connected(&mut net);
    let data = pattern(3_000_000);
    assert!(transfer(&mut net, (0, client), (1, server), &data, SECOND * 10) == data);
    assert!(net.longest > 60_000, "{}", net.longest);
    let segments = count(&net, 0, Counter::TcpOutSegs);
    assert_eq!(segments, count(&net, 1, Counter::TcpInSegs), "a unit counts as its segments");
    assert!(segments >= 3_000_000 / 1_448, "{segments}");
    assert!(sent_frames(&net, 0) < 400, "{}", sent_frames(&net, 0));
    assert_eq!(count(&net, 0, Counter::TcpRetransSegs), 0);
}

#[test]
fn a_card_cuts_them_and_every_transfer_ends_whole_under_loss() {
    for (seed, per_mille) in [(1, 0), (2, 10), (3, 50), (4, 200)] {
        let mut net = pair(seed);
        let (_, client, server) = connected(&mut net);
        net.lose = Box::new(move |n, _| Rng::new(u128::from(n)).chance(per_mille * 1_000));
        let data = pattern(if per_mille > 50 { 300_000 } else { 2_000_000 });
        let got = transfer(&mut net, (0, client), (1, server), &data, SECOND * 3_600);
        assert!(got == data, "{per_mille} per mille: {} of {} bytes", got.len(), data.len());
        assert!(net.longest <= 1_514);
        let frames = sent_frames(&net, 0);
        let segments = count(&net, 0, Counter::TcpOutSegs);
        // The receiver, without offload of its own, acknowledges every second segment.
        assert!(per_mille > 0 || frames * 4 < segments, "{frames} for {segments}");
    }
}

#[test]
fn a_link_that_grows_narrower_under_way_cuts_anew() {
    for (carries_units, mtu) in [(false, 1_000), (true, 600)] {
        let mut net = pair(5);
        net.carries_units = carries_units;
        let (_, client, server) = connected(&mut net);
        // Frames longer than the new MTU never arrive again, as behind a device that shrank.
        let data = pattern(1_000_000);
        assert!(transfer_with(&mut net, client, server, &data, |net| {
            let now = net.now;
            net.hosts[0].set_mtu(now, ETH, mtu).unwrap();
        }));
        assert_eq!(net.hosts[0].tcp_info(client).unwrap().mss, mtu as u32 - 52);
    }
}

/// Send a third, do `change` while some of it is under way, then send the rest; whether all arrived.
fn transfer_with(
    net: &mut Net,
    client: TcpId,
    server: TcpId,
    data: &[u8],
    change: impl FnOnce(&mut Net),
) -> bool {
    let (first, rest) = data.split_at(data.len() / 3);
    let sent = net.hosts[0].tcp_send(net.now, client, first).unwrap();
    net.run(Duration::from_micros(30));
    change(net);
    let mut got = Vec::new();
    let mut buffer = vec![0; 1 << 16];
    let mut left = [&first[sent..], rest].concat();
    let end = net.now + SECOND * 60;
    net.run_until(end, |net| {
        let now = net.now;
        if let Ok(count) = net.hosts[0].tcp_send(now, client, &left) {
            left.drain(..count);
        }
        while let Ok(count @ 1..) = net.hosts[1].tcp_recv(now, server, &mut buffer) {
            got.extend_from_slice(&buffer[..count]);
        }
        got.len() == data.len()
    });
    got == data
}

/// A host whose device cuts units, a router, and a host behind it; connected.
fn routed() -> (Net, TcpId, TcpId) {
    let mut net = network();
    net.carries_units = true;
    net.hosts[0].set_offloads(ETH, ALL).unwrap();
    let listener = net.hosts[2].tcp_listen(at(FAR, 80), 8).unwrap();
    let client = net.hosts[0].tcp_connect(net.now, at(FAR, 80), None, None).unwrap();
    net.run(SECOND);
    let server = net.hosts[2].tcp_accept(listener).unwrap();
    (net, client, server)
}

#[test]
fn a_router_cuts_for_a_device_that_does_not() {
    let (mut net, client, server) = routed();
    let data = pattern(2_000_000);
    assert!(transfer(&mut net, (0, client), (2, server), &data, SECOND * 10) == data);
    assert!(net.longest > 20_000, "{}", net.longest);
    let (came, went) = (InterfaceId(1), InterfaceId(2));
    let counters = net.hosts[1].counters();
    let (came, went) = (counters.interface(came).unwrap(), counters.interface(went).unwrap());
    assert!(went.tx_frames > 3 * came.rx_frames, "{} to {}", came.rx_frames, went.tx_frames);
    let most = went.tx_bytes / went.tx_frames;
    assert!((1_000..=1_514).contains(&most), "{most}");
    assert_eq!(count(&net, 2, Counter::TcpInSegs), count(&net, 0, Counter::TcpOutSegs));
    assert_eq!(net.hosts[2].counters().drops(DropReason::TcpBadChecksum), 0);
}

#[test]
fn a_path_below_the_segments_of_a_unit_is_learned() {
    let (mut net, client, server) = routed();
    net.hosts[1].set_mtu(net.now, InterfaceId(2), 1_000).unwrap();
    let data = pattern(500_000);
    assert!(transfer(&mut net, (0, client), (2, server), &data, SECOND * 60) == data);
    assert!(net.hosts[1].counters().drops(DropReason::IpTooBig) > 0);
    assert_eq!(net.hosts[0].tcp_info(client).unwrap().mss, 948);
    assert_eq!(count(&net, 1, Counter::IpFragOKs), 0);
}

/// A TCP packet over IPv4 without DF, with `payload` bytes, in a frame to host `mac`; its checksum is left to others.
fn unit(mac: u8, destination: Ipv4Addr, payload: &[u8]) -> Packet {
    let mut tcp = TcpHeader::new(5, 6);
    tcp.flags = TcpFlags::ACK;
    let mut ip = Ipv4Header {
        tos: 0,
        total_length: 0,
        id: 77,
        dont_fragment: false,
        more_fragments: false,
        fragment_offset: 0,
        ttl: 9,
        protocol: Protocol::TCP,
        source: Ipv4Addr::new(10, 0, 0, 1),
        destination,
        options: Ipv4Options::NONE,
    };
    ip.total_length = (40 + payload.len()) as u16;
    let mut frame = vec![2, 0, 0, 0, 0, mac, 2, 0, 0, 0, 0, 1, 8, 0];
    frame.resize(54, 0);
    ip.emit(&mut frame[14..]);
    tcp.emit(&mut frame[34..], 0);
    let sum =
        Sum::new().pseudo_header(ip.source.into(), destination.into(), Protocol::TCP.0, 20 + payload.len());
    put16(&mut frame, 34 + 16, sum.partial());
    frame.extend_from_slice(payload);
    let mut packet = Packet::copied(32, &frame);
    packet.offload.partial_checksum = Some((34, 16));
    packet
}

#[test]
fn without_df_each_segment_is_fragmented_and_none_is_the_less_whole() {
    let mut net = network();
    let narrow = InterfaceId(2);
    net.hosts[1].set_mtu(net.now, narrow, 600).unwrap();
    let raw = net.hosts[2].raw_open(Protocol::TCP.0).unwrap();
    let data = pattern(4_000);
    for (size, segments) in [(1_400, 3), (0, 1)] {
        let mut packet = unit(2, Ipv4Addr::new(10, 0, 1, 9), &data);
        packet.offload.segment_size = size;
        let now = net.now;
        net.hosts[1].handle_frame(now, ETH, packet);
        net.run(SECOND);
        let mut whole = Vec::new();
        let mut out = vec![0; 5_000];
        for _ in 0..segments {
            let (length, _) = net.hosts[2].raw_recv(raw, &mut out).unwrap();
            let header = Ipv4Header::parse(&out[..length]).unwrap();
            let (source, destination) = (header.source.into(), header.destination.into());
            let (_, skip) = TcpHeader::parse(&out[20..length], source, destination, true).unwrap();
            whole.extend_from_slice(&out[20 + skip..length]);
        }
        assert!(whole == data);
    }
    assert_eq!(count(&net, 2, Counter::IpReasmOKs), 4);
}

#[test]
fn a_checksum_left_open_is_made_for_a_device_and_for_a_raw_socket() {
    let mut net = network();
    let near = net.hosts[1].raw_open(Protocol::TCP.0).unwrap();
    let far = net.hosts[2].raw_open(Protocol::TCP.0).unwrap();
    let data = pattern(501);
    for (host, raw, to) in [(1, near, Ipv4Addr::new(10, 0, 0, 2)), (2, far, Ipv4Addr::new(10, 0, 1, 9))] {
        let now = net.now;
        net.hosts[1].handle_frame(now, ETH, unit(2, to, &data));
        net.run(SECOND);
        let mut out = vec![0; 1_000];
        let (length, _) = net.hosts[host].raw_recv(raw, &mut out).unwrap();
        let (source, destination) = (A, to.into());
        assert!(TcpHeader::parse(&out[20..length], source, destination, true).is_ok(), "host {host}");
    }
    assert_eq!(net.hosts[2].counters().drops(DropReason::TcpBadChecksum), 0);
}

#[test]
fn what_a_device_says_must_fit_the_packet() {
    let mut net = network();
    let here = Ipv4Addr::new(10, 0, 0, 2);
    let bad = [
        // A unit whose checksum is not that of its TCP header, or of none, or that has no such header.
        (Offload { segment_size: 100, ..Offload::default() }, 6),
        (Offload { segment_size: 100, partial_checksum: Some((35, 16)), ..Offload::default() }, 6),
        (Offload { segment_size: 100, partial_checksum: Some((34, 6)), ..Offload::default() }, 17),
        // A checksum beyond the packet, though within the frame's padding.
        (Offload { partial_checksum: Some((34, 600)), ..Offload::default() }, 6),
    ];
    for (index, (offload, protocol)) in bad.into_iter().enumerate() {
        let mut packet = unit(2, here, &[7; 500]);
        let bytes = packet.bytes_mut();
        bytes[14 + 9] = protocol;
        put16(bytes, 14 + 10, 0);
        let sum = crate::wire::checksum::checksum(&bytes[14..34]);
        put16(bytes, 14 + 10, sum);
        packet.offload = offload;
        let now = net.now;
        net.hosts[1].handle_frame(now, ETH, packet);
        net.run(SECOND);
        assert_eq!(net.hosts[1].counters().drops(DropReason::BadOffload), index as u64 + 1, "{offload:?}");
    }
    // One that begins in the link header says nothing: the packet is judged as it is, and its checksum is open.
    let mut packet = unit(2, here, &[7; 500]);
    packet.offload.partial_checksum = Some((3, 16));
    let now = net.now;
    net.hosts[1].handle_frame(now, ETH, packet);
    assert_eq!(net.hosts[1].counters().drops(DropReason::TcpBadChecksum), 1);
}

#[test]
fn a_unit_waits_for_its_neighbour_and_for_a_device_that_changed_meanwhile() {
    for offloads in [ALL, Offloads { checksum: true, segment: 0 }, Offloads::default()] {
        let mut net = pair(9);
        let (_, client, server) = connected(&mut net);
        net.carries_units = true;
        net.hosts[0].remove_neighbor(net.now, ETH, B).unwrap();
        let data = pattern(12_000);
        net.longest = 0;
        net.hosts[0].tcp_send(net.now, client, &data).unwrap();
        net.settle();
        assert!(net.longest < 100, "the question only");
        net.hosts[0].set_offloads(ETH, offloads).unwrap();
        net.run(SECOND);
        let mut out = vec![0; 20_000];
        assert_eq!(net.hosts[1].tcp_recv(net.now, server, &mut out), Ok(data.len()));
        assert!(out[..data.len()] == data);
        assert_eq!(net.longest > 1_514, offloads.segment > 0);
        assert_eq!(count(&net, 0, Counter::TcpRetransSegs), 0);
    }
}

#[test]
fn every_frame_of_a_unit_is_as_a_host_without_offload_would_send_it() {
    let frames = |offloads| {
        let mut net = Net::pair(3);
        net.hosts[0].set_offloads(ETH, offloads).unwrap();
        let (_, client, _) = connected(&mut net);
        net.hosts[0].tcp_send(net.now, client, &pattern(14_480)).unwrap();
        let (now, mut frames) = (net.now, Vec::new());
        while let Some(transmit) = net.hosts[0].poll_transmit(now) {
            let (size, frame) = (transmit.offload.segment_size, transmit.to_vec());
            if size == 0 {
                frames.push(frame);
                continue;
            }
            let mut segments = Segments::new(&frame, &[], 14, size).unwrap();
            while let Some(length) = segments.next_len() {
                let mut segment = vec![0; length];
                segments.emit(&mut segment);
                // DF is set, so that the number means nothing (RFC 6864): cards count, we do not.
                put16(&mut segment, 14 + 4, 0);
                put16(&mut segment, 14 + 10, 0);
                let sum = crate::wire::checksum::checksum(&segment[14..34]);
                put16(&mut segment, 14 + 10, sum);
                frames.push(segment);
            }
        }
        frames
    };
    let (plain, cut) = (frames(Offloads::default()), frames(ALL));
    assert_eq!(plain.len(), 10);
    assert!(plain == cut);
}
