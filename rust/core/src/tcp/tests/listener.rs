//! LISTEN: segment tables, half-open connections, the accounting of both queues.

use super::pair::{MTU, mirrored};
use super::peer::*;
use crate::drops::DropReason;
use crate::observe::{Bench, Counter};
use crate::tcp::{Arrival, Config, Connection, Listener, OnListen, Secrets, Setting, Settings, Tuple};
use crate::time::Duration;
use crate::wire::{TcpFlags, TcpHeader, TcpOptions, Timestamps};
use std::sync::Arc;
use test_case::test_case;

/// A listener and what it is lent.
pub(super) struct Server {
    pub(super) listener: Listener,
    pub(super) bench: Bench,
    pub(super) config: Arc<Config>,
    /// The connection that the last segment made.
    pub(super) made: Option<Box<Connection>>,
    /// The last segment that it answered with.
    pub(super) answer: Option<TcpHeader>,
}

impl Server {
    pub(super) fn new(backlog: usize, config: Config) -> Self {
        let listener = Listener::new(backlog, Settings::new(&config), Secrets::new(1));
        Self { listener, bench: Bench::new(1), config: Arc::new(config), made: None, answer: None }
    }

    /// What is made of a segment from the client of this port, in words.
    pub(super) fn takes(&mut self, port: u16, seg: &Seg) -> String {
        let tuple = Tuple { remote: ([10, 0, 0, 1], port).into(), ..mirrored() };
        let arrival = Arrival { tuple, segment: &seg.header, length: seg.data.len(), isn: ISS, mtu: MTU };
        self.answer = None;
        match self.listener.on_segment(&mut self.bench.cx(), &self.config, &arrival) {
            OnListen::Open(child) => {
                let state = child.state().name().into();
                self.made = Some(child);
                state
            }
            OnListen::Answer(header) => {
                self.answer = Some(header);
                said(&header)
            }
            OnListen::Reset(reset) => said(&reset),
            OnListen::Ignore(reason) => reason.name().into(),
            OnListen::Done => String::new(),
        }
    }

    /// Let `millis` pass; what is sent again meanwhile, in words.
    pub(super) fn pass(&mut self, millis: u64) -> String {
        let start = self.bench.now;
        let end = start + Duration::from_millis(millis);
        let mut all = Vec::new();
        while let Some(at) = self.listener.poll_timeout().filter(|at| *at <= end) {
            self.bench.now = self.bench.now.max(at);
            while let Some((_, header)) = self.listener.on_timeout(&mut self.bench.cx(), &self.config) {
                all.push(format!("@{} {}", at.since(start).as_millis(), said(&header)));
            }
        }
        self.bench.now = end;
        all.join(", ")
    }

    pub(super) fn count(&self, counter: Counter) -> u64 {
        self.bench.count(counter)
    }
}

fn said(header: &TcpHeader) -> String {
    let mut text = format!("{} {}", header.flags.name(), header.seq.distance(ISS));
    if header.has(ACK) {
        text += &format!(":{}", header.ack.distance(IRS));
    }
    text
}

#[test_case(RST, 0 => "listen-ignored"; "a reset is ignored")]
#[test_case(RST | ACK, 5 => "listen-ignored"; "so is one with an ACK")]
#[test_case(ACK, 5 => "RST 5"; "an ACK is reset at its number")]
#[test_case(SYN | ACK, 5 => "RST 5"; "also with a SYN")]
#[test_case(FIN | ACK, 5 => "RST 5"; "also with a FIN")]
#[test_case(FIN, 0 => "listen-ignored"; "a FIN alone is nothing")]
#[test_case(NONE, 0 => "listen-ignored"; "no flags are nothing")]
#[test_case(SYN | FIN, 0 => "bad-flags"; "a SYN with a FIN is nonsense")]
#[test_case(SYN, 0 => "SYN|ACK 0:1"; "a SYN is answered")]
fn a_listener_answers(flags: TcpFlags, ack: i64) -> String {
    Server::new(1, Config::default()).takes(5, &seg(flags, 0, ack))
}

#[test_case(&seg(RST, 1, 0) => ("".into(), 0); "reset at the number")]
#[test_case(&seg(RST, 2, 0) => ("ACK 1:1".into(), 1); "reset in the window")]
#[test_case(&seg(ACK, 1, 5) => ("RST 5".into(), 1); "ack of the unsent")]
#[test_case(&seg(ACK, 90_000, 1) => ("ACK 1:1".into(), 1); "beyond the window")]
#[test_case(&seg(SYN, 0, 0) => ("SYN|ACK 0:1".into(), 1); "the same SYN again")]
#[test_case(&seg(SYN, 700, 0) => ("ACK 1:1".into(), 1); "another SYN")]
#[test_case(&seg(ACK, 1, 1) => ("ESTABLISHED".into(), 0); "the ack")]
fn a_half_open_connection_answers(seg: &Seg) -> (String, usize) {
    let mut server = Server::new(1, Config::default());
    server.takes(5, &super::peer::seg(SYN, 0, 0));
    let config = Config { receive_buffer: 10_000, ..Config::default() };
    assert!(config.receive_buffer < 65_535);
    (server.takes(5, seg), server.listener.half_open())
}

