//! Many sockets, one who waits.
#![allow(missing_docs, reason = "tests")]

mod common;

use common::{LONG, SECOND, error_of, pair, socket};
use std::thread;
use tapip_core::observe::Readiness;
use tapip_core::rng::Rng;
use tapip_core::time::Duration;
use tapip_host::HostError;
use tapip_host::selector::Selector;
use tapip_host::socket::{TcpListener, TcpStream, UdpSocket};

const AT_ONCE: Option<Duration> = Some(Duration::ZERO);

fn ready(selector: &Selector, timeout: Option<Duration>) -> Vec<(u64, Readiness)> {
    let mut events = Vec::new();
    // Nothing ready leaves the list empty, and that is what is looked at.
    let _ = selector.wait(&mut events, 64, timeout);
    events
}

#[test]
fn a_socket_is_told_of_as_long_as_it_is_ready() {
    let (one, other) = pair();
    let receiver = UdpSocket::open(one.handle()).expect("it lives");
    receiver.bind(socket(1, 7)).expect("a free port");
    let sender = UdpSocket::open(other.handle()).expect("it lives");
    let selector = Selector::new(one.handle()).expect("it lives");
    selector.watch(receiver.id(), Readiness::READABLE, 5).expect("open");
    assert_eq!(ready(&selector, AT_ONCE), []);
    for _ in 0..2 {
        sender.send(b"x", Some(socket(1, 7)), LONG).expect("sent");
    }
    assert_eq!(ready(&selector, LONG), [(5, Readiness::READABLE)]);
    receiver.recv(&mut [0; 8], LONG).expect("one is here");
    receiver.recv(&mut [0; 8], LONG).expect("the other comes");
    assert_eq!(ready(&selector, AT_ONCE), []);
    selector.watch(receiver.id(), Readiness::WRITABLE, 6).expect("open");
    assert_eq!(ready(&selector, AT_ONCE), [(6, Readiness::WRITABLE)]);
    assert_eq!(ready(&selector, AT_ONCE), [(6, Readiness::WRITABLE)]);
    selector.unwatch(receiver.id()).expect("watched");
    assert_eq!(ready(&selector, AT_ONCE), []);
    selector.unwatch(receiver.id()).expect_err("not watched any more");
    selector.watch(receiver.id(), Readiness::WRITABLE, 7).expect("open");
    selector.watch(receiver.id(), Readiness::WRITABLE, 8).expect("open");
    assert_eq!(ready(&selector, AT_ONCE), [(8, Readiness::WRITABLE)], "once, with its latest token");
    receiver.close().expect("open");
    assert_eq!(ready(&selector, AT_ONCE), []);
}

#[test]
fn a_wait_ends_when_its_time_is_up_and_when_the_stack_stops() {
    let (one, _other) = pair();
    let selector = Selector::new(one.handle()).expect("it lives");
    let mut events = Vec::new();
    let short = Some(Duration::from_millis(20));
    assert_eq!(error_of(selector.wait(&mut events, 1, short)), HostError::TimedOut);
    thread::scope(|scope| {
        let sleeper = scope.spawn(|| selector.wait(&mut Vec::new(), 1, LONG));
        thread::sleep(std::time::Duration::from_millis(20));
        let mut one = one;
        one.driver.stop(Duration::ZERO);
        assert_eq!(sleeper.join().expect("no panic"), Err(HostError::Stopped));
    });
}

#[test]
fn what_is_watched_while_somebody_waits_is_seen() {
    let (one, _other) = pair();
    let writable = UdpSocket::open(one.handle()).expect("it lives");
    let selector = Selector::new(one.handle()).expect("it lives");
    thread::scope(|scope| {
        let sleeper = scope.spawn(|| ready(&selector, LONG));
        thread::sleep(std::time::Duration::from_millis(20));
        selector.watch(writable.id(), Readiness::WRITABLE, 1).expect("open");
        assert_eq!(sleeper.join().expect("no panic"), [(1, Readiness::WRITABLE)]);
    });
}

/// Every question is answered, however the server's and the clients' threads interleave.
#[test]
fn no_wake_up_is_lost_among_many() {
    const CLIENTS: usize = 40;
    const ROUNDS: usize = 50;
    let (server, client) = pair();
    let listener = TcpListener::bind(server.handle(), socket(1, 7), CLIENTS).expect("a free port");
    let ask = |number: usize| {
        let mut rng = Rng::new(number as u128);
        let stream = TcpStream::connect(client.handle(), socket(1, 7), None, LONG).expect("it listens");
        for _ in 0..ROUNDS {
            let question = rng.next_u64().to_be_bytes();
            stream.send_all(&question, LONG).expect("sent");
            let mut answer = [0; 8];
            assert_eq!(stream.recv(&mut answer, LONG), Ok(8));
            assert_eq!(answer, question);
        }
    };
    thread::scope(|scope| {
        scope.spawn(|| answer_all(&listener, CLIENTS));
        (0..CLIENTS).for_each(|number| drop(scope.spawn(move || ask(number))));
    });
}

/// An echo server that ends with its last client.
fn answer_all(listener: &TcpListener, clients: usize) {
    let selector = Selector::new(listener.handle()).expect("it lives");
    selector.watch(listener.id(), Readiness::READABLE, u64::MAX).expect("open");
    let (mut streams, mut over) = (Vec::<TcpStream>::new(), 0);
    while over < clients {
        for (token, _) in ready(&selector, LONG) {
            if token == u64::MAX {
                let stream = listener.accept(SECOND).expect("one waits");
                selector.watch(stream.id(), Readiness::READABLE, streams.len() as u64).expect("open");
                streams.push(stream);
                continue;
            }
            let (stream, mut bytes) = (&streams[token as usize], [0; 64]);
            match stream.recv(&mut bytes, AT_ONCE).expect("it is ready") {
                0 => {
                    stream.close().expect("once");
                    over += 1;
                }
                count => stream.send_all(&bytes[..count], LONG).expect("it reads"),
            }
        }
    }
}
