use super::*;
use crate::device::Loopback;
use rustix::fd::OwnedFd;
use rustix::net::{AddressFamily, RecvFlags, SocketFlags, SocketType, recv, socketpair};
use tapip_core::buffer::{Offload, Slices};
use tapip_core::observe::InterfaceId;
use tapip_core::stack::Transmit;
use tapip_core::time::Duration;

/// A writer that writes to one end of a cable that keeps frames apart, and the other end.
fn cabled(flags: SocketFlags) -> (Writer, OwnedFd, Arc<Poller>) {
    let (near, far) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None).expect("sockets");
    let driver = Arc::new(Poller::new().expect("epoll"));
    (Writer::start(Queues::new(vec![near], 0), Arc::clone(&driver)).expect("a thread"), far, driver)
}

fn burst(frames: impl IntoIterator<Item = Vec<u8>>) -> Burst {
    let mut burst = Burst::default();
    for frame in frames {
        let (interface, offload) = (InterfaceId(1), Offload::default());
        burst
            .push(&Loopback::new(), &Transmit { interface, offload, header: &frame, payload: Slices::EMPTY });
    }
    burst
}

fn receive(far: &OwnedFd) -> Vec<u8> {
    let mut bytes = vec![0; 4_096];
    let (length, _) = recv(far, bytes.as_mut_slice(), RecvFlags::empty()).expect("the writer is there");
    bytes.truncate(length);
    bytes
}

/// Sleep until the driver is woken, or fail.
fn woken(driver: &Poller) {
    let before = crate::clock::monotonic();
    driver.wait(Some(Duration::from_secs(5)), &mut Vec::new()).expect("wait");
    assert!(crate::clock::monotonic().since(before) < Duration::from_secs(5), "nobody woke the driver");
}

#[test]
fn frames_leave_whole_and_in_order_and_the_last_before_the_end() {
    let (writer, far, _driver) = cabled(SocketFlags::empty());
    let frame = |number: usize| vec![number as u8; 60 + number];
    for numbers in [0..1, 1..60, 60..61] {
        assert!(writer.push(burst(numbers.map(frame))).is_empty());
    }
    drop(writer);
    for number in 0..61 {
        assert_eq!(receive(&far), frame(number));
    }
    assert_eq!(receive(&far), [], "its descriptor is closed");
}

#[test]
fn a_full_writer_wakes_the_driver_when_it_wants_more() {
    // It blocks on this cable as soon as the socket's buffer is full, and so for good.
    let (writer, far, driver) = cabled(SocketFlags::empty());
    while !writer.is_full() {
        writer.push(burst(vec![vec![7; 2_000]; 64]));
    }
    assert!(!writer.is_idle());
    let pushed = writer.shared.pending.load(Ordering::Acquire) * 64;
    for _ in 0..pushed {
        assert_eq!(receive(&far).len(), 2_000);
    }
    woken(&driver);
    assert!(!writer.is_full());
}

#[test]
fn losses_are_told_once_and_wake_the_driver() {
    let (writer, far, driver) = cabled(SocketFlags::NONBLOCK);
    drop(far);
    writer.push(burst([vec![1], vec![2]]));
    woken(&driver);
    let kinds: Vec<_> = writer.take_losses().iter().map(io::Error::kind).collect();
    assert_eq!(kinds, [io::ErrorKind::BrokenPipe; 2]);
    assert!(writer.take_losses().is_empty());
}

#[test]
fn a_device_without_room_loses_frames_in_the_end() {
    let (writer, _far, driver) = cabled(SocketFlags::NONBLOCK);
    for _ in 0..4 {
        writer.push(burst(vec![vec![7; 2_000]; 64]));
    }
    woken(&driver);
    let losses = writer.take_losses();
    assert!(!losses.is_empty() && losses.iter().all(|error| error.kind() == io::ErrorKind::WouldBlock));
}
