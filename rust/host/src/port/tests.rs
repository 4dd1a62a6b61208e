use super::*;
use crate::eventfd::Signal;
use rustix::fd::{AsFd, BorrowedFd};
use rustix::io::Errno;
use std::io;
use std::sync::{Arc, Mutex};
use tapip_core::buffer::{Offload, Slices};
use tapip_core::sim::Impairment;
use tapip_core::stack::{Medium, Transmit};
use tapip_core::time::Duration;
use tapip_core::wire::checksum;

const NOW: Instant = Instant::from_secs(1);

/// What a test sees of its device.
#[derive(Default)]
struct Script {
    inbox: VecDeque<Vec<u8>>,
    sent: Vec<Vec<u8>>,
    room: usize,
    refusal: Option<Errno>,
    bursts: bool,
    offloads: Vec<Offload>,
    units: VecDeque<Packet>,
    delivers_units: bool,
    /// The next frame makes no sense.
    nonsense: bool,
}

struct Scripted(Arc<Mutex<Script>>, Signal);

impl Device for Scripted {
    fn recv(&mut self, packet: &mut Packet) -> io::Result<bool> {
        let mut script = self.0.lock().expect("one thread");
        if let Some(errno) = script.refusal {
            return Err(errno.into());
        }
        if std::mem::take(&mut script.nonsense) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        if let Some(unit) = script.units.pop_front() {
            *packet = unit;
            return Ok(true);
        }
        Ok(script.inbox.pop_front().map(|frame| packet.append(&frame)).is_some())
    }

    fn recv_unit(&mut self, packet: &mut Packet, unit: &mut Packet) -> io::Result<bool> {
        let Some(whole) = self.0.lock().expect("one thread").units.pop_front() else {
            return self.recv(packet);
        };
        unit.append(whole.bytes());
        unit.offload = whole.offload;
        Ok(true)
    }

    fn delivers_units(&self) -> bool {
        self.0.lock().expect("one thread").delivers_units
    }

    fn front(&self, _offload: Offload, _headers: &[u8], front: &mut Vec<u8>) {
        front.extend_from_slice(b"in front");
    }

    fn send_fronted(&mut self, whole: &[u8], frame: &Transmit<'_>) -> io::Result<bool> {
        assert_eq!(whole, [b"in front", frame.header].concat());
        self.send(frame)
    }

    fn send(&mut self, frame: &Transmit<'_>) -> io::Result<bool> {
        let mut script = self.0.lock().expect("one thread");
        if let Some(errno) = script.refusal {
            return Err(errno.into());
        }
        if script.room == 0 {
            return Ok(false);
        }
        script.room -= 1;
        script.sent.push(frame.to_vec());
        script.offloads.push(frame.offload);
        Ok(true)
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.1.as_fd())
    }

    fn mtu(&self) -> usize {
        1_500
    }

    fn wants_bursts(&self) -> bool {
        self.0.lock().expect("one thread").bursts
    }
}

fn plugged() -> (Port, Arc<Mutex<Script>>) {
    let script = Arc::new(Mutex::new(Script { room: usize::MAX, ..Script::default() }));
    let device = Scripted(Arc::clone(&script), Signal::new().expect("eventfd"));
    (Port::new(InterfaceId(3), 1_500, Box::new(device)), script)
}

fn send(port: &mut Port, now: Instant, bytes: &[u8]) {
    let (header, rest) = bytes.split_at(bytes.len().min(2));
    let mut payload = Slices::EMPTY;
    payload.push(rest);
    port.send(now, &Transmit { interface: port.id(), offload: Offload::default(), header, payload });
}

fn recv(port: &mut Port, now: Instant, pool: &mut Pool) -> Option<Vec<u8>> {
    match port.recv(now, pool) {
        Received::Frame(packet) => Some(packet.bytes().to_vec()),
        Received::Lost | Received::Dry => None,
    }
}

