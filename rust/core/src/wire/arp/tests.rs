use super::*;
use proptest::prelude::*;

fn request() -> ArpPacket {
    ArpPacket {
        operation: ArpOperation::Request,
        sender_mac: MacAddress([2, 0, 0, 0, 0, 1]),
        sender_ip: Ipv4Addr::new(10, 0, 0, 1),
        target_mac: MacAddress::ZERO,
        target_ip: Ipv4Addr::new(10, 0, 0, 2),
    }
}

#[test]
fn a_request_byte_by_byte() {
    let mut bytes = [0; ArpPacket::LEN];
    request().emit(&mut bytes);
    #[rustfmt::skip]
    let golden = [
        0, 1, 8, 0, 6, 4, 0, 1, 2, 0, 0, 0, 0, 1, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, 2,
    ];
    assert_eq!(bytes, golden);
    assert_eq!(request().to_string(), "10.0.0.1(02:00:00:00:00:01)->10.0.0.2(request)");
}

#[test]
fn a_cut_packet_is_too_short_and_padding_is_no_harm() {
    let mut bytes = [0xee; 46];
    request().emit(&mut bytes);
    assert_eq!(ArpPacket::parse(&bytes), Ok(request()));
    for length in 0..ArpPacket::LEN {
        assert_eq!(ArpPacket::parse(&bytes[..length]), Err(DropReason::ArpTooShort));
    }
}

#[test]
fn other_hardware_protocols_lengths_and_operations_are_unsupported() {
    for at in 0..8 {
        let mut bytes = [0; ArpPacket::LEN];
        request().emit(&mut bytes);
        bytes[at] ^= 0x10;
        assert_eq!(ArpPacket::parse(&bytes), Err(DropReason::ArpUnsupported), "byte {at}");
    }
}

proptest! {
    #[test]
    fn parse_undoes_emit(reply: bool, macs: [[u8; 6]; 2], ips: [u32; 2]) {
        let packet = ArpPacket {
            operation: if reply { ArpOperation::Reply } else { ArpOperation::Request },
            sender_mac: MacAddress(macs[0]),
            sender_ip: ips[0].into(),
            target_mac: MacAddress(macs[1]),
            target_ip: ips[1].into(),
        };
        let mut bytes = [0; ArpPacket::LEN];
        packet.emit(&mut bytes);
        prop_assert_eq!(ArpPacket::parse(&bytes), Ok(packet));
    }
}
