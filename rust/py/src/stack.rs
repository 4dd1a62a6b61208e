//! `Stack`: the class. Each method takes its arguments apart, does one verb behind `enter`, and shows the answer.

use crate::address::{ip, ipv4, optional_socket, prefix, socket};
use crate::alive::Alive;
use crate::buffer::Outgoing;
use crate::devices::AnyDevice;
use crate::engine::Engine;
use crate::enter::Enter;
use crate::error::raise;
use crate::records::{
    ArpReply, Event, InterfaceInfo, NeighborInfo, RouteInfo, RouteTuple, SocketInfo, TcpInfo,
};
use crate::sim::VirtualHost;
use crate::sockets::{RawSocket, Server, TcpListener, TcpStream, UdpSocket};
use crate::timeout::{limit, to_seconds, to_time};
use crate::{fault, names};
use pyo3::exceptions::{PyKeyError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyBytes, PyDict};
use std::path::PathBuf;
use tapip_core::drops::DropReason;
use tapip_core::error::Error;
use tapip_core::ip::Route;
use tapip_core::observe::{Counter, InterfaceId, Record};
use tapip_core::stack::InterfaceConfig;
use tapip_core::time::{Duration, Instant};
use tapip_host::port::{Fault, FaultSpec};
use tapip_host::{Handle, HostError};

/// A TCP/IP stack: interfaces, routes, neighbours, sockets.
///
/// With `threaded=True` one driver thread runs it on the real clock. With `threaded=False` nothing runs unless the
/// caller calls `inject`, `advance` or a socket verb; its clock starts at 0 and its sockets never block.
/// The same `seed` and the same calls then give the same frames, byte by byte. Without a seed the kernel gives one.
/// A new stack has no interface, not even `lo`.
#[pyclass(frozen, module = "tapip_rs._core")]
pub(crate) struct Stack {
    door: Door,
    threaded: bool,
}

/// How a stack is reached.
enum Door {
    /// Its engine is ours.
    Own(Alive<Engine>),
    /// It is a host of a virtual network, which moves it. It has no devices, and its sockets are `VirtualSocket`s.
    Virtual(VirtualHost),
}

impl Stack {
    /// Do `verb` on the stack, without the GIL.
    fn with<T: Send>(
        &self,
        py: Python<'_>,
        verb: impl FnOnce(&mut tapip_core::stack::Stack, Instant) -> T + Send,
    ) -> PyResult<T> {
        py.enter(|| match &self.door {
            Door::Own(engine) => engine.check()?.handle().with(verb),
            Door::Virtual(host) => host.with(verb),
        })
    }

    /// As `with`, for a verb that may fail.
    fn attempt<T: Send>(
        &self,
        py: Python<'_>,
        verb: impl FnOnce(&mut tapip_core::stack::Stack, Instant) -> Result<T, Error> + Send,
    ) -> PyResult<T> {
        self.with(py, verb)?.map_err(|error| raise(py, &error.into()))
    }

    /// The stack of a host of a virtual network.
    pub(crate) const fn of_host(host: VirtualHost) -> Self {
        Self { door: Door::Virtual(host), threaded: false }
    }

    fn engine(&self) -> Result<&Engine, HostError> {
        match &self.door {
            Door::Own(engine) => engine.check(),
            Door::Virtual(_) => Err(Error::NotSupported.into()),
        }
    }

    fn handle(&self) -> Result<&Handle, HostError> {
        Ok(self.engine()?.handle())
    }
}

#[pymethods]
impl Stack {
    #[new]
    #[pyo3(signature = (*, seed = None, threaded = true))]
    fn new(py: Python<'_>, seed: Option<Bound<'_, PyAny>>, threaded: bool) -> PyResult<Self> {
        let wrong = |seed: &Bound<'_, PyAny>| PyValueError::new_err(format!("seed: {seed} is not 0..2**128"));
        let seed = seed.map(|seed| seed.extract::<u128>().map_err(|_| wrong(&seed))).transpose()?;
        let engine = py.enter(|| Engine::start(seed, threaded))?;
        Ok(Self { door: Door::Own(Alive::new(engine)), threaded })
    }