#[test]
fn a_lifted_fault_lets_go_what_it_holds_and_harms_nothing_more() {
    let (mut port, script) = plugged();
    let mut pool = Pool::new(8, 1_514);
    let slow = Impairment { delay: Duration::from_secs(60), ..Impairment::default() };
    port.fault = Some(Box::new(Fault::new(FaultSpec::both(slow), 1).expect("a good one")));
    send(&mut port, NOW, b"held on its way out");
    script.lock().expect("one thread").inbox.push_back(b"held on its way in".to_vec());
    assert_eq!(recv(&mut port, NOW, &mut pool), None);
    port.fault.as_mut().expect("it is on").lift();
    assert!(port.wants_flush(NOW) && port.wants_read(NOW) && port.poll_timeout() < Some(NOW));
    port.flush(NOW);
    send(&mut port, NOW, b"free");
    assert_eq!(script.lock().expect("one thread").sent, [b"held on its way out".to_vec(), b"free".to_vec()]);
    assert_eq!(recv(&mut port, NOW, &mut pool), Some(b"held on its way in".to_vec()));
    script.lock().expect("one thread").inbox.push_back(b"free".to_vec());
    assert_eq!(recv(&mut port, NOW, &mut pool), Some(b"free".to_vec()));
    assert_eq!(port.poll_timeout(), None);
}

#[test]
fn frames_wait_for_room_in_order_and_the_queue_is_bounded() {
    let (mut port, script) = plugged();
    script.lock().expect("one thread").room = 1;
    for number in 0..Port::WAITING + 3 {
        send(&mut port, NOW, &number.to_be_bytes());
    }
    assert_eq!(port.waiting(), Port::WAITING);
    assert_eq!(port.take_losses(), [DropReason::QueueFull; 2]);
    assert!(!port.flush(NOW), "there is no room yet");
    script.lock().expect("one thread").room = usize::MAX;
    assert!(port.flush(NOW));
    let sent = script.lock().expect("one thread").sent.clone();
    let expected: Vec<Vec<u8>> = (0..=Port::WAITING).map(|number| number.to_be_bytes().to_vec()).collect();
    assert_eq!(sent, expected);
}

#[test]
fn small_frames_leave_at_the_end_of_a_burst_and_large_ones_keep_their_place() {
    let (mut port, script) = plugged();
    script.lock().expect("one thread").bursts = true;
    let sent = || script.lock().expect("one thread").sent.iter().map(Vec::len).collect::<Vec<_>>();
    for length in [60, 1_514] {
        send(&mut port, NOW, &vec![7; length]);
    }
    assert_eq!(sent(), []);
    port.end_burst();
    assert_eq!(sent(), [60, 1_514]);
    for length in [61, 9_000, 62] {
        send(&mut port, NOW, &vec![7; length]);
    }
    assert_eq!(sent(), [60, 1_514, 61, 9_000], "the large one is not copied and does not overtake");
    port.end_burst();
    port.end_burst();
    assert_eq!(sent().split_off(4), [62], "once");
    for _ in 0..200 {
        send(&mut port, NOW, b"many");
    }
    assert_eq!(sent().len(), 5 + 192, "full bursts need no end");
}

#[test]
fn what_a_burst_has_no_room_for_waits_in_order() {
    let (mut port, script) = plugged();
    script.lock().expect("one thread").bursts = true;
    script.lock().expect("one thread").room = 2;
    for number in 0..5 {
        send(&mut port, NOW, &[number, 0]);
    }
    port.end_burst();
    assert_eq!((port.waiting(), port.take_losses()), (3, vec![]));
    script.lock().expect("one thread").room = usize::MAX;
    send(&mut port, NOW, &[5, 0]);
    assert!(port.flush(NOW));
    port.end_burst();
    let order: Vec<u8> = script.lock().expect("one thread").sent.iter().map(|frame| frame[0]).collect();
    assert_eq!(order, [0, 1, 2, 3, 4, 5]);
}

#[test]
fn an_empty_pool_loses_frames_but_drains_the_device() {
    let (mut port, script) = plugged();
    script.lock().expect("one thread").inbox.extend([vec![1], vec![2]]);
    let mut pool = Pool::new(0, 2_000);
    assert!(matches!(port.recv(NOW, &mut pool), Received::Lost));
    assert!(matches!(port.recv(NOW, &mut pool), Received::Lost));
    assert!(matches!(port.recv(NOW, &mut pool), Received::Dry));
    assert_eq!(port.take_losses(), [DropReason::PoolExhausted; 2]);
    assert!(!port.wants_read(NOW), "dry until the poller says otherwise");
}

