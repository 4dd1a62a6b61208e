//! What the path carries: the size of a full segment, and the sender's part in the search for it.

use super::Config;
use super::congestion::CongestionControl;
use super::recovery::Phase;
use super::search::{Bounds, Search};
use super::sender::Sender;
use crate::time::Instant;
use crate::wire::SeqNumber;

impl Sender {
    /// The path carries segments of `path` bytes now, options included.
    pub(super) fn set_path_mss(&mut self, path: u16) {
        self.path_mss = path;
        let ceiling = self.largest_segment();
        if let Some(search) = &mut self.search {
            search.set_ceiling(ceiling);
        }
        self.cut_segments();
    }

    /// The largest segment that anybody allows, options included.
    fn largest_segment(&self) -> u16 {
        //= rfc9293#3.7.1 MUST-16   the least of what the peer and the path take
        self.peer_mss.min(self.path_mss).max(self.min_mss)
    }

    fn cut_segments(&mut self) {
        let segment = self.search.as_ref().map_or_else(|| self.largest_segment(), |search| search.size());
        //= rfc9293#3.7.1 MUST-16   less the options of every segment
        self.mss = u32::from(segment).saturating_sub(self.option_bytes).max(8);
        self.control.on_mss(self.mss);
    }

    /// The least segment size that the peer can force on us is another now.
    pub(super) fn set_min_mss(&mut self, least: u16, path: u16) {
        if std::mem::replace(&mut self.min_mss, least) != least {
            self.set_path_mss(path);
        }
    }

    /// Find out what the path carries, from the start, when in doubt, or never.
    pub(super) fn set_probing(&mut self, config: &Config) {
        let ceiling = self.largest_segment();
        match config.mtu_probing {
            0 => self.search = None,
            2 => self.search = Some(Box::new(Search::new(config.base_mss, ceiling))),
            _ => return,
        }
        self.cut_segments();
    }

    /// Timeout after timeout: perhaps the path swallows large segments without a word (RFC 4821 7.7, RFC 2923).
    pub(super) fn doubt_path(&mut self, config: &Config) {
        let largest = self.flight.largest_segment() + self.option_bytes;
        // What nearly every path carries is lost for another reason, unless all that was larger failed before.
        let least = if self.search.is_some() { config.probe_floor } else { config.base_mss };
        if config.mtu_probing == 0 || largest <= u32::from(least) {
            return;
        }
        let ceiling = self.largest_segment();
        let search = self.search.get_or_insert_with(|| Box::new(Search::new(ceiling, ceiling)));
        search.on_black_hole(config.base_mss, config.probe_floor.max(self.min_mss));
        self.cut_segments();
    }

    /// Size of a full segment, options included.
    pub(super) const fn segment_with_options(&self) -> usize {
        (self.mss + self.option_bytes) as usize
    }

    /// Size of the probe of the path that is to be sent now, options included.
    pub(super) fn wanted_probe(&self, now: Instant) -> Option<u16> {
        self.search.as_ref()?.wanted(now).filter(|_| self.sack)
    }

    /// A probe of the path left, `size` bytes with its options.
    pub(super) fn on_probed(&mut self, start: SeqNumber, payload: u32, size: u16) {
        if let Some(search) = &mut self.search {
            search.on_sent(start, start + payload, size);
        }
    }

    /// SND.UNA moved: whether the probe of the path arrived.
    pub(super) fn settle_probe(&mut self, now: Instant, config: &Config) {
        let una = self.una;
        if let Some(search) = &mut self.search
            && search.on_progress(now, una, Bounds::of(config))
        {
            self.cut_segments();
        }
    }

    /// Of what was just found lost, how much tells of congestion: not a probe of the path that was lost alone.
    pub(super) fn excuse_probe(&mut self, now: Instant, config: &Config, newly_lost: u32) -> u32 {
        let Some(search) = &mut self.search else { return newly_lost };
        let Some((_, length)) = search.probe().filter(|(start, _)| self.flight.is_lost(*start)) else {
            return newly_lost;
        };
        if self.flight.lost() != length || self.recovery.phase() != Phase::Open {
            search.on_doubt();
            return newly_lost;
        }
        //= rfc4821#7.6.2   lost for its size: again in smaller segments, as soon as the window has room
        search.on_lost(now, Bounds::of(config));
        self.flight.take_newest_lost();
        self.cause = "mtu-probe";
        newly_lost.saturating_sub(length)
    }

    /// ICMP says that the path carries less than the probe, though as much as everything else.
    pub(super) fn lose_probe(&mut self) {
        if let Some((start, _)) = self.search.as_ref().and_then(|search| search.probe()) {
            self.flight.lose_at(start);
            self.cause = "mtu-probe";
        }
        if let Some(search) = &mut self.search {
            search.on_doubt();
        }
    }
}
