//! Two connections, a wire that loses, repeats and reorders, and a clock that jumps from event to event.

use crate::buffer::Pool;
use crate::observe::Bench;
use crate::rng::Rng;
use crate::tcp::{Arrival, Config, Connection, Listener, OnListen, Secrets, Settings, State, Tuple};
use crate::time::{Duration, Instant};
use crate::wire::{SeqNumber, TcpFlags, TcpHeader};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How bad the wire is, in parts per million.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wire {
    pub(super) loss: u32,
    pub(super) duplicate: u32,
    pub(super) reorder: u32,
}

pub(super) struct End {
    pub(super) bench: Bench,
    pub(super) connection: Option<Connection>,
    pub(super) pool: Pool,
    pub(super) max_unit: usize,
}

impl End {
    fn new(seed: u128) -> Self {
        Self { bench: Bench::new(seed), connection: None, pool: Pool::new(4096, 2048), max_unit: 0 }
    }

    pub(super) fn tcp(&mut self) -> &mut Connection {
        self.connection.as_mut().expect("the connection exists by now")
    }

    pub(super) fn state(&self) -> State {
        self.connection.as_ref().map_or(State::Listen, Connection::state)
    }

    pub(super) fn send(&mut self, data: &[u8]) -> usize {
        let Self { bench, connection, pool, .. } = self;
        connection
            .as_mut()
            .and_then(|tcp| tcp.send(&mut bench.cx(), data, &mut pool.chunks).ok())
            .unwrap_or(0)
    }

    pub(super) fn recv(&mut self, limit: usize) -> Vec<u8> {
        let Self { bench, connection, pool, .. } = self;
        let mut out = vec![0; limit];
        let tcp = connection.as_mut().expect("the connection exists by now");
        let count = tcp.recv(&mut bench.cx(), &mut out, pool).unwrap_or(0);
        out.truncate(count);
        out
    }

    pub(super) fn shutdown(&mut self) {
        let Self { bench, connection, .. } = self;
        connection.as_mut().expect("connected").shutdown_write(&mut bench.cx()).expect("open");
    }

    pub(super) fn close(&mut self) {
        let Self { bench, connection, .. } = self;
        connection.as_mut().expect("connected").close(&mut bench.cx());
    }
}

/// Client, server, and what is under way between them.
pub(super) struct Pair {
    pub(super) now: Instant,
    pub(super) client: End,
    pub(super) server: End,
    pub(super) wire: Wire,
    pub(super) delay: Duration,
    pub(super) config: Config,
    pub(super) listener: Listener,
    rng: Rng,
    flying: BTreeMap<(Instant, u64), (bool, Vec<u8>)>,
    sent: u64,
    /// Every segment that left, as bytes, the client's and the server's.
    pub(super) log: Vec<(bool, Vec<u8>)>,
}

pub(super) const MTU: usize = 1500;

pub(super) fn tuple() -> Tuple {
    Tuple { local: ([10, 0, 0, 1], 40_000).into(), remote: ([10, 0, 0, 2], 80).into() }
}

pub(super) fn mirrored() -> Tuple {
    let Tuple { local, remote } = tuple();
    Tuple { local: remote, remote: local }
}

impl Pair {
    pub(super) fn new(seed: u128, config: Config, wire: Wire) -> Self {
        let mut client = End::new(seed);
        let settings = Settings::new(&config);
        let isn = SeqNumber(u32::MAX - 5_000);
        client.connection = Some(Connection::connect(
            &mut client.bench.cx(),
            &Arc::new(config.clone()),
            settings,
            tuple(),
            isn,
            MTU,
        ));
        Self {
            now: client.bench.now,
            client,
            server: End::new(seed + 1),
            wire,
            delay: Duration::from_millis(5),
            config,
            listener: Listener::new(4, settings, Secrets::new(seed)),
            rng: Rng::new(seed + 2),
            flying: BTreeMap::new(),
            sent: 0,
            log: Vec::new(),
        }
    }

    /// Connected over a wire that is perfect so far.
    pub(super) fn established(seed: u128, config: Config, wire: Wire) -> Self {
        let mut pair = Self::new(seed, config, Wire::default());
        for _ in 0..10 {
            pair.step();
        }
        assert_eq!((pair.client.state(), pair.server.state()), (State::Established, State::Established));
        pair.wire = wire;
        pair
    }

    fn end(&mut self, server: bool) -> &mut End {
        if server { &mut self.server } else { &mut self.client }
    }

    /// Drain the output of both, then jump to the next event. False when there is none.
    pub(super) fn step(&mut self) -> bool {
        self.flush(false);
        self.flush(true);
        let timers = [&self.client, &self.server]
            .map(|end| end.connection.as_ref().and_then(Connection::poll_timeout));
        let arrival = self.flying.first_key_value().map(|(key, _)| key.0);
        let half_open = self.listener.poll_timeout();
        let Some(next) = timers.into_iter().chain([arrival, half_open]).flatten().min() else { return false };
        self.now = self.now.max(next);
        let now = self.now;
        for server in [false, true] {
            let end = self.end(server);
            end.bench.now = now;
            if let Some(tcp) = &mut end.connection
                && tcp.poll_timeout().is_some_and(|at| at <= now)
            {
                tcp.on_timeout(&mut end.bench.cx());
            }
        }
        let config = Arc::new(self.config.clone());
        while let Some((_, answer)) = self.listener.on_timeout(&mut self.server.bench.cx(), &config) {
            self.say(&answer);
        }
        while let Some(entry) = self.flying.first_entry()
            && entry.key().0 <= now
        {
            let (server, bytes) = entry.remove();
            self.deliver(server, &bytes);
        }
        true
    }

