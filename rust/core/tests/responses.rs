//! Windows and shares that the literature predicts, against those of flows in the virtual network.
//!
//! Each test says its scenario. What takes too long for every run is ignored here and run by `make soak`.

use tapip_core::observe::Counter;
use tapip_core::sim::{BulkSpec, DirectionId, FlowId, HostId, HostSpec, LinkSpec, Network, Stop};
use tapip_core::time::{Duration, Instant};

const MBIT: u64 = 1_000_000;
/// More than any window here.
const ROOM: usize = 256 << 20;
/// Payload of a full segment with timestamps.
const SEGMENT: f64 = 1_448.0;

fn run(network: &mut Network, until: Instant) {
    while network.run_until(until, 1 << 22) != Stop::Reached {
        while network.poll_notice().is_some() {}
    }
}

/// A path so wide that nothing but losses limits the flow over it: every `every`-th segment is lost.
struct Lossy {
    network: Network,
    sender: HostId,
}

impl Lossy {
    fn new(congestion: &str, rtt: Duration, every: u32) -> Self {
        let mut network = Network::new(7);
        let mut spec = HostSpec::default();
        (spec.config.tcp.send_buffer, spec.config.tcp.receive_buffer) = (ROOM, ROOM);
        let hosts = ["a", "b"].map(|name| network.add_host(name, spec.clone()).expect("a new name"));
        let mut there = LinkSpec::new(10_000 * MBIT, Duration::from_nanos(rtt.as_nanos() / 2));
        there.impairment.queue_bytes = ROOM as u64;
        let back = there.clone();
        there.impairment.drop_every = every;
        network.link(hosts[0], hosts[1], there, back).expect("a sound link");
        let flow = BulkSpec { congestion: Some(congestion.to_owned()), trace_rows: 0, ..BulkSpec::default() };
        network.bulk(hosts[0], hosts[1], flow).expect("a sound flow");
        Self { network, sender: hosts[0] }
    }

    /// Mean congestion window in segments, looked at every 3 ms while nothing is under repair (the laws know no repairs: for
    /// them a loss halves the window, and that is all), over so many loss epochs after as many tenths to settle.
    fn mean_window(mut self, epochs: u64) -> f64 {
        let (mut sum, mut count, mut begun) = (0.0, 0.0, 0);
        let mut settled = None;
        for step in 1.. {
            run(&mut self.network, Instant::from_millis(step * 3));
            let stack = self.network.stack(self.sender);
            begun = begun.max(stack.counters().value(Counter::TcpFastRetrans));
            let from = *settled.get_or_insert(epochs / 10 + 3);
            if begun >= from + epochs {
                break;
            }
            for id in stack.tcp_ids().into_iter().filter(|_| begun >= from) {
                let info = stack.tcp_info(id).expect("it is there");
                if info.recovery == "open" {
                    (sum, count) = (sum + f64::from(info.cwnd) / SEGMENT, count + 1.0);
                }
            }
        }
        assert_eq!(self.network.stack(self.sender).counters().value(Counter::TcpTimeouts), 0);
        sum / count
    }
}

fn close(found: f64, law: f64, allowed: f64, what: &str) {
    assert!((found / law - 1.0).abs() < allowed, "{what}: {found:.2} segments, the law says {law:.2}");
}

/// Reno under loss of exactly every 1/p-th segment: sqrt(3/(2p)) segments (Mathis et al. 1997), since bytes are counted and not
/// ACKs. 20 ms.
#[test]
fn reno_keeps_the_square_root_law() {
    for (every, epochs) in [(100, 200), (1_000, 60), (10_000, 20)] {
        let mean = Lossy::new("reno", Duration::from_millis(20), every).mean_window(epochs);
        close(mean, (1.5 * f64::from(every)).sqrt(), 0.10, &format!("p = 1/{every}"));
    }
}

/// CUBIC's response function (RFC 9438 5.1, with C = 0.4 and beta = 0.7), or Reno's law where that is larger.
fn cubic_law(rtt: f64, every: f64) -> f64 {
    let cubic = (0.4 * 3.7 / (4.0 * 0.3) * (rtt * every).powi(3)).sqrt().sqrt();
    cubic.max((1.5 * every).sqrt())
}

fn cubic_keeps_its_law(rtt: u64, every: u32, epochs: u64) {
    let mean = Lossy::new("cubic", Duration::from_millis(rtt), every).mean_window(epochs);
    let law = cubic_law(rtt as f64 / 1_000.0, f64::from(every));
    close(mean, law, 0.15, &format!("p = 1/{every}, {rtt} ms"));
}

