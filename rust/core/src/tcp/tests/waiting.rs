//! Peers that close their window, fall silent, or vanish: persist, keep-alive, R1 and R2, user timeout.

use super::peer::*;
use crate::error::Error;
use crate::observe::Counter;
use crate::tcp::{Config, Setting, State};
use crate::time::Duration;

/// A window of nothing, and data that waits for it.
fn shut_out(length: usize) -> Peer {
    let mut peer = Peer::established();
    peer.send(&seg(ACK, 1, 1).window(0));
    peer.write(length).unwrap();
    assert_eq!(peer.says(), "");
    peer
}

#[test]
fn a_closed_window_is_probed_with_a_byte_at_doubling_intervals() {
    let mut peer = shut_out(3_000);
    assert_eq!(peer.pass(1_500), "@200 ACK 1:1 +1, @600 ACK 1:1 +1, @1400 ACK 1:1 +1");
    assert_eq!(peer.bench.count(Counter::TcpProbes), 3);
    // The byte was not taken; the window opens, and all goes out from the start.
    assert_eq!(peer.answer(&seg(ACK, 1, 1).window(2_000)), "ACK 1:1 +1000, ACK 1001:1 +1000");
    // The byte was taken.
    let mut peer = shut_out(3_000);
    peer.pass(200);
    assert_eq!(peer.answer(&seg(ACK, 1, 2).window(2_000)), "ACK 2:1 +1000, ACK 1002:1 +1000");
}

#[test]
fn probing_goes_on_for_ever_while_it_is_answered() {
    let mut peer = shut_out(1);
    let mut probes = 0;
    for _ in 0..3_000 {
        peer.fire().expect("a timer always runs");
        for _ in peer.out() {
            probes += 1;
            peer.send(&seg(ACK, 1, 1).window(0));
        }
    }
    assert_eq!(peer.tcp.state(), State::Established);
    assert!(probes > 2_000);
    assert!(peer.bench.now.as_millis() > 1_000 * 3_600 * 24, "a day and more");
}

#[test]
fn probes_into_silence_end_the_connection() {
    let mut peer = shut_out(1);
    peer.pass(3_600_000);
    assert_eq!((peer.tcp.state(), peer.tcp.take_error()), (State::Closed, Some(Error::TimedOut)));
}

#[test]
fn a_closed_window_does_not_hold_an_orphan_for_ever() {
    let mut peer = shut_out(1);
    peer.close();
    for _ in 0..100 {
        if peer.fire().is_none() {
            break;
        }
        for _ in peer.out() {
            peer.send(&seg(ACK, 1, 1).window(0));
        }
    }
    assert_eq!(peer.tcp.state(), State::Closed);
}

#[test]
fn a_fin_alone_probes_as_well() {
    let mut peer = Peer::established();
    peer.send(&seg(ACK, 1, 1).window(0));
    peer.shutdown();
    assert_eq!(peer.says(), "");
    assert_eq!(peer.pass(300), "@200 FIN|ACK 1:1");
    peer.send(&seg(ACK, 1, 2).window(0));
    assert_eq!((peer.tcp.state(), peer.tcp.poll_timeout()), (State::FinWait2, None));
}

#[test]
fn a_window_that_shrinks_over_what_is_out_is_survived() {
    let mut peer = Peer::established();
    peer.write(3_000).unwrap();
    peer.out();
    for _ in 0..200 {
        peer.fire().expect("a timer runs");
        for unit in peer.out() {
            assert!(unit.length <= 1 || unit.length == 1_000);
            peer.send(&seg(ACK, 1, 1).window(0));
        }
    }
    assert_eq!(peer.tcp.state(), State::Established, "it answers, so it lives");
    peer.send(&seg(ACK, 1, 1).window(9_000));
    let said = peer.says() + &peer.pass(130_000);
    assert!(said.contains("ACK 1:1 +1000"), "{said}");
}

#[test]
fn silence_ends_it_after_r2_and_r1_is_told() {
    let mut peer = Peer::established();
    peer.bench.trace.set_mask(crate::observe::LayerMask::TCP);
    peer.write(1).unwrap();
    peer.out();
    let start = peer.bench.now;
    let mut sent = 0;
    while peer.tcp.state() != State::Closed {
        peer.fire().expect("a timer runs");
        sent += peer.out().iter().filter(|unit| unit.length > 0).count();
    }
    assert_eq!(sent, 15);
    assert!(peer.bench.now.since(start) >= Duration::from_secs(100), "R2 is 100 s at least");
    assert_eq!(peer.tcp.take_error(), Some(Error::TimedOut));
    assert_eq!(peer.bench.count(Counter::TcpAbortOnTimeout), 1);
    let texts: Vec<_> = peer.bench.trace.since(0, 1_000).map(|record| record.event.to_string()).collect();
    assert_eq!(texts.iter().filter(|text| text.starts_with("timer r1")).count(), 1);
}

