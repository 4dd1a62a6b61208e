//! Blocking sockets between two live stacks on a pipe.
#![allow(missing_docs, reason = "tests")]

mod common;

use common::{LONG, SECOND, address, error_of, pair, socket, timed};
use std::thread;
use tapip_core::error::Error;
use tapip_core::observe::Readiness;
use tapip_core::time::Duration;
use tapip_host::HostError;
use tapip_host::port::{Fault, FaultSpec};
use tapip_host::socket::{TcpListener, TcpStream};

/// A byte for each position, without a short period, so that misplaced data shows.
fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 31 + at / 251 + at / 65_521) as u8).collect()
}

/// Send back what comes until the end.
fn echo(stream: &TcpStream) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = stream.recv(&mut buffer, LONG).expect("no reset");
        if count == 0 {
            return stream.shutdown(false, true).expect("still open");
        }
        stream.send_all(&buffer[..count], LONG).expect("the peer reads");
    }
}

/// Send `data` to an echoing peer and read it back at the same time.
fn check_echo(stream: &TcpStream, data: &[u8]) {
    thread::scope(|scope| {
        scope.spawn(|| {
            stream.send_all(data, LONG).expect("the peer reads");
            stream.shutdown(false, true).expect("still open");
        });
        let mut got = Vec::with_capacity(data.len());
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match stream.recv(&mut buffer, LONG).expect("no reset") {
                0 => break,
                count => got.extend_from_slice(&buffer[..count]),
            }
        }
        assert!(got == data, "{} of {} bytes came back", got.len(), data.len());
    });
}

#[test]
fn ten_megabytes_come_back_unharmed() {
    let (server, client) = pair();
    let listener = TcpListener::bind(server.handle(), socket(1, 7), 8).expect("a free port");
    thread::scope(|scope| {
        scope.spawn(|| echo(&listener.accept(LONG).expect("a connection")));
        let stream = TcpStream::connect(client.handle(), socket(1, 7), None, LONG).expect("it listens");
        assert_eq!(stream.remote_address().expect("open"), Some(socket(1, 7)));
        assert_eq!(stream.local_address().expect("open").map(|local| local.ip()), Some(address(2)));
        check_echo(&stream, &pattern(10_000_000));
    });
}

#[test]
fn data_survives_a_bad_link() {
    let (server, client) = pair();
    let mut spec = tapip_core::sim::Impairment::default();
    (spec.drop, spec.duplicate, spec.reorder, spec.corrupt) = (10_000, 10_000, 20_000, 5_000);
    let fault = Fault::new(FaultSpec::both(spec), 7).expect("a fair specification");
    client.handle().set_fault(client.interface, Some(fault)).expect("attached");
    assert!(client.handle().fault(client.interface).expect("attached").is_some());
    let listener = TcpListener::bind(server.handle(), socket(1, 7), 8).expect("a free port");
    thread::scope(|scope| {
        scope.spawn(|| echo(&listener.accept(LONG).expect("a connection")));
        let stream = TcpStream::connect(client.handle(), socket(1, 7), None, LONG).expect("it listens");
        check_echo(&stream, &pattern(500_000));
    });
    let lost =
        client.handle().with(|stack, _| stack.counters().drops(tapip_core::drops::DropReason::Impaired));
    assert!(lost.expect("it lives") > 0);
}

#[test]
fn calls_give_up_when_their_time_is_up_and_not_before() {
    let (server, client) = pair();
    let limit = Duration::from_millis(50);
    let listener = TcpListener::bind(server.handle(), socket(1, 7), 8).expect("a free port");
    let (error, took) = timed(|| error_of(listener.accept(Some(limit))));
    assert_eq!(error, HostError::TimedOut);
    assert!(took >= limit && took < Duration::from_millis(500), "{took:?}");
    assert_eq!(error_of(listener.accept(Some(Duration::ZERO))), HostError::Core(Error::WouldBlock));

    let stream = TcpStream::connect(client.handle(), socket(1, 7), None, LONG).expect("it listens");
    let (error, took) = timed(|| error_of(stream.recv(&mut [0; 8], Some(limit))));
    assert_eq!(error, HostError::TimedOut);
    assert!(took >= limit && took < Duration::from_millis(500), "{took:?}");
    let (error, _) = timed(|| error_of(stream.wait(Readiness::READABLE, Some(limit))));
    assert_eq!(error, HostError::TimedOut);

    // The peer does not read: its window and our buffer fill up, and then sending waits.
    let flood = vec![0; 64 << 20];
    assert_eq!(error_of(stream.send_all(&flood, Some(Duration::from_secs(2)))), HostError::TimedOut);
    let peer = listener.accept(LONG).expect("it was waiting");
    assert!(peer.recv(&mut [0; 8], SECOND).expect("data") > 0);
}

