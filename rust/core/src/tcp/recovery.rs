//! Loss recovery without a scoreboard: duplicate ACKs, fast retransmit, NewReno (RFC 5681, RFC 6582, RFC 3042).

use crate::wire::SeqNumber;

/// What an incoming ACK asks of the sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnAck {
    /// Nothing but to go on.
    Continue,
    /// Recovery begins: send the first segment again.
    Enter,
    /// A hole follows the first: send the segment at its beginning again.
    Partial,
    /// Recovery is over.
    Leave,
}

/// How recovery stands.
#[derive(Debug, Clone)]
pub(super) struct Recovery {
    duplicates: u32,
    /// The highest sequence number sent when recovery began; it ends when that is acknowledged.
    recover: Option<SeqNumber>,
    /// Data up to here was under way at the last loss: duplicates of ACKs below it begin no new recovery (RFC 6582 3.2).
    guard: SeqNumber,
    /// By how much duplicate ACKs let the window pass what congestion control allows.
    inflation: u64,
}

impl Recovery {
    /// Duplicate ACKs that mean a loss (RFC 5681 3.2).
    const THRESHOLD: u32 = 3;

    pub(super) const fn new(iss: SeqNumber) -> Self {
        Self { duplicates: 0, recover: None, guard: iss, inflation: 0 }
    }

    pub(super) const fn is_active(&self) -> bool {
        self.recover.is_some()
    }

    pub(super) const fn duplicates(&self) -> u32 {
        self.duplicates
    }

    pub(super) const fn inflation(&self) -> u64 {
        self.inflation
    }

    /// A duplicate of the ACK of `una` came, while data up to `sent` was under way.
    pub(super) fn on_duplicate(&mut self, una: SeqNumber, sent: SeqNumber, mss: u64, limited: bool) -> OnAck {
        self.duplicates += 1;
        if self.is_active() {
            //= rfc6582#3.2   each further duplicate says that one more segment left the path
            self.inflation += mss;
            return OnAck::Continue;
        }
        if self.duplicates < Self::THRESHOLD {
            //= rfc3042#2   one new segment for each of the first two
            self.inflation = if limited { u64::from(self.duplicates) * mss } else { 0 };
            return OnAck::Continue;
        }
        if !una.at_or_after(self.guard) {
            self.inflation = 0;
            return OnAck::Continue;
        }
        self.recover = Some(sent);
        self.guard = sent;
        self.inflation = u64::from(Self::THRESHOLD) * mss;
        OnAck::Enter
    }

    /// New data was acknowledged up to `ack`, `bytes` of it.
    pub(super) const fn on_progress(&mut self, ack: SeqNumber, bytes: u64, mss: u64) -> OnAck {
        self.duplicates = 0;
        let Some(recover) = self.recover else {
            self.inflation = 0;
            return OnAck::Continue;
        };
        if ack.at_or_after(recover) {
            self.recover = None;
            self.inflation = 0;
            return OnAck::Leave;
        }
        //= rfc6582#3.2   deflate by what was acknowledged, then add one segment back
        self.inflation = self.inflation.saturating_sub(bytes);
        if bytes >= mss {
            self.inflation += mss;
        }
        OnAck::Partial
    }

    /// The retransmission timer fired: everything up to `sent` is sent again, so no duplicate of its ACKs means a loss.
    pub(super) const fn on_timeout(&mut self, sent: SeqNumber) {
        self.duplicates = 0;
        self.recover = None;
        self.guard = sent;
        self.inflation = 0;
    }
}
