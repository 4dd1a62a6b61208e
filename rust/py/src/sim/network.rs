use super::columns::{Column, Rows};
use super::flows::{Wanted, checked};
use super::oracle::{Told, told};
use super::results::{DirectionInfo, FlowInfo};
use super::shared::{Shared, VirtualHost};
use super::socket::VirtualSocket;
use super::{refused, spec};
use crate::address::{optional_socket, prefix, socket};
use crate::enter::{Deadline, Enter};
use crate::names;
use crate::stack::Stack;
use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tapip_core::sim::{
    self, Attachment, CaptureId, Change, DirectionId, FlowId, HostId, HostSpec, ImpairmentError, LinkSpec,
    NodeId, Notice, Oracle, Predicate, Stop, SwitchId,
};
use tapip_core::time::{Duration, Instant};

/// Events between two looks at signals and at the clock: some milliseconds' worth.
const SLICE: u64 = 10_000;

/// A node that a link ends at: "host" or "switch", and its number.
type Node<'a> = (&'a str, u32);

/// A virtual network under virtual time, whose unit is the nanosecond here.
///
/// Hosts, switches, links, flows and captures go by number, in the order in which they were made; the directions of link
/// n are 2n and 2n + 1. See `tapip_rs.sim.Network`.
#[pyclass(frozen, module = "tapip_rs._core")]
pub(crate) struct Network {
    shared: Arc<Shared>,
    /// What a predicate of a link raised.
    raised: Arc<Mutex<Option<PyErr>>>,
    /// Who judges what its hosts do.
    oracle: OnceLock<Oracle>,
}

impl Network {
    fn with<T: Send>(&self, py: Python<'_>, verb: impl FnOnce(&mut sim::Network) -> T + Send) -> PyResult<T> {
        py.enter(|| self.shared.with(verb))
    }

    /// As `with`, for a verb that may refuse a value.
    fn attempt<T: Send>(
        &self,
        py: Python<'_>,
        verb: impl FnOnce(&mut sim::Network) -> Result<T, ImpairmentError> + Send,
    ) -> PyResult<T> {
        self.with(py, verb)?.map_err(|error| refused(&error))
    }

    /// The number of something, if it is there.
    fn known(
        &self,
        py: Python<'_>,
        what: &str,
        number: u32,
        count: fn(&sim::Network) -> usize,
    ) -> PyResult<()> {
        let count = self.with(py, |network| count(network))?;
        if (number as usize) < count {
            return Ok(());
        }
        Err(PyIndexError::new_err(format!("{what}: there is none of number {number}")))
    }

    fn direction(&self, py: Python<'_>, number: u32) -> PyResult<DirectionId> {
        self.known(py, "direction", number, |network| network.link_count() * 2)?;
        Ok(DirectionId(number))
    }

    fn flow_id(&self, py: Python<'_>, number: u32) -> PyResult<FlowId> {
        self.known(py, "flow", number, sim::Network::flow_count)?;
        Ok(FlowId(number))
    }

    fn at_host(&self, py: Python<'_>, host: u32) -> PyResult<VirtualHost> {
        self.known(py, "host", host, |network| network.host_count())?;
        Ok(VirtualHost { shared: Arc::clone(&self.shared), host: HostId(host) })
    }

    /// Let time pass for a slice, but no further than the event at which a rule is broken: `None`.
    fn pass(&self, network: &mut sim::Network, until: Instant) -> Option<Stop> {
        let Some(oracle) = self.oracle.get() else { return Some(network.run_until(until, SLICE)) };
        for _ in 0..SLICE {
            if oracle.has_evidence() {
                return None;
            }
            let stop = network.run_until(until, 1);
            if stop != Stop::Budget {
                return Some(stop);
            }
        }
        Some(Stop::Budget)
    }

    /// Raise what a predicate raised, look at signals.
    fn look_around(&self, py: Python<'_>) -> PyResult<()> {
        let raised = self.raised.lock().unwrap_or_else(PoisonError::into_inner).take();
        raised.map_or(Ok(()), Err)?;
        py.check_signals()
    }
}

#[pymethods]
impl Network {
    #[new]
    fn new(seed: u64) -> Self {
        let shared = Arc::new(Shared::new(sim::Network::new(seed)));
        Self { shared, raised: Arc::default(), oracle: OnceLock::new() }
    }

    /// Add a host, a router if it is to `forward`; its number. Raises: ValueError for a name that is taken.
    fn add_host(&self, py: Python<'_>, name: &str, forward: bool) -> PyResult<u32> {
        let id =
            self.attempt(py, |network| network.add_host(name, HostSpec { forward, ..HostSpec::default() }))?;
        Ok(id.0)
    }

