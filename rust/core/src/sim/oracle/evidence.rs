//! What stands behind a violation: the frame with which a host broke the rule, and where that frame left.

use super::Violation;
use super::segment::{Seen, read};
use crate::observe::InterfaceId;
use std::fmt;

/// A broken rule and the frame that broke it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The rule, by whom and when.
    pub violation: Violation,
    /// Where the frame left its host.
    pub interface: InterfaceId,
    /// The how-manieth frame it is, from 1, of those that the hosts sent since they are watched.
    pub number: u64,
    /// The frame.
    pub frame: Vec<u8>,
}

impl Evidence {
    /// The frame in words.
    pub fn in_words(&self) -> String {
        let length = self.frame.len();
        match read(&self.frame) {
            Seen::Tcp(segment) => {
                let data = segment.payload.len();
                format!("{} > {}, {}, {data} bytes of data", segment.from, segment.to, segment.header)
            }
            Seen::Arp => "ARP".to_owned(),
            Seen::Fragment(from, to) => format!("a fragment, {from} > {to}, {length} bytes"),
            Seen::Other => format!("{length} bytes"),
            Seen::Broken(_, what) => format!("{length} bytes, wrong: {what}"),
        }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; frame {}: {}", self.violation, self.number, self.in_words())
    }
}