#[test]
fn an_orphan_waits_less() {
    let mut peer = Peer::established();
    peer.write(1).unwrap();
    peer.close();
    let said = peer.says() + &peer.pass(1_000_000);
    assert_eq!(said.matches("FIN|PSH|ACK").count(), 1 + 8, "{said}");
    assert_eq!(peer.tcp.state(), State::Closed);
}

#[test]
fn the_user_timeout_ends_it_to_the_millisecond() {
    for window in [0, 60_000] {
        let mut peer = Peer::established();
        peer.send(&seg(ACK, 1, 1).window(window));
        let patience = Setting::UserTimeout(Some(Duration::from_secs(7)));
        peer.tcp.set(&mut peer.bench.cx(), patience).unwrap();
        peer.pass(60_000);
        peer.write(10).unwrap();
        peer.out();
        peer.pass(6_999);
        assert_eq!(peer.tcp.state(), State::Established);
        assert!(peer.pass(1).ends_with("RST|ACK 11:1") || window == 0);
        assert_eq!((peer.tcp.state(), peer.tcp.take_error()), (State::Closed, Some(Error::TimedOut)));
    }
}

#[test]
fn progress_renews_the_users_patience() {
    let mut peer = Peer::established();
    let patience = Setting::UserTimeout(Some(Duration::from_secs(1)));
    peer.tcp.set(&mut peer.bench.cx(), patience).unwrap();
    peer.write(10).unwrap();
    peer.out();
    for i in 1..=10 {
        peer.pass(900);
        peer.send(&seg(ACK, 1, 1 + i));
    }
    assert_eq!(peer.tcp.state(), State::Established);
    assert_eq!(peer.tcp.poll_timeout(), None);
}

fn kept_alive() -> Peer {
    let mut peer = Peer::established_with(Config { keepalive_probes: 3, ..config() }, plain_options());
    for setting in [
        Setting::KeepIdle(Duration::from_secs(10)),
        Setting::KeepInterval(Duration::from_secs(2)),
        Setting::KeepAlive(true),
    ] {
        peer.tcp.set(&mut peer.bench.cx(), setting).unwrap();
    }
    peer
}

#[test]
fn an_idle_peer_is_asked_and_one_that_answers_is_left_alone() {
    let mut peer = kept_alive();
    assert_eq!(peer.pass(10_000), "@10000 ACK 0:1", "a number that is acknowledged already, no data");
    peer.send(&seg(ACK, 1, 1));
    assert_eq!(peer.pass(9_999), "");
    assert_eq!(peer.pass(5_000), "@1 ACK 0:1, @2001 ACK 0:1, @4001 ACK 0:1");
    peer.send(&seg(ACK, 1, 1));
    assert_eq!(peer.tcp.state(), State::Established, "late, but there");
    assert_eq!(peer.bench.count(Counter::TcpKeepAlives), 4);
}

#[test]
fn a_vanished_peer_is_noticed() {
    let mut peer = kept_alive();
    let said = peer.pass(20_000);
    assert_eq!(said, "@10000 ACK 0:1, @12000 ACK 0:1, @14000 ACK 0:1, @16000 RST|ACK 1:1");
    assert_eq!(peer.tcp.take_error(), Some(Error::TimedOut));
}

#[test]
fn traffic_puts_keep_alive_off_and_it_is_off_by_default() {
    let mut peer = kept_alive();
    for i in 0..5 {
        peer.pass(6_000);
        peer.send(&seg(ACK, 1 + i, 1).data(b"x"));
    }
    assert_eq!(peer.bench.count(Counter::TcpKeepAlives), 0);
    assert_eq!(Peer::established().tcp.poll_timeout(), None);
}

#[test]
fn the_peers_keep_alive_is_answered() {
    let mut peer = Peer::established();
    assert_eq!(peer.answer(&seg(ACK, 0, 1)), "ACK 1:1");
    peer.bench.advance(Duration::from_secs(1));
    assert_eq!(peer.answer(&seg(ACK, 0, 1).data(b"x")), "ACK 1:1", "with the garbage byte of old");
}
