//! Refusals anywhere; devices in a network namespace of each test's own.

use super::*;
use crate::device::{is_down, is_gone};
use crate::test_net::{ip, own_namespace};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::net::UdpSocket;
use tapip_core::buffer::{Offload, Pool};
use tapip_core::observe::InterfaceId;
use tapip_core::wire::{VirtioHeader, checksum};

fn open_tap(name: &str, persistent: bool) -> Tap {
    open_with(name, persistent, Features::NONE)
}

fn open_with(name: &str, persistent: bool, features: Features) -> Tap {
    let options = TapOptions { persistent, features, ..named(name) };
    Tap::open(&options).expect("root, in an own namespace")
}

fn named(name: &str) -> TapOptions {
    TapOptions { name: Some(name.to_owned()), ..TapOptions::default() }
}

/// What `ip -d` says of a device, without what comes and goes with a reader: carrier and statistics.
fn description(name: &str) -> String {
    let text = ip(&["-d", "link", "show", "dev", name]);
    text.replace("NO-CARRIER,", "").replace("LOWER_UP", "").replace("state DOWN", "").replace("state UP", "")
}

/// The same for a device that was read with a virtio header.
fn with_header(description: &str) -> String {
    description.replace("vnet_hdr off", "vnet_hdr on")
}

fn frame(header: &[u8]) -> Transmit<'_> {
    Transmit { interface: InterfaceId(1), offload: Offload::default(), header, payload: Slices::EMPTY }
}

/// The first frame of an EtherType that comes within two seconds.
fn receive(tap: &mut Tap, kind: u16) -> Option<Vec<u8>> {
    received(tap, kind).map(|packet| packet.bytes().to_vec())
}

fn received(tap: &mut Tap, kind: u16) -> Option<Packet> {
    let mut pool = Pool::new(100, 2_000);
    for _ in 0..100 {
        let (mut packet, mut unit) = (pool.take().expect("enough"), pool.reading_unit());
        match tap.recv_unit(&mut packet, &mut unit).expect("the device is there") {
            true if !unit.is_empty() => return Some(unit),
            true if packet.bytes()[12..14] == kind.to_be_bytes() => return Some(packet),
            true => {}
            false => {
                let limit = Timespec { tv_sec: 2, tv_nsec: 0 };
                let mut fds: Vec<_> =
                    tap.fds().into_iter().map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)).collect();
                if poll(&mut fds, Some(&limit)).expect("poll") == 0 {
                    return None;
                }
            }
        }
    }
    None
}

/// Have the kernel send a datagram, and answer its question for our hardware address; the frame with the datagram.
fn datagram_from_kernel(tap: &mut Tap) -> Vec<u8> {
    let packet = packet_from_kernel(tap);
    packet.bytes().to_vec()
}

fn packet_from_kernel(tap: &mut Tap) -> Packet {
    let socket = UdpSocket::bind("10.9.0.2:0").expect("the kernel's address");
    socket.send_to(b"hello, world", "10.9.0.1:9").expect("sent");
    let mut arp = receive(tap, 0x0806).expect("who has 10.9.0.1");
    let asker: [u8; 10] = arp[22..32].try_into().expect("ten bytes");
    let ours = [2, 0, 0, 0, 0, 1];
    arp.copy_within(6..12, 0);
    arp[6..12].copy_from_slice(&ours);
    arp[20..22].copy_from_slice(&[0, 2]);
    arp[22..28].copy_from_slice(&ours);
    arp[28..32].copy_from_slice(&[10, 9, 0, 1]);
    arp[32..42].copy_from_slice(&asker);
    assert!(tap.send(&frame(&arp)).expect("up"));
    received(tap, 0x0800).expect("the datagram")
}

/// Whether the UDP checksum of an Ethernet frame is right.
fn is_whole(datagram: &[u8]) -> bool {
    // Pseudo-header and datagram: source, destination, protocol, length, and all of UDP.
    let udp = &datagram[34..];
    let mut covered = datagram[26..34].to_vec();
    covered.extend_from_slice(&[0, 17]);
    covered.extend_from_slice(&(udp.len() as u16).to_be_bytes());
    covered.extend_from_slice(udp);
    checksum::checksum(&covered) == 0
}

fn bring_up(name: &str) {
    ip(&["addr", "add", "10.9.0.2/24", "dev", name]);
    ip(&["link", "set", name, "up"]);
}

