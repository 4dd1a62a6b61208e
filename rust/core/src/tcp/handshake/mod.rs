//! SYN-SENT and SYN-RECEIVED: everything before data may flow. LISTEN is in `listener`.

mod received;
mod sent;

pub(super) use received::SynReceived;
pub(super) use sent::SynSent;

use super::common::Common;
use super::open::Open;
use crate::buffer::{Packet, Pool};
use crate::error::Error;
use crate::observe::Context;
use crate::wire::TcpHeader;

/// Where a handshake goes.
#[derive(Debug)]
pub(super) enum Outcome {
    /// On as before.
    Stay,
    /// Both SYNs crossed.
    Crossed(Box<SynReceived>),
    /// Done.
    Open(Box<Open>),
    /// Failed.
    Closed(Error),
}

/// The rest of a segment whose SYN is dealt with: data on it, if any.
fn finish_open(
    cx: &mut Context<'_>,
    common: &mut Common,
    open: &mut Open,
    segment: &TcpHeader,
    mut packet: Packet,
    pool: &mut Pool,
) {
    // Nobody is left to read it: it stays unacknowledged, and comes again where its reset belongs.
    let room = if common.orphan { 0 } else { open.receiver.window() as usize };
    packet.truncate(room);
    let exit = open.finish(cx, common, segment, packet, false, pool);
    debug_assert!(exit.is_none(), "neither a FIN nor its acknowledgment can be on a SYN");
}
