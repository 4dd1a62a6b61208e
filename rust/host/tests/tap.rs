//! A live stack on a real tap, with the kernel as its peer, in a network namespace of each test's own.
#![allow(missing_docs, reason = "tests")]

mod common;
#[path = "../src/test_net.rs"]
mod test_net;

use common::{Host, LONG, driver_time, socket, timed};
use std::io::{Read, Write};
use std::net::{TcpListener as KernelListener, TcpStream as KernelStream, UdpSocket as KernelUdp};
use std::process::Command;
use std::thread;
use tapip_core::drops::DropReason;
use tapip_core::time::Duration;
use tapip_host::device::{Tap, TapOptions};
use tapip_host::socket::{TcpListener, TcpStream, UdpSocket};
use test_net::{ip, own_namespace};

/// 10.0.0.1 is the stack, 10.0.0.2 the kernel.
fn on_tap() -> Host {
    let options = TapOptions { name: Some("tap0".to_owned()), ..TapOptions::default() };
    let host = Host::new(1, Box::new(Tap::open(&options).expect("root")));
    bring_up();
    host
}

fn bring_up() {
    ip(&["link", "set", "tap0", "up"]);
    ip(&["addr", "replace", "10.0.0.2/24", "dev", "tap0"]);
}

fn ping(count: &str) -> bool {
    let words = ["-n", "-c", count, "-i", "0.05", "-W", "2", "10.0.0.1"];
    Command::new("ping").args(words).output().expect("iputils-ping is installed").status.success()
}

#[test]
fn the_kernel_gets_its_echo() {
    let Some(_alone) = own_namespace() else { return };
    let _host = on_tap();
    assert!(ping("5"));
}

#[test]
fn bytes_go_both_ways_between_the_kernel_and_the_stack() {
    let Some(_alone) = own_namespace() else { return };
    let host = on_tap();
    let data: Vec<u8> = (0..4_000_000u32).map(|at| (at * 31 + at / 251) as u8).collect();

    let listener = TcpListener::bind(host.handle(), socket(1, 7), 8).expect("a free port");
    // Threads inherit this thread's namespace.
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut kernel = KernelStream::connect("10.0.0.1:7").expect("it listens");
            kernel.write_all(&data).expect("it reads");
        });
        let peer = listener.accept(LONG).expect("a connection");
        let (mut got, mut buffer) = (Vec::new(), vec![0; 64 * 1024]);
        loop {
            match peer.recv(&mut buffer, LONG).expect("no reset") {
                0 => break,
                count => got.extend_from_slice(&buffer[..count]),
            }
        }
        assert!(got == data, "{} of {} bytes", got.len(), data.len());
    });

    let kernel = KernelListener::bind("10.0.0.2:8").expect("a free port");
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut got = Vec::new();
            kernel.accept().expect("a connection").0.read_to_end(&mut got).expect("no reset");
            got
        });
        let stream = TcpStream::connect(host.handle(), socket(2, 8), None, LONG).expect("it listens");
        stream.send_all(&data, LONG).expect("it reads");
        stream.close().expect("open");
        assert!(reader.join().expect("no panic") == data);
    });
}

#[test]
fn a_stack_lives_through_the_kernels_side_going_down_and_up() {
    let Some(_alone) = own_namespace() else { return };
    let host = on_tap();
    assert!(ping("1"));
    ip(&["link", "set", "tap0", "down"]);
    let datagrams = UdpSocket::open(host.handle()).expect("it lives");
    for _ in 0..3 {
        datagrams.send(b"into the void", Some(socket(2, 9)), LONG).expect("the neighbour is known");
    }
    let lost =
        host.handle().with(|stack, _| stack.counters().drops(DropReason::InterfaceDown)).expect("it lives");
    assert!(lost >= 3, "{lost}");
    assert_eq!(host.handle().port_failure(host.interface).expect("attached"), None);
    bring_up();
    assert!(ping("1"));
    let kernel = KernelUdp::bind("10.0.0.2:9").expect("a free port");
    kernel.set_read_timeout(Some(std::time::Duration::from_secs(10))).expect("a number");
    datagrams.send(b"again", Some(socket(2, 9)), LONG).expect("up");
    assert_eq!(kernel.recv(&mut [0; 16]).expect("it arrives"), 5);
}

#[test]
fn a_stack_lives_through_its_device_being_deleted() {
    let Some(_alone) = own_namespace() else { return };
    let mut host = on_tap();
    assert!(ping("1"));
    ip(&["link", "del", "tap0"]);
    let failed = || host.handle().port_failure(host.interface).expect("attached").is_some();
    let (gone, _) = timed(|| {
        (0..200).any(|_| {
            failed() || {
                thread::sleep(std::time::Duration::from_millis(5));
                false
            }
        })
    });
    assert!(gone);
    let up = host.handle().with(|stack, _| stack.interface(host.interface).is_some_and(|found| found.up));
    assert!(!up.expect("it lives"));
    let before = driver_time();
    thread::sleep(std::time::Duration::from_millis(200));
    assert!(driver_time() - before < 5_000_000, "the descriptor in error wakes the driver again and again");
    host.handle().detach(host.interface).expect("attached");
    let ((), took) = timed(|| host.driver.stop(tapip_host::Driver::LINGER));
    assert!(took < Duration::from_secs(1), "{took:?}");
}

#[test]
fn a_persistent_device_is_there_after_the_stop() {
    let Some(_alone) = own_namespace() else { return };
    ip(&["tuntap", "add", "dev", "tap0", "mode", "tap"]);
    bring_up();
    let before = ip(&["addr", "show", "dev", "tap0"]);
    let host = on_tap();
    assert!(ping("1"));
    drop(host);
    let after = ip(&["addr", "show", "dev", "tap0"]);
    // The carrier comes and goes with the reader, and so do addresses that the kernel derives from it.
    let lasting = |text: &str| text.lines().filter(|line| line.contains("10.0.0.2")).count();
    assert_eq!((lasting(&before), lasting(&after)), (1, 1));
}