#[test]
fn what_is_down_loses_frames_and_what_is_gone_fails_the_port() {
    let (mut port, script) = plugged();
    script.lock().expect("one thread").refusal = Some(Errno::IO);
    send(&mut port, NOW, b"frame");
    assert_eq!(port.take_losses(), [DropReason::InterfaceDown]);
    assert!(port.failure().is_none());
    script.lock().expect("one thread").refusal = Some(Errno::BADFD);
    assert!(matches!(port.recv(NOW, &mut Pool::new(1, 2_000)), Received::Dry));
    assert_eq!(port.failure(), Some("file descriptor in bad state"));
    assert!(port.take_failed() && !port.take_failed(), "told once");
    assert!(!port.wants_read(NOW));
    send(&mut port, NOW, b"frame");
    assert_eq!(port.take_losses(), [DropReason::InterfaceDown]);
}

#[test]
fn a_descriptor_that_only_reports_errors_fails_the_port() {
    let (mut port, _script) = plugged();
    port.on_ready(Ready { interface: port.id(), readable: true, writable: false, broken: true });
    assert!(matches!(port.recv(NOW, &mut Pool::new(1, 2_000)), Received::Dry));
    assert_eq!(port.failure(), Some("its descriptor reports an error"));
}

#[test]
fn the_fault_decorator_impairs_each_direction_by_its_own_rule() {
    let (mut port, script) = plugged();
    let spec = FaultSpec {
        inbound: Some(Impairment { delay: Duration::from_millis(5), ..Impairment::default() }),
        outbound: Some(Impairment { drop_every: 2, ..Impairment::default() }),
    };
    port.fault = Some(Box::new(Fault::new(spec, 1).expect("a fair specification")));
    for number in 0..4 {
        send(&mut port, NOW, &[number]);
    }
    assert_eq!(script.lock().expect("one thread").sent.len(), 2);
    assert_eq!(port.take_losses(), [DropReason::Impaired; 2]);

    let mut pool = Pool::new(4, 2_000);
    script.lock().expect("one thread").inbox.push_back(b"late".to_vec());
    assert_eq!(recv(&mut port, NOW, &mut pool), None);
    let due = port.poll_timeout().expect("a frame is under way");
    assert_eq!(due, NOW + Duration::from_millis(5));
    assert!(!port.wants_read(NOW) && port.wants_read(due));
    assert_eq!(recv(&mut port, due, &mut pool).as_deref(), Some(&b"late"[..]));
    assert_eq!(port.poll_timeout(), None);
}

#[test]
fn delayed_frames_leave_when_they_are_due() {
    let (mut port, script) = plugged();
    let delay = Impairment { delay: Duration::from_micros(250), ..Impairment::default() };
    port.fault = Some(Box::new(Fault::new(FaultSpec::both(delay), 1).expect("a fair specification")));
    send(&mut port, NOW, b"later");
    assert!(script.lock().expect("one thread").sent.is_empty());
    let due = port.poll_timeout().expect("under way");
    assert!(!port.wants_flush(NOW) && port.wants_flush(due));
    assert!(port.flush(due));
    assert_eq!(script.lock().expect("one thread").sent, [b"later".to_vec()]);
}

#[test]
fn a_capture_holds_what_the_stack_sent_and_was_given() {
    let (mut port, script) = plugged();
    let path = std::env::temp_dir().join(format!("tapip-capture-{}.pcapng", std::process::id()));
    port.capture = Some(Capture::create(&path, "veth", Medium::Ethernet, 0).expect("a writable directory"));
    script.lock().expect("one thread").inbox.push_back(b"inbound frame".to_vec());
    assert!(recv(&mut port, NOW, &mut Pool::new(1, 2_000)).is_some());
    send(&mut port, NOW, b"outbound frame");
    assert_eq!(port.capture.take().expect("switched on").finish().expect("written"), 2);
    let file = std::fs::read(&path).expect("it is there");
    std::fs::remove_file(&path).expect("it was ours");
    let find = |needle: &[u8]| file.windows(needle.len()).position(|window| window == needle);
    assert_eq!(&file[..4], &[0x0a, 0x0d, 0x0d, 0x0a], "a section header comes first");
    assert!(find(b"inbound frame").expect("first") < find(b"outbound frame").expect("second"));
}