#[test]
fn names_that_the_kernel_would_refuse_are_refused_by_name() {
    for name in ["", "a/b", "with space", "sixteen-bytes-xx", "..", "a:b"] {
        let error = Tap::open(&named(name)).expect_err(name);
        assert_eq!(error.errno(), Some(22), "{name}");
        assert!(error.to_string().contains(&format!("{name:?}")), "{error}");
    }
}

#[test]
fn refusals_name_the_device_and_the_way_out() {
    let text = |errno: i32| refusal("tap7", &io::Error::from_raw_os_error(errno)).to_string();
    assert_eq!(
        text(1),
        "cannot open tap device tap7: operation not permitted; run as root or with CAP_NET_ADMIN, or have root make it for you: ip tuntap add dev tap7 mode tap user $USER"
    );
    assert!(text(16).contains("another program has it"));
    assert!(no_tun(io::Error::from_raw_os_error(2)).to_string().contains("modprobe tun"));
}

#[test]
fn a_device_made_here_has_what_the_kernel_says_and_goes_when_closed() {
    let Some(_alone) = own_namespace() else { return };
    let tap = Tap::open(&TapOptions::default()).expect("root");
    assert_eq!((tap.name(), tap.created(), tap.mtu()), ("tap0", true, 1_500));
    let mac = tap.mac().expect("it has one");
    assert!(ip(&["link", "show", "dev", "tap0"]).contains(&mac.to_string()));
    ip(&["link", "set", "tap0", "mtu", "1400"]);
    ip(&["link", "set", "tap0", "name", "other"]);
    assert_eq!(tap.mtu(), 1_400, "asked anew, and by number");
    drop(tap);
    assert!(!ip(&["link", "show"]).contains("other"));
}

#[test]
fn a_persistent_device_stays_and_is_left_as_it_was() {
    let Some(_alone) = own_namespace() else { return };
    drop(open_tap("mine", true));
    for made_with in [&[][..], &["vnet_hdr"], &["pi"], &["multi_queue"], &["pi", "vnet_hdr", "multi_queue"]] {
        let name = format!("t{}{}", made_with.len(), made_with.first().map_or("", |word| &word[..1]));
        ip(&[&["tuntap", "add", "dev", &name, "mode", "tap"], made_with].concat());
        bring_up(&name);
        let before = description(&name);
        for features in [Features::NONE, Features::ALL] {
            let mut tap = open_with(&name, false, features);
            assert!(!tap.created());
            assert!(datagram_from_kernel(&mut tap).ends_with(b"hello, world"), "{made_with:?}");
            drop(tap);
            let after = if features == Features::NONE { before.clone() } else { with_header(&before) };
            assert_eq!(description(&name), after);
        }
        ip(&["link", "del", &name]);
    }
    assert!(!open_tap("mine", false).created());
    assert!(ip(&["link", "show"]).contains("mine"));
}

#[test]
fn what_is_taken_or_no_tap_is_refused() {
    let Some(_alone) = own_namespace() else { return };
    let _first = open_tap("tap0", false);
    let refused = |name: &str| Tap::open(&named(name)).expect_err("taken").to_string();
    assert!(refused("tap0").contains("tap0: device or resource busy; another program has it"));
    ip(&["tuntap", "add", "dev", "tun0", "mode", "tun"]);
    assert!(refused("tun0").contains("tun0: a device of that name exists and is no tap"));
    assert!(refused("lo").contains("lo: a device of that name exists and is no tap"));
}

#[test]
fn an_old_offload_mask_is_reset_and_ours_is_taken_back() {
    let Some(_alone) = own_namespace() else { return };
    let tap = open_tap("tap0", true);
    ioctl::set_offload(tap.queues.any(), ioctl::TUN_F_CSUM).expect("allowed");
    // As if its owner had died.
    let fd = tap.queues.any().try_clone_to_owned().expect("a descriptor");
    drop(tap);
    ioctl::set_offload(fd.as_fd(), ioctl::TUN_F_CSUM).expect("allowed");
    drop(fd);
    let mut tap = open_tap("tap0", false);
    bring_up("tap0");
    assert!(is_whole(&datagram_from_kernel(&mut tap)), "the kernel left the checksum to the reader");
    drop(tap);
    drop(open_with("tap0", false, Features::ALL));
    let mut next = attached_by_who_knows_of_nothing("tap0");
    let packet = packet_from_kernel(&mut next);
    assert_eq!(packet.offload, Offload::default());
    assert!(is_whole(packet.bytes()), "the next reader was left with our mask");
}

