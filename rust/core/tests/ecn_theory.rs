//! Explicit congestion notification in the virtual network: what marks are for is that nothing is dropped.
//!
//! Each test says its scenario. Rates count Ethernet frames; a full segment is a frame of 1,514 bytes.

use tapip_core::observe::Counter;
use tapip_core::sim::{
    BulkSpec, CodelSpec, DirectionId, Discipline, FlowId, FlowStats, HostId, HostSpec, Impairment, LinkSpec,
    Network, Stop,
};
use tapip_core::tcp::EcnInfo;
use tapip_core::tcp::congestion::Kind;
use tapip_core::time::{Duration, Instant};

const MBIT: u64 = 1_000_000;
const FRAME: u64 = 1_514;

/// Two hosts, one link with a queue that marks, one flow.
#[derive(Clone)]
struct Scenario {
    congestion: &'static str,
    rate: u64,
    /// One way.
    delay: Duration,
    queue_bytes: u64,
    discipline: Discipline,
    /// net.ipv4.tcp_ecn of the sender and of the receiver.
    ecn: (u8, u8),
    /// Of the direction that carries ACKs: packets lost, in parts per million.
    acks_lost: u32,
}

struct Run {
    network: Network,
    sender: HostId,
    receiver: HostId,
    flow: FlowId,
}

impl Scenario {
    fn run(&self, seconds: u64) -> Run {
        let mut network = Network::new(11);
        let mut host = |name, ecn| {
            let mut spec = HostSpec::default();
            spec.config.tcp.ecn = ecn;
            // DCTCP is for networks under one hand: its receiver has a part in it.
            spec.config.tcp.congestion = Kind::by_name(self.congestion).expect("a known name");
            network.add_host(name, spec).expect("a new name")
        };
        let (sender, receiver) = (host("a", self.ecn.0), host("b", self.ecn.1));
        let mut there = LinkSpec::new(self.rate, self.delay);
        there.impairment = Impairment { queue_bytes: self.queue_bytes, ..there.impairment };
        there.discipline = self.discipline;
        let mut back = LinkSpec::new(self.rate, self.delay);
        back.impairment = Impairment { drop: self.acks_lost, ..back.impairment };
        network.link(sender, receiver, there, back).expect("a sound link");
        let flow = network.bulk(sender, receiver, BulkSpec::default()).expect("a sound flow");
        let mut run = Run { network, sender, receiver, flow };
        run.until(seconds);
        run
    }
}

impl Run {
    fn until(&mut self, seconds: u64) {
        while self.network.run_until(Instant::from_secs(seconds), 1 << 20) != Stop::Reached {
            while self.network.poll_notice().is_some() {}
        }
    }

    fn stats(&self) -> FlowStats {
        self.network.flow(self.flow)
    }

    /// What the end of the flow on `host` knows of marks.
    fn ecn(&self, host: HostId) -> EcnInfo {
        let stack = self.network.stack(host);
        let infos = stack.tcp_ids().into_iter().map(|id| stack.tcp_info(id).expect("it is there").ecn);
        infos.max_by_key(|ecn| ecn.received_ce + ecn.delivered_ce).expect("a connection")
    }

    /// Part of the link that application bytes fill, of what they could.
    fn use_of(&self, rate: u64) -> f64 {
        self.stats().goodput / (rate as f64 * 1_448.0 / FRAME as f64)
    }

    fn drops_and_marks(&mut self) -> (u64, u64) {
        let stats = self.network.stats(DirectionId(0));
        (stats.drops.total(), stats.marks.total())
    }
}

/// 50 Mbit/s, 40 ms, CoDel as RFC 8289 has it in front of a queue of four bandwidth-delay products, 30 s. Once with ECN
/// of either kind, where nothing may be lost, and once without, where CoDel drops.
fn codel(congestion: &'static str, ecn: (u8, u8)) -> Scenario {
    let discipline = Discipline::Codel(CodelSpec { ecn: true, ..CodelSpec::default() });
    let (rate, delay) = (50 * MBIT, Duration::from_millis(20));
    Scenario { congestion, rate, delay, queue_bytes: 4 * 250_000, discipline, ecn, acks_lost: 0 }
}

#[test]
fn under_codel_nothing_that_is_capable_is_dropped() {
    for (congestion, least) in [("reno", 0.8), ("cubic", 0.85), ("bbr", 0.85)] {
        for (mode, knobs) in [("classic", (1, 2)), ("accurate", (3, 5))] {
            let mut run = codel(congestion, knobs).run(30);
            let (drops, marks) = run.drops_and_marks();
            let name =
                format!("{congestion}, {mode}: {drops} drops, {marks} marks, use {}", run.use_of(50 * MBIT));
            assert_eq!(run.ecn(run.sender).mode, mode, "{name}");
            assert!(run.stats().intact && drops == 0 && marks > 0, "{name}");
            assert_eq!(run.stats().retransmissions, 0, "{name}");
            assert!(run.ecn(run.sender).reductions > 0, "{name}");
            assert!(run.use_of(50 * MBIT) >= least, "{name}");
            let queue = run.network.stats(DirectionId(0)).queue_delay;
            assert!(queue.p50 < Duration::from_millis(15), "{name}: {queue:?}");
        }
    }
}

