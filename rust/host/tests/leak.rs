//! Fifty lives of a stack leave no descriptor and no thread behind. Alone in its process: it counts all of them.
#![allow(missing_docs, reason = "tests")]

mod common;

use common::{LONG, pair, socket};
use std::fs::read_dir;
use std::thread;
use tapip_core::time::Duration;
use tapip_host::socket::UdpSocket;

fn count(of: &str) -> usize {
    read_dir(format!("/proc/self/{of}")).expect("procfs").count()
}

fn one_life() {
    let (server, client) = pair();
    let (a, b) = (UdpSocket::open(server.handle()), UdpSocket::open(client.handle()));
    let (a, b) = (a.expect("it lives"), b.expect("it lives"));
    a.bind(socket(1, 9)).expect("a free port");
    thread::scope(|scope| {
        scope.spawn(|| {
            let (_, meta) = a.recv(&mut [0; 8], LONG).expect("a datagram");
            a.send(b"hello", Some(meta.source), LONG).expect("sent");
        });
        b.send(b"anyone?", Some(socket(1, 9)), LONG).expect("sent");
        assert_eq!(b.recv(&mut [0; 8], LONG).expect("hello").0, 5);
    });
    for mut host in [server, client] {
        host.driver.stop(Duration::from_millis(50));
    }
}

#[test]
fn fifty_lives_leave_nothing() {
    let threads = count("task");
    one_life();
    let descriptors = count("fd");
    for _ in 0..50 {
        one_life();
    }
    // The kernel lists a thread that was joined for an instant more.
    for _ in 0..400 {
        if count("task") <= threads {
            break;
        }
        thread::sleep(std::time::Duration::from_millis(5));
    }
    assert_eq!((count("fd"), count("task")), (descriptors, threads));
}
