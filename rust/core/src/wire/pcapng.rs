//! Captures as Wireshark and tcpdump read them: the pcapng format (IETF draft-ietf-opsawg-pcapng), written only.
//!
//! A capture is a section header, then interfaces (numbered from 0 in the order in which they are described), then
//! packets, each naming an interface described before it. Everything is appended to a `Vec<u8>`; nothing is kept
//! here, and where the bytes go is the caller's business. Little-endian on every machine, so that goldens hold.

#[cfg(test)]
mod tests;

/// What a captured packet begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub enum LinkType {
    /// An Ethernet header (LINKTYPE_ETHERNET).
    Ethernet = 1,
    /// An IPv4 or IPv6 header (LINKTYPE_RAW).
    Raw = 101,
}

/// Which way a packet went, seen from the interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum Direction {
    /// Received.
    In = 1,
    /// Sent.
    Out = 2,
}

/// Everything about a packet but its bytes.
#[derive(Debug, Clone, Copy)]
pub struct Meta<'a> {
    /// Number of the interface in this capture.
    pub interface: u32,
    /// Nanoseconds since 1970.
    pub nanos: u64,
    /// Received or sent.
    pub direction: Direction,
    /// At most this many bytes are kept; give what [`interface`] was given.
    pub snaplen: u32,
    /// A remark that Wireshark shows with the packet; empty for none.
    pub comment: &'a str,
}

/// Bytes of a packet kept where nobody asks for fewer: as tcpdump's default, over any frame or offloaded unit.
pub const SNAPLEN: u32 = 262_144;

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const ENHANCED_PACKET: u32 = 6;
/// Read back in the wrong order it tells the reader to swap.
const BYTE_ORDER: u32 = 0x1a2b_3c4d;

const OPTION_END: u16 = 0;
const OPTION_COMMENT: u16 = 1;
const SECTION_APPLICATION: u16 = 4;
const INTERFACE_NAME: u16 = 2;
const INTERFACE_RESOLUTION: u16 = 9;
const PACKET_FLAGS: u16 = 2;

/// Times are in 10^-9 seconds.
const NANOSECONDS: u8 = 9;

/// Append the section header that begins a capture, naming the program that writes it.
pub fn section_header(out: &mut Vec<u8>, application: &str) {
    block(out, SECTION_HEADER, |out| {
        put32(out, BYTE_ORDER);
        // Version 1.0.
        put16(out, 1);
        put16(out, 0);
        // Section length: not known, for the capture goes on.
        out.extend_from_slice(&u64::MAX.to_le_bytes());
        option(out, SECTION_APPLICATION, application.as_bytes());
        option(out, OPTION_END, &[]);
    });
}

/// Append the description of the next interface.
pub fn interface(out: &mut Vec<u8>, name: &str, link: LinkType, snaplen: u32) {
    block(out, INTERFACE_DESCRIPTION, |out| {
        put16(out, link as u16);
        put16(out, 0);
        put32(out, snaplen);
        option(out, INTERFACE_NAME, name.as_bytes());
        option(out, INTERFACE_RESOLUTION, &[NANOSECONDS]);
        option(out, OPTION_END, &[]);
    });
}

/// Append a packet, gathered from slices that follow each other.
pub fn packet(out: &mut Vec<u8>, meta: &Meta<'_>, slices: &[&[u8]]) {
    block(out, ENHANCED_PACKET, |out| {
        let original: usize = slices.iter().map(|slice| slice.len()).sum();
        let captured = original.min(meta.snaplen as usize);
        put32(out, meta.interface);
        put32(out, (meta.nanos >> 32) as u32);
        put32(out, meta.nanos as u32);
        put32(out, captured as u32);
        put32(out, u32::try_from(original).unwrap_or(u32::MAX));
        let mut left = captured;
        for slice in slices {
            let part = &slice[..slice.len().min(left)];
            out.extend_from_slice(part);
            left -= part.len();
        }
        pad(out, captured);
        if !meta.comment.is_empty() {
            option(out, OPTION_COMMENT, meta.comment.as_bytes());
        }
        option(out, PACKET_FLAGS, &(meta.direction as u32).to_le_bytes());
        option(out, OPTION_END, &[]);
    });
}

/// Type, total length, body, total length again: so that a reader can walk either way.
fn block(out: &mut Vec<u8>, kind: u32, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    put32(out, kind);
    put32(out, 0);
    body(out);
    let total = (out.len() - start + 4) as u32;
    out[start + 4..start + 8].copy_from_slice(&total.to_le_bytes());
    put32(out, total);
}

fn option(out: &mut Vec<u8>, code: u16, value: &[u8]) {
    // The longest that the length field and the padding after it allow; the end of a text is what can be missed.
    let value = &value[..value.len().min(0xfffc)];
    put16(out, code);
    put16(out, value.len() as u16);
    out.extend_from_slice(value);
    pad(out, value.len());
}

/// Fill up to 32 bits behind something of `length` bytes.
fn pad(out: &mut Vec<u8>, length: usize) {
    out.resize(out.len() + length.next_multiple_of(4) - length, 0);
}

fn put16(out: &mut Vec<u8>, value: u16) {
    out.extend_from_slice(&value.to_le_bytes());
}

fn put32(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(&value.to_le_bytes());
}
