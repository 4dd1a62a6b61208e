//! The scoreboard against a plain model of it: a byte map.

use super::*;
use proptest::prelude::*;

const SEGMENT: u32 = 10;
const START: SeqNumber = SeqNumber(u32::MAX - 200);

fn sent(at: u64, from: u32, to: u32) -> Sent {
    Sent {
        start: START + from,
        end: START + to,
        fin: false,
        segment: SEGMENT,
        at: Instant::from_millis(at),
        fate: Fate::Out,
        resent: false,
        snapshot: Snapshot::default(),
    }
}

/// Ten units of `unit` bytes, one a millisecond.
fn flight(unit: u32) -> Flight {
    let mut flight = Flight::default();
    for n in 0..10 {
        flight.push(sent(u64::from(n), n * unit, (n + 1) * unit));
    }
    flight
}

fn sack(flight: &mut Flight, blocks: &[(u32, u32)]) -> Delivery {
    let mut told = Delivery::default();
    let mut blocks: Vec<_> = blocks.iter().map(|(left, right)| (START + *left, START + *right)).collect();
    flight.on_sack(Instant::from_millis(100), &mut blocks, &mut told);
    told
}

fn ack(flight: &mut Flight, to: u32) -> Delivery {
    let mut told = Delivery::default();
    flight.on_ack(Instant::from_millis(100), START + to, &mut told);
    told
}

#[test]
fn what_is_delivered_leaves_the_pipe_once() {
    let mut flight = flight(10);
    let told = sack(&mut flight, &[(30, 50)]);
    assert_eq!((told.bytes, told.selective, told.reordered), (20, 20, false));
    assert_eq!((flight.out(), flight.delivered(), flight.lost()), (80, 20, 0));
    let told = sack(&mut flight, &[(30, 60)]);
    assert_eq!(told.bytes, 10, "what was in the block before is known");
    let told = ack(&mut flight, 60);
    assert_eq!((told.bytes, told.selective), (30, 0));
    assert_eq!((flight.out(), flight.delivered()), (40, 0));
    let told = ack(&mut flight, 100);
    assert_eq!((told.bytes, flight.out(), flight.records.len()), (40, 0, 0));
}

#[test]
fn a_hole_that_fills_late_was_reordered_unless_it_was_sent_again() {
    let mut late = flight(10);
    sack(&mut late, &[(10, 20)]);
    assert!(ack(&mut late, 20).reordered);
    let mut lost = flight(10);
    sack(&mut lost, &[(10, 20)]);
    lost.lose_first();
    lost.resend(Instant::from_millis(50), START, 10, Snapshot::default());
    let told = ack(&mut lost, 20);
    assert!(!told.reordered && told.resent && !told.mistaken);
}

#[test]
fn units_are_cut_at_segments_only() {
    let mut flight = flight(40);
    assert_eq!(sack(&mut flight, &[(45, 68)]).bytes, 10, "only 50..60 is whole");
    assert_eq!(flight.records.len(), 12);
    for n in 0..400 {
        sack(&mut flight, &[(n, n + 1)]);
    }
    assert_eq!(flight.records.len(), 12, "no number of crumbs makes a segment");
    assert_eq!(sack(&mut flight, &[(40, 80)]).bytes, 30);
}

#[test]
fn the_first_lost_goes_first_and_in_the_size_asked_for() {
    let mut flight = flight(40);
    flight.lose_all(SEGMENT, 0);
    assert_eq!((flight.out(), flight.lost()), (0, 400));
    let first = flight.next_lost().expect("all is lost");
    assert_eq!((first.start, first.len()), (START, 40));
    assert_eq!(flight.resend(Instant::from_millis(50), START, 10, Snapshot::default()), 10);
    assert_eq!(flight.next_lost().map(|next| next.start), Some(START + 10));
    assert_eq!((flight.out(), flight.lost()), (10, 390));
    let told = ack(&mut flight, 40);
    assert!(told.mistaken && told.resent);
    assert_eq!(flight.next_lost().map(|next| next.start), Some(START + 40));
}

#[test]
fn the_oldest_departure_is_found_through_everything_that_happened() {
    let mut flight = flight(10);
    flight.lose_first();
    flight.resend(Instant::from_millis(20), START, 10, Snapshot::default());
    assert_eq!(flight.oldest().map(|(_, sent)| sent.start), Some(START + 10));
    sack(&mut flight, &[(10, 90)]);
    assert_eq!(flight.oldest().map(|(_, sent)| sent.start), Some(START + 90));
    let left = flight.lose_while(|sent| sent.at < Instant::from_millis(20));
    assert_eq!(left.map(|sent| sent.start), Some(START));
    assert_eq!(flight.lost(), 10);
    flight.find_all();
    assert_eq!((flight.lost(), flight.oldest().map(|(_, sent)| sent.start)), (0, Some(START + 90)));
}