    /// Add a switch; its number. Raises: ValueError for a name that is taken.
    fn add_switch(&self, py: Python<'_>, name: &str) -> PyResult<u32> {
        Ok(self.attempt(py, |network| network.add_switch(name))?.0)
    }

    /// Link two nodes, each ("host", number) or ("switch", number); the link's number.
    ///
    /// `addresses` are those of the new interfaces, with their lengths; None for the next free one. Raises: ValueError.
    fn link(
        &self,
        py: Python<'_>,
        a: Node<'_>,
        b: Node<'_>,
        addresses: [Option<(String, i64)>; 2],
        ab: &Bound<'_, PyDict>,
        ba: &Bound<'_, PyDict>,
    ) -> PyResult<u32> {
        let [ab, ba] = [spec::changed(LinkSpec::default(), ab)?, spec::changed(LinkSpec::default(), ba)?];
        let [at_a, at_b] = addresses;
        let (a, b) = (attachment(a, at_a)?, attachment(b, at_b)?);
        Ok(self.attempt(py, |network| network.link(a, b, ab, ba))?.0)
    }

    /// Change a direction now. Raises: ValueError, and then nothing has changed.
    fn change(&self, py: Python<'_>, direction: u32, spec: &Bound<'_, PyDict>) -> PyResult<()> {
        let id = self.direction(py, direction)?;
        let now = self.with(py, |network| network.spec(id).clone())?;
        let change = Change::Spec(Box::new(spec::changed(now, spec)?));
        self.attempt(py, |network| network.change(id, &change))
    }

    /// Raise what `change` would raise, and change nothing.
    fn check_change(&self, py: Python<'_>, direction: u32, spec: &Bound<'_, PyDict>) -> PyResult<()> {
        let id = self.direction(py, direction)?;
        let now = self.with(py, |network| network.spec(id).clone())?;
        spec::changed(now, spec).map(drop)
    }

    /// Lose the packets for which `predicate(number, frame)` is true; None ends it. It must not use the network.
    fn set_predicate(
        &self,
        py: Python<'_>,
        direction: u32,
        predicate: Option<Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let id = self.direction(py, direction)?;
        let raised = Arc::clone(&self.raised);
        let predicate = predicate.map(|predicate| asking(predicate.unbind(), raised));
        self.with(py, |network| network.set_predicate(id, predicate))
    }

    /// The stack of a host, at the network's time.
    fn stack(&self, py: Python<'_>, host: u32) -> PyResult<Stack> {
        Ok(Stack::of_host(self.at_host(py, host)?))
    }

    /// The address by which others reach a host; None while it has no link.
    fn address(&self, py: Python<'_>, host: u32) -> PyResult<Option<String>> {
        let at = self.at_host(py, host)?.host;
        Ok(self.with(py, |network| network.address(at))?.map(|address| address.to_string()))
    }

    /// The address by which `source` reaches `destination` best; None where there is none.
    fn address_towards(&self, py: Python<'_>, source: u32, destination: u32) -> PyResult<Option<String>> {
        let (from, to) = (self.at_host(py, source)?.host, self.at_host(py, destination)?.host);
        Ok(self.with(py, |network| network.address_towards(from, to))?.map(|address| address.to_string()))
    }

    /// Host and interface that a direction begins at; None at a switch.
    fn interface_at(&self, py: Python<'_>, direction: u32) -> PyResult<Option<(u32, u32)>> {
        let id = self.direction(py, direction)?;
        let found = self.with(py, |network| network.interface_at(id.link(), id.end()))?;
        Ok(found.map(|(host, interface)| (host.0, interface.0)))
    }

    /// Add a flow of a kind: "bulk", "requests", "on_off", "poisson", "ping", "datagrams"; its number. Raises: ValueError.
    fn add_flow(
        &self,
        py: Python<'_>,
        kind: &str,
        source: u32,
        destination: u32,
        spec: &Bound<'_, PyDict>,
    ) -> PyResult<u32> {
        let wanted = Wanted::new(kind, spec)?;
        checked(self.with(py, |network| wanted.add(network, HostId(source), HostId(destination)))?)
    }

    /// What came of a flow so far.
    fn flow(&self, py: Python<'_>, flow: u32) -> PyResult<FlowInfo> {
        let id = self.flow_id(py, flow)?;
        Ok(self.with(py, |network| network.flow(id))?.into())
    }

