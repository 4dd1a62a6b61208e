//! Who watches the devices: the driver, or a caller that waits anyway and so leads.
//!
//! A caller that would block takes the seat when nobody else sleeps for a socket: then what it waits for needs no second
//! thread between device and caller. The driver, once it meets a leader, stands by: it naps while somebody leads
//! every now and then, sits down again when nobody did for a whole nap, and parks while a leader sleeps for longer than
//! that. All of it is guarded by the baton, so no hand-over can be missed; that both watch for a moment does no harm.

use tapip_core::time::Instant;

/// The seat and the two who may take it.
#[derive(Debug, Default)]
#[cfg_attr(test, derive(Clone, PartialEq, Eq, Hash))]
pub(crate) struct Seat {
    driver: Stance,
    leader: Leader,
    /// How often somebody led, and looked at the devices.
    turns: u64,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(Hash))]
enum Stance {
    /// It will look at everything by itself before it sleeps.
    #[default]
    Awake,
    /// It sleeps on the devices, until then.
    Sits(Instant),
    StandsBy,
    /// It stands by without looking up, until it is called.
    Parked,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(Hash))]
enum Leader {
    #[default]
    Nobody,
    Awake,
    /// It sleeps on the devices, until then.
    Sits(Instant),
}

/// Who has to hear of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(test, derive(Hash))]
pub(crate) enum Call {
    Nobody,
    /// Whoever sleeps on the devices.
    Watcher,
    /// The driver, which stands by.
    Driver,
}

/// What a driver that stands by does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Duty {
    /// Watch the devices again.
    Sit,
    /// Look again soon.
    Nap,
    /// Sleep until called.
    Park,
}

impl Seat {
    /// A turn of the driver begins: whether it is its turn, and nobody leads.
    pub(crate) const fn on_driver(&mut self) -> bool {
        let free = matches!(self.leader, Leader::Nobody);
        self.driver = if free { Stance::Awake } else { Stance::StandsBy };
        free
    }

    /// The driver goes to sleep on the devices.
    pub(crate) const fn driver_sits(&mut self, until: Instant) {
        self.driver = Stance::Sits(until);
    }

    /// Take the lead, if nobody has it.
    pub(crate) fn lead(&mut self) -> bool {
        let free = self.leader == Leader::Nobody;
        if free {
            self.on_leader();
        }
        free
    }

    /// A turn of the leader begins.
    pub(crate) const fn on_leader(&mut self) {
        self.leader = Leader::Awake;
        self.turns += 1;
    }

    /// The leader goes to sleep on the devices.
    pub(crate) const fn leader_sits(&mut self, until: Instant) {
        self.leader = Leader::Sits(until);
    }

    /// The leader has what it waited for. `wanted`: the devices shall not be left alone even for a nap.
    pub(crate) fn leave(&mut self, wanted: bool) -> Call {
        self.leader = Leader::Nobody;
        match self.driver {
            Stance::StandsBy if !wanted => Call::Nobody,
            Stance::StandsBy | Stance::Parked => self.called(),
            // It never met this leader, who may have taken what the driver was woken for.
            Stance::Awake | Stance::Sits(_) => Call::Watcher,
        }
    }

    /// Who must hear that there is more to do (`left`), or that it has to be done at `next`. Asked once, it is taken
    /// as told.
    pub(crate) fn whom_to_call(&mut self, left: bool, next: Option<Instant>) -> Call {
        let sooner = |until| left || next.is_some_and(|at| at < until);
        match (self.leader, self.driver) {
            (Leader::Sits(until), _) if sooner(until) => {
                self.leader = Leader::Awake;
                Call::Watcher
            }
            (Leader::Nobody, Stance::Sits(until)) if sooner(until) => {
                self.driver = Stance::Awake;
                Call::Watcher
            }
            (Leader::Nobody, Stance::StandsBy) if left => self.called(),
            _ => Call::Nobody,
        }
    }

