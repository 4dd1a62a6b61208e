use super::*;
use proptest::prelude::*;
use test_case::test_case;

const GROUP: Ipv4Addr = Ipv4Addr::new(239, 1, 2, 3);

fn emitted(message: &IgmpMessage) -> Vec<u8> {
    let mut bytes = vec![0xaa; message.len()];
    message.emit(&mut bytes);
    bytes
}

/// A message of `bytes` with its checksum made.
fn received(mut bytes: Vec<u8>) -> Result<IgmpMessage, DropReason> {
    put16(&mut bytes, 2, 0);
    let sum = checksum::checksum(&bytes);
    put16(&mut bytes, 2, sum);
    IgmpMessage::parse(&bytes)
}

fn query(version: u8, max_response: u16) -> Result<IgmpMessage, DropReason> {
    let (group, sources) = (Ipv4Addr::UNSPECIFIED, Vec::new());
    Ok(IgmpMessage::Query { version, max_response, group, sources })
}

#[test_case(8, 0 => query(1, 0); "eight bytes and no code are version 1")]
#[test_case(8, 100 => query(2, 100); "eight bytes are version 2")]
#[test_case(8, 200 => query(2, 200); "version 2 times are plain numbers")]
#[test_case(12, 100 => query(3, 100); "twelve bytes are version 3")]
#[test_case(20, 0 => query(3, 0); "with sources too")]
#[test_case(9, 100 => Err(DropReason::IgmpTooShort); "nine bytes are nothing")]
#[test_case(10, 0 => Err(DropReason::IgmpTooShort); "ten bytes are nothing")]
#[test_case(11, 100 => Err(DropReason::IgmpTooShort); "eleven bytes are nothing")]
fn the_version_of_a_query(length: usize, code: u8) -> Result<IgmpMessage, DropReason> {
    let mut bytes = vec![0; length];
    (bytes[0], bytes[1]) = (0x11, code);
    received(bytes)
}

#[test_case(0x00 => 0; "zero")]
#[test_case(0x7f => 127; "the last plain one")]
#[test_case(0x80 => 128; "the first float: 16 shifted by 3")]
#[test_case(0x8f => 248; "largest mantissa, smallest exponent")]
#[test_case(0xa5 => 672; "21 shifted by 5")]
#[test_case(0xff => 31_744; "the largest: 31 shifted by 10")]
fn response_times_of_version_3(code: u8) -> u16 {
    decode_time(code)
}

#[test]
fn every_time_is_coded_as_the_nearest_one_below() {
    for code in 0..=255 {
        assert_eq!(encode_time(decode_time(code)), code);
    }
    for time in 0..=u16::MAX {
        let coded = decode_time(encode_time(time));
        assert!(coded <= time && u32::from(time) * 15 / 16 <= u32::from(coded) || coded == 31_744, "{time}");
    }
}

#[test]
fn a_report_of_version_3_byte_by_byte() {
    let records = vec![
        IgmpRecord::whole(RecordKind::ToExclude, GROUP),
        IgmpRecord::whole(RecordKind::ToInclude, Ipv4Addr::new(239, 0, 0, 9)),
    ];
    let bytes = emitted(&IgmpMessage::ReportV3 { records });
    #[rustfmt::skip]
    let golden = [
        0x22, 0, 0xf6, 0xee, 0, 0, 0, 2, 4, 0, 0, 0, 239, 1, 2, 3, 3, 0, 0, 0, 239, 0, 0, 9,
    ];
    assert_eq!(bytes, golden);
    assert_eq!(IgmpMessage::parse(&bytes), Ok(IgmpMessage::ReportV3 { records: Vec::new() }));
}

#[test]
fn the_sources_of_a_query() {
    //= rfc3376#4.1.8   type=test
    let sources = vec![Ipv4Addr::new(10, 0, 0, 7), Ipv4Addr::new(10, 0, 0, 8)];
    let query = IgmpMessage::Query { version: 3, max_response: 10, group: GROUP, sources };
    let mut bytes = emitted(&query);
    assert_eq!(bytes[8..], [0, 0, 0, 2, 10, 0, 0, 7, 10, 0, 0, 8]);
    bytes.extend([1, 2, 3]);
    assert_eq!(received(bytes.clone()), Ok(query), "what follows is ignored");
    for length in 12..20 {
        assert_eq!(received(bytes[..length].to_vec()), Err(DropReason::IgmpTooShort), "{length} bytes");
    }
}

#[test]
fn a_record_with_sources_byte_by_byte() {
    let sources = vec![Ipv4Addr::new(10, 0, 0, 7)];
    let records = vec![
        IgmpRecord { kind: RecordKind::IsInclude, group: GROUP, sources },
        IgmpRecord::whole(RecordKind::IsExclude, Ipv4Addr::new(239, 0, 0, 9)),
    ];
    let bytes = emitted(&IgmpMessage::ReportV3 { records });
    #[rustfmt::skip]
    let golden = [0, 0, 0, 2, 1, 0, 0, 1, 239, 1, 2, 3, 10, 0, 0, 7, 2, 0, 0, 0, 239, 0, 0, 9];
    assert_eq!(bytes[4..], golden);
}

#[test]
fn a_cut_message_is_refused_at_every_length() {
    let records = vec![IgmpRecord::whole(RecordKind::IsExclude, GROUP)];
    let bytes = emitted(&IgmpMessage::ReportV3 { records });
    for length in 0..bytes.len() {
        let reason = if length < 8 { DropReason::IgmpTooShort } else { DropReason::IgmpBadChecksum };
        assert_eq!(IgmpMessage::parse(&bytes[..length]), Err(reason), "{length} bytes");
    }
}

#[test]
fn unknown_types_are_named_so() {
    assert_eq!(received(vec![0x13, 0, 0, 0, 0, 0, 0, 0]), Err(DropReason::IgmpUnknownType));
}

proptest! {
    #[test]
    fn parse_undoes_emit(pick in 0..6, group: u32, time in 1u16..=255, sources: Vec<u32>) {
        let group = Ipv4Addr::from(group);
        let sources = sources.into_iter().map(Ipv4Addr::from).collect();
        let message = match pick {
            0 => IgmpMessage::Query { version: 1, max_response: 0, group, sources: Vec::new() },
            1 => IgmpMessage::Query { version: 2, max_response: time, group, sources: Vec::new() },
            2 => IgmpMessage::Query { version: 3, max_response: decode_time(time as u8), group, sources },
            3 => IgmpMessage::Report { version: 1, group },
            4 => IgmpMessage::Report { version: 2, group },
            _ => IgmpMessage::Leave { group },
        };
        prop_assert_eq!(IgmpMessage::parse(&emitted(&message)), Ok(message));
    }
}
