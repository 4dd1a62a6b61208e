use super::*;
use proptest::prelude::*;

fn meta() -> Meta<'static> {
    Meta {
        interface: 0,
        nanos: 0x0102_0304_0506_0708,
        direction: Direction::In,
        snaplen: SNAPLEN,
        comment: "",
    }
}

fn written(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out);
    out
}

fn word(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]) as usize
}

#[test]
fn a_section_header_byte_by_byte() {
    #[rustfmt::skip]
    let golden = [
        0x0a, 0x0d, 0x0d, 0x0a, 44, 0, 0, 0, 0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        4, 0, 5, 0, b't', b'a', b'p', b'i', b'p', 0, 0, 0, 0, 0, 0, 0, 44, 0, 0, 0,
    ];
    assert_eq!(written(|out| section_header(out, "tapip")), golden);
}

#[test]
fn an_interface_byte_by_byte() {
    #[rustfmt::skip]
    let golden = [
        1, 0, 0, 0, 40, 0, 0, 0, 101, 0, 0, 0, 0, 0, 4, 0,
        2, 0, 4, 0, b't', b'u', b'n', b'0', 9, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0, 40, 0, 0, 0,
    ];
    assert_eq!(written(|out| interface(out, "tun0", LinkType::Raw, SNAPLEN)), golden);
}

#[test]
fn a_packet_byte_by_byte() {
    let meta = Meta { interface: 3, direction: Direction::Out, comment: "why", ..meta() };
    #[rustfmt::skip]
    let golden = [
        6, 0, 0, 0, 60, 0, 0, 0, 3, 0, 0, 0, 4, 3, 2, 1, 8, 7, 6, 5, 5, 0, 0, 0, 5, 0, 0, 0,
        b'h', b'e', b'a', b'd', b'!', 0, 0, 0,
        1, 0, 3, 0, b'w', b'h', b'y', 0, 2, 0, 4, 0, 2, 0, 0, 0, 0, 0, 0, 0, 60, 0, 0, 0,
    ];
    assert_eq!(written(|out| packet(out, &meta, &[b"he", b"", b"ad!"])), golden);
}

#[test]
fn what_is_beyond_the_snaplen_is_left_out_and_said_so() {
    let meta = Meta { snaplen: 3, ..meta() };
    let block = written(|out| packet(out, &meta, &[b"ab", b"cd", b"ef"]));
    assert_eq!((word(&block, 20), word(&block, 24)), (3, 6));
    assert_eq!(block[28..32], *b"abc\0");
}

#[test]
fn a_comment_too_long_for_its_field_is_cut() {
    let comment = "x".repeat(70_000);
    let block = written(|out| packet(out, &Meta { comment: &comment, ..meta() }, &[b"data"]));
    assert_eq!(word(&block, 4), block.len());
    assert_eq!(block[32..36], [1, 0, 0xfc, 0xff]);
}

proptest! {
    /// Blocks chain both ways whatever is in them, and give the bytes back.
    #[test]
    fn blocks_are_aligned_and_chain(name in ".{0,20}", data in prop::collection::vec(any::<u8>(), 0..100), cut in 0usize..100) {
        let cut = cut.min(data.len());
        let out = written(|out| {
            section_header(out, &name);
            interface(out, &name, LinkType::Ethernet, SNAPLEN);
            packet(out, &Meta { comment: &name, ..meta() }, &[&data[..cut], &data[cut..]]);
        });
        let (mut at, mut kinds) = (0, Vec::new());
        while at < out.len() {
            let length = word(&out, at + 4);
            prop_assert!(length.is_multiple_of(4) && word(&out, at + length - 4) == length);
            kinds.push(word(&out, at));
            if kinds.len() == 3 {
                prop_assert_eq!(&out[at + 28..at + 28 + data.len()], &data[..]);
            }
            at += length;
        }
        prop_assert_eq!(kinds, [SECTION_HEADER as usize, 1, 6]);
    }
}
