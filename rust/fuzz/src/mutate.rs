//! Frames of a live dialogue, changed where it hurts: fields by name, lengths, flags, checksums mended or not.

use super::dice::Dice;
use tapip_core::wire::checksum::{self, Sum};
use tapip_core::wire::{ArpPacket, EthernetHeader, Icmpv4Header, IpAddress, Ipv4Header, Protocol, UdpHeader};

const LINK: usize = EthernetHeader::LEN;

/// Fields of a header: where, and how many bytes.
type Fields = &'static [(usize, usize)];

/// Destination, source, type.
const ETHERNET: Fields = &[(0, 6), (6, 6), (12, 2)];
/// Types, lengths, operation, addresses.
const ARP: Fields = &[(0, 2), (2, 2), (4, 1), (5, 1), (6, 2), (8, 6), (14, 4), (18, 6), (24, 4)];
/// Version and length, ToS, total length, identification, flags and offset, TTL, protocol, sum, addresses.
const IPV4: Fields =
    &[(0, 1), (1, 1), (2, 2), (4, 2), (6, 2), (8, 1), (9, 1), (10, 2), (12, 4), (16, 4), (20, 1), (21, 1)];
/// Ports, numbers, offset, flags, window, sum, urgent pointer, and the first bytes of the options. What a peer's
/// state depends on comes more often.
const TCP: Fields = &[
    (0, 2),
    (2, 2),
    (4, 4),
    (4, 4),
    (4, 4),
    (8, 4),
    (8, 4),
    (8, 4),
    (12, 1),
    (13, 1),
    (13, 1),
    (13, 1),
    (14, 2),
    (14, 2),
    (16, 2),
    (18, 2),
    (20, 1),
    (21, 1),
    (22, 2),
    (24, 4),
    (24, 1),
    (25, 1),
    (28, 4),
    (32, 4),
    (36, 4),
];
const UDP: Fields = &[(0, 2), (2, 2), (4, 2), (6, 2)];
/// Type, code, sum, rest of the header, and for errors the quoted header.
const ICMP: Fields = &[
    (0, 1),
    (1, 1),
    (2, 2),
    (4, 2),
    (6, 2),
    (8, 1),
    (10, 2),
    (14, 2),
    (17, 1),
    (20, 4),
    (24, 4),
    (28, 2),
    (30, 2),
    (32, 4),
    (36, 4),
];

/// Where the parts of a frame are, as far as its own lengths can be believed.
struct Layout {
    /// The transport header, and what it is.
    transport: Option<(usize, Protocol)>,
    arp: bool,
}

fn layout(frame: &[u8]) -> Layout {
    let kind = frame.get(12..LINK);
    let ip = (kind == Some(&[8, 0])).then(|| &frame[LINK..]).filter(|ip| ip.len() >= Ipv4Header::MIN_LEN);
    let transport = ip.map(|ip| (LINK + (usize::from(ip[0] & 0xf) * 4).max(20), Protocol(ip[9])));
    Layout { transport: transport.filter(|(at, _)| *at <= frame.len()), arp: kind == Some(&[8, 6]) }
}

/// Change `frame` in one to four ways, and mend its checksums half of the time.
pub fn mutate(frame: &mut Vec<u8>, dice: &mut Dice<'_>) {
    for _ in 0..=dice.below(4) {
        match dice.below(16) {
            0 => flip(frame, dice),
            1 => frame.truncate(dice.below(frame.len() + 1)),
            2 => {
                let more = dice.below(64);
                frame.extend((0..more).map(|_| dice.byte()));
            }
            3 => cut_payload(frame, dice),
            4 => flags(frame, dice),
            _ => field(frame, dice),
        }
    }
    if dice.one_in(2) {
        mend(frame);
    }
}

fn flip(frame: &mut [u8], dice: &mut Dice<'_>) {
    if !frame.is_empty() {
        let bit = dice.below(frame.len() * 8);
        frame[bit / 8] ^= 1 << (bit % 8);
    }
}