#[test]
fn without_it_codel_drops() {
    for congestion in ["reno", "cubic"] {
        let mut run = codel(congestion, (0, 2)).run(30);
        let (drops, marks) = run.drops_and_marks();
        assert!(
            drops > 0 && marks == 0 && run.stats().retransmissions >= drops,
            "{congestion}: {drops}, {marks}"
        );
        assert_eq!(run.ecn(run.sender).mode, "off");
    }
}

/// 100 Mbit/s, 4 ms, a queue of 400 frames that marks from 20 frames on: K of RFC 8257 4.4 over C x RTT / 7, which is 5
/// frames. Queue and rate as the equations of Alizadeh et al. have them (SIGCOMM 2010, 3.3): the queue swings about K
/// by some frames, and the link is never idle. 20 s.
#[test]
fn dctcps_queue_stays_near_the_threshold() {
    let threshold = 20 * FRAME;
    let rate = 100 * MBIT;
    for (mode, knobs) in [("classic", (2, 2)), ("accurate", (3, 3))] {
        let scenario = Scenario {
            congestion: "dctcp",
            rate,
            delay: Duration::from_millis(2),
            queue_bytes: 400 * FRAME,
            discipline: Discipline::Fifo { mark_bytes: threshold },
            ecn: knobs,
            acks_lost: 0,
        };
        let mut run = scenario.run(20);
        let (drops, marks) = run.drops_and_marks();
        let stats = run.network.stats(DirectionId(0));
        let queue = |delay: Duration| delay.as_nanos() * rate / 8 / 1_000_000_000;
        let name = format!(
            "{mode}: {drops} drops, {marks} marks, use {}, p50 {} p99 {} of {threshold}",
            run.use_of(rate),
            queue(stats.queue_delay.p50),
            queue(stats.queue_delay.p99),
        );
        assert_eq!(run.ecn(run.sender).mode, mode, "{name}");
        assert!(drops == 0 && marks > 100 && run.stats().intact, "{name}");
        assert!(run.use_of(rate) > 0.97, "{name}");
        // The receiver's counts and the sender's are the queue's, but for the last round trip.
        assert!(run.ecn(run.receiver).received_ce.abs_diff(marks) < 100, "{name}");
        assert!(run.ecn(run.sender).delivered_ce.abs_diff(marks) < 100, "{name}");
        assert!((threshold / 2..=threshold * 3 / 2).contains(&queue(stats.queue_delay.p50)), "{name}");
        assert!(queue(stats.queue_delay.p99) <= 2 * threshold, "{name}");
    }
}

/// The same with AccECN under CUBIC, where a third of all ACKs is lost: the counters lose nothing by that.
#[test]
fn accurate_feedback_survives_lost_acks() {
    let scenario = Scenario {
        acks_lost: 333_333,
        discipline: Discipline::Fifo { mark_bytes: 60_000 },
        ..codel("dctcp", (3, 3))
    };
    let mut run = scenario.run(20);
    let (told, counted) = (run.ecn(run.sender), run.ecn(run.receiver));
    assert!(told.option_seen && counted.received_ce > 100, "{counted:?}");
    // What is not told yet is what came within the last round trip.
    assert!(
        (counted.received_ce - 400..=counted.received_ce).contains(&told.delivered_ce),
        "{told:?} {counted:?}"
    );
    let bytes = |ecn: EcnInfo| (ecn.received_bytes[1], ecn.delivered_bytes[1]);
    assert!(bytes(told).1 <= bytes(counted).0 && bytes(told).1 + 400 * 1_448 >= bytes(counted).0);
    assert_eq!(run.drops_and_marks().0, 0);
}

/// Every knob with every other: the best of which both sides have leave, and whole transfers.
#[test]
fn every_pair_of_knobs_agrees() {
    let asks = [0, 1, 0, 2, 1, 0];
    let grants = [0, 1, 1, 2, 2, 2];
    for client in 0..6u8 {
        for server in 0..6u8 {
            let wanted = ["off", "classic", "accurate"]
                [std::cmp::min(asks[usize::from(client)], grants[usize::from(server)])];
            let run = Scenario { ecn: (client, server), ..codel("cubic", (0, 0)) }.run(1);
            let (ours, theirs) = (run.ecn(run.sender), run.ecn(run.receiver));
            assert_eq!((ours.mode, theirs.mode), (wanted, wanted), "{client} to {server}");
            assert_eq!(ours.capable, wanted != "off");
            assert_eq!(theirs.seen, ours.capable);
            assert!(run.stats().intact && run.stats().bytes_delivered > 1_000_000, "{client} to {server}");
            let resets = run.network.stack(run.receiver).counters().value(Counter::TcpOutRsts);
            assert_eq!(resets, 0);
        }
    }
}