#[test]
fn a_capture_that_cannot_be_written_says_where_and_why() {
    let error =
        Capture::create("/no/such/place.pcapng".as_ref(), "veth", Medium::Ethernet, 0).expect_err("no");
    assert_eq!(error.errno(), Some(2));
    assert!(error.to_string().contains("/no/such/place.pcapng: no such file or directory"), "{error}");
    let full = Capture::create("/dev/full".as_ref(), "veth", Medium::Ethernet, 0).expect_err("no space");
    assert_eq!(full.errno(), Some(28));
}

#[test]
fn the_trace_keeps_the_last_frames_and_their_heads() {
    let (mut port, _script) = plugged();
    port.trace = Some(FrameTrace::new(2));
    for length in [10, 20, 300] {
        send(&mut port, NOW, &vec![7; length]);
    }
    let kept: Vec<_> = port
        .trace
        .iter()
        .flat_map(FrameTrace::frames)
        .map(|frame| (frame.length, frame.head.len()))
        .collect();
    assert_eq!(kept, [(20, 20), (300, FrameTrace::HEAD)]);
}

/// A TCP packet of `payload` bytes over Ethernet, its checksum left open, to be cut to segments of 1,000.
fn unit(payload: usize) -> Packet {
    let mut frame = vec![0; 54 + payload];
    frame[12..14].copy_from_slice(&[8, 0]);
    frame[14] = 0x45;
    let total = (40 + payload) as u16;
    frame[16..18].copy_from_slice(&total.to_be_bytes());
    (frame[23], frame[46]) = (6, 0x50);
    frame[34 + 16..34 + 18].copy_from_slice(&(6 + total - 20).to_be_bytes());
    let sum = checksum::checksum(&frame[14..34]);
    frame[24..26].copy_from_slice(&sum.to_be_bytes());
    let mut packet = Packet::copied(0, &frame);
    packet.offload = Offload { partial_checksum: Some((34, 16)), segment_size: 1_000, ..Offload::default() };
    packet
}

#[test]
fn units_keep_their_place_among_bursts_and_are_not_copied_into_them() {
    let (mut port, script) = plugged();
    script.lock().expect("one thread").bursts = true;
    let big = unit(1_500);
    send(&mut port, NOW, &[7; 60]);
    let offload = big.offload;
    let frame = Transmit { interface: port.id(), offload, header: big.bytes(), payload: Slices::EMPTY };
    port.send(NOW, &frame);
    send(&mut port, NOW, &[7; 61]);
    port.end_burst();
    let script = script.lock().expect("one thread");
    assert_eq!(script.sent.iter().map(Vec::len).collect::<Vec<_>>(), [60, 1_554, 61]);
    assert_eq!(script.offloads, [Offload::default(), offload, Offload::default()]);
}

#[test]
fn a_frame_of_a_burst_keeps_what_was_left_to_the_device_also_while_it_waits() {
    let (mut port, script) = plugged();
    script.lock().expect("one thread").bursts = true;
    script.lock().expect("one thread").room = 1;
    let mut packet = unit(100);
    packet.offload.segment_size = 0;
    for _ in 0..2 {
        let (interface, offload) = (port.id(), packet.offload);
        port.send(NOW, &Transmit { interface, offload, header: packet.bytes(), payload: Slices::EMPTY });
    }
    port.end_burst();
    assert_eq!(port.waiting(), 1);
    script.lock().expect("one thread").room = 1;
    assert!(port.flush(NOW));
    let script = script.lock().expect("one thread");
    assert_eq!(script.offloads, [packet.offload; 2]);
    assert!(script.sent.iter().all(|frame| frame == packet.bytes()));
}

