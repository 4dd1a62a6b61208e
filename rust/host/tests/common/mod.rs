//! Hosts for tests: live stacks on a pipe or any device.
#![allow(dead_code, missing_docs, unreachable_pub, reason = "each test file uses a part of it")]

use std::fs::{read_dir, read_to_string};
use std::net::Ipv4Addr;
use tapip_core::ip::{Route, RouteKind};
use tapip_core::observe::InterfaceId;
use tapip_core::stack::{Config, InterfaceConfig, Medium, Stack};
use tapip_core::time::Duration;
use tapip_core::wire::{IpAddress, MacAddress, Prefix, SocketAddress};
use tapip_host::device::{Device, Pipe};
use tapip_host::{Driver, Handle, HostError, monotonic};

pub const SECOND: Option<Duration> = Some(Duration::from_secs(1));
/// For what must happen, on a machine that is busy with other things.
pub const LONG: Option<Duration> = Some(Duration::from_secs(30));

/// A live stack with one interface, 10.0.0.`number`/24.
pub struct Host {
    pub driver: Driver,
    pub interface: InterfaceId,
}

impl Host {
    pub fn new(number: u8, device: Box<dyn Device>) -> Self {
        let driver = Driver::start(Config::default(), u128::from(number)).expect("a thread and descriptors");
        let interface = driver.handle().attach(interface(number, device.mtu()), device).expect("attached");
        driver.handle().with(|stack, now| configure(stack, now, interface, number)).expect("it lives");
        Self { driver, interface }
    }

    pub fn handle(&self) -> &Handle {
        self.driver.handle()
    }
}

/// The configuration of an Ethernet interface of host `number`.
pub fn interface(number: u8, mtu: usize) -> InterfaceConfig {
    let mac = MacAddress([2, 0, 0, 0, 0, number]);
    InterfaceConfig { name: "veth".to_owned(), medium: Medium::Ethernet, mac, mtu }
}

/// Give host `number` its address and the route to its network.
pub fn configure(stack: &mut Stack, now: tapip_core::time::Instant, interface: InterfaceId, number: u8) {
    let prefix = Prefix::new(address(number), 24).expect("24 bits");
    stack.add_address(now, interface, prefix).expect("an address of our own");
    let route = Route {
        prefix: prefix.network(),
        gateway: None,
        interface,
        metric: 0,
        kind: RouteKind::Unicast,
        source: None,
    };
    stack.apply_routes(&[], &[route]).expect("one family");
}

pub fn address(number: u8) -> IpAddress {
    Ipv4Addr::new(10, 0, 0, number).into()
}

pub fn socket(number: u8, port: u16) -> SocketAddress {
    SocketAddress::new(address(number), port)
}

/// Two live stacks, 10.0.0.1 and 10.0.0.2, joined by a pipe.
pub fn pair() -> (Host, Host) {
    let (a, b) = Pipe::pair(1_500).expect("descriptors");
    (Host::new(1, Box::new(a)), Host::new(2, Box::new(b)))
}

/// How long `action` took, with what it gave.
pub fn timed<T>(action: impl FnOnce() -> T) -> (T, Duration) {
    let before = monotonic();
    let value = action();
    (value, monotonic().since(before))
}

pub fn error_of<T>(result: Result<T, HostError>) -> HostError {
    result.map(drop).expect_err("it fails")
}

/// Nanoseconds that the driver threads of this process ran.
pub fn driver_time() -> u64 {
    let tasks = read_dir("/proc/self/task").expect("procfs").map(|task| task.expect("procfs").path());
    let drivers =
        tasks.filter(|task| read_to_string(task.join("comm")).is_ok_and(|name| name.trim() == "tapip"));
    drivers.map(|task| read_to_string(task.join("schedstat")).expect("it lives")).map(first_number).sum()
}

fn first_number(text: String) -> u64 {
    text.split(' ').next().and_then(|number| number.parse().ok()).expect("a number")
}
