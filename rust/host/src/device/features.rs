//! What of the work on frames is left to a device: the switches that `ethtool -k` shows, under its names.

use std::fmt;
use tapip_core::buffer::Offloads;

/// Which offloads are on, of those that a device has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Features {
    /// Checksums that the device vouches for, or that are still open because nobody has to check them, are believed.
    pub rx: bool,
    /// TCP checksums of what leaves are the device's to make.
    pub tx: bool,
    /// Units of several TCP segments leave in one piece and are cut by the device; needs `tx`.
    pub tso: bool,
    /// Units of several TCP segments come in one piece; needs `rx`.
    pub gro: bool,
}

impl Features {
    /// Everything.
    pub const ALL: Self = Self { rx: true, tx: true, tso: true, gro: true };
    /// Nothing: every frame goes by itself, complete.
    pub const NONE: Self = Self { rx: false, tx: false, tso: false, gro: false };

    /// Short name, name as `ethtool -k` prints it, and state of each.
    pub const fn list(&self) -> [(&'static str, &'static str, bool); 4] {
        [
            ("rx", "rx-checksumming", self.rx),
            ("tx", "tx-checksumming", self.tx),
            ("tso", "tcp-segmentation-offload", self.tso),
            ("gro", "rx-gro-hw", self.gro),
        ]
    }

    /// The same without what needs something that is off.
    #[must_use]
    pub const fn consistent(self) -> Self {
        Self { tso: self.tso && self.tx, gro: self.gro && self.rx, ..self }
    }

    /// What both have.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            rx: self.rx && other.rx,
            tx: self.tx && other.tx,
            tso: self.tso && other.tso,
            gro: self.gro && other.gro,
        }
    }

    /// What the core is told of it.
    pub const fn offloads(&self) -> Offloads {
        Offloads { checksum: self.tx, segment: if self.tso { u16::MAX } else { 0 } }
    }
}

impl Default for Features {
    fn default() -> Self {
        Self::ALL
    }
}

impl fmt::Display for Features {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let on: Vec<_> = self.list().iter().filter(|(.., on)| *on).map(|(short, ..)| *short).collect();
        f.write_str(if on.is_empty() { "off" } else { "" })?;
        f.write_str(&on.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_on_that_needs_what_is_off() {
        assert_eq!(Features { tx: false, ..Features::ALL }.consistent().to_string(), "rx,gro");
        assert_eq!(Features { rx: false, ..Features::ALL }.consistent().to_string(), "tx,tso");
        assert_eq!(Features::ALL.consistent(), Features::ALL);
        assert_eq!(Features::NONE.to_string(), "off");
    }

    #[test]
    fn the_core_hears_of_what_leaves_only() {
        assert_eq!(Features { tx: false, tso: false, ..Features::ALL }.offloads(), Offloads::default());
        let offloads = Features::ALL.offloads();
        assert!(offloads.checksum && offloads.segment == u16::MAX);
    }
}