#[test]
fn a_closed_port_refuses_and_a_silent_host_times_out() {
    let (_server, client) = pair();
    let refused = TcpStream::connect(client.handle(), socket(1, 7), None, LONG);
    assert_eq!(error_of(refused), HostError::Core(Error::ConnectionRefused));
    let (error, took) = timed(|| {
        error_of(TcpStream::connect(client.handle(), socket(9, 7), None, Some(Duration::from_millis(100))))
    });
    assert_eq!(error, HostError::TimedOut);
    assert!(took < Duration::from_secs(1), "{took:?}");
}

#[test]
fn closing_wakes_who_sleeps() {
    let (server, client) = pair();
    let listener = TcpListener::bind(server.handle(), socket(1, 7), 8).expect("a free port");
    let stream = TcpStream::connect(client.handle(), socket(1, 7), None, LONG).expect("it listens");
    let _peer = listener.accept(LONG).expect("a connection");
    thread::scope(|scope| {
        let sleepers = [
            scope.spawn(|| error_of(stream.recv(&mut [0; 8], None))),
            scope.spawn(|| error_of(listener.accept(None))),
        ];
        thread::sleep(std::time::Duration::from_millis(30));
        stream.close().expect("open");
        listener.close().expect("open");
        for sleeper in sleepers {
            assert_eq!(sleeper.join().expect("no panic"), HostError::Core(Error::BadHandle));
        }
    });
    assert!(stream.is_closed());
    stream.close().expect("twice is once");
}

#[test]
fn stopping_wakes_who_sleeps_and_takes_less_than_a_second() {
    let (server, mut client) = pair();
    let listener = TcpListener::bind(server.handle(), socket(1, 7), 8).expect("a free port");
    let stream = TcpStream::connect(client.handle(), socket(1, 7), None, LONG).expect("it listens");
    let peer = listener.accept(LONG).expect("a connection");
    thread::scope(|scope| {
        let sleeper = scope.spawn(|| error_of(stream.recv(&mut [0; 8], None)));
        thread::sleep(std::time::Duration::from_millis(30));
        let ((), took) = timed(|| client.driver.stop(tapip_host::Driver::LINGER));
        assert!(took < Duration::from_secs(1), "{took:?}");
        let error = sleeper.join().expect("no panic");
        assert!(matches!(error, HostError::Stopped | HostError::Core(Error::BadHandle)), "{error:?}");
    });
    assert!(client.handle().is_stopped());
    assert_eq!(error_of(stream.recv(&mut [0; 8], None)), HostError::Stopped);
    assert_eq!(peer.recv(&mut [0; 8], LONG).expect("a FIN, not silence"), 0);
}

#[test]
fn a_stop_lets_data_on_its_way_arrive() {
    let (server, mut client) = pair();
    let listener = TcpListener::bind(server.handle(), socket(1, 7), 8).expect("a free port");
    let data = pattern(1_000_000);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let peer = listener.accept(LONG).expect("a connection");
            let (mut got, mut buffer) = (Vec::new(), vec![0; 64 * 1024]);
            loop {
                match peer.recv(&mut buffer, LONG).expect("no reset") {
                    0 => return got,
                    count => got.extend_from_slice(&buffer[..count]),
                }
            }
        });
        let stream = TcpStream::connect(client.handle(), socket(1, 7), None, LONG).expect("it listens");
        stream.send_all(&data, LONG).expect("room");
        client.driver.stop(Duration::from_secs(10));
        assert!(reader.join().expect("no panic") == data);
    });
}
