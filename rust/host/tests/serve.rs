//! echo, discard, daytime and chargen, asked by clients on another stack.
#![allow(missing_docs, reason = "tests")]

mod common;

use common::{Host, LONG, address, pair, socket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use tapip_core::time::Duration;
use tapip_host::HostError;
use tapip_host::serve::{Served, Server, Service};
use tapip_host::socket::{TcpStream, UdpSocket};

/// Ports are this far above the standard ones.
const OFFSET: u16 = 1_000;

/// Run `clients` against all services on the first of two hosts; what the server says of it in the end.
fn served(clients: impl FnOnce(&Host, &Arc<Mutex<Served>>)) -> Served {
    let (one, other) = pair();
    let mut server = Server::open(one.handle(), &Service::ALL, address(1), OFFSET).expect("free ports");
    let (board, over) = (server.board(), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Acquire) {
                match server.run(Some(Duration::from_millis(20))) {
                    Ok(()) | Err(HostError::TimedOut) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        });
        clients(&other, &board);
        over.store(true, Ordering::Release);
    });
    *board.lock().expect("no panic")
}

fn connect(host: &Host, service: Service) -> TcpStream {
    TcpStream::connect(host.handle(), socket(1, service.port() + OFFSET), None, LONG).expect("it listens")
}

fn read_all(stream: &TcpStream) -> Vec<u8> {
    let (mut all, mut bytes) = (Vec::new(), vec![0; 64 << 10]);
    loop {
        match stream.recv(&mut bytes, LONG).expect("no reset") {
            0 => return all,
            count => all.extend_from_slice(&bytes[..count]),
        }
    }
}

#[test]
fn echo_gives_many_clients_back_what_is_theirs() {
    const CLIENTS: u8 = 12;
    const SIZE: usize = 400_000;
    let after = served(|host, _| {
        let ask = |number: u8| {
            let stream = connect(host, Service::Echo);
            let data: Vec<u8> = (0..SIZE).map(|at| (at / 3 + at / 1_000) as u8 ^ number).collect();
            thread::scope(|scope| {
                // All is sent before anything is read where it does not fit the buffers: the server must keep it back.
                scope.spawn(|| {
                    stream.send_all(&data, LONG).expect("it reads");
                    stream.shutdown(false, true).expect("open");
                });
                thread::sleep(std::time::Duration::from_millis(u64::from(number) * 5));
                assert!(read_all(&stream) == data, "client {number}");
            });
        };
        thread::scope(|scope| (0..CLIENTS).for_each(|number| drop(scope.spawn(move || ask(number)))));
    });
    let all = u64::from(CLIENTS) * SIZE as u64;
    assert_eq!((after.accepted, after.received, after.sent), (u64::from(CLIENTS), all, all));
}

#[test]
fn discard_daytime_and_chargen_do_as_their_standards_say() {
    let after = served(|host, board| {
        let discard = connect(host, Service::Discard);
        discard.send_all(&[7; 100_000], LONG).expect("it reads");
        discard.shutdown(false, true).expect("open");
        assert_eq!(read_all(&discard), []);
        let text = String::from_utf8(read_all(&connect(host, Service::Daytime))).expect("ASCII");
        assert!(text.ends_with("-UTC\r\n") && text.contains(", 20"), "{text:?}");
        let chargen = connect(host, Service::Chargen);
        chargen.send_all(b"nobody reads this", LONG).expect("it reads");
        let mut bytes = vec![0; 300_000];
        let mut have = 0;
        while have < bytes.len() {
            have += chargen.recv(&mut bytes[have..], LONG).expect("it never ends");
        }
        let line = |number: usize| (0..72).map(move |at| b' ' + ((number + at) % 95) as u8).chain(*b"\r\n");
        assert!(bytes.iter().copied().eq((0..).flat_map(line).take(bytes.len())));
        assert_eq!(board.lock().expect("no panic").open, 1);
        chargen.abort().expect("open");
        while board.lock().expect("no panic").open > 0 {
            thread::sleep(std::time::Duration::from_millis(5));
        }
    });
    assert_eq!(after.accepted, 3);
    assert_eq!(after.received, 100_017);
}

#[test]
fn datagrams_are_answered_unless_two_servers_would_talk_for_ever() {
    let after = served(|host, board| {
        let ask = |local: u16, service: Service, data: &[u8]| {
            let asks = UdpSocket::open(host.handle()).expect("it lives");
            asks.bind(socket(2, local)).expect("a free port");
            asks.send(data, Some(socket(1, service.port() + OFFSET)), LONG).expect("sent");
            asks
        };
        let answer = |asks: &UdpSocket| {
            let mut bytes = [0; 1_500];
            asks.recv(&mut bytes, LONG).map(|(length, _)| bytes[..length].to_vec()).expect("an answer")
        };
        assert_eq!(answer(&ask(5_000, Service::Echo, b"hello")), b"hello");
        assert!(answer(&ask(5_001, Service::Daytime, b"")).ends_with(b"-UTC\r\n"));
        assert!(answer(&ask(5_002, Service::Chargen, b"")).starts_with(b" !\"#"));
        ask(5_003, Service::Discard, b"gone");
        let looping = ask(19, Service::Echo, b"loop");
        assert_eq!(answer(&ask(5_004, Service::Echo, b"after it")), b"after it");
        while board.lock().expect("no panic").datagrams < 5 {
            thread::sleep(std::time::Duration::from_millis(5));
        }
        assert!(looping.recv(&mut [0; 8], Some(Duration::ZERO)).is_err());
    });
    assert_eq!((after.datagrams, after.refused), (5, 1));
}
