//! Frames a second of two smoltcp hosts in one thread: one bulk flow, queues in memory between them, no network.
//!
//! There is no delay, loss, rate, event queue or digest here: it is the price of the protocols alone, and so a bound for
//! what a simulator on smoltcp could reach. `cargo run --release [SECONDS]`

use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::phy::{self, Device, DeviceCapabilities, Medium};
use smoltcp::socket::tcp;
use smoltcp::time::Instant;
use smoltcp::wire::{EthernetAddress, IpAddress, IpCidr};
use std::collections::VecDeque;
use std::time::{Duration, Instant as Clock};

/// Frames under way at most, and so the burst that one host handles at once.
const QUEUE: usize = 64;
const BUFFER: usize = 1 << 20;

/// One end of a wire.
#[derive(Default)]
struct End {
    inbound: VecDeque<Vec<u8>>,
    outbound: VecDeque<Vec<u8>>,
    spare: Vec<Vec<u8>>,
}

struct Received<'a>(Vec<u8>, &'a mut Vec<Vec<u8>>);
struct Sending<'a>(&'a mut VecDeque<Vec<u8>>, Vec<u8>);

impl phy::RxToken for Received<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        let result = read(&self.0);
        self.1.push(self.0);
        result
    }
}

impl phy::TxToken for Sending<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(mut self, length: usize, write: F) -> R {
        self.1.resize(length, 0);
        let result = write(&mut self.1);
        self.0.push_back(self.1);
        result
    }
}

impl Device for End {
    type RxToken<'a> = Received<'a>;
    type TxToken<'a> = Sending<'a>;

    fn receive(&mut self, _: Instant) -> Option<(Received<'_>, Sending<'_>)> {
        let frame = self.inbound.pop_front()?;
        let spare = self.spare.pop().unwrap_or_default();
        Some((Received(frame, &mut self.spare), Sending(&mut self.outbound, spare)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Sending<'_>> {
        if self.outbound.len() >= QUEUE {
            return None;
        }
        let spare = self.spare.pop().unwrap_or_default();
        Some(Sending(&mut self.outbound, spare))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = 1_514;
        capabilities
    }
}

/// A host with one TCP socket.
struct Host {
    end: End,
    interface: Interface,
    sockets: SocketSet<'static>,
    socket: SocketHandle,
}

impl Host {
    fn new(number: u8) -> Self {
        let mut end = End::default();
        let config = Config::new(EthernetAddress([2, 0, 0, 0, 0, number]).into());
        let mut interface = Interface::new(config, &mut end, Instant::ZERO);
        interface.update_ip_addrs(|addresses| {
            addresses.push(IpCidr::new(IpAddress::v4(10, 0, 0, number), 24)).expect("room for one");
        });
        let buffer = || tcp::SocketBuffer::new(vec![0; BUFFER]);
        let mut sockets = SocketSet::new(Vec::new());
        let socket = sockets.add(tcp::Socket::new(buffer(), buffer()));
        Self { end, interface, sockets, socket }
    }

    fn socket(&mut self) -> &mut tcp::Socket<'static> {
        self.sockets.get_mut(self.socket)
    }

    fn poll(&mut self, now: Instant) {
        self.interface.poll(now, &mut self.end, &mut self.sockets);
    }
}

/// Move what `from` sent to `to`; how many frames.
fn carry(from: &mut Host, to: &mut Host) -> u64 {
    let count = from.end.outbound.len() as u64;
    to.end.inbound.append(&mut from.end.outbound);
    // Buffers go round as well.
    let back = to.end.spare.len().saturating_sub(QUEUE);
    from.end.spare.extend(to.end.spare.drain(..back));
    count
}

fn main() {
    let seconds = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(5);
    let (mut client, mut server) = (Host::new(1), Host::new(2));
    server.socket().listen(80).expect("a free port");
    let remote = (IpAddress::v4(10, 0, 0, 2), 80);
    let Host { interface, sockets, socket, .. } = &mut client;
    sockets.get_mut::<tcp::Socket>(*socket).connect(interface.context(), remote, 40_000).expect("unbound");

    let begin = Clock::now();
    let (mut frames, mut bytes, mut now) = (0, 0, Instant::ZERO);
    while begin.elapsed() < Duration::from_secs(seconds) {
        for _ in 0..1_000 {
            now += smoltcp::time::Duration::from_micros(10);
            client.poll(now);
            frames += carry(&mut client, &mut server);
            server.poll(now);
            frames += carry(&mut server, &mut client);
            if client.socket().may_send() {
                while client.socket().send(|room| (room.len(), room.len())).expect("open") > 0 {}
            }
            while server.socket().can_recv() {
                bytes += server.socket().recv(|data| (data.len(), data.len())).expect("open");
            }
        }
    }
    let took = begin.elapsed().as_secs_f64();
    println!(
        "smoltcp, two hosts, no network: {:.3} M frames/s, {:.2} Gbit/s, {:.0} bytes a frame",
        frames as f64 / took / 1e6,
        bytes as f64 * 8.0 / took / 1e9,
        bytes as f64 / frames as f64,
    );
}