    /// Close every connection, give queued data half a second to leave, stop the thread, close every device.
    ///
    /// Whoever waits gets OSError(EBADF). Takes under one second. May be called twice.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        py.enter(|| self.engine().map_or(Ok(()), Engine::stop))
    }

    /// Whether `close` was called.
    #[getter]
    fn closed(&self) -> bool {
        self.engine().is_ok_and(|engine| engine.handle().is_stopped())
    }

    /// Whether a driver thread runs the stack.
    #[getter]
    fn threaded(&self) -> bool {
        self.threaded
    }

    /// Why the stack failed: the text of the panic; None while it works.
    #[getter]
    fn failure(&self) -> Option<String> {
        match self.handle() {
            Ok(handle) => handle.failure().map(str::to_owned),
            Err(HostError::Core(_)) => None,
            Err(error) => Some(error.to_string()),
        }
    }

    /// The stack's clock in seconds: CLOCK_MONOTONIC, or the time advanced so far when detached.
    #[getter]
    fn now(&self, py: Python<'_>) -> PyResult<f64> {
        self.with(py, |_, now| to_time(now))
    }

    /// Every knob and its value. Names are as sysctl's without `net.ipv4.`; times are in milliseconds.
    fn knobs<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let knobs = self.with(py, |stack, _| stack.knobs().collect::<Vec<_>>())?;
        knobs.into_iter().map(|(name, _, _, value)| (name, value)).into_py_dict(py)
    }

    /// The value of one knob. Raises: KeyError when there is none of that name.
    fn knob(&self, py: Python<'_>, name: &str) -> PyResult<i64> {
        self.with(py, |stack, _| stack.knob(name))?.ok_or_else(|| PyKeyError::new_err(name.to_owned()))
    }

    /// Set a knob. Raises: KeyError when there is none of that name, ValueError outside of its range.
    fn set_knob(&self, py: Python<'_>, name: &str, value: i64) -> PyResult<()> {
        let set = self.with(py, |stack, now| stack.set_knob(now, name, value))?;
        set.map_err(|error| names::blame_knob(py, error, name, value))
    }

    /// Make an interface out of a device; returns its index. The interface is up, and has no address.
    ///
    /// The device belongs to the stack from now on. `mac` defaults to one made from the seed (locally administered),
    /// `mtu` to the device's. `medium` is "ethernet" (frames), "ip" (packets from the IP header on) or "loopback".
    /// Raises: ValueError, or FileExistsError when the name is taken, or OSError(EBUSY) when the device was attached.
    #[pyo3(signature = (name, device, *, mac = None, mtu = None, medium = "ethernet"))]
    fn attach(
        &self,
        py: Python<'_>,
        name: String,
        device: AnyDevice<'_>,
        mac: Option<&str>,
        mtu: Option<usize>,
        medium: &str,
    ) -> PyResult<u32> {
        let medium = names::medium(medium)?;
        let mac = mac.map(|text| crate::address::mac("mac", text)).transpose()?;
        let (device, end) = device.take(py)?;
        py.enter(|| {
            let engine = self.engine()?;
            let mac = mac.unwrap_or_else(|| engine.mac(medium));
            let mtu = mtu.unwrap_or_else(|| device.mtu());
            let id = engine.handle().attach(InterfaceConfig { name, medium, mac, mtu }, device)?;
            engine.keep_end(id, end);
            Ok(id.0)
        })
    }

    /// Remove an interface with its addresses and neighbours, and close its device.
    fn detach(&self, py: Python<'_>, index: u32) -> PyResult<()> {
        py.enter(|| self.handle()?.detach(InterfaceId(index)))
    }

    /// Every interface, by index.
    fn interfaces(&self, py: Python<'_>) -> PyResult<Vec<InterfaceInfo>> {
        self.with(py, |stack, _| {
            stack.interfaces().map(|interface| InterfaceInfo::new(interface, stack.counters())).collect()
        })
    }

    /// Change what is not None. Raises: ValueError for an MTU outside 68..65536 (RFC 791 3.2).
    #[pyo3(signature = (index, *, up = None, mtu = None, mac = None))]
    fn set_interface(
        &self,
        py: Python<'_>,
        index: u32,
        up: Option<bool>,
        mtu: Option<usize>,
        mac: Option<&str>,
    ) -> PyResult<()> {
        if let Some(mtu) = mtu.filter(|mtu| !(68..=65536).contains(mtu)) {
            return Err(PyValueError::new_err(format!("mtu: {mtu} is not 68..65536")));
        }
        let mac = mac.map(|text| crate::address::mac("mac", text)).transpose()?;
        let id = InterfaceId(index);
        self.attempt(py, |stack, now| {
            mac.map_or(Ok(()), |mac| stack.set_mac(now, id, mac))?;
            mtu.map_or(Ok(()), |mtu| stack.set_mtu(now, id, mtu))?;
            up.map_or(Ok(()), |up| stack.set_up(now, id, up))
        })
    }

    /// Give an interface an address with a prefix of `length` bits; announced by ARP when up (RFC 5227 2.3).
    ///
    /// Routes are not added here: see `apply_routes`. Raises: FileExistsError when the address is there already.
    fn add_address(&self, py: Python<'_>, index: u32, address: &str, length: i64) -> PyResult<()> {
        let address = prefix("address", address, length)?;
        self.attempt(py, |stack, now| stack.add_address(now, InterfaceId(index), address))
    }

    /// Take an address away. Raises: OSError(EADDRNOTAVAIL) when it is not there.
    fn remove_address(&self, py: Python<'_>, index: u32, address: &str) -> PyResult<()> {
        let address = ip("address", address)?;
        self.attempt(py, |stack, _| stack.remove_address(InterfaceId(index), address))
    }

    /// Impair what passes the device, both ways; None ends it. The keys are in `_core.pyi`.
    ///
    /// Raises: ValueError that names the key.
    #[pyo3(signature = (index, spec, *, seed = None))]
    fn set_fault(
        &self,
        py: Python<'_>,
        index: u32,
        spec: Option<&Bound<'_, PyDict>>,
        seed: Option<u128>,
    ) -> PyResult<()> {
        let spec = spec.map(fault::from_dict).transpose()?;
        let seed = py.enter(|| Ok(seed.unwrap_or(self.engine()?.seed())))?;
        let fault = spec.map(|spec| Fault::new(FaultSpec::both(spec), seed)).transpose();
        let fault = fault.map_err(|error| fault::refused(&error))?;
        py.enter(|| self.handle()?.set_fault(InterfaceId(index), fault))
    }

    /// Microseconds that whoever watches the devices spins before it sleeps, where that pays; 0: never.
    fn spin(&self, py: Python<'_>) -> PyResult<u64> {
        py.enter(|| self.handle().map(|handle| handle.spin().as_nanos() / 1_000))
    }

    /// Change that.
    fn set_spin(&self, py: Python<'_>, micros: u32) -> PyResult<()> {
        let limit = Duration::from_micros(u64::from(micros));
        py.enter(|| self.handle().map(|handle| handle.set_spin(limit)))
    }

    /// What of the work on frames is left to the device of an interface: any of rx, tx, tso, gro.
    fn offloads(&self, py: Python<'_>, index: u32) -> PyResult<Vec<&'static str>> {
        let features = py.enter(|| self.handle()?.features(InterfaceId(index)))?;
        Ok(names::of_features(features))
    }

    /// Leave so much to it, as far as it can; returns what it is then. Raises: ValueError for an unknown name.
    fn set_offloads(&self, py: Python<'_>, index: u32, names: Vec<String>) -> PyResult<Vec<&'static str>> {
        let wanted = names::features(&names)?;
        let features = py.enter(|| self.handle()?.set_features(InterfaceId(index), wanted))?;
        Ok(names::of_features(features))
    }

    /// The impairment in force, by the keys of `set_fault` that say anything; None when there is none.
    fn fault<'py>(&self, py: Python<'py>, index: u32) -> PyResult<Option<Bound<'py, PyDict>>> {
        let spec = py.enter(|| self.handle()?.fault(InterfaceId(index)))?;
        spec.and_then(|spec| spec.inbound).map(|spec| fault::to_dict(py, &spec)).transpose()
    }

    /// What the impairment did so far, by cause, both ways together; empty when there is none.
    fn fault_counters<'py>(&self, py: Python<'py>, index: u32) -> PyResult<Bound<'py, PyDict>> {
        let counters = py.enter(|| self.handle()?.fault_counters(InterfaceId(index)))?;
        counters
            .map(|(inbound, outbound)| fault::counters(&inbound, &outbound))
            .unwrap_or_default()
            .into_py_dict(py)
    }

    /// Write every frame of the interface, both ways, to a pcapng file with nanoseconds; ends one that runs. Raises: OSError.
    fn start_capture(&self, py: Python<'_>, index: u32, path: PathBuf) -> PyResult<()> {
        py.enter(|| self.handle()?.start_capture(InterfaceId(index), &path))
    }

    /// End the capture; returns how many frames it holds. Raises: FileNotFoundError when none runs.
    fn stop_capture(&self, py: Python<'_>, index: u32) -> PyResult<u64> {
        py.enter(|| self.handle()?.stop_capture(InterfaceId(index)))
    }

    /// Change the forwarding table in one step: first `remove` by (address, length), then `add`.
    ///
    /// A route is `(address, length, gateway | None, interface, metric, kind, source | None)`; kind is "unicast",
    /// "blackhole", "prohibit" or "unreachable". A route for a prefix that is there already replaces it.
    fn apply_routes(&self, py: Python<'_>, remove: Vec<(String, i64)>, add: Vec<RouteTuple>) -> PyResult<()> {
        let remove = remove.iter().map(|(address, length)| prefix("remove", address, *length));
        let remove = remove.collect::<PyResult<Vec<_>>>()?;
        let add = add.into_iter().map(Route::try_from).collect::<PyResult<Vec<_>>>()?;
        self.attempt(py, |stack, _| stack.apply_routes(&remove, &add))
    }

    /// The forwarding table: longest prefix first, then by address.
    fn routes(&self, py: Python<'_>) -> PyResult<Vec<RouteInfo>> {
        self.with(py, |stack, _| stack.fib().iter().map(RouteInfo::from).collect())
    }

    /// The route that a packet to `address` would take.
    fn lookup_route(&self, py: Python<'_>, address: &str) -> PyResult<Option<RouteInfo>> {
        let address = ip("address", address)?;
        self.with(py, |stack, _| stack.fib().lookup(address).map(RouteInfo::from))
    }

    /// The neighbour (ARP) table, by interface and address.
    fn neighbors(&self, py: Python<'_>) -> PyResult<Vec<NeighborInfo>> {
        self.with(py, |stack, now| stack.neighbors(now).iter().map(NeighborInfo::from).collect())
    }

    /// Add or replace a permanent entry.
    fn add_neighbor(&self, py: Python<'_>, index: u32, address: &str, mac: &str) -> PyResult<()> {
        let (address, mac) = (ip("address", address)?, crate::address::mac("mac", mac)?);
        self.attempt(py, |stack, now| stack.add_neighbor(now, InterfaceId(index), address, mac))
    }

    /// Remove an entry. Raises: FileNotFoundError when there is none.
    fn remove_neighbor(&self, py: Python<'_>, index: u32, address: &str) -> PyResult<()> {
        let address = ip("address", address)?;
        self.attempt(py, |stack, now| stack.remove_neighbor(now, InterfaceId(index), address))
    }

    /// Remove the entries of an interface, or of all, but for permanent ones.
    #[pyo3(signature = (index = None))]
    fn flush_neighbors(&self, py: Python<'_>, index: Option<u32>) -> PyResult<()> {
        self.with(py, |stack, now| stack.flush_neighbors(now, index.map(InterfaceId)))
    }

    /// Send an ARP request for `target` at once, table or no table.
    ///
    /// A `sender` of "0.0.0.0" makes it a probe (RFC 5227 2.1.1).
    #[pyo3(signature = (index, target, sender = None))]
    fn arping(&self, py: Python<'_>, index: u32, target: &str, sender: Option<&str>) -> PyResult<()> {
        let target = ipv4("target", target)?;
        let sender = sender.map(|sender| ipv4("sender", sender)).transpose()?;
        self.attempt(py, |stack, now| stack.arp_request(now, InterfaceId(index), sender, target))
    }

    /// The ARP replies that came since the last call, for targets that `arping` asked for.
    fn arp_replies(&self, py: Python<'_>) -> PyResult<Vec<ArpReply>> {
        self.with(py, |stack, _| std::iter::from_fn(|| stack.poll_arp_reply()).map(ArpReply::from).collect())
    }

    /// Connect and wait for the handshake; the stream keeps `timeout`. A timeout of 0 returns at once (SYN sent).
    ///
    /// A detached stack never waits. Raises: ConnectionRefusedError, TimeoutError, OSError(EHOSTUNREACH, ENETUNREACH,
    /// EADDRINUSE, EADDRNOTAVAIL).
    /// `knobs` are TCP's that the connection shall have of its own, by the stack's names.
    #[pyo3(signature = (remote, local = None, timeout = None, knobs = Vec::new()))]
    fn tcp_connect(
        &self,
        py: Python<'_>,
        remote: &Bound<'_, PyAny>,
        local: Option<&Bound<'_, PyAny>>,
        timeout: Option<f64>,
        knobs: Vec<(String, i64)>,
    ) -> PyResult<TcpStream> {
        let ends = (socket("remote", remote)?, optional_socket("local", local)?);
        TcpStream::connect(py, self.handle(), ends, limit("timeout", timeout)?, &knobs)
    }

    /// As `tcp_connect`, with `data` in the SYN where the server's cookie is known (RFC 7413), else right behind it.
    ///
    /// Also how many bytes were taken. What became of it: `info().fields["fast_open"]`.
    #[pyo3(signature = (remote, data, local = None, timeout = None))]
    fn tcp_connect_fast(
        &self,
        py: Python<'_>,
        remote: &Bound<'_, PyAny>,
        data: Outgoing,
        local: Option<&Bound<'_, PyAny>>,
        timeout: Option<f64>,
    ) -> PyResult<(TcpStream, usize)> {
        let ends = (socket("remote", remote)?, optional_socket("local", local)?);
        TcpStream::connect_fast(py, self.handle(), ends, data.as_slice(), limit("timeout", timeout)?)
    }

    /// Listen; port 0 picks one. `backlog` connections wait for accept at most.
    ///
    /// Raises: OSError(EADDRINUSE, EADDRNOTAVAIL).
    #[pyo3(signature = (local, backlog = 128))]
    fn tcp_listen(&self, py: Python<'_>, local: &Bound<'_, PyAny>, backlog: usize) -> PyResult<TcpListener> {
        TcpListener::listen(py, self.handle(), socket("local", local)?, backlog)
    }

    /// Open some of the services echo, discard, daytime and chargen (RFC 862, 863, 867, 864), TCP and UDP, each
    /// `port_offset` above its standard port. Nothing is served until `run` of the result is called.
    ///
    /// Raises: ValueError for a name that is none; OSError(EADDRINUSE, EADDRNOTAVAIL).
    #[pyo3(signature = (services, address = "0.0.0.0", port_offset = 0))]
    fn serve(
        &self,
        py: Python<'_>,
        services: Vec<String>,
        address: &str,
        port_offset: u16,
    ) -> PyResult<Server> {
        let services = services.iter().map(|name| names::service(name)).collect::<PyResult<Vec<_>>>()?;
        Server::open(py, self.handle(), &services, ip("address", address)?, port_offset)
    }

    /// Make a UDP socket, bound to `local` when it is given. Raises: OSError(EADDRINUSE, EADDRNOTAVAIL).
    #[pyo3(signature = (local = None))]
    fn udp(&self, py: Python<'_>, local: Option<&Bound<'_, PyAny>>) -> PyResult<UdpSocket> {
        UdpSocket::open(py, self.handle(), optional_socket("local", local)?)
    }

    /// Make a raw IP socket for protocol 1..255. What it receives begins with the IP header.
    fn raw(&self, py: Python<'_>, protocol: i64) -> PyResult<RawSocket> {
        let wrong = || PyValueError::new_err(format!("protocol: {protocol} is not 1..255"));
        let number = u8::try_from(protocol).ok().filter(|number| *number > 0).ok_or_else(wrong)?;
        RawSocket::open(py, self.handle(), number)
    }

    /// Every TCP connection, those without a socket (closing) included, by local and remote address.
    fn tcp_connections(&self, py: Python<'_>) -> PyResult<Vec<TcpInfo>> {
        self.with(py, |stack, now| TcpInfo::all(stack, now))
    }

    /// Every socket of any kind, as `ss` would show them.
    fn sockets(&self, py: Python<'_>) -> PyResult<Vec<SocketInfo>> {
        self.with(py, |stack, _| SocketInfo::all(stack))
    }

    /// Packet buffers (`packets_in_use`, `packets_free`, `packets_capacity`), sockets by kind, bytes queued.
    fn memory<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.with(py, |stack, _| crate::records::memory(stack))?.into_py_dict(py)
    }

    /// Protocol counters under the names of nstat(8), in order.
    fn counters<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let counters = self.with(py, |stack, _| stack.counters().clone())?;
        Counter::ALL.iter().map(|counter| (counter.name(), counters.value(*counter))).into_py_dict(py)
    }

    /// Packets dropped, by reason ("tcp:out-of-window"); reasons that never struck are left out.
    fn drops<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let counters = self.with(py, |stack, _| stack.counters().clone())?;
        let drops = DropReason::ALL.iter().map(|reason| (reason.to_string(), counters.drops(*reason)));
        drops.filter(|(_, count)| *count > 0).into_py_dict(py)
    }

    /// Watch exactly these layers, of: dev l2 arp ip icmp udp tcp tcpstate. Raises: ValueError that names the word.
    fn set_trace(&self, py: Python<'_>, layers: Vec<String>) -> PyResult<()> {
        let mask = names::layers(&layers)?;
        self.with(py, |stack, _| stack.trace_mut().set_mask(mask))
    }

    /// The layers being watched.
    fn trace_layers(&self, py: Python<'_>) -> PyResult<Vec<&'static str>> {
        Ok(names::layer_names(self.with(py, |stack, _| stack.trace().mask())?))
    }

    /// Up to `limit` records of the trace numbered `since` or later, oldest first. A gap in the numbers is an overflow.
    #[pyo3(signature = (since = 0, limit = 1000))]
    fn events(&self, py: Python<'_>, since: u64, limit: usize) -> PyResult<Vec<Event>> {
        let (records, names) = self.with(py, |stack, _| {
            let records: Vec<Record> = stack.trace().since(since, limit).copied().collect();
            let names: Vec<_> = stack.interfaces().map(|found| (found.id, found.name.clone())).collect();
            (records, names)
        })?;
        let name = |id| names.iter().find(|(known, _)| *known == id).map(|(_, name)| name.clone());
        Ok(records.iter().map(|record| Event::new(record, record.interface.and_then(name))).collect())
    }

    /// The number that the next record of the trace will get.
    fn next_event(&self, py: Python<'_>) -> PyResult<u64> {
        self.with(py, |stack, _| stack.trace().next_number())
    }

    /// Detached only: a frame arrives on a `Queue` interface. Raises: ValueError when the stack is threaded.
    fn inject(&self, py: Python<'_>, index: u32, frame: Outgoing) -> PyResult<()> {
        self.need_detached("inject")?;
        let frame = frame.as_slice();
        py.enter(|| self.engine()?.inject(InterfaceId(index), frame))
    }

    /// Detached only: the next frame that the stack sent on a `Queue` interface; None when there is none.
    fn pull<'py>(&self, py: Python<'py>, index: u32) -> PyResult<Option<Bound<'py, PyBytes>>> {
        self.need_detached("pull")?;
        let frame = py.enter(|| self.engine()?.pull(InterfaceId(index)))?;
        Ok(frame.map(|frame| PyBytes::new(py, &frame)))
    }

    /// Detached only: let time pass; every timer due on the way fires at its own time.
    #[pyo3(signature = (seconds))]
    fn advance(&self, py: Python<'_>, seconds: f64) -> PyResult<()> {
        self.need_detached("advance")?;
        let span = crate::timeout::seconds("seconds", seconds)?;
        py.enter(|| self.engine()?.advance(span))
    }

    /// Detached only: seconds from now to the next timer; None when no timer runs.
    #[getter]
    fn next_timeout(&self, py: Python<'_>) -> PyResult<Option<f64>> {
        self.need_detached("next_timeout")?;
        let left = py.enter(|| self.engine()?.next_timeout())?;
        Ok(left.map(to_seconds))
    }
}

impl Stack {
    fn need_detached(&self, verb: &str) -> PyResult<()> {
        if self.threaded {
            return Err(PyValueError::new_err(format!(
                "{verb} is for detached stacks; this one has a thread"
            )));
        }
        Ok(())
    }
}