/// A reader that does not touch the mask.
fn attached_by_who_knows_of_nothing(name: &str) -> Tap {
    let fd = open(DEVICE, OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty()).expect("root");
    let links = LinkSocket::open().expect("netlink");
    attach(&fd, &links, name, 0).expect("it is there");
    let header = ioctl::vnet_header_size(fd.as_fd()).expect("it was made with one");
    let index = links.query(Which::Name(name)).expect("it is there").index;
    let front = Front::new(false, header).expect("a known length");
    let features = Features::NONE;
    Tap {
        queues: Queues::new(vec![fd], front.len()),
        links,
        index,
        name: name.to_owned(),
        created: false,
        front,
        features,
    }
}

#[test]
fn switches_change_what_the_kernel_leaves_to_us_without_opening_anew() {
    let Some(_alone) = own_namespace() else { return };
    let mut tap = open_with("tap0", false, Features::ALL);
    assert_eq!(tap.features(), Features::ALL);
    bring_up("tap0");
    let open = packet_from_kernel(&mut tap);
    assert_eq!(open.offload.partial_checksum, Some((34, 6)));
    assert!(!is_whole(open.bytes()));
    let rx_off = Features { rx: false, ..Features::ALL };
    tap.set_features(rx_off).expect("the device is there");
    assert_eq!(tap.features(), Features { gro: false, ..rx_off }, "units need open checksums");
    ip(&["neigh", "flush", "dev", "tap0"]);
    let whole = packet_from_kernel(&mut tap);
    assert_eq!(whole.offload, Offload::default());
    assert!(is_whole(whole.bytes()));
    assert_eq!(open_tap("tap1", false).features(), Features::NONE);
}

#[test]
fn headers_of_any_length_stand_in_front() {
    let Some(_alone) = own_namespace() else { return };
    const TUNSETVNETHDRSZ: rustix::ioctl::Opcode = rustix::ioctl::opcode::write::<i32>(b'T', 216);
    for (index, length) in [10, 12, 20].into_iter().enumerate() {
        let name = format!("t{index}");
        let tap = open_with(&name, true, Features::ALL);
        let mut length: i32 = length;
        // SAFETY: TUNSETVNETHDRSZ reads one int.
        unsafe {
            let setter = rustix::ioctl::Updater::<TUNSETVNETHDRSZ, i32>::new(&mut length);
            rustix::ioctl::ioctl(tap.queues.any(), setter).expect("a length that the kernel knows");
        }
        drop(tap);
        let mut tap = open_with(&name, false, Features::ALL);
        assert_eq!(tap.front.len(), length as usize);
        bring_up(&name);
        assert_eq!(packet_from_kernel(&mut tap).offload.partial_checksum, Some((34, 6)));
        ip(&["link", "del", &name]);
    }
}

#[test]
fn down_loses_frames_and_up_again_carries_them() {
    let Some(_alone) = own_namespace() else { return };
    let mut tap = open_tap("tap0", false);
    assert!(!tap.is_up());
    assert!(is_down(&tap.send(&frame(&[0; 60])).expect_err("down")));
    for _ in 0..2 {
        bring_up("tap0");
        assert!(tap.is_up());
        assert!(tap.send(&frame(&[0; 60])).expect("up"));
        datagram_from_kernel(&mut tap);
        ip(&["addr", "flush", "dev", "tap0"]);
        ip(&["link", "set", "tap0", "down"]);
    }
    // What the kernel queued before is still there.
    let mut pool = Pool::new(100, 2_000);
    while tap.recv(&mut pool.take().expect("not so many")).expect("down is no error to a reader") {}
}

#[test]
fn a_device_that_was_deleted_is_gone_for_both_directions() {
    let Some(_alone) = own_namespace() else { return };
    let mut tap = open_tap("tap0", false);
    bring_up("tap0");
    ip(&["link", "del", "tap0"]);
    let mut packet = Pool::new(1, 2_000).take().expect("one");
    assert!(is_gone(&tap.recv(&mut packet).expect_err("gone")));
    assert!(is_gone(&tap.send(&frame(&[0; 60])).expect_err("gone")));
}

