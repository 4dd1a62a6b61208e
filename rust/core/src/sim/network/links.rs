//! Changing, watching and capturing links.

use super::{CaptureId, DirectionId, End, LinkId, Network};
use crate::sim::events::Event;
use crate::sim::link::{Capture, DirectionStats, Predicate, QueueRow, begin_capture};
use crate::sim::{ImpairmentError, LinkSpec};
use crate::time::Instant;
use crate::wire::pcapng;

/// A change of one direction of a link.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A number, by the name that [`LinkSpec::set`] knows.
    Set(String, f64),
    /// Everything.
    Spec(Box<LinkSpec>),
}

impl Network {
    /// How many links there are; they are numbered from 0.
    pub const fn link_count(&self) -> usize {
        self.directions.len() / 2
    }

    /// What a direction does.
    pub fn spec(&self, direction: DirectionId) -> &LinkSpec {
        self.directions[direction.index()].spec()
    }

    /// Change a direction now.
    pub fn change(&mut self, direction: DirectionId, change: &Change) -> Result<(), ImpairmentError> {
        let spec = self.changed(direction, change)?;
        self.directions[direction.index()].set_spec(self.now, spec)?;
        self.wake(direction);
        Ok(())
    }

    /// Change a direction at a time. What cannot be right is refused now.
    pub fn schedule(
        &mut self,
        at: Instant,
        direction: DirectionId,
        change: Change,
    ) -> Result<(), ImpairmentError> {
        self.changed(direction, &change)?.check()?;
        let index = self.changes.len() as u32;
        self.changes.push(Some((direction, change)));
        self.events.push(at.max(self.now), Event::Change(index));
        Ok(())
    }

    fn changed(&self, direction: DirectionId, change: &Change) -> Result<LinkSpec, ImpairmentError> {
        match change {
            Change::Spec(spec) => Ok((**spec).clone()),
            Change::Set(field, value) => {
                let mut spec = self.spec(direction).clone();
                spec.set(field, *value)?;
                Ok(spec)
            }
        }
    }

    /// Lose the packets of a direction of which `predicate` says so, by number (from 1) and frame; `None` for no such function.
    pub fn set_predicate(&mut self, direction: DirectionId, predicate: Option<Predicate>) {
        self.directions[direction.index()].predicate = predicate;
    }

    /// What became of the packets of a direction.
    pub fn stats(&mut self, direction: DirectionId) -> DirectionStats {
        self.directions[direction.index()].stats(self.now)
    }

    /// Count what becomes of the packets of a direction from now on, as for what follows a start-up.
    pub fn restart_stats(&mut self, direction: DirectionId) {
        self.directions[direction.index()].restart_stats(self.now);
    }

    /// How much waited at a direction over time. Thinned where there would be too many rows.
    pub fn queue_series(&mut self, direction: DirectionId) -> &[QueueRow] {
        let direction = &mut self.directions[direction.index()];
        direction.catch_up(self.now);
        direction.gauge.queue.rows()
    }

    /// Begin to capture at an end of a link, as the node there sees it: what it sends before anything happens to it, what it
    /// receives after everything did. Take the bytes by [`Network::take_capture`]; they are kept until then.
    pub fn capture_at(&mut self, link: LinkId, end: End) -> CaptureId {
        let index = self.captures.len() as u32;
        let name = match self.interface_at(link, end) {
            Some((host, interface)) => {
                let name = self.stack(host).interface(interface).map_or("", |link| link.name.as_str());
                format!("{}.{name}", self.host_name(host))
            }
            None => format!("link{}", link.0),
        };
        self.captures.push(begin_capture(&name));
        let leaving = link.from(end);
        let out = Capture { index, side: pcapng::Direction::Out };
        self.directions[leaving.index()].captures.push(out);
        let into = Capture { index, side: pcapng::Direction::In };
        self.directions[leaving.reverse().index()].captures.push(into);
        CaptureId(index)
    }

    /// How many captures there are or were; they are numbered from 0.
    pub const fn capture_count(&self) -> usize {
        self.captures.len()
    }

    /// What was captured since it was last taken: the pieces, one after the other, are a pcapng file with the nanoseconds of
    /// virtual time.
    pub fn take_capture(&mut self, capture: CaptureId) -> Vec<u8> {
        std::mem::take(&mut self.captures[capture.index()])
    }

    /// End a capture. What was not taken yet can still be.
    pub fn stop_capture(&mut self, capture: CaptureId) {
        for direction in &mut self.directions {
            direction.captures.retain(|other| other.index != capture.0);
        }
    }
}
