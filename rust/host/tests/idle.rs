//! A stack with nothing to do takes no CPU. Alone in its process: it looks at all driver threads.
#![allow(missing_docs, reason = "tests")]

mod common;

use common::{LONG, driver_time, pair, socket};
use std::thread::sleep;
use std::time::Duration;
use tapip_host::socket::UdpSocket;

#[test]
fn two_idle_stacks_take_under_five_milliseconds_of_two_seconds() {
    let (server, client) = pair();
    // Who may spin does so only where that pays.
    server.handle().set_spin(tapip_core::time::Duration::from_micros(50));
    let (a, b) = (UdpSocket::open(server.handle()), UdpSocket::open(client.handle()));
    let (a, b) = (a.expect("it lives"), b.expect("it lives"));
    a.bind(socket(1, 9)).expect("a free port");
    b.send(b"hello", Some(socket(1, 9)), LONG).expect("sent");
    assert_eq!(a.recv(&mut [0; 8], LONG).expect("hello").0, 5);
    sleep(Duration::from_millis(300)); // what follows the first packets
    let before = driver_time();
    sleep(Duration::from_secs(2));
    let took = Duration::from_nanos(driver_time() - before);
    assert!(took < Duration::from_millis(5), "{took:?}");
}
