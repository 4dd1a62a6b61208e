//! The small services of RFC 862, 863, 864 and 867, TCP and UDP: what the stack is measured and tried with.
//!
//! One thread waits for all sockets at once ([`Selector`]) and leads while it does; it uses the same sockets as any
//! program. A client whose data can not be sent on is not read from until it can: nothing piles up for it.

mod client;
mod datagram;
mod service;
mod text;

pub use service::Service;

use crate::error::HostError;
use crate::handle::Handle;
use crate::selector::Selector;
use crate::socket::{TcpListener, UdpSocket};
use client::{Client, Progress};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tapip_core::error::Error;
use tapip_core::observe::Readiness;
use tapip_core::time::Duration;
use tapip_core::wire::{IpAddress, SocketAddress};
use text::Chargen;

/// What a server did so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Served {
    /// TCP connections accepted.
    pub accepted: u64,
    /// Of these, those open now.
    pub open: u64,
    /// Bytes received.
    pub received: u64,
    /// Bytes queued to be sent.
    pub sent: u64,
    /// Datagrams answered or thrown away, as the service says.
    pub datagrams: u64,
    /// Datagrams not answered, because they came from the port of such a service: two of them would never stop.
    pub refused: u64,
}

/// Who a token of the selector stands for.
enum Party {
    Listener(TcpListener, Service),
    Socket(UdpSocket, Service),
    Client(Box<Client>),
}

/// A server of some of the services.
pub struct Server {
    selector: Selector,
    parties: HashMap<u64, Party>,
    tokens: u64,
    scratch: Box<[u8]>,
    chargen: Chargen,
    served: Served,
    board: Arc<Mutex<Served>>,
}

impl Server {
    /// Turns of [`Server::run`]: a fraction of a second of hard work.
    const TURNS: usize = 1_000;
    /// Connections that may wait to be accepted: as many as Linux lets wait (somaxconn).
    const BACKLOG: usize = 4_096;
    /// Sockets looked at before new ones are waited for: enough for one turn to pay, few enough to be soon over.
    const MOST: usize = 256;
    /// What is read at once: a unit of receive offload.
    const SCRATCH: usize = 64 << 10;

    /// Open the services on `address`, each at its standard port and `port_offset` above.
    pub fn open(
        handle: &Handle,
        services: &[Service],
        address: IpAddress,
        port_offset: u16,
    ) -> Result<Self, HostError> {
        let mut server = Self {
            selector: Selector::new(handle)?,
            parties: HashMap::new(),
            tokens: 0,
            scratch: vec![0; Self::SCRATCH].into(),
            chargen: Chargen::default(),
            served: Served::default(),
            board: Arc::default(),
        };
        for service in services {
            let port = service.port().checked_add(port_offset).ok_or(Error::InvalidArgument)?;
            let local = SocketAddress::new(address, port);
            let listener = TcpListener::bind(handle, local, Self::BACKLOG)?;
            server.add(listener.id(), Party::Listener(listener, *service))?;
            let socket = UdpSocket::open(handle)?;
            socket.bind(local)?;
            server.add(socket.id(), Party::Socket(socket, *service))?;
        }
        Ok(server)
    }

    /// Serve. Fails with `TimedOut` when `timeout` is over, with `Interrupted` when a signal handler ran; a server that
    /// never finds time to sleep comes back after a thousand turns, so that its owner can look at signals. Call again.
    pub fn run(&mut self, timeout: Option<Duration>) -> Result<(), HostError> {
        let deadline = crate::clock::Deadline::after(timeout);
        let mut ready = Vec::new();
        for _ in 0..Self::TURNS {
            self.selector.wait(&mut ready, Self::MOST, deadline.left())?;
            ready.iter().try_for_each(|(token, _)| self.serve(*token))?;
            *self.board.lock().unwrap_or_else(PoisonError::into_inner) = self.served;
        }
        Ok(())
    }

    /// Where it writes what it has done, for whoever wants to know while it runs.
    pub fn board(&self) -> Arc<Mutex<Served>> {
        Arc::clone(&self.board)
    }

    fn add(&mut self, id: tapip_core::stack::SocketId, party: Party) -> Result<(), HostError> {
        self.tokens += 1;
        self.selector.watch(id, Readiness::READABLE, self.tokens)?;
        self.parties.insert(self.tokens, party);
        Ok(())
    }

    fn serve(&mut self, token: u64) -> Result<(), HostError> {
        match self.parties.remove(&token) {
            None => Ok(()),
            Some(Party::Listener(listener, service)) => {
                let accepted = self.accept(&listener, service);
                self.parties.insert(token, Party::Listener(listener, service));
                accepted
            }
            Some(Party::Socket(socket, service)) => {
                let answered = self.answer(&socket, service);
                self.parties.insert(token, Party::Socket(socket, service));
                answered
            }
            Some(Party::Client(client)) => self.attend(token, client),
        }
    }

    fn accept(&mut self, listener: &TcpListener, service: Service) -> Result<(), HostError> {
        loop {
            match listener.accept(Some(Duration::ZERO)) {
                Ok(stream) => {
                    self.served.accepted += 1;
                    self.served.open += 1;
                    let id = stream.id();
                    self.add(id, Party::Client(Box::new(Client::new(stream, service))))?;
                    // It may be one that speaks first.
                    self.serve(self.tokens)?;
                }
                Err(HostError::Core(Error::WouldBlock)) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    fn attend(&mut self, token: u64, mut client: Box<Client>) -> Result<(), HostError> {
        match client.serve(&mut self.scratch, &self.chargen, &mut self.served) {
            Ok(Progress::Wants(interest)) => {
                self.selector.watch(client.id(), interest, token)?;
                self.parties.insert(token, Party::Client(client));
            }
            Ok(Progress::Goes) => {
                self.parties.insert(token, Party::Client(client));
            }
            // Dropped, and so closed.
            Ok(Progress::Over) | Err(HostError::Core(_)) => self.served.open -= 1,
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn answer(&mut self, socket: &UdpSocket, service: Service) -> Result<(), HostError> {
        match datagram::answer_all(socket, service, &mut self.scratch, &mut self.chargen, &mut self.served) {
            // What ICMP reports of an earlier answer concerns nobody here.
            Err(HostError::Core(_)) => Ok(()),
            done => done,
        }
    }
}
