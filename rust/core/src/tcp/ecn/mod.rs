//! Explicit congestion notification: the classic one (RFC 3168) and the accurate one (AccECN, RFC 9768).
//!
//! Queues mark packets of who is capable instead of dropping them. The receiving half tells the peer of the marks that
//! it saw ([`Feedback`], in [`Receiver`](super::receiver::Receiver)); the sending half makes of what the peer tells a
//! number of marked bytes and, once a round trip, a reason to slow down ([`Response`], in
//! [`Sender`](super::sender::Sender)). What that does to the window is the congestion control's business.
//!
//! ```text
//! handshake   which of both the SYNs agree on; fallbacks     feedback   what we tell: the flags and the option
//! accurate    AccECN's counters, both halves' arithmetic     response   what we make of what we are told
//! option      when AccECN's option goes along
//! ```
//!
//! Data that leaves for the first time is ECT(0); pure ACKs, retransmissions and window probes are not ECN-capable
//! (RFC 3168 6.1.4 to 6.1.6), nor are SYNs. DCTCP gets its marks by AccECN where both ends have it; else its receiver
//! echoes each packet as RFC 8257 3.2 says. How much a mark weighs (RFC 8311, RFC 8511) is a knob of the congestion
//! control.

mod accurate;
mod feedback;
mod handshake;
mod option;
mod response;

pub(super) use feedback::Feedback;
pub(super) use handshake::{Agreement, Asking};
pub(super) use response::{AckFacts, Marks, Response};

use super::common::Common;
use super::congestion::Kind;
use handshake::Facts;

/// How marks are fed back, the better one greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Mode {
    /// Not at all.
    #[default]
    Off,
    /// Once a round trip, by ECE and CWR (RFC 3168).
    Classic,
    /// Every one, by a counter in the flags and an option (RFC 9768).
    Accurate,
}

impl Mode {
    const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Classic => "classic",
            Self::Accurate => "accurate",
        }
    }
}

/// Why less than what was asked for, or nothing, came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Fallback {
    #[default]
    None,
    /// The peer does not have it.
    Refused,
    /// SYNs with it vanished, so that it went on without.
    Lost,
    /// The peer gave our own bits back.
    Reflected,
    /// The path changes the field of the IP header as no path may.
    Mangled,
    /// The counter in the flags is cleared on the way.
    Zeroed,
}

impl Fallback {
    const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Refused => "refused",
            Self::Lost => "lost",
            Self::Reflected => "reflected",
            Self::Mangled => "mangled",
            Self::Zeroed => "zeroed",
        }
    }
}

/// What a connection asks for and what it grants, by Linux's numbers of net.ipv4.tcp_ecn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Policy {
    asks: Mode,
    grants: Mode,
    /// A SYN that vanished goes again without.
    fallback: bool,
    /// AccECN's option is sent.
    option: bool,
}

impl Policy {
    pub(super) fn of(common: &Common) -> Self {
        let knob = common.settings.ecn.unwrap_or(common.config.ecn);
        let (asks, grants) = match knob {
            0 => (Mode::Off, Mode::Off),
            1 => (Mode::Classic, Mode::Classic),
            2 => (Mode::Off, Mode::Classic),
            3 => (Mode::Accurate, Mode::Accurate),
            4 => (Mode::Classic, Mode::Accurate),
            _ => (Mode::Off, Mode::Accurate),
        };
        // DCTCP is blind without marks, so that it asks in any case, as on Linux.
        let least = if common.congestion() == Kind::Dctcp { Mode::Classic } else { Mode::Off };
        Self {
            asks: asks.max(least),
            grants: grants.max(least),
            fallback: common.config.ecn_fallback,
            option: common.config.ecn_option > 0,
        }
    }
}

/// What is seen of it from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EcnInfo {
    /// What was agreed on: `off`, `classic` (RFC 3168), `accurate` (AccECN, RFC 9768).
    pub mode: &'static str,
    /// Our data leaves ECN-capable.
    pub capable: bool,
    /// The peer sent something ECN-capable.
    pub seen: bool,
    /// Why it is less than what was asked for: `none`, `refused`, `lost`, `reflected`, `mangled`, `zeroed`.
    pub fallback: &'static str,
    /// Packets that came with Congestion Experienced. With AccECN r.cep is 5 more.
    pub received_ce: u64,
    /// Bytes that came ECT(0), with Congestion Experienced, ECT(1); counted with AccECN only.
    pub received_bytes: [u64; 3],
    /// Packets of ours that arrived with Congestion Experienced, as far as the peer tells: with AccECN s.cep is 5 more.
    pub delivered_ce: u64,
    /// Bytes of ours that arrived ECT(0), with Congestion Experienced, ECT(1), as far as the peer's option tells.
    pub delivered_bytes: [u64; 3],
    /// AccECN's option comes from the peer.
    pub option_seen: bool,
    /// How often marks made the window smaller.
    pub reductions: u64,
}

impl EcnInfo {
    /// Nothing agreed on.
    pub(super) const OFF: Self = Self {
        mode: "off",
        capable: false,
        seen: false,
        fallback: "none",
        received_ce: 0,
        received_bytes: [0; 3],
        delivered_ce: 0,
        delivered_bytes: [0; 3],
        option_seen: false,
        reductions: 0,
    };

    /// During a handshake.
    pub(super) const fn of_handshake(agreement: &Agreement) -> Self {
        let (mode, fallback) = (agreement.mode.name(), agreement.fallback.name());
        Self { mode, capable: agreement.has(Facts::CAPABLE), fallback, ..Self::OFF }
    }

    /// Of both halves.
    pub(super) fn of(feedback: &Feedback, response: &Response) -> Self {
        let mut info = Self::OFF;
        feedback.fill(&mut info);
        response.fill(&mut info);
        info
    }
}
