use super::*;
use proptest::prelude::*;
use test_case::test_case;

fn sack(blocks: &[(u32, u32)]) -> SackBlocks {
    let mut sack = SackBlocks::default();
    for (left, right) in blocks {
        sack.push(SeqNumber(*left), SeqNumber(*right));
    }
    sack
}

fn emitted(options: &TcpOptions) -> Vec<u8> {
    let mut bytes = vec![0xaa; options.len()];
    options.emit(&mut bytes);
    bytes
}

fn options() -> impl Strategy<Value = TcpOptions> {
    let blocks = prop::collection::vec(any::<(u32, u32)>(), 0..=4);
    let timestamps = any::<Option<(u32, u32)>>();
    let cookie = prop::option::of((0..=8usize, any::<[u8; 16]>()));
    let counters = any::<Option<(u32, u32, u32, bool)>>();
    (any::<Option<u16>>(), any::<Option<u8>>(), any::<bool>(), timestamps, blocks, cookie, counters).prop_map(
        |(mss, window_scale, sack_permitted, timestamps, blocks, cookie, counters)| TcpOptions {
            mss,
            window_scale,
            sack_permitted,
            timestamps: timestamps.map(|(value, echo)| Timestamps { value, echo }),
            sack: sack(&blocks),
            fast_open: cookie.and_then(|(pairs, bytes)| FastOpenCookie::new(&bytes[..2 * pairs])),
            ecn: counters.map(|(ect0, ce, ect1, order)| EcnCounters::new(ect0, ce, ect1, order)),
        },
    )
}

#[test]
fn the_options_of_a_syn_byte_by_byte() {
    let options = TcpOptions {
        mss: Some(1460),
        window_scale: Some(7),
        sack_permitted: true,
        timestamps: Some(Timestamps { value: 0x0102_0304, echo: 0 }),
        sack: SackBlocks::default(),
        fast_open: None,
        ecn: None,
    };
    let golden = [2, 4, 5, 0xb4, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 7];
    assert_eq!(emitted(&options), golden);
}

#[test_case(&[0] => true; "end of list")]
#[test_case(&[1, 1, 1, 1] => true; "no operation")]
#[test_case(&[0, 2, 0, 0] => true; "nothing counts behind the end of the list")]
#[test_case(&[2] => false; "a kind and no length")]
#[test_case(&[2, 0, 0, 0] => false; "length 0")]
#[test_case(&[2, 1, 0, 0] => false; "length 1")]
#[test_case(&[2, 5, 0, 0] => false; "one byte beyond")]
#[test_case(&[2, 255, 0, 0] => false; "far beyond")]
#[test_case(&[253, 2, 99, 3, 7] => true; "unknown and empty")]
#[test_case(&[253, 0, 0, 0] => false; "unknown, but its length counts all the same")]
#[test_case(&[1, 1, 1, 8] => false; "cut behind the kind")]
#[test_case(&[8, 10, 0, 0, 0, 0, 0, 0, 0] => false; "cut in the value")]
fn lengths_are_checked(bytes: &[u8]) -> bool {
    let parsed = TcpOptions::parse(bytes);
    assert!(parsed.is_ok() || parsed == Err(DropReason::TcpBadOption));
    parsed.is_ok()
}

#[test]
fn a_known_kind_of_unexpected_length_is_skipped() {
    let odd = [
        &[2, 3, 9][..],
        &[3, 4, 9, 9],
        &[4, 3, 9],
        &[5, 9, 0, 0, 0, 0, 0, 0, 0],
        &[8, 4, 0, 0],
        &[2, 4, 1, 2],
    ]
    .concat();
    let parsed = TcpOptions::parse(&odd).expect("every length is possible");
    assert_eq!(parsed, TcpOptions { mss: Some(0x0102), ..TcpOptions::default() });
}

#[test]
fn a_fast_open_cookie_byte_by_byte() {
    let with = |cookie: &[u8]| TcpOptions { fast_open: FastOpenCookie::new(cookie), ..TcpOptions::default() };
    assert_eq!(emitted(&with(&[])), [1, 1, 34, 2]);
    assert_eq!(emitted(&with(&[1, 2, 3, 4, 5, 6, 7, 8])), [1, 1, 34, 10, 1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(emitted(&with(&[1, 2, 3, 4, 5, 6])), [34, 8, 1, 2, 3, 4, 5, 6]);
    for impossible in
        [&[1, 1, 34, 4, 1, 2][..], &[34, 7, 1, 2, 3, 4, 5, 1], &[[34, 20].as_slice(), &[9; 18]].concat()]
    {
        assert_eq!(TcpOptions::parse(impossible), Ok(TcpOptions::default()), "{impossible:?}");
    }
}

#[test]
fn sack_blocks_give_way_where_there_is_no_room() {
    let all = sack(&[(1, 2), (3, 4), (5, 6), (7, 8)]);
    let alone = TcpOptions { sack: all, ..TcpOptions::default() };
    assert_eq!((alone.len(), alone.fitting_sack().len()), (36, 4));
    let timestamps = Some(Timestamps { value: 1, echo: 2 });
    let beside = TcpOptions { timestamps, ..alone };
    assert_eq!((beside.len(), beside.fitting_sack().len()), (40, 3));
    let parsed = TcpOptions::parse(&emitted(&beside)).expect("our own");
    assert_eq!(parsed.sack, sack(&[(1, 2), (3, 4), (5, 6)]));
}

#[test]
fn five_blocks_from_the_wire_are_no_harm() {
    let bytes = [&[5, 34][..], &[0; 32], &[5, 10, 0, 0, 0, 0, 0, 0, 0, 0]].concat();
    assert_eq!(TcpOptions::parse(&bytes).map(|options| options.sack.as_slice().len()), Ok(4));
    assert!(!sack(&[(0, 0); 4]).push(SeqNumber(1), SeqNumber(2)));
}

proptest! {
    #[test]
    fn parse_undoes_emit(options in options()) {
        let bytes = emitted(&options);
        prop_assert!(bytes.len() <= TcpOptions::MAX_LEN && bytes.len().is_multiple_of(4));
        let mut expected = options;
        expected.sack.truncate(options.fitting_sack().len());
        // What was cut off is still in memory behind the count, so compare what is in view.
        let parsed = TcpOptions::parse(&bytes).expect("our own");
        prop_assert_eq!(parsed.sack.as_slice(), expected.sack.as_slice());
        prop_assert_eq!(TcpOptions { sack: SackBlocks::default(), ..parsed },
            TcpOptions { sack: SackBlocks::default(), ecn: options.fitting_ecn(options.length_with_sack()), ..options });
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..=40)) {
        if let Ok(options) = TcpOptions::parse(&bytes) {
            prop_assert!(options.len() <= TcpOptions::MAX_LEN);
        }
    }
}
