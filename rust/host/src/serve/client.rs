//! One TCP connection of a service.

use super::text::{Chargen, daytime};
use super::{Served, Service};
use crate::error::HostError;
use crate::socket::TcpStream;
use tapip_core::error::Error;
use tapip_core::observe::Readiness;
use tapip_core::stack::SocketId;
use tapip_core::time::Duration;

/// A connection and what it was served.
pub(super) struct Client {
    stream: TcpStream,
    service: Service,
    /// What was read and could not be sent on yet.
    pending: Vec<u8>,
    sent: u64,
    wants: Readiness,
    /// The peer has sent all that it will.
    ended: bool,
}

/// What becomes of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    /// It waits for the same as before.
    Goes,
    /// From now on it waits for this.
    Wants(Readiness),
    /// It has been served.
    Over,
}

/// Nothing to be had at once; otherwise what the call brought.
fn now_or_not<T>(result: Result<T, HostError>) -> Result<Option<T>, HostError> {
    match result {
        Err(HostError::Core(Error::WouldBlock)) => Ok(None),
        other => other.map(Some),
    }
}

impl Client {
    /// Turns of reading at a time, so that one fast client does not starve the others: a megabyte.
    const TURNS: usize = 16;

    pub(super) const fn new(stream: TcpStream, service: Service) -> Self {
        Self { stream, service, pending: Vec::new(), sent: 0, wants: Readiness::READABLE, ended: false }
    }

    pub(super) fn id(&self) -> SocketId {
        self.stream.id()
    }

    /// Do what can be done without waiting.
    pub(super) fn serve(
        &mut self,
        scratch: &mut [u8],
        chargen: &Chargen,
        served: &mut Served,
    ) -> Result<Progress, HostError> {
        let wants = match self.service {
            Service::Echo => self.echo(scratch, served)?,
            Service::Discard => self.discard(scratch, served)?,
            Service::Chargen => self.generate(scratch, chargen, served)?,
            Service::Daytime => self.tell_time(served)?,
        };
        let Some(wants) = wants else { return Ok(Progress::Over) };
        let changed = std::mem::replace(&mut self.wants, wants) != wants;
        Ok(if changed { Progress::Wants(wants) } else { Progress::Goes })
    }

    /// Read once: how much; `None` when there is nothing now.
    fn read(&mut self, scratch: &mut [u8], served: &mut Served) -> Result<Option<usize>, HostError> {
        let read = now_or_not(self.stream.recv(scratch, Some(Duration::ZERO)))?;
        self.ended |= read == Some(0);
        served.received += read.unwrap_or(0) as u64;
        Ok(read.filter(|count| *count > 0))
    }

    fn write(&mut self, data: &[u8], served: &mut Served) -> Result<usize, HostError> {
        let sent = now_or_not(self.stream.send(data, Some(Duration::ZERO)))?.unwrap_or(0);
        served.sent += sent as u64;
        Ok(sent)
    }

    fn echo(&mut self, scratch: &mut [u8], served: &mut Served) -> Result<Option<Readiness>, HostError> {
        for _ in 0..Self::TURNS {
            let pending = std::mem::take(&mut self.pending);
            let sent = if pending.is_empty() { 0 } else { self.write(&pending, served)? };
            if sent < pending.len() {
                self.pending = pending[sent..].to_vec();
                return Ok(Some(Readiness::WRITABLE));
            }
            let Some(count) = self.read(scratch, served)? else {
                return Ok((!self.ended).then_some(Readiness::READABLE));
            };
            let sent = self.write(&scratch[..count], served)?;
            self.pending.extend_from_slice(&scratch[sent..count]);
            // That was all; should there be more by now, or the end, the selector says so.
            if count < scratch.len() && self.pending.is_empty() {
                break;
            }
        }
        Ok(Some(if self.pending.is_empty() { Readiness::READABLE } else { Readiness::WRITABLE }))
    }

    fn discard(&mut self, scratch: &mut [u8], served: &mut Served) -> Result<Option<Readiness>, HostError> {
        for _ in 0..Self::TURNS {
            if self.read(scratch, served)?.is_none() {
                return Ok((!self.ended).then_some(Readiness::READABLE));
            }
        }
        Ok(Some(Readiness::READABLE))
    }

    fn generate(
        &mut self,
        scratch: &mut [u8],
        chargen: &Chargen,
        served: &mut Served,
    ) -> Result<Option<Readiness>, HostError> {
        for _ in 0..Self::TURNS {
            if !self.ended {
                self.read(scratch, served)?;
            }
            let (block, start) = chargen.after(self.sent);
            let sent = now_or_not(self.stream.send_foreign(block, start, Some(Duration::ZERO)))?;
            let Some(sent) = sent else { break };
            self.sent += sent as u64;
            served.sent += sent as u64;
        }
        // A client that only shuts its side still reads: the end comes when it closes and our data is refused.
        let reads = if self.ended { Readiness::empty() } else { Readiness::READABLE };
        Ok(Some(Readiness::WRITABLE | reads))
    }

    fn tell_time(&mut self, served: &mut Served) -> Result<Option<Readiness>, HostError> {
        let text = daytime();
        self.write(text.as_bytes(), served)?;
        Ok(None)
    }
}
