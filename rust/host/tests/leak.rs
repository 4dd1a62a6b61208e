//! Fifty lives of a stack leave no descriptor and no thread behind. Alone in its process: it counts all of them.
#![allow(missing_docs, reason = "tests")]

mod common;

use common::{LONG, pair, socket};
use std::fs::read_dir;
use std::thread;
use tapip_core::time::Duration;
use tapip_host::socket::{TcpListener, TcpStream};

fn count(of: &str) -> usize {
    read_dir(format!("/proc/self/{of}")).expect("procfs").count()
}

fn one_life() {
    let (server, client) = pair();
    let listener = TcpListener::bind(server.handle(), socket(1, 7), 8).expect("a free port");
    thread::scope(|scope| {
        scope.spawn(|| {
            let peer = listener.accept(LONG).expect("a connection");
            peer.send_all(b"hello", LONG).expect("room");
        });
        let stream = TcpStream::connect(client.handle(), socket(1, 7), None, LONG).expect("it listens");
        assert_eq!(stream.recv(&mut [0; 8], LONG).expect("hello"), 5);
    });
    for mut host in [server, client] {
        host.driver.stop(Duration::from_millis(50));
    }
}

#[test]
fn fifty_lives_leave_nothing() {
    one_life();
    let before = (count("fd"), count("task"));
    for _ in 0..50 {
        one_life();
    }
    assert_eq!((count("fd"), count("task")), before);
}