/// Change one field of one header.
fn field(frame: &mut [u8], dice: &mut Dice<'_>) {
    let layout = layout(frame);
    let transport = layout.transport.map(|(at, protocol)| match protocol {
        Protocol::TCP => (at, TCP),
        Protocol::UDP => (at, UDP),
        _ => (at, ICMP),
    });
    // The higher the header, the more there is behind it.
    let (at, fields) = match dice.below(8) {
        0 => (0, ETHERNET),
        1 | 2 if layout.arp => (LINK, ARP),
        1 | 2 => (LINK, IPV4),
        _ if layout.arp => (LINK, ARP),
        _ => transport.unwrap_or((LINK, IPV4)),
    };
    let (offset, width) = dice.pick(fields);
    if let Some(bytes) = frame.get_mut(at + offset..at + offset + width) {
        number(bytes, dice);
    }
}

/// Change a number in place: to a corner, to a neighbour, or to anything.
fn number(bytes: &mut [u8], dice: &mut Dice<'_>) {
    let old = bytes.iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
    let top = 1u64 << (bytes.len() * 8 - 1);
    let near = u64::from(dice.byte());
    let new = match dice.below(12) {
        0 => 0,
        1 => u64::MAX,
        2 => 1,
        3 => old.wrapping_add(1),
        4 => old.wrapping_sub(1),
        5 => old.wrapping_add(near),
        6 => old.wrapping_sub(near),
        // A segment, a window.
        7 => old.wrapping_add(near * 1_460),
        8 => old.wrapping_sub(near * 1_460),
        9 => old.wrapping_add(top),
        10 => old ^ 1 << (near % (bytes.len() as u64 * 8)),
        _ => u64::from(dice.word()) << 16 | near,
    };
    let length = bytes.len();
    bytes.copy_from_slice(&new.to_be_bytes()[8 - length..]);
}

/// Make the segment a reset, a SYN, a FIN, or nonsense.
fn flags(frame: &mut [u8], dice: &mut Dice<'_>) {
    const SETS: [u8; 10] = [0x04, 0x14, 0x02, 0x12, 0x01, 0x11, 0x00, 0x10, 0x30, 0xff];
    let Some((at, Protocol::TCP)) = layout(frame).transport else { return };
    if let Some(flags) = frame.get_mut(at + 13) {
        *flags = dice.pick(&SETS);
    }
}

/// Cut or lengthen the packet, and let the lengths agree with it.
fn cut_payload(frame: &mut Vec<u8>, dice: &mut Dice<'_>) {
    let Some((at, _)) = layout(frame).transport else { return };
    let length = at + dice.below(frame.len() - at + 40);
    frame.resize(length, 0x5a);
    let total = (length - LINK) as u16;
    frame[LINK + 2..LINK + 4].copy_from_slice(&total.to_be_bytes());
}

/// Make the checksums right, as far as the frame can be read.
pub fn mend(frame: &mut [u8]) {
    let Some((at, protocol)) = layout(frame).transport else { return };
    let header = &mut frame[LINK..at];
    header[10..12].fill(0);
    let sum = checksum::checksum(header);
    header[10..12].copy_from_slice(&sum.to_be_bytes());
    let Ok(header) = Ipv4Header::parse(&frame[LINK..]) else { return };
    let end = LINK + usize::from(header.total_length);
    if header.is_fragment() {
        return;
    }
    let segment = &mut frame[at..end];
    let field = match protocol {
        Protocol::TCP => 16,
        Protocol::UDP => 6,
        Protocol::ICMP | Protocol::IGMP => 2,
        _ => return,
    };
    if segment.len() < field + 2 {
        return;
    }
    segment[field..field + 2].fill(0);
    let mut sum = Sum::new();
    if matches!(protocol, Protocol::TCP | Protocol::UDP) {
        let (source, destination) = (IpAddress::V4(header.source), IpAddress::V4(header.destination));
        // A UDP sum covers what the length field says, which may lie.
        sum = sum.pseudo_header(source, destination, protocol.0, segment.len());
    }
    let sum = sum.bytes(segment).finish();
    segment[field..field + 2].copy_from_slice(&sum.to_be_bytes());
}

