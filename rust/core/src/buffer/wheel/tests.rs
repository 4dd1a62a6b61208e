use super::*;
use crate::time::Duration;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn micros(micros: u64) -> Instant {
    Instant::from_micros(micros)
}

fn drain<T: Copy>(wheel: &mut TimerWheel<T>, now: Instant) -> Vec<T> {
    std::iter::from_fn(|| wheel.expire(now)).collect()
}

#[test]
fn same_tick_fires_in_order_of_arming_whatever_the_way_down() {
    let mut wheel = TimerWheel::new(Instant::ZERO);
    let at = micros(5_000_000);
    wheel.set(at, 1);
    wheel.expire(micros(4_900_000));
    wheel.set(at, 2);
    wheel.expire(micros(4_999_990));
    wheel.set(at, 3);
    wheel.set(micros(4_999_999), 0);
    assert_eq!(drain(&mut wheel, at), [0, 1, 2, 3]);
}

#[test]
fn a_timer_never_fires_early() {
    let mut wheel = TimerWheel::new(Instant::ZERO);
    wheel.set(Instant::from_nanos(1_001), ());
    assert_eq!(wheel.next_deadline(), Some(micros(2)));
    assert_eq!(wheel.expire(Instant::from_nanos(1_999)), None);
    assert_eq!(wheel.expire(micros(2)), Some(()));
}

#[test]
fn a_key_is_stale_once_its_timer_fired_or_was_cancelled() {
    let mut wheel = TimerWheel::new(Instant::ZERO);
    let fired = wheel.set(micros(1), 1);
    assert_eq!(drain(&mut wheel, micros(1)), [1]);
    assert!(!wheel.cancel(fired));
    let other = wheel.set(micros(2), 2);
    assert!(!wheel.cancel(fired), "the entry is reused, the key is not");
    assert!(wheel.cancel(other));
    assert!(!wheel.cancel(other));
    assert!(wheel.is_empty() && wheel.next_deadline().is_none());
}

#[test]
fn the_past_fires_at_once_and_the_end_of_time_at_the_end_of_time() {
    let mut wheel = TimerWheel::new(micros(100));
    wheel.set(micros(3), 'a');
    wheel.set(Instant::FAR_FUTURE, 'z');
    wheel.set(Instant::ZERO, 'b');
    assert_eq!(wheel.next_deadline(), Some(micros(100)));
    assert_eq!(drain(&mut wheel, micros(100)), ['a', 'b']);
    let end = wheel.next_deadline().expect("one is left");
    assert_eq!(drain(&mut wheel, end - Duration::from_micros(1)), []);
    assert_eq!(drain(&mut wheel, end), ['z']);
}

#[test]
fn time_that_stands_still_or_goes_back_is_harmless() {
    let mut wheel = TimerWheel::new(micros(1_000_000));
    wheel.set(micros(1_000_064), 1);
    assert_eq!(wheel.expire(micros(1_000_063)), None);
    assert_eq!(wheel.expire(micros(7)), None);
    assert_eq!(wheel.expire(micros(1_000_064)), Some(1));
}

#[test]
fn re_arming_per_segment_wakes_only_for_the_last_deadline() {
    // A retransmission timer pushed back 100,000 times, ten microseconds apart, with a far timer beside it.
    let mut wheel = TimerWheel::new(Instant::ZERO);
    wheel.set(Instant::from_secs(7_200), "keepalive");
    let mut key = wheel.set(micros(200_000), "rto");
    let mut wakes = 0;
    for now in (0..1_000_000).step_by(10).map(micros) {
        if wheel.next_deadline().is_some_and(|deadline| deadline <= now) {
            wakes += 1;
            assert_eq!(wheel.expire(now), None);
        }
        assert!(wheel.cancel(key));
        key = wheel.set(now + Duration::from_millis(200), "rto");
    }
    assert!(wakes <= 9, "{wakes} wake-ups");
    assert_eq!(wheel.entries.len(), 2, "entries are reused");
}

