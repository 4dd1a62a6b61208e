//! All algorithms: names, taking over, and what none may do.

use super::super::testing::{MSS, ack, start};
use super::super::{MAX_WINDOW, RateSample};
use super::*;
use crate::rng::Rng;
use crate::time::Duration;

#[test]
fn every_name_leads_to_its_algorithm() {
    for kind in Kind::ALL {
        assert_eq!(Kind::by_name(kind.name()), Some(*kind));
        assert_eq!(Kind::ALL[kind.place()], *kind);
        let control = Control::new(*kind, start());
        assert_eq!(control.kind(), *kind);
        assert!(!control.phase().is_empty());
    }
    assert_eq!(Kind::by_name("newreno"), Some(Kind::Reno));
    assert_eq!(Kind::by_name("vegas"), None);
    assert_eq!(Kind::default(), Kind::Cubic);
}

#[test]
fn another_takes_over_where_one_stands() {
    for from in [Kind::Reno, Kind::Cubic, Kind::Dctcp] {
        for to in [Kind::Reno, Kind::Cubic, Kind::Dctcp, Kind::Bbr] {
            let mut control = Control::new(from, Start { window: 100 * MSS, ..start() });
            control.on_loss(Instant::ZERO, 100 * MSS);
            let (window, threshold) = (control.window(), control.threshold());
            control.switch(to, start());
            assert_eq!((control.kind(), control.window()), (to, window));
            if to != Kind::Bbr {
                assert_eq!(control.threshold(), threshold);
                assert_ne!(control.phase(), "slow-start", "{from:?} to {to:?}");
            }
        }
    }
    let mut control = Control::new(Kind::Fixed, Start { fixed_window: 30, ..start() });
    control.on_loss(Instant::ZERO, 30 * MSS);
    control.on_timeout(Instant::ZERO, 30 * MSS);
    assert_eq!((control.window(), control.phase()), (30 * MSS, "fixed"));
    control.switch(Kind::Reno, start());
    assert_eq!((control.window(), control.phase()), (30 * MSS, "avoidance"));
}

#[test]
fn the_same_again_changes_nothing() {
    let mut control = Control::new(Kind::Cubic, start());
    control.on_ack(ack(MSS));
    let window = control.window();
    control.switch(Kind::Cubic, start());
    assert_eq!((control.window(), control.phase()), (window, "slow-start"));
}

/// A number of up to so many bits: small ones are as likely as large ones.
fn any(rng: &mut Rng, bits: u64) -> u64 {
    let most = 1 << rng.below(bits);
    rng.below(most)
}

/// An ACK such as no network would bring; `delivered` and `lost` go on.
fn wild_ack(rng: &mut Rng, now: Instant, (delivered, lost): (&mut u64, &mut u64)) -> Acked {
    let (bytes, flight) = (any(rng, 30) as u32, any(rng, 31) as u32);
    let newly_lost = rng.below(2) as u32 * any(rng, 25) as u32;
    let (prior_delivered, prior_lost) = (rng.below(*delivered + 1), rng.below(*lost + 1));
    *delivered += u64::from(bytes);
    *lost += u64::from(newly_lost);
    let rtt = Some(Duration::from_nanos(any(rng, 36)));
    Acked {
        now,
        flight,
        flight_left: flight.saturating_sub(bytes),
        rtt: rtt.filter(|_| rng.below(4) > 0),
        srtt: rtt,
        min_rtt: rtt,
        limited: rng.below(4) > 0,
        after_timeout: rng.below(8) == 0,
        in_recovery: rng.below(8) == 0,
        sample: RateSample {
            delivered: *delivered,
            prior_delivered,
            lost: *lost,
            prior_lost,
            newly_lost,
            sent_in_flight: flight,
            interval: Duration::from_nanos(any(rng, 36)),
            ..RateSample::default()
        },
        ..ack(bytes)
    }
}

/// Whatever comes, in whatever order: a window of a byte at least, of `MAX_WINDOW` at most, and no panic.
#[test]
fn nothing_that_comes_leads_out_of_bounds() {
    for (kind, seed) in Kind::ALL.iter().flat_map(|kind| (0..200).map(move |seed| (*kind, seed))) {
        let mut rng = Rng::new(seed);
        let mut control = Control::new(kind, start().seeded(seed as u32));
        let (mut now, mut delivered, mut lost) = (Instant::ZERO, 0, 0);
        for _ in 0..300 {
            now += Duration::from_nanos(any(&mut rng, 36));
            let flight = any(&mut rng, 31) as u32;
            match rng.below(12) {
                0 => control.on_loss(now, flight),
                1 => control.on_timeout(now, flight),
                2 => control.on_recovered(now, flight),
                3 => control.on_undo(now),
                4 => control.on_ecn(now, flight),
                5 => control.on_idle(10 * MSS),
                6 => control.on_mss(8 + rng.below(65_000) as u32),
                7 => control.on_sent(now, rng.below(2) as u32 * flight, rng.below(2) == 0),
                _ => {
                    let acked = wild_ack(&mut rng, now, (&mut delivered, &mut lost));
                    control.on_marks(any(&mut rng, 31) as u32);
                    control.on_delivery(acked.bytes, &acked.sample);
                    control.on_ack(acked);
                }
            }
            let window = control.window();
            assert!((1..=MAX_WINDOW).contains(&window), "{kind:?}, seed {seed}: {window}");
            assert!(control.threshold() <= MAX_WINDOW, "{kind:?}, seed {seed}");
            assert_ne!(control.pacing_rate(), Some(0), "{kind:?}, seed {seed}");
        }
    }
}