#[test]
fn a_half_open_connection_scales_the_window_of_its_acks() {
    //= rfc7323#2.2   type=test
    let mut server =
        Server::new(1, Config { receive_buffer: 64_000, receive_buffer_max: 1 << 20, ..Config::default() });
    let options = TcpOptions { mss: Some(1000), window_scale: Some(3), ..TcpOptions::default() };
    server.takes(5, &seg(SYN, 0, 0).options(options));
    let answer = server.answer.unwrap();
    let shift = answer.options.window_scale.unwrap();
    assert_eq!(answer.window, 64_000);
    server.takes(5, &seg(ACK, 90_000, 1));
    assert_eq!(server.answer.unwrap().window, 64_000 >> shift);
}

#[test]
fn what_is_packed_comes_out_again() {
    let mut server =
        Server::new(1, Config { receive_buffer: 1 << 20, receive_buffer_max: 1 << 20, ..Config::default() });
    let options = TcpOptions {
        mss: Some(1000),
        window_scale: Some(3),
        sack_permitted: true,
        timestamps: Some(Timestamps { value: 100, echo: 0 }),
        ..TcpOptions::default()
    };
    server.takes(5, &seg(SYN, 0, 0).options(options));
    let first = server.answer.unwrap().options;
    assert_eq!((first.mss, first.window_scale, first.sack_permitted), (Some(1460), Some(5), true));
    server.pass(400);
    server.takes(5, &seg(SYN, 0, 0).options(options));
    let again = server.answer.unwrap().options.timestamps.unwrap();
    let before = first.timestamps.unwrap();
    assert_eq!((again.value - before.value, again.echo, before.echo), (400, 100, 100), "one clock");
    assert_eq!(server.takes(5, &seg(ACK, 1, 1).stamps(101, again.value)), "ESTABLISHED");
    let info = server.made.unwrap().info();
    assert_eq!((info.peer_mss, info.mss, info.window_scale), (1000, 988, Some((3, 5))));
    assert!(info.sack && info.timestamps && !info.syn_cookie);
    assert_eq!((info.srtt, info.cwnd), (Some(Duration::from_millis(400)), 9_880));
}

#[test]
fn a_half_open_connection_is_small() {
    let size = size_of::<super::super::half_open::HalfOpen>();
    assert!(size <= 128, "{size} bytes");
}

#[test]
fn a_syn_ack_is_sent_again_and_the_peer_forgotten_in_the_end() {
    let mut server = Server::new(1, Config::default());
    server.takes(5, &seg(SYN, 0, 0));
    let again =
        "@1000 SYN|ACK 0:1, @3000 SYN|ACK 0:1, @7000 SYN|ACK 0:1, @15000 SYN|ACK 0:1, @31000 SYN|ACK 0:1";
    assert_eq!(server.pass(62_999), again);
    assert_eq!(server.listener.half_open(), 1);
    assert_eq!(server.pass(1), "");
    assert_eq!((server.listener.half_open(), server.count(Counter::TcpAttemptFails)), (0, 1));
    assert_eq!(server.takes(5, &seg(ACK, 1, 1)), "RST 1");
}

#[test]
fn after_a_repeated_syn_ack_the_start_is_slow() {
    let mut server = Server::new(1, Config::default());
    server.takes(5, &seg(SYN, 0, 0).options(plain_options()));
    server.pass(1_000);
    server.takes(5, &seg(ACK, 1, 1));
    let info = server.made.unwrap().info();
    assert_eq!((info.cwnd, info.rto), (1000, Duration::from_secs(3)));
}

/// Cookies off: the queue alone.
fn plain() -> Config {
    Config { syn_cookies: 0, ..Config::default() }
}

#[test]
fn both_queues_are_bounded_and_counted() {
    let mut server = Server::new(1, plain());
    for port in 0..Listener::MIN_HALF_OPEN as u16 + 3 {
        assert_eq!(server.takes(1_000 + port, &seg(SYN, 0, 0)), "SYN|ACK 0:1");
    }
    assert_eq!(server.listener.half_open(), Listener::MIN_HALF_OPEN);
    assert_eq!(server.count(Counter::TcpReqQFullDrop), 3);
    assert_eq!(server.bench.drops(DropReason::TcpSynQueueFull), 3);
    server.listener.on_established();
    assert!(server.listener.accept_queue_full());
    let full = DropReason::TcpAcceptQueueFull.name();
    assert_eq!(server.takes(5, &seg(SYN, 0, 0)), full);
    assert_eq!(server.takes(1_100, &seg(ACK, 1, 1)), full, "and the last ACK of a handshake waits");
    assert_eq!(server.count(Counter::TcpListenOverflows), 2);
    server.listener.on_accepted();
    assert_eq!(server.takes(1_100, &seg(ACK, 1, 1)), "ESTABLISHED");
    assert_eq!((server.listener.half_open(), server.listener.waiting()), (Listener::MIN_HALF_OPEN - 1, 0));
}

