//! Buffers that tune themselves: long fat paths are filled without a setting, and many connections share a small memory.

use super::*;
use crate::sim::{Cause, DirectionId};
use crate::stack::{SocketOption, TcpMemory};
use crate::tcp::{Info, Pressure, State};

/// 100 Mbit/s over a round trip of 200 ms, with a queue of one bandwidth-delay product.
fn long_fat() -> LinkSpec {
    let mut spec = LinkSpec::new(100 * MBIT, Duration::from_millis(100));
    spec.impairment.queue_bytes = 2_500_000;
    spec
}

fn endless(network: &mut Network, [from, to]: [HostId; 2]) -> FlowId {
    network.bulk(from, to, BulkSpec { trace_rows: 0, ..BulkSpec::default() }).expect("a sound flow")
}

/// How busy a direction is from second `from` to second `to`.
fn utilisation(network: &mut Network, direction: DirectionId, from: u64, to: u64) -> f64 {
    run(network, Instant::from_secs(from));
    network.restart_stats(direction);
    run(network, Instant::from_secs(to));
    network.stats(direction).utilisation
}

fn established(network: &Network, host: HostId) -> Info {
    let stack = network.stack(host);
    let mut infos = stack.tcp_ids().into_iter().filter_map(|id| stack.tcp_info(id).ok());
    infos.find(|info| info.state == State::Established).expect("a connection")
}

#[test]
fn a_long_fat_path_is_full_in_either_direction_without_a_setting() {
    for turned in [false, true] {
        let (mut network, [a, b], link) = pair(&long_fat());
        let (hosts, direction) = if turned { ([b, a], link.ba()) } else { ([a, b], link.ab()) };
        endless(&mut network, hosts);
        let share = utilisation(&mut network, direction, 5, 20);
        assert!(share > 0.9, "{share}");
        let (sender, receiver) = (established(&network, hosts[0]), established(&network, hosts[1]));
        assert!(receiver.work.receive_buffer > 4 << 20, "{}", receiver.work.receive_buffer);
        assert!(sender.work.send_buffer > 4 << 20, "{}", sender.work.send_buffer);
        //= rfc7323#2.2   the scale was chosen for the largest window that there may ever be: 6 MiB
        assert_eq!(receiver.window_scale, Some((7, 7)));
        let rtt = receiver.work.rcv_rtt.expect("timestamps tell it");
        assert!((200..=450).contains(&rtt.as_millis()), "{rtt:?}, a full queue included");
    }
}

#[test]
fn without_tuning_a_window_of_the_first_size_is_what_a_round_trip_carries() {
    // A writer is woken when a third of its buffer is free, so that of the send buffer less is used.
    for (knob, host, least) in [("tcp_moderate_rcvbuf", 1, 0.35), ("tcp_wmem_default", 0, 0.25)] {
        let (mut network, hosts, link) = pair(&long_fat());
        let value = i64::from(knob == "tcp_wmem_default") << 20;
        network.with_stack(hosts[host], |stack, now| stack.set_knob(now, knob, value)).expect("a knob");
        network
            .with_stack(hosts[0], |stack, now| stack.set_knob(now, "tcp_wmem_max", 1 << 20))
            .expect("a knob");
        endless(&mut network, hosts);
        let share = utilisation(&mut network, link.ab(), 5, 10);
        assert!(share > least && share < 0.45, "{knob}: 1 MiB in 200 ms are 42 Mbit/s, not {share}");
    }
}

#[test]
fn what_the_application_fixes_stays() {
    let (mut network, hosts, link) = pair(&long_fat());
    let options = vec![(SocketOption::SendBuffer, 500_000)];
    network.bulk(hosts[0], hosts[1], BulkSpec { options, ..BulkSpec::default() }).expect("a sound flow");
    let share = utilisation(&mut network, link.ab(), 5, 10);
    assert!(share < 0.25, "500 kB in 200 ms are 20 Mbit/s, not {share}");
    assert_eq!(established(&network, hosts[0]).work.send_buffer, 500_000);
}

/// How long 8 MB take with buffers of `size`.
fn time_with(knobs: &[&str], size: i64) -> Duration {
    let mut spec = LinkSpec::new(20 * MBIT, Duration::from_millis(25));
    spec.impairment.queue_bytes = 125_000;
    let (mut network, hosts, _) = pair(&spec);
    for host in hosts {
        for knob in knobs {
            network.with_stack(host, |stack, now| stack.set_knob(now, knob, size)).expect("a knob");
        }
    }
    let flow = bulk(&mut network, hosts, 8_000_000);
    run(&mut network, Instant::from_secs(120));
    let result = network.flow(flow);
    assert!(result.intact);
    result.completion_time.expect("it is complete")
}

#[test]
fn a_bigger_buffer_is_never_slower() {
    for knobs in [
        &["tcp_rmem_default", "tcp_rmem_max"][..],
        &["tcp_wmem_default", "tcp_wmem_max"][..],
        &["tcp_rmem_max"][..],
    ] {
        let times = [14, 16, 18, 20, 22, 24].map(|shift| time_with(knobs, 1 << shift));
        for pair in times.windows(2) {
            let slack = pair[0].as_nanos() / 50;
            assert!(pair[1].as_nanos() <= pair[0].as_nanos() + slack, "{knobs:?}: {times:?}");
        }
    }
}

#[test]
fn two_hundred_connections_share_a_megabyte() {
    let mut network = Network::new(7);
    let mut spec = HostSpec::default();
    spec.config.tcp_memory = TcpMemory { low: 128, pressure: 192, high: 256 };
    let hosts = ["a", "b"].map(|name| network.add_host(name, spec.clone()).expect("a new name"));
    let mut spec = LinkSpec::new(50 * MBIT, Duration::from_millis(10));
    spec.impairment.queue_bytes = 250_000;
    spec.impairment.drop = 5_000;
    let link = network.link(hosts[0], hosts[1], spec.clone(), spec).expect("a sound link");
    let flows: Vec<_> = (0..200).map(|_| bulk(&mut network, hosts, 100_000)).collect();
    // What every connection may hold however short memory is: a page each way, and a segment that was under way.
    let most = (256 * 4_096) + 200 * (4_096 + 1_448);
    let mut seen = Pressure::None;
    for tick in 1..12_000 {
        run(&mut network, Instant::from_millis(tick * 10));
        for host in hosts {
            let memory = network.stack(host).memory();
            assert!(memory.tcp_bytes <= most, "{} at {:?}", memory.tcp_bytes, network.now());
            seen = seen.max(memory.tcp_pressure);
        }
        if flows.iter().all(|flow| network.flow(*flow).completed.is_some()) {
            break;
        }
    }
    assert!(flows.iter().all(|flow| network.flow(*flow).intact && network.flow(*flow).completed.is_some()));
    assert_eq!(seen, Pressure::Critical, "or the memory was not small");
    assert!(network.stats(link.ab()).drops.of(Cause::Chance) > 0);
    let end = network.now() + Duration::from_secs(200);
    run(&mut network, end);
    for host in hosts {
        let memory = network.stack(host).memory();
        assert_eq!((memory.tcp_bytes, memory.tcp_pressure), (0, Pressure::None));
    }
}
