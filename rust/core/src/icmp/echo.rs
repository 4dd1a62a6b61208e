//! Answering pings (RFC 792, RFC 1122 3.2.2.6).

use super::{Config, DEFAULT_TTL};
use crate::drops::DropReason;
use crate::wire::{Icmpv4Header, Ipv4Header, Ipv4Options, Protocol, checksum};

/// Type of an echo request.
const ECHO_REQUEST: u8 = 8;

/// An echo request as it came: whether it may be answered depends on how it was addressed.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Its IP header.
    pub header: &'a Ipv4Header,
    /// It was sent to a broadcast or multicast address, of the link or of IP.
    pub group: bool,
}

/// Turn the ICMP message of an echo request, parsed and intact, into its reply in place, and give the IP header of
/// the reply.
///
/// The header has the right total length, TTL 64 and no DF; its id is 0 and the stack's to set. Options of the
/// request are not copied.
pub fn answer(config: &Config, request: Request<'_>, message: &mut [u8]) -> Result<Ipv4Header, DropReason> {
    if message.len() < Icmpv4Header::LEN {
        return Err(DropReason::IcmpTooShort);
    }
    if message[0] != ECHO_REQUEST {
        return Err(DropReason::IcmpUnknownType);
    }
    //= rfc1122#3.2.2.6   a request to a group may be discarded: answering it would make us part of a smurf attack
    if request.group {
        return Err(DropReason::IcmpEchoBroadcast);
    }
    if config.echo_ignore_all {
        return Err(DropReason::IcmpEchoDisabled);
    }
    let total = Ipv4Header::MIN_LEN + message.len();
    let total_length = u16::try_from(total).map_err(|_| DropReason::IpBadTotalLength)?;
    //= rfc1122#3.2.2.6   the reply carries all the data of the request, so only the first word changes
    let (old, sum) = ([message[0], message[1]], [message[2], message[3]]);
    message[..2].fill(0);
    let sum = match checksum::update(u16::from_be_bytes(sum), u16::from_be_bytes(old), 0) {
        //= rfc1624#3   zero has two signs, and of a message of nothing but zeros an update makes the wrong one
        0 if message[4..].iter().all(|byte| *byte == 0) => 0xffff,
        sum => sum,
    };
    message[2..4].copy_from_slice(&sum.to_be_bytes());
    let Ipv4Header { tos, source, destination, .. } = *request.header;
    Ok(Ipv4Header {
        tos,
        total_length,
        id: 0,
        dont_fragment: false,
        more_fragments: false,
        fragment_offset: 0,
        ttl: DEFAULT_TTL,
        protocol: Protocol::ICMP,
        //= rfc1122#3.2.2.6   the reply comes from the very address that was pinged
        source: destination,
        destination: source,
        options: Ipv4Options::NONE,
    })
}
