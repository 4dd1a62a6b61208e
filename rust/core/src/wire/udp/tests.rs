use super::*;
use proptest::prelude::*;
use std::net::Ipv4Addr;

const A: IpAddress = IpAddress::V4(Ipv4Addr::new(192, 0, 2, 1));
const B: IpAddress = IpAddress::V4(Ipv4Addr::new(192, 0, 2, 2));

fn datagram(data: &[u8]) -> (UdpHeader, Vec<u8>) {
    let length = (UdpHeader::LEN + data.len()) as u16;
    let header = UdpHeader { source_port: 53, destination_port: 40_000, length };
    let mut bytes = [&[0; UdpHeader::LEN][..], data].concat();
    header.emit(&mut bytes, A, B);
    (header, bytes)
}

#[test]
fn a_cut_datagram_is_refused_at_every_length() {
    let (header, bytes) = datagram(b"payload");
    for length in 0..bytes.len() {
        let reason = if length < 8 { DropReason::UdpTooShort } else { DropReason::UdpBadLength };
        assert_eq!(UdpHeader::parse(&bytes[..length], A, B, true), Err(reason), "{length} bytes");
        assert_eq!(UdpHeader::parse_quoted(&bytes[..length]).ok(), (length >= 8).then_some(header));
    }
}

#[test]
fn padding_is_no_part_of_the_sum() {
    let (header, bytes) = datagram(b"odd");
    let padded = [&bytes[..], &[0xee; 7]].concat();
    assert_eq!(UdpHeader::parse(&padded, A, B, true), Ok(header));
}

#[test]
fn a_length_under_the_header_is_refused() {
    for length in 0..8 {
        let (_, mut bytes) = datagram(b"payload");
        put16(&mut bytes, 4, length);
        put16(&mut bytes, 6, 0);
        assert_eq!(UdpHeader::parse(&bytes, A, B, true), Err(DropReason::UdpBadLength));
    }
}

#[test]
fn the_sum_is_verified_unless_there_is_none_or_the_device_did() {
    let (header, mut bytes) = datagram(b"payload");
    bytes[9] ^= 1;
    assert_eq!(UdpHeader::parse(&bytes, A, B, true), Err(DropReason::UdpBadChecksum));
    assert_eq!(UdpHeader::parse(&bytes, A, B, false), Ok(header));
    put16(&mut bytes, 6, 0);
    assert_eq!(UdpHeader::parse(&bytes, A, B, true), Ok(header));
}

#[test]
fn a_sum_of_zero_goes_out_as_all_ones() {
    // Data chosen so that everything else sums to ffff.
    let (_, bytes) = datagram(&[0, 0]);
    let missing = be16(&bytes, 6);
    let (header, bytes) = datagram(&missing.to_be_bytes());
    assert_eq!(be16(&bytes, 6), 0xffff);
    assert_eq!(UdpHeader::parse(&bytes, A, B, true), Ok(header));
}

proptest! {
    #[test]
    fn parse_undoes_emit(ports: [u16; 2], data in prop::collection::vec(any::<u8>(), 0..64), v6: [[u8; 16]; 2]) {
        let length = (UdpHeader::LEN + data.len()) as u16;
        let header = UdpHeader { source_port: ports[0], destination_port: ports[1], length };
        for (source, destination) in [(A, B), (v6[0].into(), v6[1].into())] {
            let mut bytes = [&[0xaa; UdpHeader::LEN][..], &data].concat();
            header.emit(&mut bytes, source, destination);
            prop_assert_eq!(UdpHeader::parse(&bytes, source, destination, true), Ok(header));
            prop_assert_ne!(be16(&bytes, 6), 0);
        }
    }
}
