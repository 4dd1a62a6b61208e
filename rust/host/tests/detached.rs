//! Stacks without threads, under time that moves by hand.
#![allow(missing_docs, reason = "tests")]

mod common;

use common::{SECOND, configure, error_of, interface, socket};
use tapip_core::error::Error;
use tapip_core::observe::InterfaceId;
use tapip_core::stack::Config;
use tapip_core::time::{Duration, Instant};
use tapip_host::socket::{TcpListener, TcpStream, UdpSocket};
use tapip_host::{Detached, HostError};

struct Node(Detached, InterfaceId);

fn node(number: u8) -> Node {
    let stack = Detached::new(Config::default(), u128::from(number));
    let id = stack.attach_queue(interface(number, 1_500)).expect("attached");
    stack.handle().with(|stack, now| configure(stack, now, id, number)).expect("it lives");
    Node(stack, id)
}

/// Carry frames until both rest; all of them, in order.
fn shuttle(a: &Node, b: &Node) -> Vec<Vec<u8>> {
    let mut carried = Vec::new();
    loop {
        let mut moved = false;
        for (from, to) in [(a, b), (b, a)] {
            while let Some(frame) = from.0.pull(from.1).expect("it lives") {
                to.0.inject(to.1, &frame).expect("it lives");
                carried.push(frame);
                moved = true;
            }
        }
        if !moved {
            return carried;
        }
    }
}

fn dialogue() -> Vec<Vec<u8>> {
    let (a, b) = (node(1), node(2));
    let listener = TcpListener::bind(a.0.handle(), socket(1, 7), 8).expect("a free port");
    let stream = TcpStream::start(b.0.handle(), socket(1, 7), None).expect("a route");
    assert_eq!(error_of(stream.finish_connect(SECOND)), HostError::Core(Error::WouldBlock));
    let mut frames = shuttle(&a, &b);
    stream.finish_connect(SECOND).expect("it stands");
    let peer = listener.accept(SECOND).expect("it stands");
    stream.send_all(b"hello", SECOND).expect("room");
    frames.extend(shuttle(&a, &b));
    let mut buffer = [0; 8];
    assert_eq!(peer.recv(&mut buffer, SECOND).expect("hello"), 5);
    assert_eq!(&buffer[..5], b"hello");
    frames
}

#[test]
fn the_same_seed_gives_the_same_frames() {
    let frames = dialogue();
    assert!(frames.len() >= 6, "ARP both ways, three for the handshake, data: {}", frames.len());
    assert_eq!(frames, dialogue());
}

#[test]
fn time_moves_by_hand_and_timers_fire_in_it() {
    let a = node(1);
    while a.0.pull(a.1).expect("it lives").is_some() {} // announcements
    let socket_a = UdpSocket::open(a.0.handle()).expect("it lives");
    socket_a.connect(Some(socket(9, 9))).expect("a route");
    socket_a.send(b"anyone?", None, SECOND).expect("queued behind ARP");
    let asked_at = |span: u64| {
        a.0.advance(Duration::from_millis(span)).expect("it lives");
        std::iter::from_fn(|| a.0.pull(a.1).expect("it lives"))
            .filter(|frame| frame[12..14] == [8, 6] && frame[38..42] == [10, 0, 0, 9])
            .count()
    };
    assert_eq!(a.0.handle().now(), Instant::ZERO);
    assert_eq!(asked_at(0), 1);
    assert_eq!(asked_at(10_000), 4, "one a second, five in all");
    assert_eq!(a.0.handle().now(), Instant::from_secs(10));
    assert_eq!(error_of(socket_a.recv(&mut [0; 8], None)), HostError::Core(Error::HostUnreachable));
}

#[test]
fn what_would_sleep_would_block() {
    let a = node(1);
    let datagrams = UdpSocket::open(a.0.handle()).expect("it lives");
    assert_eq!(error_of(datagrams.recv(&mut [0; 8], None)), HostError::Core(Error::WouldBlock));
    assert_eq!(error_of(a.0.pull(InterfaceId(99))), HostError::Core(Error::NoSuchDevice));
    a.0.stop();
    assert_eq!(error_of(datagrams.recv(&mut [0; 8], None)), HostError::Stopped);
}
