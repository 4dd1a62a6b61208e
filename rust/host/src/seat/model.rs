//! Every order in which driver, callers, frames and a timer can meet at the seat: no wake-up is lost in any of them.
//!
//! The seat is the real one. Around it stands what `driver.rs`, `wait.rs` and `baton.rs` do with it, one step for each hold of the
//! baton, and one for each signal, which is raised after the baton is given up. All reachable states are visited; from each of them
//! everyone must still be able to come to his end. A nap ends by itself, and so do sleeps whose time has come; no other sleep does.

use super::*;
use std::collections::{HashMap, HashSet, VecDeque};

const SOON: Instant = Instant::from_millis(1);
const CALLERS: usize = 2;

/// A change of the world.
type Change<'a> = dyn Fn(&mut World) + 'a;

/// Takes each change that can happen next.
type Step<'a> = dyn FnMut(&Change<'_>) + 'a;

/// What the driver's thread is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Driver {
    /// Take the baton.
    Turn,
    /// It left the seat to a leader, and passes on what may have woken it by mistake.
    PassOn,
    Asleep(Instant),
    Duty,
    Napping,
    Parked,
}

/// What a caller is about to do, who waits for a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Caller {
    Try,
    Lead,
    LeadAsleep(Instant),
    Follow,
    Asleep,
    /// Outside the baton: tell whom it concerns, then the next thing.
    Tell(Call, Next),
    Done,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Next {
    Try,
    Follow,
    Asleep,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct World {
    seat: Seat,
    seen: u64,
    driver: Driver,
    callers: [Caller; CALLERS],
    /// How many datagrams each caller still wants, and how many lie in his socket.
    wants: [u8; CALLERS],
    inbox: [u8; CALLERS],
    /// Frames that have not arrived at the device yet, and those that have; each is for one caller.
    under_way: [u8; CALLERS],
    on_device: [u8; CALLERS],
    /// Followers on the list, and whether their signals are raised.
    listed: [bool; CALLERS],
    raised: [bool; CALLERS],
    /// The signals of the poller.
    wake: bool,
    standby: bool,
    /// Frames arrive only as answers to what the timer sends.
    answers: bool,
    /// A third caller arms a timer by a verb (0: not yet, 1: armed, and its call is to be told, 2: told).
    verb: u8,
    told: Option<Call>,
    timer: Option<Instant>,
    due: bool,
}

impl World {
    fn new(wants: [u8; CALLERS], with_timer: bool, answers: bool) -> Self {
        Self {
            seat: Seat::default(),
            seen: u64::MAX,
            driver: Driver::Turn,
            callers: [Caller::Try; CALLERS],
            wants,
            inbox: [0; CALLERS],
            under_way: wants,
            on_device: [0; CALLERS],
            listed: [false; CALLERS],
            raised: [false; CALLERS],
            wake: false,
            standby: false,
            answers,
            verb: if with_timer { 0 } else { 2 },
            told: None,
            timer: None,
            due: false,
        }
    }

    fn is_over(&self) -> bool {
        self.callers.iter().all(|caller| *caller == Caller::Done) && self.verb == 2 && self.timer.is_none()
    }

    fn readable(&self) -> bool {
        self.on_device != [0; CALLERS]
    }

    fn until(&self) -> Instant {
        self.timer.unwrap_or(Instant::FAR_FUTURE)
    }

    /// Whether a sleep on the devices ends.
    fn ends(&self, until: Instant) -> bool {
        self.wake || self.readable() || until == SOON && self.due
    }

    /// `Engine::drive`: timers, then frames, then wake-ups.
    fn drive(&mut self, reads: bool) {
        if self.due {
            (self.timer, self.due) = (None, false);
        }
        for caller in 0..CALLERS {
            if reads && self.on_device[caller] > 0 {
                self.inbox[caller] += std::mem::take(&mut self.on_device[caller]);
                self.raised[caller] |= std::mem::take(&mut self.listed[caller]);
            }
        }
    }

    /// The verb of a caller: whether it got a datagram.
    fn take(&mut self, caller: usize) -> bool {
        let got = self.inbox[caller] > 0;
        if got {
            self.inbox[caller] -= 1;
            self.wants[caller] -= 1;
        }
        got
    }

    fn signal(&mut self, call: Call) {
        self.wake |= call == Call::Watcher;
        self.standby |= call == Call::Driver;
    }

    /// Only whether somebody led since the last nap matters, not how often.
    fn normal(mut self) -> Self {
        let same = self.seen == self.seat.turns;
        (self.seen, self.seat.turns) = (u64::from(!same), 0);
        self
    }

    /// All that can happen next.
    fn steps(&self) -> Vec<Self> {
        let mut next = Vec::new();
        let mut step = |change: &Change<'_>| {
            let mut world = self.clone();
            change(&mut world);
            next.push(world.normal());
        };
        self.driver_steps(&mut step);
        for caller in 0..CALLERS {
            self.caller_steps(caller, &mut step);
            let asked = self.verb > 0 && self.timer.is_none();
            if self.under_way[caller] > 0 && (asked || !self.answers) {
                step(&|world| {
                    world.under_way[caller] -= 1;
                    world.on_device[caller] += 1;
                });
            }
        }
        if self.verb == 0 {
            step(&|world| {
                world.timer = Some(SOON);
                world.drive(false);
                let until = world.until();
                (world.verb, world.told) = (1, Some(world.seat.whom_to_call(false, Some(until))));
            });
        }
        if let Some(call) = self.told {
            step(&|world| {
                world.signal(call);
                (world.verb, world.told) = (2, None);
            });
        }
        if self.timer.is_some() && !self.due {
            step(&|world| world.due = true);
        }
        next
    }

    fn driver_steps(&self, step: &mut Step<'_>) {
        match self.driver {
            Driver::Turn => step(&|world| {
                if !world.seat.on_driver() {
                    world.driver = Driver::PassOn;
                    return;
                }
                world.drive(true);
                let until = world.until();
                world.seat.driver_sits(until);
                world.driver = Driver::Asleep(until);
            }),
            Driver::PassOn => step(&|world| {
                world.wake = true;
                (world.driver, world.seen) = (Driver::Duty, u64::MAX);
            }),
            Driver::Asleep(until) if self.ends(until) => step(&|world| {
                world.wake = false;
                world.driver = Driver::Turn;
            }),
            Driver::Duty => {
                step(&|world| {
                    world.driver = match world.seat.duty(&mut world.seen) {
                        Duty::Sit => Driver::Turn,
                        Duty::Nap => Driver::Napping,
                        Duty::Park => Driver::Parked,
                    }
                });
                // Somebody has the baton just now.
                step(&|world| world.driver = Driver::Napping);
            }
            Driver::Napping | Driver::Parked => {
                if self.standby {
                    step(&|world| (world.standby, world.driver) = (false, Driver::Turn));
                }
                if self.driver == Driver::Napping {
                    step(&|world| world.driver = Driver::Duty);
                }
            }
            Driver::Asleep(_) => {}
        }
    }

    fn caller_steps(&self, caller: usize, step: &mut Step<'_>) {
        match self.callers[caller] {
            Caller::Try if self.wants[caller] == 0 => step(&|world| world.callers[caller] = Caller::Done),
            Caller::Try => step(&|world| {
                let got = world.take(caller);
                let leads = !got && world.listed == [false; CALLERS] && world.seat.lead();
                world.drive(false);
                let next = if got { Next::Try } else { Next::Follow };
                let call = world.seat.whom_to_call(false, world.timer);
                world.callers[caller] = if leads { Caller::Lead } else { Caller::Tell(call, next) };
            }),
            Caller::Lead => step(&|world| {
                world.seat.on_leader();
                world.drive(true);
                if world.take(caller) {
                    let wanted = world.listed != [false; CALLERS];
                    let call = match world.seat.leave(wanted) {
                        Call::Nobody => world.seat.whom_to_call(false, world.timer),
                        call => call,
                    };
                    world.callers[caller] = Caller::Tell(call, Next::Try);
                } else {
                    let until = world.until();
                    world.seat.leader_sits(until);
                    world.callers[caller] = Caller::LeadAsleep(until);
                }
            }),
            // Another who drives may have filled its socket, and then wakes it.
            Caller::LeadAsleep(until) if self.ends(until) || self.inbox[caller] > 0 => step(&|world| {
                world.wake = false;
                world.callers[caller] = Caller::Lead;
            }),
            Caller::Follow => step(&|world| {
                let got = world.take(caller);
                world.listed[caller] = !got;
                world.drive(false);
                let call = world.seat.whom_to_call(false, world.timer);
                let next = if got { Next::Try } else { Next::Asleep };
                world.callers[caller] = Caller::Tell(call, next);
            }),
            Caller::Asleep if self.raised[caller] => step(&|world| {
                world.raised[caller] = false;
                world.callers[caller] = Caller::Follow;
            }),
            Caller::Tell(call, next) => step(&|world| {
                world.signal(call);
                world.callers[caller] = match next {
                    Next::Try => Caller::Try,
                    Next::Follow => Caller::Follow,
                    Next::Asleep => Caller::Asleep,
                };
            }),
            Caller::LeadAsleep(_) | Caller::Asleep | Caller::Done => {}
        }
    }
}

