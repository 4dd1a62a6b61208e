//! Callers that lead: nothing they leave behind waits, and nobody sleeps through what was meant for him.
#![allow(missing_docs, reason = "tests")]

mod common;

use common::{Host, LONG, pair, socket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use tapip_core::rng::Rng;
use tapip_core::time::Duration;
use tapip_host::monotonic;
use tapip_host::socket::UdpSocket;

/// Rounds of each test; TAPIP_PING_PONGS is for long runs.
fn rounds() -> u32 {
    std::env::var("TAPIP_PING_PONGS").ok().and_then(|text| text.parse().ok()).unwrap_or(4_000)
}

fn bound(host: &Host, number: u8, port: u16) -> UdpSocket {
    let opened = UdpSocket::open(host.handle()).expect("it lives");
    opened.bind(socket(number, port)).expect("a free port");
    opened
}

/// Send back what comes, until the stop.
fn echo(server: &UdpSocket, over: &AtomicBool) {
    let mut bytes = [0; 8];
    while !over.load(Ordering::Acquire) {
        if let Ok((length, meta)) = server.recv(&mut bytes, Some(Duration::from_millis(100))) {
            server.send(&bytes[..length], Some(meta.source), LONG).expect("sent");
        }
    }
}

/// Ask and wait for the answer, with thoughts in between that end in every state of the driver: awake, napping, seated.
fn ask(client: &UdpSocket, to: u16, rng: &mut Rng) {
    for round in 0..rounds() {
        let question = u64::from(round).to_be_bytes();
        client.send(&question, Some(socket(1, to)), LONG).expect("sent");
        let mut answer = [0; 8];
        // A datagram is not sent again: one that nobody looks for ends this test.
        client.recv(&mut answer, LONG).unwrap_or_else(|error| panic!("round {round}: {error}"));
        assert_eq!(answer, question);
        if round % 4 == 0 {
            let until = monotonic() + Duration::from_micros(u64::from(rng.next_u32() % 700));
            while monotonic() < until {
                std::hint::spin_loop();
            }
        }
    }
}

#[test]
fn one_who_asks_and_one_who_answers_never_miss_each_other() {
    ping_pong(Duration::ZERO);
}

#[test]
fn nor_where_both_spin_before_they_sleep() {
    ping_pong(Duration::from_micros(50));
}

fn ping_pong(spin: Duration) {
    let (server, client) = pair();
    server.handle().set_spin(spin);
    client.handle().set_spin(spin);
    let (answers, asks) = (bound(&server, 1, 7), bound(&client, 2, 70));
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| echo(&answers, &over));
        ask(&asks, 7, &mut Rng::new(1));
        over.store(true, Ordering::Release);
    });
}

#[test]
fn two_who_ask_beside_each_other_never_miss_theirs() {
    let (server, client) = pair();
    let servers = [bound(&server, 1, 7), bound(&server, 1, 8)];
    let clients = [bound(&client, 2, 70), bound(&client, 2, 80)];
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        for server in &servers {
            scope.spawn(|| echo(server, &over));
        }
        let asking = [(&clients[0], 7, 2), (&clients[1], 8, 3)]
            .map(|(client, port, seed)| scope.spawn(move || ask(client, port, &mut Rng::new(seed))));
        let ended = asking.map(thread::ScopedJoinHandle::join);
        over.store(true, Ordering::Release);
        ended.into_iter().for_each(|end| end.expect("no panic"));
    });
}

#[test]
fn while_one_sleeps_for_long_the_stack_answers_others() {
    let (server, client) = pair();
    let asleep = bound(&server, 1, 9);
    let (answers, asks) = (bound(&server, 1, 7), bound(&client, 2, 70));
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let sleeper = scope.spawn(|| asleep.recv(&mut [0; 8], LONG).map(|(length, _)| length));
        scope.spawn(|| echo(&answers, &over));
        ask(&asks, 7, &mut Rng::new(4));
        over.store(true, Ordering::Release);
        asks.send(b"wake up", Some(socket(1, 9)), LONG).expect("sent");
        assert_eq!(sleeper.join().expect("no panic"), Ok(7));
    });
}
