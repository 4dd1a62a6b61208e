//! The services over UDP.

use super::text::{Chargen, daytime};
use super::{Served, Service};
use crate::error::HostError;
use crate::socket::UdpSocket;
use tapip_core::error::Error;
use tapip_core::time::Duration;

/// Ports whose datagrams are not answered: servers that answer anything (echo, daytime, qotd, chargen, time). An answer to
/// one would be answered, for ever (CERT CA-1996-01).
const ANSWERING: [u16; 5] = [7, 13, 17, 19, 37];
/// Datagrams at a time, so that a flood does not starve the rest: as many as a default receive buffer holds.
const MOST: usize = 256;

/// Answer what came.
pub(super) fn answer_all(
    socket: &UdpSocket,
    service: Service,
    scratch: &mut [u8],
    chargen: &mut Chargen,
    served: &mut Served,
) -> Result<(), HostError> {
    for _ in 0..MOST {
        let (length, meta) = match socket.recv(scratch, Some(Duration::ZERO)) {
            Ok(received) => received,
            Err(HostError::Core(Error::WouldBlock)) => return Ok(()),
            Err(error) => return Err(error),
        };
        served.received += length as u64;
        if ANSWERING.contains(&meta.source.port()) {
            served.refused += 1;
            continue;
        }
        served.datagrams += 1;
        let text;
        let answer = match service {
            Service::Discard => continue,
            Service::Echo => &scratch[..length],
            Service::Chargen => chargen.datagram(),
            Service::Daytime => {
                text = daytime();
                text.as_bytes()
            }
        };
        // As on any path, an answer may be lost.
        served.sent += socket.send(answer, Some(meta.source), Some(Duration::ZERO)).unwrap_or(0) as u64;
    }
    Ok(())
}