    fn flush(&mut self, server: bool) {
        let end = if server { &mut self.server } else { &mut self.client };
        let mut out = Vec::new();
        while let Some(tcp) = &mut end.connection
            && tcp.wants_transmit()
        {
            let Some(unit) = tcp.poll_transmit(&mut end.bench.cx(), end.max_unit) else { break };
            let payload = tcp.slices(unit.offset, unit.length).as_slice().concat();
            assert_eq!(payload.len(), unit.length);
            let mut bytes = vec![0; unit.header.len()];
            unit.header.emit(&mut bytes, 0);
            bytes.extend(payload);
            out.push(bytes);
        }
        for bytes in out {
            self.log.push((server, bytes.clone()));
            self.launch(!server, bytes);
        }
    }

    fn launch(&mut self, to_server: bool, bytes: Vec<u8>) {
        if self.rng.chance(self.wire.loss) {
            return;
        }
        let copies = if self.rng.chance(self.wire.duplicate) { 2 } else { 1 };
        for _ in 0..copies {
            let extra = if self.rng.chance(self.wire.reorder) { 1 + self.rng.below(5) } else { 0 };
            self.sent += 1;
            let at = self.now + self.delay + Duration::from_millis(extra);
            self.flying.insert((at, self.sent), (to_server, bytes.clone()));
        }
    }

    fn deliver(&mut self, server: bool, bytes: &[u8]) {
        let tuple = mirrored();
        let (segment, length) =
            TcpHeader::parse(bytes, tuple.remote.ip(), tuple.local.ip(), false).expect("we made it");
        if server && self.server.connection.is_none() {
            return self.listen(&segment, &bytes[length..]);
        }
        let end = self.end(server);
        let mut packet = end.pool.take().expect("the pool is large");
        packet.append(&bytes[length..]);
        let Some(tcp) = &mut end.connection else { return };
        tcp.on_segment(&mut end.bench.cx(), &segment, packet, &mut end.pool);
    }

    /// A segment for the listener, before there is a connection.
    fn listen(&mut self, segment: &TcpHeader, payload: &[u8]) {
        let tuple = mirrored();
        let arrival = Arrival { tuple, segment, length: payload.len(), isn: SeqNumber(7_000), mtu: MTU };
        let config = Arc::new(self.config.clone());
        let server = &mut self.server;
        match self.listener.on_segment(&mut server.bench.cx(), &config, &arrival) {
            OnListen::Open(mut connection) => {
                let mut packet = server.pool.take().expect("the pool is large");
                packet.append(payload);
                connection.on_segment(&mut server.bench.cx(), segment, packet, &mut server.pool);
                server.connection = Some(*connection);
            }
            OnListen::Answer(header) => self.say(&header),
            OnListen::Reset(_) | OnListen::Ignore(_) | OnListen::Done => {}
        }
    }

    /// The listener sends a segment.
    fn say(&mut self, header: &TcpHeader) {
        let mut bytes = vec![0; header.len()];
        header.emit(&mut bytes, 0);
        self.log.push((true, bytes.clone()));
        self.launch(false, bytes);
    }

    /// Send `data` from the client, close, and read all of it at the server, `chunk` bytes a step.
    pub(super) fn transfer(&mut self, data: &[u8], chunk: usize, steps: usize) -> Vec<u8> {
        let (mut sent, mut got, mut closed) = (0, Vec::new(), false);
        for _ in 0..steps {
            sent += self.client.send(&data[sent..]);
            if sent == data.len() && !closed && self.client.state().is_synchronized() {
                self.client.shutdown();
                closed = true;
            }
            if self.server.connection.is_some() {
                got.extend(self.server.recv(chunk));
                if self.server.state() == State::CloseWait && got.len() == data.len() {
                    self.server.close();
                }
            }
            let over = matches!(self.server.state(), State::Closed)
                && matches!(self.client.state(), State::TimeWait | State::Closed);
            let reading = self.server.connection.as_ref().is_some_and(|tcp| tcp.info().receive_queue > 0);
            if over || (!self.step() && !reading) {
                break;
            }
        }
        got
    }

    /// Segments of one side that carried data or FIN.
    pub(super) fn data_segments(&self, server: bool) -> usize {
        let is_data = |bytes: &[u8]| {
            let header = usize::from(bytes[12] >> 4) * 4;
            bytes.len() > header || TcpFlags::from_bits_truncate(bytes[13].into()).contains(TcpFlags::FIN)
        };
        self.log.iter().filter(|(from, bytes)| *from == server && is_data(bytes)).count()
    }
}
