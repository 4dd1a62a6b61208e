//! stub
use crate::buffer::*;
use crate::drops::DropReason;
use crate::error::Error;
use crate::observe::*;
use crate::time::*;
use crate::wire::*;
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tuple {
    pub local: SocketAddress,
    pub remote: SocketAddress,
}
#[derive(Debug, Clone, Default)]
pub struct Config {
    pub window_scaling: bool,
    pub timestamps: bool,
    pub sack: bool,
    pub limited_transmit: bool,
    pub initial_window: u32,
    pub min_rto: Duration,
    pub max_rto: Duration,
    pub initial_rto: Duration,
    pub delayed_ack: Duration,
    pub syn_retries: u8,
    pub synack_retries: u8,
    pub retries1: u8,
    pub retries2: u8,
    pub keepalive_time: Duration,
    pub keepalive_interval: Duration,
    pub keepalive_probes: u8,
    pub time_wait: Duration,
    pub fin_timeout: Duration,
    pub send_buffer: usize,
    pub receive_buffer: usize,
    pub max_out_of_order: usize,
    pub min_mss: u16,
    pub challenge_ack_interval: Duration,
    pub rfc1337: bool,
}
#[derive(Debug, Clone, Copy, Default)]
pub struct Settings {
    pub nodelay: bool,
    pub keepalive: bool,
    pub keep_idle: Duration,
    pub keep_interval: Duration,
    pub keep_count: u8,
    pub user_timeout: Option<Duration>,
    pub linger: Option<Duration>,
    pub ttl: u8,
    pub tos: u8,
    pub send_buffer: usize,
    pub receive_buffer: usize,
    pub max_segment: Option<u16>,
    pub quickack: bool,
}
impl Settings {
    pub fn new(_: &Config) -> Self {
        todo!()
    }
    pub fn set(&mut self, _: Setting) -> Result<(), Error> {
        todo!()
    }
}
pub enum Setting {
    NoDelay(bool),
    KeepAlive(bool),
    KeepIdle(Duration),
    KeepInterval(Duration),
    KeepCount(u8),
    UserTimeout(Option<Duration>),
    Linger(Option<Duration>),
    Ttl(u8),
    Tos(u8),
    SendBuffer(usize),
    ReceiveBuffer(usize),
    MaxSegment(u16),
    QuickAck(bool),
}
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Closed,
    SynSent,
    SynReceived,
    Established,
    TimeWait,
}
pub enum Disposition {
    Done,
    Reopen,
}
pub enum IcmpKind {
    Soft(Error),
    Hard(Error),
    TooBig { mtu: u16 },
}
pub struct IcmpError {
    pub kind: IcmpKind,
    pub seq: SeqNumber,
}
pub struct Outgoing {
    pub header: TcpHeader,
    pub offset: usize,
    pub length: usize,
    pub segment_size: usize,
    pub retransmission: bool,
}
pub struct Info {}
pub struct Connection {}
#[allow(unused_variables)]
impl Connection {
    pub fn connect(
        cx: &mut Context<'_>,
        config: &Config,
        settings: Settings,
        tuple: Tuple,
        isn: SeqNumber,
        mtu: usize,
    ) -> Self {
        todo!()
    }
    pub fn tuple(&self) -> Tuple {
        todo!()
    }
    pub fn state(&self) -> State {
        todo!()
    }
    pub fn on_segment(&mut self, cx: &mut Context<'_>, segment: &TcpHeader, payload: Packet) -> Disposition {
        todo!()
    }
    pub fn on_timeout(&mut self, cx: &mut Context<'_>) {
        todo!()
    }
    pub fn poll_timeout(&self) -> Option<Instant> {
        todo!()
    }
    pub fn on_icmp(&mut self, cx: &mut Context<'_>, error: IcmpError) {
        todo!()
    }
    pub fn in_flight(&self, seq: SeqNumber) -> bool {
        todo!()
    }
    pub fn on_path_mtu(&mut self, cx: &mut Context<'_>, mtu: usize) {
        todo!()
    }
    pub fn on_unreachable(&mut self, cx: &mut Context<'_>, error: Error) {
        todo!()
    }
    pub fn poll_transmit(&mut self, cx: &mut Context<'_>, max_unit: usize) -> Option<Outgoing> {
        todo!()
    }
    pub fn slices(&self, offset: usize, length: usize) -> Slices<'_> {
        todo!()
    }
    pub fn wants_transmit(&self) -> bool {
        todo!()
    }
    pub fn send(&mut self, cx: &mut Context<'_>, data: &[u8]) -> Result<usize, Error> {
        todo!()
    }
    pub fn send_foreign(
        &mut self,
        cx: &mut Context<'_>,
        data: Foreign,
        offset: usize,
    ) -> Result<usize, Error> {
        todo!()
    }
    pub fn send_urgent(&mut self, cx: &mut Context<'_>, data: &[u8]) -> Result<usize, Error> {
        todo!()
    }
    pub fn recv(&mut self, cx: &mut Context<'_>, out: &mut [u8], pool: &mut Pool) -> Result<usize, Error> {
        todo!()
    }
    pub fn peek(&mut self, out: &mut [u8]) -> Result<usize, Error> {
        todo!()
    }
    pub fn shutdown_write(&mut self, cx: &mut Context<'_>) -> Result<(), Error> {
        todo!()
    }
    pub fn shutdown_read(&mut self, cx: &mut Context<'_>) {
        todo!()
    }
    pub fn close(&mut self, cx: &mut Context<'_>) {
        todo!()
    }
    pub fn abort(&mut self, cx: &mut Context<'_>) {
        todo!()
    }
    pub fn readiness(&self) -> Readiness {
        todo!()
    }
    pub fn take_error(&mut self) -> Option<Error> {
        todo!()
    }
    pub fn set(&mut self, cx: &mut Context<'_>, setting: Setting) -> Result<(), Error> {
        todo!()
    }
    pub fn settings(&self) -> &Settings {
        todo!()
    }
    pub fn info(&self) -> Info {
        todo!()
    }
}
pub enum OnListen {
    Open(Box<Connection>),
    Reset(TcpHeader),
    Ignore(DropReason),
}
pub struct Listener {}
#[allow(unused_variables)]
impl Listener {
    pub fn new(local: SocketAddress, backlog: usize, settings: Settings) -> Self {
        todo!()
    }
    pub fn on_segment(
        &mut self,
        cx: &mut Context<'_>,
        config: &Config,
        tuple: Tuple,
        segment: &TcpHeader,
        isn: SeqNumber,
        mtu: usize,
    ) -> OnListen {
        todo!()
    }
    pub fn on_established(&mut self) {
        todo!()
    }
    pub fn on_dropped(&mut self) {
        todo!()
    }
    pub fn on_accepted(&mut self) {
        todo!()
    }
    pub fn accept_queue_full(&self) -> bool {
        todo!()
    }
    pub fn settings(&self) -> &Settings {
        todo!()
    }
    pub fn settings_mut(&mut self) -> &mut Settings {
        todo!()
    }
}
pub fn reset_for(segment: &TcpHeader, payload: usize) -> Option<TcpHeader> {
    let _ = (segment, payload);
    todo!()
}
pub fn initial_sequence(key: u128, now: Instant, tuple: &Tuple) -> SeqNumber {
    let _ = (key, now, tuple);
    todo!()
}
