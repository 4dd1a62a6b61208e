//! A learning switch: frames go where their destination was last seen, and everywhere while it was not.

use crate::time::{Duration, Instant};
use crate::wire::{EthernetHeader, MacAddress};
use std::collections::BTreeMap;

/// Where a frame goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Forwarding {
    /// Out of one port.
    Port(usize),
    /// Out of every port but the one it came in by.
    Flood,
    /// Nowhere: its destination is where it came from, or it is no frame.
    Filter,
}

/// What a switch has learned.
#[derive(Debug, Default)]
pub(super) struct Table {
    entries: BTreeMap<MacAddress, (usize, Instant)>,
}

impl Table {
    /// An address not seen for so long may be anywhere (IEEE 802.1D's ageing time).
    const AGEING: Duration = Duration::from_secs(300);
    /// Addresses remembered: as many as common switches hold; a flood of forged ones stops being learned, not being sent.
    const MOST: usize = 65_536;

    /// Learn from a frame that came in by `port`, and say where it goes.
    pub(super) fn forward(&mut self, now: Instant, port: usize, frame: &[u8]) -> Forwarding {
        let Ok(header) = EthernetHeader::parse(frame) else { return Forwarding::Filter };
        self.learn(now, port, header.source);
        if header.destination.is_group() {
            return Forwarding::Flood;
        }
        match self.entries.get(&header.destination) {
            Some((out, _)) if *out == port => Forwarding::Filter,
            Some((out, seen)) if now.since(*seen) < Self::AGEING => Forwarding::Port(*out),
            _ => Forwarding::Flood,
        }
    }

    fn learn(&mut self, now: Instant, port: usize, source: MacAddress) {
        if source.is_group() {
            return;
        }
        if let Some(entry) = self.entries.get_mut(&source) {
            *entry = (port, now);
        } else if self.entries.len() < Self::MOST {
            self.entries.insert(source, (port, now));
        }
    }

    /// Addresses known.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::EtherType;

    fn frame(source: u8, destination: u8) -> Vec<u8> {
        let mac = |last| if last == 0xff { MacAddress::BROADCAST } else { MacAddress([2, 0, 0, 0, 0, last]) };
        let header =
            EthernetHeader { destination: mac(destination), source: mac(source), ethertype: EtherType::IPV4 };
        let mut bytes = vec![0; 60];
        header.emit(&mut bytes);
        bytes
    }

    #[test]
    fn a_switch_floods_until_it_has_learned_and_forgets_with_age() {
        let mut table = Table::default();
        let at = Instant::from_secs;
        assert_eq!(table.forward(at(0), 0, &frame(1, 2)), Forwarding::Flood);
        assert_eq!(table.forward(at(1), 1, &frame(2, 1)), Forwarding::Port(0));
        assert_eq!(table.forward(at(2), 0, &frame(1, 2)), Forwarding::Port(1));
        assert_eq!(table.forward(at(2), 1, &frame(3, 2)), Forwarding::Filter);
        assert_eq!(table.forward(at(2), 0, &frame(1, 0xff)), Forwarding::Flood);
        assert_eq!(table.forward(at(400), 0, &frame(1, 2)), Forwarding::Flood);
        assert_eq!(table.forward(at(401), 2, &frame(2, 1)), Forwarding::Port(0));
        assert_eq!(table.forward(at(402), 0, &frame(1, 2)), Forwarding::Port(2));
        assert_eq!(table.forward(at(402), 0, &[0; 5]), Forwarding::Filter);
        assert_eq!(table.len(), 3);
    }
}