#[test]
fn counting_gives_up_what_more_than_two_segments_overtook() {
    let mut flight = flight(10);
    sack(&mut flight, &[(20, 40)]);
    flight.lose_overtaken(2 * SEGMENT);
    assert_eq!(flight.lost(), 0);
    sack(&mut flight, &[(20, 50)]);
    flight.lose_overtaken(2 * SEGMENT);
    assert_eq!(flight.lost(), 20);
    flight.resend(Instant::from_millis(50), START, 10, Snapshot::default());
    flight.resend(Instant::from_millis(50), START + 10, 10, Snapshot::default());
    sack(&mut flight, &[(60, 100)]);
    flight.lose_overtaken(2 * SEGMENT);
    assert_eq!(flight.next_lost().map(|next| (next.start, next.len())), Some((START + 50, 10)));
}

#[test]
fn a_peer_that_takes_back_what_it_told_is_believed_at_the_timeout() {
    let mut flight = flight(10);
    sack(&mut flight, &[(0, 30)]);
    flight.lose_all(SEGMENT, 0);
    assert_eq!((flight.lost(), flight.delivered()), (100, 0));
}

#[test]
fn crumbs_join_and_a_smaller_path_cuts_anew() {
    let mut flight = flight(10);
    flight.lose_first();
    flight.resend(Instant::from_millis(50), START, 1, Snapshot::default());
    assert_eq!(flight.records.len(), 11);
    flight.lose_all(SEGMENT, SEGMENT);
    assert_eq!((flight.records.len(), flight.lost()), (10, 100));
    flight.lose_all(7, u32::MAX);
    assert_eq!((flight.records.len(), flight.next_lost().map(|lost| lost.segment)), (1, Some(7)));
}

#[test]
fn data_that_is_held_holds_its_fin() {
    let mut flight = flight(10);
    flight.push(Sent { fin: true, ..sent(10, 100, 106) });
    assert_eq!(sack(&mut flight, &[(90, 105)]).bytes, 16);
}

#[derive(Debug, Clone)]
enum Step {
    Ack(u32),
    Sack(u32, u32),
    LoseOld(u64),
    LoseAll,
    Find,
    Resend(u32),
    Send,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..40u32).prop_map(Step::Ack),
        (0..600u32, 1..80u32).prop_map(|(left, length)| Step::Sack(left, length)),
        (0..300u64).prop_map(Step::LoseOld),
        Just(Step::LoseAll),
        Just(Step::Find),
        (1..60u32).prop_map(Step::Resend),
        Just(Step::Send),
        Just(Step::Send),
    ]
}

proptest! {
    #[test]
    fn sums_and_order_hold_whatever_happens(steps in prop::collection::vec(step(), 1..200)) {
        let mut flight = Flight::default();
        let (mut una, mut nxt, mut now) = (0u32, 0u32, 0u64);
        for step in steps {
            now += 1;
            match step {
                Step::Send => {
                    let unit = 1 + (nxt * 7) % 37;
                    flight.push(sent(now, nxt, nxt + unit));
                    nxt += unit;
                }
                Step::Ack(bytes) => {
                    una = (una + bytes).min(nxt);
                    ack(&mut flight, una);
                }
                Step::Sack(left, length) => { sack(&mut flight, &[(una + left, (una + left + length).min(nxt))]); }
                Step::LoseOld(age) => { flight.lose_while(|sent| sent.at.as_millis() + age < now); }
                Step::LoseAll => flight.lose_all(SEGMENT, 0),
                Step::Find => flight.find_all(),
                Step::Resend(length) => {
                    if let Some(lost) = flight.next_lost() {
                        let done =
                            flight.resend(Instant::from_millis(now), lost.start, length, Snapshot::default());
                        prop_assert_eq!(done, length.min(lost.len()));
                    }
                }
            }
            let sum = |fate| flight.records.iter().filter(|record| record.fate == fate).map(Sent::len).sum::<u32>();
            prop_assert_eq!(flight.out(), sum(Fate::Out));
            prop_assert_eq!(flight.lost(), sum(Fate::Lost));
            let again = flight.records.iter().filter(|record| record.fate == Fate::Out && record.resent);
            prop_assert_eq!(flight.resent(), again.map(Sent::len).sum::<u32>());
            prop_assert_eq!(flight.delivered(), sum(Fate::Delivered));
            prop_assert_eq!(flight.out() + flight.lost() + flight.delivered(), nxt - una);
            let mut at = START + una;
            for record in &flight.records {
                prop_assert_eq!(record.start, at);
                at = record.end;
            }
            let first = flight.records.iter().find(|record| record.fate == Fate::Lost).map(|record| record.start);
            prop_assert_eq!(flight.next_lost().map(|lost| lost.start), first);
            let oldest = flight.records.iter().filter(|record| record.fate == Fate::Out).map(|record| record.at).min();
            prop_assert_eq!(flight.oldest().map(|(_, record)| record.at), oldest);
        }
    }
}
