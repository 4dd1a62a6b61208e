//! A panic while the stack is driven: everyone is told, nobody hangs, nothing is left.
#![allow(missing_docs, reason = "tests")]

mod common;

use common::{Host, LONG, error_of, timed};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use tapip_core::buffer::Packet;
use tapip_core::stack::Transmit;
use tapip_core::time::Duration;
use tapip_host::HostError;
use tapip_host::device::{Device, Loopback, Pipe};
use tapip_host::socket::{RawSocket, UdpSocket};

/// A pipe whose end panics when told to.
struct Trapped(Pipe, Arc<AtomicBool>);

impl Device for Trapped {
    fn recv(&mut self, packet: &mut Packet) -> io::Result<bool> {
        assert!(!self.1.load(Ordering::Acquire), "the device blew up");
        self.0.recv(packet)
    }

    fn send(&mut self, frame: &Transmit<'_>) -> io::Result<bool> {
        self.0.send(frame)
    }

    fn fd(&self) -> Option<rustix::fd::BorrowedFd<'_>> {
        self.0.fd()
    }

    fn room(&self) -> tapip_host::device::Room {
        self.0.room()
    }

    fn mtu(&self) -> usize {
        self.0.mtu()
    }
}

#[test]
fn a_panic_in_the_driver_fails_the_stack_and_wakes_everyone() {
    let trap = Arc::new(AtomicBool::new(false));
    let (a, mut far) = Pipe::pair(1_500).expect("descriptors");
    let mut host = Host::new(1, Box::new(Trapped(a, Arc::clone(&trap))));
    let datagrams = UdpSocket::open(host.handle()).expect("it lives");
    let packets = RawSocket::open(host.handle(), 1).expect("it lives");
    let failed = HostError::StackFailed("the device blew up".to_owned());
    thread::scope(|scope| {
        let sleepers = [
            scope.spawn(|| error_of(packets.recv(&mut [0; 8], None))),
            scope.spawn(|| error_of(datagrams.recv(&mut [0; 8], None))),
        ];
        thread::sleep(std::time::Duration::from_millis(30));
        trap.store(true, Ordering::Release);
        let frame = [0; 60];
        let offload = tapip_core::buffer::Offload::default();
        let payload = tapip_core::buffer::Slices::EMPTY;
        far.send(&Transmit { interface: host.interface, offload, header: &frame, payload }).expect("open");
        for sleeper in sleepers {
            assert_eq!(sleeper.join().expect("no panic here"), failed);
        }
    });
    assert_eq!(error_of(UdpSocket::open(host.handle())), failed);
    assert_eq!(error_of(packets.recv(&mut [0; 8], LONG)), failed);
    assert_eq!(host.handle().failure(), Some("the device blew up"));
    let ((), took) = timed(|| host.driver.stop(tapip_host::Driver::LINGER));
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert_eq!(error_of(packets.recv(&mut [0; 8], LONG)), HostError::Stopped);
}

#[test]
fn a_panic_in_a_verb_is_the_stacks_end_and_not_the_callers() {
    let host = Host::new(1, Box::new(Loopback::new()));
    let failed = HostError::StackFailed("verb 3".to_owned());
    assert_eq!(error_of(host.handle().with(|_, _| -> () { panic!("verb {}", 3) })), failed);
    assert_eq!(error_of(host.handle().with(|_, _| ())), failed);
}