/// Visit everything that can be reached; how many states that are, and one from which not all can end, if there is one.
fn explore(start: World) -> (usize, Option<World>) {
    let start = start.normal();
    let mut numbers = HashMap::from([(start.clone(), 0_usize)]);
    let mut worlds = vec![start];
    let mut before: Vec<Vec<usize>> = vec![vec![]];
    let mut at = 0;
    while at < worlds.len() {
        for next in worlds[at].steps() {
            let number = *numbers.entry(next).or_insert_with_key(|world| {
                worlds.push(world.clone());
                before.push(vec![]);
                worlds.len() - 1
            });
            before[number].push(at);
        }
        at += 1;
        assert!(at < 3_000_000, "more states than there should be");
    }
    let ends: Vec<_> = (0..worlds.len()).filter(|number| worlds[*number].is_over()).collect();
    let mut good: HashSet<usize> = ends.iter().copied().collect();
    let mut queue: VecDeque<usize> = ends.into();
    while let Some(number) = queue.pop_front() {
        for earlier in &before[number] {
            if good.insert(*earlier) {
                queue.push_back(*earlier);
            }
        }
    }
    let lost = (0..worlds.len()).find(|number| !good.contains(number));
    (worlds.len(), lost.map(|number| worlds[number].clone()))
}

#[test]
fn no_wake_up_is_lost_in_any_order() {
    for wants in [[1, 0], [2, 0], [1, 1], [2, 1]] {
        for (with_timer, answers) in [(false, false), (true, false), (true, true)] {
            let (count, lost) = explore(World::new(wants, with_timer, answers));
            assert!(count > 100, "{count}");
            assert!(lost.is_none(), "of {count} states, this one leads nowhere: {lost:#?}");
        }
    }
}