#[test]
fn the_knob_bounds_the_queue_however_large_the_backlog() {
    let mut server = Server::new(500, Config { max_syn_backlog: 7, ..plain() });
    for port in 0..20 {
        server.takes(1_000 + port, &seg(SYN, 0, 0));
    }
    assert_eq!(server.listener.half_open(), 7);
}

#[test]
fn who_was_asked_twice_goes_first_and_then_the_oldest() {
    let mut server = Server::new(1, Config { max_syn_backlog: 3, ..plain() });
    let open = |server: &mut Server, port: u16| {
        server.takes(port, &seg(SYN, 0, 0));
        let infos = server.listener.half_open_infos(&server.config);
        let mut ports: Vec<u16> = infos.iter().map(|info| info.tuple.remote.port()).collect();
        ports.sort_unstable();
        ports
    };
    open(&mut server, 1);
    server.pass(600);
    open(&mut server, 2);
    assert_eq!(server.pass(500), "@400 SYN|ACK 0:1", "to the first");
    open(&mut server, 3);
    assert_eq!(open(&mut server, 4), [2, 3, 4], "the first was asked twice");
    assert_eq!(open(&mut server, 5), [3, 4, 5], "nobody was: the oldest");
}

#[test]
fn an_icmp_error_ends_what_it_quotes() {
    let mut server = Server::new(1, Config::default());
    server.takes(40_000, &seg(SYN, 0, 0));
    let tuple = mirrored();
    server.listener.on_hard_error(&mut server.bench.cx(), &tuple, ISS + 1);
    assert_eq!(server.listener.half_open(), 1, "another number");
    server.listener.on_hard_error(&mut server.bench.cx(), &tuple, ISS);
    assert_eq!(server.listener.half_open(), 0);
}

fn deferring(millis: u64) -> Server {
    let mut server = Server::new(1, Config::default());
    server.listener.settings_mut().set(Setting::DeferAccept(Duration::from_millis(millis))).unwrap();
    assert_eq!(server.takes(5, &seg(SYN, 0, 0)), "SYN|ACK 0:1");
    server
}

#[test]
fn a_deferred_accept_waits_for_data() {
    let mut server = deferring(5_000);
    assert_eq!(server.takes(5, &seg(ACK, 1, 1)), "");
    assert_eq!(server.count(Counter::TcpDeferAcceptDrop), 1);
    let info = server.listener.half_open_infos(&server.config).remove(0);
    assert_eq!(info.timers[0].0, "defer-accept");
    assert_eq!(server.pass(4_000), "", "the peer answered: no need to ask again");
    assert_eq!(server.takes(5, &seg(ACK, 1, 1).data(b"hello")), "ESTABLISHED");
    let mut server = deferring(5_000);
    assert_eq!(server.takes(5, &seg(FIN | ACK, 1, 1)), "ESTABLISHED", "nor does a FIN wait");
}

#[test]
fn a_deferred_accept_ends_with_the_time() {
    let mut server = deferring(5_000);
    server.takes(5, &seg(ACK, 1, 1));
    assert_eq!(server.pass(5_000), "@5000 SYN|ACK 0:1");
    assert_eq!(server.takes(5, &seg(ACK, 1, 1)), "ESTABLISHED");
    let mut server = deferring(5_000);
    assert_eq!(server.pass(5_500), "@1000 SYN|ACK 0:1, @3000 SYN|ACK 0:1", "a silent peer is asked as ever");
    assert_eq!(server.takes(5, &seg(ACK, 1, 1)), "ESTABLISHED");
}

#[test_case(&seg(ACK, 10, 77).data(b"x") => Some("RST 77".to_owned()); "at the ACK")]
#[test_case(&seg(SYN, 10, 0) => Some("RST|ACK ack 11".to_owned()); "acknowledging a SYN")]
#[test_case(&seg(FIN, 10, 0).data(b"abc") => Some("RST|ACK ack 14".to_owned()); "acknowledging data and FIN")]
#[test_case(&seg(RST, 10, 0) => None; "never for a reset")]
fn resets_for_nobody(seg: &Seg) -> Option<String> {
    let reset = crate::tcp::reset_for(&seg.header, seg.data.len())?;
    assert_eq!((reset.source_port, reset.destination_port), (40_000, 80));
    Some(if reset.has(ACK) {
        assert_eq!(reset.seq.0, 0);
        format!("RST|ACK ack {}", reset.ack.distance(IRS))
    } else {
        format!("RST {}", reset.seq.distance(ISS))
    })
}
