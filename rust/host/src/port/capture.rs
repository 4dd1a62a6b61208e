//! The capture decorator: what passes a port, into a pcapng file that Wireshark and tcpdump read.

use crate::error::HostError;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tapip_core::buffer::Packet;
use tapip_core::stack::{Medium, Transmit};
use tapip_core::time::Instant;
use tapip_core::wire::checksum;
use tapip_core::wire::pcapng::{self, Direction, LinkType, Meta};

/// An open capture file of one interface.
#[derive(Debug)]
pub struct Capture {
    file: File,
    path: PathBuf,
    /// Encoded packets that are not written yet: one write a burst instead of one a packet.
    buffer: Vec<u8>,
    unix_offset: u64,
    packets: u64,
    /// The first failure of a write; nothing is recorded after it.
    failure: Option<HostError>,
}

impl Capture {
    /// A burst of full frames; more is written before the burst is over.
    const BUFFER: usize = 256 * 1024;

    /// Create the file at `path`, over one that is there. `unix_offset` added to the stack's time gives nanoseconds
    /// since 1970.
    pub fn create(path: &Path, interface: &str, medium: Medium, unix_offset: u64) -> Result<Self, HostError> {
        let file = File::create(path).map_err(|error| failed(path, &error))?;
        let mut buffer = Vec::new();
        pcapng::section_header(&mut buffer, concat!("tapip_rs ", env!("CARGO_PKG_VERSION")));
        let link = if medium == Medium::Ethernet { LinkType::Ethernet } else { LinkType::Raw };
        pcapng::interface(&mut buffer, interface, link, pcapng::SNAPLEN);
        let path = path.to_owned();
        let mut capture = Self { file, path, buffer, unix_offset, packets: 0, failure: None };
        capture.flush();
        capture.failure.take().map_or(Ok(capture), Err)
    }

    /// Where it is written to.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Packets recorded so far.
    pub const fn packets(&self) -> u64 {
        self.packets
    }

    /// Write what is left; the number of packets in the file, or why it is not whole.
    pub fn finish(mut self) -> Result<u64, HostError> {
        self.flush();
        self.failure.take().map_or(Ok(self.packets), Err)
    }

    pub(super) fn inbound(&mut self, now: Instant, frame: &Packet) {
        if let Some(open) = frame.offload.partial_checksum {
            return self.record_completed(now, Direction::In, frame.bytes().to_vec(), open);
        }
        self.record(now, Direction::In, &[frame.bytes()]);
    }

    pub(super) fn outbound(&mut self, now: Instant, frame: &Transmit<'_>) {
        if let Some(open) = frame.offload.partial_checksum {
            return self.record_completed(now, Direction::Out, frame.to_vec(), open);
        }
        let mut slices = [&[] as &[u8]; tapip_core::buffer::Slices::MAX + 1];
        slices[0] = frame.header;
        let payload = frame.payload.as_slice();
        slices[1..=payload.len()].copy_from_slice(payload);
        self.record(now, Direction::Out, &slices[..=payload.len()]);
    }

    /// Record a frame whose checksum is left to others as if they had made it: a reader would call it wrong.
    fn record_completed(
        &mut self,
        now: Instant,
        direction: Direction,
        mut frame: Vec<u8>,
        (start, field): (u16, u16),
    ) {
        checksum::complete(&mut frame, usize::from(start), usize::from(field));
        self.record(now, direction, &[&frame]);
    }

    fn record(&mut self, now: Instant, direction: Direction, slices: &[&[u8]]) {
        if self.failure.is_some() {
            return;
        }
        let nanos = now.as_nanos().saturating_add(self.unix_offset);
        let meta = Meta { interface: 0, nanos, direction, snaplen: pcapng::SNAPLEN, comment: "" };
        pcapng::packet(&mut self.buffer, &meta, slices);
        self.packets += 1;
        if self.buffer.len() >= Self::BUFFER {
            self.flush();
        }
    }

    /// Write what is encoded, so that a reader of the file sees it.
    pub(crate) fn flush(&mut self) {
        if self.buffer.is_empty() {
            return;
        }
        if let Err(error) = self.file.write_all(&self.buffer) {
            self.failure = Some(failed(&self.path, &error));
        }
        self.buffer.clear();
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        self.flush();
    }
}

fn failed(path: &Path, error: &io::Error) -> HostError {
    HostError::system(&format!("cannot write capture file {}", path.display()), error)
}
