use super::*;
use proptest::prelude::*;

fn message() -> impl Strategy<Value = Icmpv4Message> {
    prop_oneof![
        any::<(u16, u16)>().prop_map(|(id, seq)| Icmpv4Message::EchoReply { id, seq }),
        any::<(u16, u16)>().prop_map(|(id, seq)| Icmpv4Message::EchoRequest { id, seq }),
        any::<(u8, u16)>().prop_map(|(code, mtu)| Icmpv4Message::Unreachable { code, mtu }),
        Just(Icmpv4Message::SourceQuench),
        any::<(u8, u32)>().prop_map(|(code, to)| Icmpv4Message::Redirect { code, gateway: to.into() }),
        any::<u8>().prop_map(|code| Icmpv4Message::TimeExceeded { code }),
        any::<u8>().prop_map(|pointer| Icmpv4Message::ParameterProblem { pointer }),
        (13u8.., any::<u8>()).prop_map(|(kind, code)| Icmpv4Message::Other { kind, code }),
    ]
}

#[test]
fn an_echo_request_byte_by_byte() {
    let mut bytes = [0, 0, 0, 0, 0, 0, 0, 0, b'h', b'i', b'!'];
    Icmpv4Header { message: Icmpv4Message::EchoRequest { id: 0x0102, seq: 3 } }.emit(&mut bytes);
    assert_eq!(bytes, [8, 0, 0x6d, 0x91, 1, 2, 0, 3, b'h', b'i', b'!']);
}

#[test]
fn a_cut_message_is_refused_at_every_length() {
    let mut bytes: [u8; 20] = std::array::from_fn(|at| at as u8 + 1);
    Icmpv4Header { message: Icmpv4Message::EchoRequest { id: 1, seq: 2 } }.emit(&mut bytes);
    for length in 0..bytes.len() {
        let reason = if length < 8 { DropReason::IcmpTooShort } else { DropReason::IcmpBadChecksum };
        assert_eq!(Icmpv4Header::parse(&bytes[..length]), Err(reason), "{length} bytes");
    }
}

#[test]
fn errors_are_the_five_kinds_that_must_cause_no_other() {
    let errors: Vec<u8> = (0..=255)
        .filter(|kind| Icmpv4Header::parse_message(&[*kind, 0, 0, 0, 0, 0, 0, 0]).is_error())
        .collect();
    assert_eq!(errors, [3, 4, 5, 11, 12]);
}

proptest! {
    #[test]
    fn parse_undoes_emit(message in message(), data in prop::collection::vec(any::<u8>(), 0..40)) {
        let header = Icmpv4Header { message };
        let mut bytes = [&[0xaa; Icmpv4Header::LEN][..], &data].concat();
        header.emit(&mut bytes);
        prop_assert_eq!(Icmpv4Header::parse(&bytes), Ok(header));
        prop_assert_eq!(&bytes[Icmpv4Header::LEN..], &data[..]);
    }
}