#[test]
fn cubic_keeps_the_larger_of_its_own_law_and_renos_at_20_ms() {
    //= rfc9438#5.1   type=test
    cubic_keeps_its_law(20, 10_000, 100);
}

#[test]
fn cubic_keeps_the_larger_of_its_own_law_and_renos_at_100_ms() {
    cubic_keeps_its_law(100, 10_000, 100);
}

#[test]
#[ignore = "a minute each: run by make soak"]
fn cubic_keeps_its_law_with_rare_losses() {
    cubic_keeps_its_law(20, 100_000, 100);
    cubic_keeps_its_law(100, 100_000, 100);
}

/// Jain's index of what flows got.
fn jain(shares: &[f64]) -> f64 {
    let sum: f64 = shares.iter().sum();
    let squares: f64 = shares.iter().map(|share| share * share).sum();
    sum * sum / (shares.len() as f64 * squares)
}

/// Four CUBIC flows from four hosts over one link of 20 Mbit/s, 40 ms, FIFO of one BDP; they begin five seconds after each
/// other. The last 120 of 180 s.
#[test]
fn four_equal_flows_share_a_link_evenly() {
    let mut network = Network::new(7);
    let router = HostSpec { forward: true, ..HostSpec::default() };
    let near = network.add_host("near", router.clone()).expect("a new name");
    let far = network.add_host("far", router).expect("a new name");
    let mut narrow = LinkSpec::new(20 * MBIT, Duration::from_millis(18));
    narrow.impairment.queue_bytes = 100_000;
    network.link(near, far, narrow.clone(), narrow).expect("a sound link");
    let flows: Vec<FlowId> = (0..4)
        .map(|number| {
            let mut host =
                |side| network.add_host(&format!("{side}{number}"), HostSpec::default()).expect("a new name");
            let (from, to) = (host("from"), host("to"));
            let wide = LinkSpec::new(1_000 * MBIT, Duration::from_millis(1));
            network.link(from, near, wide.clone(), wide.clone()).expect("a sound link");
            network.link(far, to, wide.clone(), wide).expect("a sound link");
            let start = Instant::from_secs(number * 5);
            let spec = BulkSpec { start, trace_rows: 0, ..BulkSpec::default() };
            network.bulk(from, to, spec).expect("a sound flow")
        })
        .collect();
    let delivered =
        |network: &Network| flows.iter().map(|flow| network.flow(*flow).bytes_delivered as f64).collect();
    run(&mut network, Instant::from_secs(60));
    let before: Vec<f64> = delivered(&network);
    run(&mut network, Instant::from_secs(180));
    let after: Vec<f64> = delivered(&network);
    let shares: Vec<f64> = after.iter().zip(&before).map(|(after, before)| after - before).collect();
    assert!(jain(&shares) >= 0.95, "{} of {shares:?}", jain(&shares));
    assert!(shares.iter().sum::<f64>() * 8.0 / 120.0 > 0.9 * 20e6, "and they fill it: {shares:?}");
}

/// One flow over 50 Mbit/s, 40 ms (172 segments), with a buffer of four BDP: whether CSS was entered before anything was lost,
/// and how much slow start lost.
fn slow_start(hystart: bool) -> (bool, u64) {
    let mut network = Network::new(7);
    let mut spec = HostSpec::default();
    (spec.config.tcp.send_buffer, spec.config.tcp.receive_buffer) = (ROOM, ROOM);
    spec.config.tcp.hystart = hystart;
    let hosts = ["a", "b"].map(|name| network.add_host(name, spec.clone()).expect("a new name"));
    let mut link = LinkSpec::new(50 * MBIT, Duration::from_millis(20));
    link.impairment.queue_bytes = 4 * 250_000;
    network.link(hosts[0], hosts[1], link.clone(), link).expect("a sound link");
    network.bulk(hosts[0], hosts[1], BulkSpec::default()).expect("a sound flow");
    let mut before_loss = false;
    for step in 1..3_000 {
        run(&mut network, Instant::from_millis(step));
        let drops = network.stats(DirectionId(0)).drops.total();
        let stack = network.stack(hosts[0]);
        for id in stack.tcp_ids() {
            let phase = stack.tcp_info(id).expect("it is there").congestion_phase;
            before_loss |= drops == 0 && phase == "conservative-slow-start";
        }
    }
    (before_loss, network.stats(DirectionId(0)).drops.total())
}

#[test]
fn conservative_slow_start_begins_before_the_first_loss_and_halves_the_drops() {
    //= rfc9406#4.2   type=test
    let (entered, drops) = slow_start(true);
    let (never, without) = slow_start(false);
    assert!(entered && !never);
    assert!(without > 0 && drops * 2 < without, "{drops} drops, {without} without it");
}
