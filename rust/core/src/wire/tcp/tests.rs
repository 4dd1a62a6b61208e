use super::*;
use crate::wire::Timestamps;
use proptest::prelude::*;
use std::net::Ipv4Addr;

const A: IpAddress = IpAddress::V4(Ipv4Addr::new(192, 0, 2, 1));
const B: IpAddress = IpAddress::V4(Ipv4Addr::new(192, 0, 2, 2));

fn syn() -> TcpHeader {
    let options = TcpOptions { mss: Some(1460), window_scale: Some(7), ..TcpOptions::default() };
    let (seq, flags, window) = (SeqNumber(0x0102_0304), TcpFlags::SYN, 64_240);
    TcpHeader { seq, flags, window, options, ..TcpHeader::new(40_000, 80) }
}

fn segment(header: &TcpHeader, data: &[u8]) -> Vec<u8> {
    let mut bytes = [&vec![0; header.len()][..], data].concat();
    header.emit(&mut bytes, 0);
    let sum = Sum::new().pseudo_header(A, B, Protocol::TCP.0, bytes.len()).bytes(&bytes).finish();
    put16(&mut bytes, 16, sum);
    bytes
}

#[test]
fn a_syn_byte_by_byte() {
    let mut bytes = [0xaa; 28];
    syn().emit(&mut bytes, 0xbeef);
    #[rustfmt::skip]
    let golden = [
        0x9c, 0x40, 0, 80, 1, 2, 3, 4, 0, 0, 0, 0, 0x70, 0x02, 0xfa, 0xf0, 0xbe, 0xef, 0, 0,
        2, 4, 5, 0xb4, 1, 3, 3, 7,
    ];
    assert_eq!(bytes, golden);
    assert_eq!(syn().to_string(), "40000 > 80 SYN seq 16909060 ack 0 win 64240");
}

#[test]
fn a_cut_segment_is_refused_at_every_length() {
    let bytes = segment(&syn(), b"data");
    for length in 0..bytes.len() {
        let reason = match length {
            0..20 => DropReason::TcpTooShort,
            20..28 => DropReason::TcpBadOffset,
            _ => DropReason::TcpBadChecksum,
        };
        assert_eq!(TcpHeader::parse(&bytes[..length], A, B, true), Err(reason), "{length} bytes");
    }
}

#[test]
fn a_data_offset_under_five_words_is_refused() {
    for words in 0..5 {
        let mut bytes = segment(&syn(), b"");
        bytes[12] = words << 4;
        assert_eq!(TcpHeader::parse(&bytes, A, B, false), Err(DropReason::TcpBadOffset));
    }
}

#[test]
fn the_sum_covers_everything_and_is_verified_unless_the_device_did() {
    let bytes = segment(&syn(), b"data");
    for bit in 0..bytes.len() * 8 {
        let mut bytes = bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(TcpHeader::parse(&bytes, A, B, true).is_err(), "bit {bit}");
    }
    assert!(TcpHeader::parse(&bytes, A, A, true).is_err(), "the pseudo-header counts");
    let mut bytes = bytes;
    put16(&mut bytes, 16, 0);
    assert_eq!(TcpHeader::parse(&bytes, A, B, false), Ok((syn(), 28)));
}

#[test]
fn a_bad_option_ends_the_segment() {
    let mut bytes = segment(&syn(), b"");
    bytes[21] = 0;
    assert_eq!(TcpHeader::parse(&bytes, A, B, false), Err(DropReason::TcpBadOption));
}

#[test]
fn syn_and_fin_take_sequence_space() {
    assert_eq!(syn().sequence_length(0), 1);
    let flags = TcpFlags::SYN | TcpFlags::FIN | TcpFlags::ACK;
    assert_eq!(TcpHeader { flags, ..syn() }.sequence_length(10), 12);
}

#[test]
fn every_set_of_flags_has_a_name() {
    let names: std::collections::HashSet<_> =
        (0..32).map(|bits| TcpFlags::from_bits_truncate(bits).name()).collect();
    assert_eq!(names.len(), 32);
    assert_eq!((TcpFlags::SYN | TcpFlags::ACK | TcpFlags::ECE).name(), "SYN|ACK");
    assert!(TcpFlags::all().name().len() < 24);
}

proptest! {
    #[test]
    fn parse_undoes_emit(
        ports: [u16; 2], seq: u32, ack: u32, flags in 0u16..0x200, window: u16, urgent: u16,
        mss: Option<u16>, stamps: Option<(u32, u32)>, data in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let timestamps = stamps.map(|(value, echo)| Timestamps { value, echo });
        let header = TcpHeader {
            seq: SeqNumber(seq),
            ack: SeqNumber(ack),
            flags: TcpFlags::from_bits_truncate(flags),
            window,
            urgent,
            options: TcpOptions { mss, timestamps, ..TcpOptions::default() },
            ..TcpHeader::new(ports[0], ports[1])
        };
        let bytes = segment(&header, &data);
        let (parsed, length) = TcpHeader::parse(&bytes, A, B, true).expect("our own");
        prop_assert_eq!(parsed, header);
        prop_assert_eq!(&bytes[length..], &data[..]);
    }
}