#[test]
fn what_impairs_a_port_impairs_frames_not_units() {
    let (mut port, script) = plugged();
    let third = Impairment { drop_every: 3, ..Impairment::default() };
    port.fault = Some(Box::new(Fault::new(FaultSpec::both(third), 1).expect("a fair specification")));
    let packet = unit(4_500);
    let (interface, offload) = (port.id(), packet.offload);
    port.send(NOW, &Transmit { interface, offload, header: packet.bytes(), payload: Slices::EMPTY });
    assert_eq!(port.take_losses(), [DropReason::Impaired]);
    let lengths = |frames: &[Vec<u8>]| frames.iter().map(Vec::len).collect::<Vec<_>>();
    assert_eq!(lengths(&script.lock().expect("one thread").sent), [1_054, 1_054, 1_054, 554]);
    assert_eq!(script.lock().expect("one thread").offloads, [Offload::default(); 4]);

    script.lock().expect("one thread").units.push_back(unit(4_500));
    let mut pool = Pool::new(100, 2_000);
    let mut got = Vec::new();
    while let Some(frame) = recv(&mut port, NOW, &mut pool) {
        got.push(frame);
    }
    assert_eq!(lengths(&got), [1_054, 1_054, 1_054, 554]);
    assert_eq!(port.take_losses(), [DropReason::Impaired]);
}

#[test]
fn a_unit_takes_a_buffer_of_its_own_and_a_small_frame_none() {
    let (mut port, script) = plugged();
    let mut pool = Pool::new(200, 2_016);
    script.lock().expect("one thread").delivers_units = true;
    script.lock().expect("one thread").inbox.push_back(vec![1; 60]);
    script.lock().expect("one thread").units.push_back(unit(60_000));
    let mut held = Vec::new();
    for _ in 0..2 {
        let Received::Frame(packet) = port.recv(NOW, &mut pool) else { panic!("two frames") };
        held.push((packet.len(), packet.footprint() > 60_000));
        pool.put(packet);
    }
    assert_eq!(held, [(60_054, true), (60, false)]);
    assert!(matches!(port.recv(NOW, &mut pool), Received::Dry));
    assert_eq!(pool.in_use(), 0, "what stands ready for the next counts as nothing");
}

#[test]
fn a_pool_without_room_for_a_unit_stops_neither_units_nor_small_frames() {
    let (mut port, script) = plugged();
    let mut pool = Pool::new(16, 2_016);
    script.lock().expect("one thread").delivers_units = true;
    let mut held = Vec::new();
    for _ in 0..40 {
        let mut script = script.lock().expect("one thread");
        script.inbox.push_back(vec![1; 60]);
        script.units.push_back(unit(20_500));
        drop(script);
        for expected in [20_554, 60] {
            let Received::Frame(packet) = port.recv(NOW, &mut pool) else { panic!("nothing is lost") };
            assert_eq!(packet.len(), expected);
            assert_eq!(packet.offload.segment_size > 0, expected > 60);
            held.push(packet);
        }
    }
    assert!(matches!(port.recv(NOW, &mut pool), Received::Dry));
    assert_eq!(port.take_losses(), []);
    assert_eq!(pool.in_use(), 12, "the rest is in memory of its own");
}

#[test]
fn nonsense_from_a_device_is_lost_and_counted_and_the_next_frame_comes() {
    let (mut port, script) = plugged();
    script.lock().expect("one thread").nonsense = true;
    script.lock().expect("one thread").inbox.push_back(b"sense".to_vec());
    let mut pool = Pool::new(4, 2_000);
    assert!(matches!(port.recv(NOW, &mut pool), Received::Lost));
    assert_eq!(port.take_losses(), [DropReason::BadOffload]);
    assert_eq!(recv(&mut port, NOW, &mut pool).as_deref(), Some(&b"sense"[..]));
    assert!(port.failure().is_none());
}

#[test]
fn a_capture_shows_the_checksums_that_others_make() {
    let (mut port, _script) = plugged();
    let path = std::env::temp_dir().join(format!("tapip-open-{}.pcapng", std::process::id()));
    port.capture = Some(Capture::create(&path, "veth", Medium::Ethernet, 0).expect("a writable directory"));
    let mut packet = unit(5);
    packet.offload.segment_size = 0;
    let (interface, offload) = (port.id(), packet.offload);
    port.send(NOW, &Transmit { interface, offload, header: packet.bytes(), payload: Slices::EMPTY });
    port.capture.take().expect("switched on").finish().expect("written");
    let file = std::fs::read(&path).expect("it is there");
    std::fs::remove_file(&path).expect("it was ours");
    assert!(checksum::complete(packet.bytes_mut(), 34, 16));
    assert!(file.windows(packet.len()).any(|window| window == packet.bytes()));
}
