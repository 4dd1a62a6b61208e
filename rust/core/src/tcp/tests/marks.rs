//! Marks beside losses: what DCTCP counts of them, and how often the window comes down (RFC 3168 6.1.2, RFC 8257 3.3, 3.5).

use super::ecn::{AE, CWR, ECE};
use super::peer::*;
use crate::tcp::Config;
use crate::tcp::congestion::Kind;
use crate::time::Duration;
use crate::wire::{EcnCounters, TcpFlags, TcpOptions};
use test_case::test_case;

const MSS: i64 = 1_000;
const RTT: Duration = Duration::from_millis(30);

/// A sender with AccECN and SACK; what its peer has got so far, and how many packets of it were marked.
struct Run {
    peer: Peer,
    una: i64,
    sent: i64,
    marked: i64,
}

impl Run {
    /// Sixty round trips of which nothing was marked: DCTCP's alpha has come down to a fiftieth.
    fn calm(congestion: Kind) -> Self {
        let config =
            Config { congestion, ecn: 3, ecn_option: 0, initial_window: 20, hystart: false, ..config() };
        let mut peer = Peer::connecting(config);
        peer.out();
        peer.bench.advance(RTT);
        let counters = Some(EcnCounters::new(1, 0, 1, false));
        let options = TcpOptions { ecn: counters, sack_permitted: true, ..plain_options() };
        peer.send(&seg(SYN | ACK | CWR, 0, 1).options(options));
        peer.out();
        let mut run = Self { peer, una: 1, sent: 1, marked: 0 };
        for _ in 0..60 {
            run.fill(20 * MSS);
            run.peer.bench.advance(RTT);
            run.acknowledge(run.sent, None, 0);
        }
        assert_eq!((run.recovery(), run.reductions()), ("open", 0));
        run
    }

    /// Write and send; returns how many segments left.
    fn fill(&mut self, bytes: i64) -> i64 {
        self.peer.write(bytes as usize).expect("room");
        self.send()
    }

    fn send(&mut self) -> i64 {
        let fresh: i64 =
            self.peer.out().iter().filter(|unit| !unit.retransmission).map(|unit| unit.length as i64).sum();
        self.sent += fresh;
        fresh / MSS
    }

    /// The peer has all before `una`, and `block` beyond it; `marks` of what is new came marked.
    fn acknowledge(&mut self, una: i64, block: Option<(i64, i64)>, marks: i64) {
        (self.una, self.marked) = (una, self.marked + marks);
        let count = 5 + self.marked;
        let bit = |place: i64, flag| if count >> place & 1 == 1 { flag } else { TcpFlags::empty() };
        let flags = bit(2, AE) | bit(1, CWR) | bit(0, ECE);
        let held = una - 1 + block.map_or(0, |(left, right)| right - left);
        let ce = self.marked * MSS;
        let counters = EcnCounters::new((held - ce + 1) as u32, ce as u32, 1, false);
        let mut options = TcpOptions { ecn: Some(counters), ..TcpOptions::default() };
        if let Some((left, right)) = block {
            options.sack.push(ISS + left as u32, ISS + right as u32);
        }
        self.peer.send(&seg(ACK | flags, 1, una).options(options));
    }

    /// A full window leaves, its first segment is lost, and of the others `marks` came marked: half of them are told of by
    /// the ACK that shows the loss, the rest by the next.
    fn lose(&mut self, marks: i64) {
        self.fill(60 * MSS);
        self.peer.bench.advance(RTT);
        let (una, end) = (self.una, self.sent);
        self.acknowledge(una, Some((una + MSS, una + 10 * MSS)), marks / 2);
        assert_eq!(self.recovery(), "fast");
        self.send();
        self.acknowledge(una, Some((una + MSS, end)), marks - marks / 2);
    }

    fn recovery(&self) -> &'static str {
        self.peer.info().recovery
    }

    fn reductions(&self) -> u64 {
        self.peer.info().ecn.reductions
    }

    fn threshold(&self) -> i64 {
        self.peer.info().ssthresh.expect("a loss set it").into()
    }
}

//= rfc8257#3.3   type=test, alpha is of all bytes, those of a repair too
#[test]
fn dctcps_alpha_counts_what_is_marked_during_a_repair() {
    let left = [0, 16].map(|marks| {
        let mut run = Run::calm(Kind::Dctcp);
        run.lose(marks);
        let threshold = run.threshold();
        assert_eq!(run.reductions(), 0, "the loss has reduced the window of this round trip");
        run.peer.bench.advance(RTT);
        run.acknowledge(run.sent, None, 0);
        assert_eq!((run.recovery(), run.threshold()), ("open", threshold));
        run.fill(20 * MSS);
        run.peer.bench.advance(RTT);
        let before = i64::from(run.peer.info().cwnd);
        run.acknowledge(run.sent, None, 1);
        assert_eq!(run.reductions(), 1);
        1_000 * (before - i64::from(run.peer.info().cwnd)) / before
    });
    // Half of alpha, in thousandths: a fiftieth, and a sixteenth of the four fifths that were marked.
    assert!((8..=12).contains(&left[0]), "{left:?}");
    assert!((30..=45).contains(&left[1]), "{left:?}");
}

//= rfc3168#6.1.2   type=test, one window of data: nothing twice
#[test_case(Kind::Reno, 500)]
#[test_case(Kind::Cubic, 700)]
#[test_case(Kind::Dctcp, 500; "as a loss does anywhere")]
fn marks_of_the_window_that_lost_reduce_nothing(congestion: Kind, kept: i64) {
    let mut run = Run::calm(congestion);
    let window = i64::from(run.peer.info().cwnd);
    run.lose(20);
    assert_eq!(run.reductions(), 0);
    assert!((run.threshold() * 1_000 / window).abs_diff(kept) <= 30, "{} of {window}", run.threshold());
}

//= rfc3168#6.1.2   type=test, what left behind a reduction is another window, though the first is not repaired yet
#[test_case(Kind::Reno, 500)]
#[test_case(Kind::Cubic, 700)]
#[test_case(Kind::Dctcp, 990; "by half of a small alpha")]
fn marks_of_the_next_window_reduce_again(congestion: Kind, kept: i64) {
    let mut run = Run::calm(congestion);
    run.lose(0);
    let (threshold, una, guard) = (run.threshold(), run.una, run.sent);
    run.peer.write(60_000).expect("room");
    assert!(run.send() > 0, "new data leaves during the repair");
    run.peer.bench.advance(RTT);
    // The retransmission is lost as well. Of what left behind it the first comes marked.
    run.acknowledge(una, Some((una + MSS, guard + MSS)), 1);
    assert_eq!((run.recovery(), run.reductions()), ("fast", 1));
    assert!((run.threshold() * 1_000 / threshold).abs_diff(kept) <= 15, "{} of {threshold}", run.threshold());
    run.acknowledge(una, Some((una + MSS, guard + 2 * MSS)), 1);
    assert_eq!(run.reductions(), 1, "once");
    let threshold = run.threshold();
    run.send();
    run.peer.bench.advance(RTT);
    run.acknowledge(run.sent, None, 0);
    assert_eq!((run.recovery(), run.peer.info().cwnd), ("open", threshold as u32), "the repair ends there");
}
