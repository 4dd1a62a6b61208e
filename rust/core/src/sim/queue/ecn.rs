//! Congestion marks on packets (RFC 3168).

use crate::buffer::Packet;
use crate::wire::{EthernetHeader, checksum};

/// The two bits of the TOS byte.
const ECN: u8 = 0b11;
/// Congestion experienced.
const CE: u8 = 0b11;

/// Mark an Ethernet frame "congestion experienced" if it is ECN-capable IPv4; whether it is marked now.
pub(super) fn mark(frame: &mut Packet) -> bool {
    let bytes = frame.bytes_mut();
    let Some((link, ip)) = bytes.split_at_mut_checked(EthernetHeader::LEN) else { return false };
    if link[12..] != [0x08, 0x00] || ip.len() < 20 || ip[0] >> 4 != 4 {
        return false;
    }
    //= rfc3168#5   only ECT(0) and ECT(1) may be marked; CE stays CE
    match ip[1] & ECN {
        0 => false,
        CE => true,
        _ => {
            let old = u16::from_be_bytes([ip[0], ip[1]]);
            ip[1] |= CE;
            let new = u16::from_be_bytes([ip[0], ip[1]]);
            let sum = checksum::update(u16::from_be_bytes([ip[10], ip[11]]), old, new);
            ip[10..12].copy_from_slice(&sum.to_be_bytes());
            frame.tag = 0;
            true
        }
    }
}
