use super::*;
use proptest::prelude::*;
use test_case::test_case;

fn plain() -> Ipv4Header {
    Ipv4Header {
        tos: 0,
        total_length: 40,
        id: 0x1c46,
        dont_fragment: true,
        more_fragments: false,
        fragment_offset: 0,
        ttl: 64,
        protocol: Protocol::TCP,
        source: Ipv4Addr::new(172, 16, 10, 99),
        destination: Ipv4Addr::new(172, 16, 10, 12),
        options: Ipv4Options::NONE,
    }
}

fn packet(header: &Ipv4Header) -> Vec<u8> {
    let mut bytes = vec![0xaa; usize::from(header.total_length).max(header.len())];
    header.emit(&mut bytes);
    bytes
}

/// The packet with a byte changed and the checksum mended, so that the checksum is not what refuses it.
fn changed(at: usize, value: u8) -> Result<Ipv4Header, DropReason> {
    let mut bytes = packet(&plain());
    bytes[at] = value;
    let length = (usize::from(bytes[0] & 0xf) * 4).clamp(12, bytes.len());
    put16(&mut bytes, 10, 0);
    let sum = checksum::checksum(&bytes[..length]);
    put16(&mut bytes, 10, sum);
    Ipv4Header::parse(&bytes)
}

fn header() -> impl Strategy<Value = Ipv4Header> {
    let options = prop::collection::vec(any::<u8>(), 0..=40)
        .prop_map(|bytes| Ipv4Options::new(&bytes).expect("40 at most"));
    let flags = (any::<bool>(), any::<bool>(), 0u16..=0x1fff);
    (any::<[u8; 3]>(), any::<u16>(), 0u16..2_000, flags, any::<[u32; 2]>(), options).prop_map(
        |(
            [tos, ttl, protocol],
            id,
            payload,
            (dont_fragment, more_fragments, offset),
            [from, to],
            options,
        )| {
            let total_length = 20 + options.as_bytes().len() as u16 + payload;
            Ipv4Header {
                tos,
                total_length,
                id,
                dont_fragment,
                more_fragments,
                fragment_offset: offset * 8,
                ttl,
                protocol: Protocol(protocol),
                source: from.into(),
                destination: to.into(),
                options,
            }
        },
    )
}

#[test]
fn a_header_byte_by_byte() {
    #[rustfmt::skip]
    let golden = [
        0x45, 0, 0, 40, 0x1c, 0x46, 0x40, 0, 64, 6, 0xb1, 0xfa, 172, 16, 10, 99, 172, 16, 10, 12,
    ];
    assert_eq!(packet(&plain())[..20], golden);
    assert_eq!(plain().to_string(), "172.16.10.99 -> 172.16.10.12(20/40 bytes)");
}

#[test_case(0, 0x65 => Err(DropReason::IpBadVersion); "version 6")]
#[test_case(0, 0x44 => Err(DropReason::IpBadHeaderLength); "a header of 16 bytes")]
#[test_case(0, 0x4f => Err(DropReason::IpBadHeaderLength); "a header longer than the packet")]
#[test_case(3, 19 => Err(DropReason::IpBadTotalLength); "shorter than its header")]
#[test_case(3, 41 => Err(DropReason::IpBadTotalLength); "longer than the frame")]
#[test_case(2, 0xff => Err(DropReason::IpBadTotalLength); "far longer than the frame")]
#[test_case(3, 39 => Ok(Ipv4Header { total_length: 39, ..plain() }); "padded")]
#[test_case(6, 0xc0 => Ok(plain()); "the reserved flag is no reason")]
fn lengths_and_version(at: usize, value: u8) -> Result<Ipv4Header, DropReason> {
    changed(at, value)
}

#[test]
fn a_cut_packet_is_refused_at_every_length() {
    let options = Ipv4Options::ROUTER_ALERT;
    let bytes = packet(&Ipv4Header { total_length: 44, options, ..plain() });
    for length in 0..bytes.len() {
        let reason = match length {
            0..20 => DropReason::IpTooShort,
            20..24 => DropReason::IpBadHeaderLength,
            _ => DropReason::IpBadTotalLength,
        };
        assert_eq!(Ipv4Header::parse(&bytes[..length]), Err(reason), "{length} bytes");
        // A quote may end right behind the header.
        assert_eq!(Ipv4Header::parse_quoted(&bytes[..length]).is_ok(), length >= 24, "{length} bytes");
    }
}

#[test]
fn any_flipped_bit_of_the_header_is_noticed() {
    let bytes = packet(&plain());
    for bit in 0..160 {
        let mut bytes = bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(Ipv4Header::parse(&bytes).is_err(), "bit {bit}");
    }
}

#[test_case(&[] => Ok(()); "none")]
#[test_case(&[1, 1, 0, 99] => Ok(()); "nothing counts behind the end of the list")]
#[test_case(&[0x94, 4, 0, 0] => Ok(()); "router alert")]
#[test_case(&[7, 7, 4, 0, 0, 0, 0] => Ok(()); "record route")]
#[test_case(&[7] => Err(DropReason::IpBadOption); "padding is the length")]
#[test_case(&[1, 1, 1, 7] => Err(DropReason::IpBadOption); "no length")]
#[test_case(&[7, 1, 0, 0] => Err(DropReason::IpBadOption); "length 1")]
#[test_case(&[7, 5, 0, 0] => Err(DropReason::IpBadOption); "beyond the header")]
#[test_case(&[7, 255, 0, 0] => Err(DropReason::IpBadOption); "far beyond the header")]
#[test_case(&[131, 7, 4, 10, 0, 0, 1] => Err(DropReason::IpSourceRoute); "loose source route")]
#[test_case(&[1, 137, 3, 4] => Err(DropReason::IpSourceRoute); "strict source route")]
fn options_are_checked(bytes: &[u8]) -> Result<(), DropReason> {
    Ipv4Options::new(bytes).expect("40 at most").check()
}

#[test]
fn fragments_carry_the_options_with_the_copied_bit() {
    let options = Ipv4Options::new(&[7, 3, 4, 1, 0x94, 4, 0, 0, 130, 3, 9]).expect("40 at most");
    assert_eq!(options.copied().as_bytes(), [0x94, 4, 0, 0, 130, 3, 9, 0]);
    assert_eq!(Ipv4Options::new(&[0; 41]), None);
}

proptest! {
    #[test]
    fn parse_undoes_emit(header in header()) {
        let bytes = packet(&header);
        prop_assert_eq!(Ipv4Header::parse(&bytes), Ok(header));
        prop_assert_eq!(header.payload_length(), bytes.len() - header.len());
    }

    #[test]
    fn a_lowered_ttl_keeps_the_packet_valid(header in header()) {
        let header = Ipv4Header { ttl: header.ttl.max(1), ..header };
        let mut bytes = packet(&header);
        Ipv4Header::decrement_ttl(&mut bytes);
        prop_assert_eq!(Ipv4Header::parse(&bytes), Ok(Ipv4Header { ttl: header.ttl - 1, ..header }));
    }

    #[test]
    fn any_options_are_walked_to_the_end(bytes in prop::collection::vec(any::<u8>(), 0..=40)) {
        let options = Ipv4Options::new(&bytes).expect("40 at most");
        let walked = options.iter().count();
        prop_assert!(walked <= options.as_bytes().len());
        // What is copied is well-formed, and copying again changes nothing.
        let copied = options.copied();
        prop_assert!(copied.iter().all(|option| option.is_ok()));
        prop_assert_eq!(copied.copied(), copied);
    }
}
