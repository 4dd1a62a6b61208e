use super::*;
use proptest::prelude::*;

#[test]
fn a_frame_cut_in_its_header_is_too_short() {
    for length in 0..EthernetHeader::LEN {
        assert_eq!(EthernetHeader::parse(&[0; 64][..length]), Err(DropReason::EthernetTooShort));
    }
    let header = EthernetHeader::parse(&[2; 14]).expect("just long enough");
    assert_eq!(header.to_string(), "02:02:02:02:02:02 -> 02:02:02:02:02:02(unknown)");
}

proptest! {
    #[test]
    fn parse_undoes_emit(destination: [u8; 6], source: [u8; 6], ethertype: u16) {
        let (destination, source) = (MacAddress(destination), MacAddress(source));
        let header = EthernetHeader { destination, source, ethertype: EtherType(ethertype) };
        let mut bytes = [0xaa; EthernetHeader::LEN + 2];
        header.emit(&mut bytes);
        prop_assert_eq!(EthernetHeader::parse(&bytes), Ok(header));
        prop_assert_eq!(&bytes[EthernetHeader::LEN..], [0xaa, 0xaa]);
    }
}