#[derive(Debug, Clone)]
enum Step {
    Set(u64),
    Cancel(usize),
    Advance(u64),
    /// Sleep until the deadline that the wheel names.
    Sleep,
}

fn span() -> impl Strategy<Value = u64> {
    // Every level gets its share: pick the magnitude first. Nanoseconds, so that rounding is met too.
    (0u32..64).prop_flat_map(|bits| 0..=(u64::MAX >> bits))
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => span().prop_map(Step::Set),
        2 => (0usize..64).prop_map(Step::Cancel),
        1 => span().prop_map(|span| Step::Advance(span >> 8)),
        2 => Just(Step::Sleep),
    ]
}

/// The plainest wheel there can be: a sorted map of (tick, order of arming).
struct Model {
    wheel: TimerWheel<usize>,
    now: Instant,
    armed: BTreeMap<(u64, usize), TimerKey>,
    keys: Vec<((u64, usize), TimerKey)>,
}

impl Model {
    fn run(&mut self, step: &Step) {
        match *step {
            Step::Set(span) => {
                let at = self.now + Duration::from_nanos(span);
                let value = self.keys.len();
                let key = self.wheel.set(at, value);
                let tick = at.as_nanos().div_ceil(1_000).min(LAST_TICK);
                self.armed.insert((tick, value), key);
                self.keys.push(((tick, value), key));
            }
            Step::Cancel(pick) if !self.keys.is_empty() => {
                let (name, key) = self.keys[pick % self.keys.len()];
                assert_eq!(self.wheel.cancel(key), self.armed.remove(&name).is_some());
            }
            Step::Cancel(_) => {}
            Step::Advance(span) => self.expire_at(self.now + Duration::from_nanos(span)),
            Step::Sleep => {
                if let Some(deadline) = self.wheel.next_deadline() {
                    self.expire_at(self.now.max(deadline));
                }
            }
        }
        self.check_deadline();
    }

    fn expire_at(&mut self, now: Instant) {
        self.now = now;
        let later = self.armed.split_off(&(now.as_micros() + 1, 0));
        let due: Vec<_> =
            std::mem::replace(&mut self.armed, later).into_keys().map(|(_, value)| value).collect();
        assert_eq!(drain(&mut self.wheel, now), due);
    }

    fn check_deadline(&self) {
        assert_eq!(self.wheel.len(), self.armed.len());
        let nearest = self.armed.keys().next().map(|(tick, _)| micros(*tick));
        let deadline = self.wheel.next_deadline();
        assert_eq!(deadline.is_some(), nearest.is_some());
        assert!(deadline <= nearest);
    }
}

proptest! {
    #[test]
    fn fires_as_a_sorted_map_does(start in span(), steps in prop::collection::vec(step(), 1..200)) {
        let now = Instant::from_nanos(start >> 1);
        let mut model = Model { wheel: TimerWheel::new(now), now, armed: BTreeMap::new(), keys: Vec::new() };
        steps.iter().for_each(|step| model.run(step));
        // Who sleeps from deadline to deadline gets to the end: each wake-up in vain takes somebody a level down.
        let bound = model.armed.len() * LEVELS;
        let mut wakes = 0;
        while !model.armed.is_empty() {
            model.run(&Step::Sleep);
            wakes += 1;
            prop_assert!(wakes <= bound, "{wakes} wake-ups for {bound}");
        }
    }

    #[test]
    fn deadlines_are_exact_while_nothing_is_cancelled(spans in prop::collection::vec(span(), 1..100)) {
        let mut model = Model {
            wheel: TimerWheel::new(Instant::ZERO), now: Instant::ZERO, armed: BTreeMap::new(), keys: Vec::new(),
        };
        spans.iter().for_each(|span| model.run(&Step::Set(*span)));
        while let Some(((tick, _), _)) = model.armed.first_key_value() {
            prop_assert_eq!(model.wheel.next_deadline(), Some(micros(*tick)));
            model.run(&Step::Sleep);
        }
    }
}