#[test]
fn a_hostile_header_loses_its_frame_and_no_other() {
    use rustix::net::{AddressFamily, SendFlags, SocketFlags, SocketType, send, socketpair};
    // A cable that keeps frames apart stands for the device: the kernel's own headers are never wrong.
    let kinds = (AddressFamily::UNIX, SocketType::SEQPACKET);
    let (fd, kernel) = socketpair(kinds.0, kinds.1, SocketFlags::NONBLOCK, None).expect("sockets");
    let (links, front) =
        (LinkSocket::open().expect("netlink"), Front::new(false, 12).expect("a known length"));
    let (name, features) = ("tap0".to_owned(), Features::ALL);
    let mut tap = Tap {
        queues: Queues::new(vec![fd], front.len()),
        links,
        index: 1,
        name,
        created: false,
        front,
        features,
    };
    let mut pool = Pool::new(100, 2_016);
    let mut read = |header: VirtioHeader, length: usize| {
        let frame = [&header.to_bytes()[..], &[0; 2], &vec![7; length]].concat();
        send(&kernel, &frame, SendFlags::empty()).expect("there is room");
        let (mut packet, mut unit) = (pool.take().expect("enough"), pool.reading_unit());
        let read = tap.recv_unit(&mut packet, &mut unit);
        let (small, large) = (packet.len(), unit.len());
        (read.map_err(|error| error.kind()), small, large)
    };
    let good = VirtioHeader {
        flags: VirtioHeader::NEEDS_CHECKSUM,
        kind: VirtioHeader::TCP_V4,
        header_length: 66,
        segment_size: 1_448,
        checksum_start: 34,
        checksum_offset: 16,
    };
    let bad = [
        VirtioHeader { segment_size: 0, ..good },
        VirtioHeader { header_length: u16::MAX, ..good },
        VirtioHeader { checksum_start: u16::MAX, checksum_offset: u16::MAX, ..good },
        VirtioHeader { checksum_start: 0, checksum_offset: 59_999, ..good },
        VirtioHeader { flags: 0, ..good },
        VirtioHeader { kind: 4, ..good },
        VirtioHeader { kind: 5, ..good },
        VirtioHeader { kind: 0xff, ..good },
    ];
    for header in bad {
        assert_eq!(read(header, 60_000).0, Err(io::ErrorKind::InvalidData), "{header:?}");
        assert_eq!(read(header, 60).0, Err(io::ErrorKind::InvalidData), "{header:?}");
        assert_eq!(read(good, 60_000), (Ok(true), 0, 60_000));
        assert_eq!(read(VirtioHeader::default(), 60), (Ok(true), 60, 0));
    }
    assert_eq!(read(good, 2_016), (Ok(true), 2_016, 0), "as much as a small buffer holds");
    assert_eq!(read(good, 2_017), (Ok(true), 0, 2_017));
    // Too short for its header: an empty frame, which the stack refuses.
    send(&kernel, &[1; 7], SendFlags::empty()).expect("there is room");
    let (mut packet, mut unit) = (pool.take().expect("enough"), pool.reading_unit());
    let short = tap.recv_unit(&mut packet, &mut unit);
    assert!(packet.is_empty() && unit.is_empty(), "{short:?}");
}

#[test]
fn several_queues_are_one_device_and_need_one_that_was_made_for_them() {
    let Some(_alone) = own_namespace() else { return };
    let queues = |name, queues| Tap::open(&TapOptions { queues, ..named(name) });
    let mut tap = queues("tap0", 3).expect("root, in an own namespace");
    assert_eq!((tap.queues(), tap.fds().len(), tap.created()), (3, 3, true));
    assert!(description("tap0").contains("multi_queue"));
    bring_up("tap0");
    assert!(datagram_from_kernel(&mut tap).ends_with(b"hello, world"));
    drop(tap);
    ip(&["tuntap", "add", "dev", "tap1", "mode", "tap"]);
    let error = queues("tap1", 2).expect_err("one queue").to_string();
    assert!(error.contains("tap1 was made with one queue"), "{error}");
    assert_eq!(queues("tap1", 1).expect("as it was made").queues(), 1);
    ip(&["tuntap", "add", "dev", "tap2", "mode", "tap", "multi_queue"]);
    for count in [2, 1] {
        assert_eq!(queues("tap2", count).expect("made for many").queues(), count);
    }
    for count in [0, 65] {
        assert!(queues("tap3", count).expect_err("bounded").to_string().contains("1 to 64"));
    }
}