    /// The trace of a flow's sending connection, by column.
    fn trace<'py>(&self, py: Python<'py>, flow: u32) -> PyResult<Vec<Column<'py>>> {
        let id = self.flow_id(py, flow)?;
        let rows = self.with(py, |network| network.trace(id).to_vec())?;
        Rows { py, rows: &rows }.trace()
    }

    /// The exchanges of a flow that came to their end, by column.
    fn exchanges<'py>(&self, py: Python<'py>, flow: u32) -> PyResult<Vec<Column<'py>>> {
        let id = self.flow_id(py, flow)?;
        let rows = self.with(py, |network| network.exchanges(id).to_vec())?;
        Ok(Rows { py, rows: &rows }.exchanges())
    }

    /// What became of the packets of a direction so far.
    fn stats(&self, py: Python<'_>, direction: u32) -> PyResult<DirectionInfo> {
        let id = self.direction(py, direction)?;
        Ok(self.with(py, |network| network.stats(id))?.into())
    }

    /// Count what becomes of the packets of a direction from now on.
    fn restart_stats(&self, py: Python<'_>, direction: u32) -> PyResult<()> {
        let id = self.direction(py, direction)?;
        self.with(py, |network| network.restart_stats(id))
    }

    /// How much waited at a direction over time, by column.
    fn queue<'py>(&self, py: Python<'py>, direction: u32) -> PyResult<Vec<Column<'py>>> {
        let id = self.direction(py, direction)?;
        let rows = self.with(py, |network| network.queue_series(id).to_vec())?;
        Ok(Rows { py, rows: &rows }.queue())
    }

    /// Begin to capture at the end of a link where a direction begins; the capture's number.
    fn start_capture(&self, py: Python<'_>, direction: u32) -> PyResult<u32> {
        let id = self.direction(py, direction)?;
        Ok(self.with(py, |network| network.capture_at(id.link(), id.end()))?.0)
    }

    /// The bytes that a capture made since they were last taken: pieces of one pcapng file.
    fn take_capture<'py>(&self, py: Python<'py>, capture: u32) -> PyResult<Bound<'py, PyBytes>> {
        self.known(py, "capture", capture, sim::Network::capture_count)?;
        let bytes = self.with(py, |network| network.take_capture(CaptureId(capture)))?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// End a capture.
    fn stop_capture(&self, py: Python<'_>, capture: u32) -> PyResult<()> {
        self.with(py, |network| network.stop_capture(CaptureId(capture)))
    }

    /// Let time pass until `until` (None: until nothing is left to happen), or about `seconds` of real time.
    ///
    /// Returns "reached", "budget" (the real time is up), "notice" (see `notices`) or "broken" (see `broken`). Signals are
    /// looked at every few milliseconds; when a handler raises, the network stands between two events, and goes on when it
    /// is run again.
    fn run(&self, py: Python<'_>, until: Option<u64>, seconds: f64) -> PyResult<&'static str> {
        let until = until.map_or(Instant::FAR_FUTURE, Instant::from_nanos);
        let limit =
            Deadline::after(Some(crate::timeout::seconds("seconds", seconds)?.max(Duration::from_nanos(1))));
        loop {
            let stop = self.with(py, |network| self.pass(network, until))?;
            self.look_around(py)?;
            let Some(stop) = stop else { return Ok("broken") };
            match stop {
                Stop::Reached => return Ok("reached"),
                Stop::Notice => return Ok("notice"),
                Stop::Budget if limit.left() <= Some(Duration::from_nanos(1)) => return Ok("budget"),
                Stop::Budget => {}
            }
        }
    }

    /// Handle one event; False when there is none.
    fn step(&self, py: Python<'_>) -> PyResult<bool> {
        let any = self.with(py, sim::Network::step)?;
        self.look_around(py)?;
        Ok(any)
    }

    /// Judge every frame that hosts send from now on.
    fn watch(&self, py: Python<'_>) -> PyResult<()> {
        // Watched already: then it goes on.
        self.with(py, |network| self.oracle.get_or_init(|| Oracle::watch(network))).map(drop)
    }

    /// Segments judged so far.
    #[getter]
    fn judged(&self) -> u64 {
        self.oracle.get().map_or(0, Oracle::judged)
    }

    /// The next broken rule that was not told yet, with the frame that broke it; None where there is none.
    ///
    /// Rule, clause, what was seen, time, host, connection or None, number of the frame, its bytes, its words, and the
    /// direction that it left by.
    fn broken<'py>(&self, py: Python<'py>) -> PyResult<Option<Told<'py>>> {
        let Some(evidence) = self.oracle.get().and_then(Oracle::poll_evidence) else { return Ok(None) };
        let at = (evidence.violation.host, evidence.interface);
        let direction = self.with(py, |network| {
            let directions = (0..network.link_count() as u32 * 2).map(DirectionId);
            directions.into_iter().find(|id| network.interface_at(id.link(), id.end()) == Some(at))
        })?;
        let frame = (evidence.number, PyBytes::new(py, &evidence.frame), evidence.in_words());
        Ok(Some((told(&evidence.violation), frame, direction.map(|id| id.0))))
    }

    /// What is wrong, if all should be over: flows that did not end, or not intact, and memory that hosts hold.
    ///
    /// For each: rule, clause, what was seen, time, host, connection or None.
    fn left(&self, py: Python<'_>) -> PyResult<Vec<super::oracle::Broken>> {
        let found = self.with(py, |network| Oracle::afterwards(network))?;
        Ok(found.iter().map(told).collect())
    }

    /// Ask to be woken at a time; the number that the notice will name.
    fn wake_at(&self, py: Python<'_>, time: u64) -> PyResult<u32> {
        Ok(self.with(py, |network| network.at(Instant::from_nanos(time)))?.0)
    }

    /// What there is to tell, in the order in which it happened, taken away.
    ///
    /// ("wake", number, 0, 0), ("flow", number, 0, 0), or ("socket", its number, its host, `select.POLL*` bits).
    fn notices(&self, py: Python<'_>) -> PyResult<Vec<(&'static str, u64, u32, u32)>> {
        let notices: Vec<Notice> =
            self.with(py, |network| std::iter::from_fn(|| network.poll_notice()).collect())?;
        let told = notices.into_iter().map(|notice| match notice {
            Notice::Wake(id) => ("wake", id.0.into(), 0, 0),
            Notice::Flow(id) => ("flow", id.0.into(), 0, 0),
            Notice::Socket { host, event } => {
                ("socket", event.socket.number(), host.0, names::poll_bits(event.readiness))
            }
        });
        Ok(told.collect())
    }

    /// The time.
    #[getter]
    fn now(&self, py: Python<'_>) -> PyResult<u64> {
        Ok(self.with(py, |network| network.now())?.as_nanos())
    }

    /// When the next event happens; None when nothing is left to happen.
    #[getter]
    fn next_event(&self, py: Python<'_>) -> PyResult<Option<u64>> {
        Ok(self.with(py, |network| network.next_event())?.map(Instant::as_nanos))
    }

    /// A hash over time, link, direction and bytes of every frame delivered so far.
    #[getter]
    fn digest(&self, py: Python<'_>) -> PyResult<u64> {
        self.with(py, |network| network.digest())
    }

    /// Frames delivered over links so far.
    #[getter]
    fn packets(&self, py: Python<'_>) -> PyResult<u64> {
        self.with(py, |network| network.packets())
    }

    /// Events handled so far.
    #[getter]
    fn events(&self, py: Python<'_>) -> PyResult<u64> {
        self.with(py, |network| network.events())
    }

    /// The congestion controls that flows may name.
    #[staticmethod]
    fn congestion_controls() -> Vec<&'static str> {
        sim::Network::congestion_controls()
    }

    /// Connect by TCP: send a SYN, and return.
    #[pyo3(signature = (host, remote, knobs = Vec::new()))]
    fn tcp_connect(
        &self,
        py: Python<'_>,
        host: u32,
        remote: &Bound<'_, PyAny>,
        knobs: Vec<(String, i64)>,
    ) -> PyResult<VirtualSocket> {
        VirtualSocket::connect(self.at_host(py, host)?, py, socket("remote", remote)?, &knobs)
    }

    /// Listen for TCP connections.
    fn tcp_listen(
        &self,
        py: Python<'_>,
        host: u32,
        local: &Bound<'_, PyAny>,
        backlog: usize,
    ) -> PyResult<VirtualSocket> {
        VirtualSocket::listen(self.at_host(py, host)?, py, socket("local", local)?, backlog)
    }

    /// Make a UDP socket, bound to `local` when it is given.
    fn udp(&self, py: Python<'_>, host: u32, local: Option<&Bound<'_, PyAny>>) -> PyResult<VirtualSocket> {
        VirtualSocket::udp(self.at_host(py, host)?, py, optional_socket("local", local)?)
    }
}

fn attachment((kind, number): Node<'_>, address: Option<(String, i64)>) -> PyResult<Attachment> {
    let node = if kind == "switch" { NodeId::Switch(SwitchId(number)) } else { NodeId::Host(HostId(number)) };
    let address = address.map(|(address, length)| prefix("address", &address, length)).transpose()?;
    Ok(Attachment { node, address })
}

/// A predicate that asks Python. The first exception is kept until the network is left, and counts as False.
fn asking(predicate: Py<PyAny>, raised: Arc<Mutex<Option<PyErr>>>) -> Predicate {
    Box::new(move |number, frame| {
        Python::attach(|py| {
            let answer = predicate
                .call1(py, (number, PyBytes::new(py, frame)))
                .and_then(|answer| answer.bind(py).is_truthy());
            answer.unwrap_or_else(|error| {
                raised.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                false
            })
        })
    })
}