/// The frame sent back to who sent it: addresses and ports changed over, sums still right.
pub fn reflected(frame: &[u8]) -> Vec<u8> {
    let mut frame = frame.to_vec();
    if frame.len() < LINK {
        return frame;
    }
    swap(&mut frame, 0, 6, 6);
    match layout(&frame) {
        Layout { transport: Some((at, protocol)), .. } => {
            swap(&mut frame, LINK + 12, LINK + 16, 4);
            if matches!(protocol, Protocol::TCP | Protocol::UDP) && frame.len() >= at + UdpHeader::LEN {
                swap(&mut frame, at, at + 2, 2);
            }
        }
        Layout { arp: true, .. } if frame.len() >= LINK + ArpPacket::LEN => {
            swap(&mut frame, LINK + 8, LINK + 18, 10);
            frame[LINK + 7] ^= 3;
        }
        _ => {}
    }
    frame
}

fn swap(bytes: &mut [u8], left: usize, right: usize, length: usize) {
    let (front, back) = bytes.split_at_mut(right);
    front[left..left + length].swap_with_slice(&mut back[..length]);
}

/// An ICMP error about `frame`, sent to who sent it, with sums that are right.
pub fn icmp_error(frame: &[u8], dice: &mut Dice<'_>) -> Option<Vec<u8>> {
    const KINDS: [[u8; 2]; 12] =
        [[3, 0], [3, 1], [3, 2], [3, 3], [3, 4], [3, 4], [3, 4], [3, 13], [11, 0], [12, 0], [4, 0], [5, 1]];
    layout(frame).transport?;
    let quote = &frame[LINK..frame.len().min(LINK + 28 + dice.below(200))];
    let mut error = reflected(&frame[..LINK]);
    let total = (20 + Icmpv4Header::LEN + quote.len()) as u16;
    error.extend([0x45, 0, (total >> 8) as u8, total as u8, 0, 0, 0, 0, 64, 1, 0, 0]);
    // From the other end, or from some router.
    if dice.one_in(2) {
        error.extend(&quote[16..20]);
    } else {
        error.extend([10, 0, 0, 77]);
    }
    error.extend(&quote[12..16]);
    error.extend(dice.pick(&KINDS));
    error.extend([0, 0, 0, 0]);
    let mtu = dice.pick(&[0u16, 1, 67, 68, 296, 552, 576, 1_400, 1_499, 1_500, 65_535]);
    error.extend(mtu.to_be_bytes());
    error.extend(quote);
    mend(&mut error);
    Some(error)
}

/// The packet in two or three fragments that may overlap, leave a gap, or come the wrong way round.
pub fn fragments(frame: &[u8], dice: &mut Dice<'_>) -> Vec<Vec<u8>> {
    let Some((at, _)) = layout(frame).transport else { return Vec::new() };
    let payload = &frame[at..];
    let blocks = payload.len().div_ceil(8);
    if blocks < 2 {
        return Vec::new();
    }
    let cut = 1 + dice.below(blocks - 1);
    let overlap = if dice.one_in(3) { dice.below(cut + 1) } else { 0 };
    let mut parts = vec![(0, cut), (cut - overlap, blocks)];
    if dice.one_in(4) {
        parts.push((dice.below(blocks), dice.below(9_000)));
    }
    if dice.one_in(2) {
        parts.reverse();
    }
    let make = |(from, to): (usize, usize)| {
        let bytes = &payload[(from * 8).min(payload.len())..(to.max(from) * 8).min(payload.len())];
        let mut fragment = [&frame[..at], bytes].concat();
        let more = if to < blocks { 0x2000 } else { 0 };
        let total = (fragment.len() - LINK) as u16;
        fragment[LINK + 2..LINK + 4].copy_from_slice(&total.to_be_bytes());
        fragment[LINK + 6..LINK + 8].copy_from_slice(&(more | (from & 0x1fff) as u16).to_be_bytes());
        mend(&mut fragment);
        fragment
    };
    parts.into_iter().map(make).collect()
}
