//! A stack with nothing to do takes no CPU. Alone in its process: it looks at all driver threads.
#![allow(missing_docs, reason = "tests")]

mod common;

use common::{LONG, pair, socket};
use std::fs::{read_dir, read_to_string};
use std::thread::sleep;
use std::time::Duration;
use tapip_host::socket::UdpSocket;

/// Nanoseconds that the driver threads of this process ran.
fn driver_time() -> u64 {
    let tasks = read_dir("/proc/self/task").expect("procfs").map(|task| task.expect("procfs").path());
    let drivers =
        tasks.filter(|task| read_to_string(task.join("comm")).is_ok_and(|name| name.trim() == "tapip"));
    drivers.map(|task| read_to_string(task.join("schedstat")).expect("it lives")).map(first_number).sum()
}

fn first_number(text: String) -> u64 {
    text.split(' ').next().and_then(|number| number.parse().ok()).expect("a number")
}

#[test]
fn two_idle_stacks_take_under_five_milliseconds_of_two_seconds() {
    let (server, client) = pair();
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