    /// What the driver does that stands by; `seen` is its note of how often somebody led.
    pub(crate) fn duty(&mut self, seen: &mut u64) -> Duty {
        if std::mem::replace(seen, self.turns) != self.turns {
            return Duty::Nap;
        }
        match self.leader {
            Leader::Nobody => Duty::Sit,
            Leader::Awake => Duty::Nap,
            Leader::Sits(_) => {
                self.driver = Stance::Parked;
                Duty::Park
            }
        }
    }

    const fn called(&mut self) -> Call {
        self.driver = Stance::Awake;
        Call::Driver
    }
}

#[cfg(test)]
mod model;

#[cfg(test)]
mod tests {
    use super::*;

    const SOON: Instant = Instant::from_millis(1);
    const LATE: Instant = Instant::from_millis(9);

    /// A seat whose driver met a leader.
    fn led() -> (Seat, u64) {
        let mut seat = Seat::default();
        seat.driver_sits(LATE);
        assert!(seat.lead() && !seat.lead(), "one leads");
        assert!(!seat.on_driver());
        let mut seen = u64::MAX;
        assert_eq!(seat.duty(&mut seen), Duty::Nap);
        (seat, seen)
    }

    #[test]
    fn without_a_leader_the_driver_is_called_for_what_comes_earlier() {
        let mut seat = Seat::default();
        assert_eq!(seat.whom_to_call(true, None), Call::Nobody, "it is awake");
        seat.driver_sits(LATE);
        assert_eq!(seat.whom_to_call(false, Some(LATE)), Call::Nobody);
        assert_eq!(seat.whom_to_call(false, Some(SOON)), Call::Watcher);
        assert_eq!(seat.whom_to_call(true, None), Call::Nobody, "called once");
        assert!(seat.on_driver());
    }

    #[test]
    fn a_leader_asleep_is_called_instead() {
        let (mut seat, _) = led();
        assert_eq!(seat.whom_to_call(true, None), Call::Nobody, "it is awake");
        seat.leader_sits(LATE);
        assert_eq!(seat.whom_to_call(false, Some(SOON)), Call::Watcher);
    }

    #[test]
    fn the_driver_sits_when_nobody_led_for_a_nap() {
        let (mut seat, mut seen) = led();
        assert_eq!(seat.leave(false), Call::Nobody, "it looks by itself");
        assert_eq!(seat.duty(&mut seen), Duty::Sit);
        assert!(seat.on_driver());
    }

    #[test]
    fn the_driver_naps_while_somebody_leads_now_and_then() {
        let (mut seat, mut seen) = led();
        for _ in 0..3 {
            seat.leave(false);
            assert!(seat.lead());
            assert_eq!(seat.duty(&mut seen), Duty::Nap);
        }
    }

    #[test]
    fn a_driver_that_parked_is_called_when_the_leader_leaves() {
        let (mut seat, mut seen) = led();
        seat.leader_sits(LATE);
        assert_eq!(seat.duty(&mut seen), Duty::Park);
        assert_eq!(seat.leave(false), Call::Driver);
        assert_eq!(seat.whom_to_call(true, None), Call::Nobody, "called once");
    }

    #[test]
    fn a_driver_that_never_met_the_leader_is_woken() {
        let mut seat = Seat::default();
        seat.driver_sits(LATE);
        assert!(seat.lead());
        seat.leader_sits(SOON);
        seat.on_leader();
        assert_eq!(seat.leave(false), Call::Watcher);
    }

    #[test]
    fn others_who_sleep_and_work_that_is_left_call_the_driver_at_once() {
        let (mut seat, _) = led();
        assert_eq!(seat.leave(true), Call::Driver);
        let (mut seat, _) = led();
        seat.leave(false);
        assert_eq!(seat.whom_to_call(false, Some(SOON)), Call::Nobody, "within a nap it looks");
        assert_eq!(seat.whom_to_call(true, None), Call::Driver);
    }
}
