use super::*;
use proptest::prelude::*;

#[test]
fn order_goes_round_the_wrap() {
    let (before, after) = (SeqNumber(0xffff_fff0), SeqNumber(0x10));
    assert!(before.before(after) && after.after(before));
    assert_eq!(after.distance(before), 0x20);
    assert_eq!(before.distance(after), -0x20);
    assert_eq!(before + 0x20, after);
    assert_eq!(after - 0x20, before);
    assert_eq!((before.max(after), before.min(after)), (after, before));
}

#[test]
fn half_the_circle_away_is_behind_from_both_sides() {
    let (here, there) = (SeqNumber(5), SeqNumber(5 + (1 << 31)));
    assert!(here.before(there) && there.before(here));
    assert!(!here.after(there) && !there.after(here));
}

proptest! {
    #[test]
    fn less_than_half_the_circle_is_ordered(start: u32, ahead in 0u32..1 << 31) {
        let (start, end) = (SeqNumber(start), SeqNumber(start) + ahead);
        prop_assert_eq!(end.distance(start), ahead as i32);
        prop_assert!(start.at_or_before(end) && end.at_or_after(start));
        prop_assert_eq!(start.before(end), ahead > 0);
        prop_assert_eq!(end.after(start), ahead > 0);
        prop_assert_eq!((start.min(end), start.max(end)), (start, end));
    }
}
