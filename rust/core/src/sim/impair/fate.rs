//! What befalls a packet at the entrance of a link: its number, its loss, damage, a copy.

use super::{Impairment, ImpairmentCounters};
use crate::buffer::{Packet, Pool};
use crate::rng::Rng;
use crate::wire::checksum;

/// Decides about packets, one after the other.
#[derive(Debug)]
pub(in crate::sim) struct Fate {
    drop: Rng,
    duplicate: Rng,
    corrupt: Rng,
    burst: Rng,
    /// In the bad state of the Gilbert-Elliott model.
    bad: bool,
}

/// Why a packet was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Loss {
    /// Its number was on the list.
    List,
    /// It was the n-th.
    Every,
    /// By chance.
    Chance,
    /// In a burst.
    Burst,
}

/// What becomes of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sim) enum Verdict {
    Lost,
    Once,
    Twice,
}

/// A copy that goes its own way.
pub(in crate::sim) fn copy_of(packet: &Packet) -> Packet {
    let mut copy = Packet::with_room(Pool::HEADROOM + packet.len());
    copy.reset(Pool::HEADROOM);
    copy.append_all(packet);
    (copy.offload, copy.tag) = (packet.offload, packet.tag);
    copy
}

impl Fate {
    pub(in crate::sim) fn new(rng: &mut Rng) -> Self {
        Self { drop: rng.fork(), duplicate: rng.fork(), corrupt: rng.fork(), burst: rng.fork(), bad: false }
    }

    /// Number the packet, and say what becomes of it; what is to be damaged is damaged here.
    pub(in crate::sim) fn judge(
        &mut self,
        spec: &Impairment,
        counters: &mut ImpairmentCounters,
        packet: &mut Packet,
    ) -> Verdict {
        counters.received += 1;
        if let Some(loss) = self.loss(spec, counters.received) {
            *match loss {
                Loss::List => &mut counters.dropped_list,
                Loss::Every => &mut counters.dropped_every,
                Loss::Chance => &mut counters.dropped,
                Loss::Burst => &mut counters.dropped_burst,
            } += 1;
            return Verdict::Lost;
        }
        if self.corrupt.chance(spec.corrupt) {
            self.damage(spec, counters, packet);
        }
        if self.duplicate.chance(spec.duplicate) {
            counters.duplicated += 1;
            return Verdict::Twice;
        }
        Verdict::Once
    }

    /// Whether the packet is lost, by whichever cause is looked at first.
    fn loss(&mut self, spec: &Impairment, number: u64) -> Option<Loss> {
        // Drawn for every packet: a list beside the chance must not shift what the chance hits.
        let chance = self.drop.chance(spec.drop);
        let burst = self.in_burst(spec);
        let every = u64::from(spec.drop_every);
        if spec.drop_list.binary_search(&number).is_ok() {
            Some(Loss::List)
        } else if every > 0 && number.is_multiple_of(every) {
            Some(Loss::Every)
        } else if chance {
            Some(Loss::Chance)
        } else {
            burst.then_some(Loss::Burst)
        }
    }

    /// Lose by the state that the packet meets, then let the state change.
    fn in_burst(&mut self, spec: &Impairment) -> bool {
        let Some(model) = spec.burst else { return false };
        let lost = self.burst.chance(if self.bad { model.drop_in_bad } else { model.drop_in_good });
        let turns = self.burst.chance(if self.bad { model.to_good } else { model.to_bad });
        self.bad ^= turns;
        lost
    }

    fn damage(&mut self, spec: &Impairment, counters: &mut ImpairmentCounters, packet: &mut Packet) {
        let rng = &mut self.corrupt;
        let wanted = 1 + rng.below(u64::from(spec.corrupt_bits));
        let first = u64::from(spec.corrupt_offset) * 8;
        let bits = (packet.len() as u64 * 8).saturating_sub(first);
        if bits == 0 || packet.offload.segment_size > 0 {
            counters.not_corrupted += 1;
            return;
        }
        // A sum made or believed after the damage would hide it.
        if let Some((start, field)) = packet.offload.partial_checksum.take() {
            checksum::complete(packet.whole(), usize::from(start), usize::from(field));
        }
        (packet.offload.checksum_valid, packet.tag) = (false, 0);
        // One bit in each of as many equal parts, so that no two flips undo each other.
        let (count, bytes) = (wanted.min(bits), packet.whole());
        for part in 0..count {
            let (from, to) = (part * bits / count, (part + 1) * bits / count);
            let bit = first + from + rng.below(to - from);
            bytes[(bit / 8) as usize] ^= 1 << (bit % 8);
        }
        counters.corrupted += 1;
    }
}
