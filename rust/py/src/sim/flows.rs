//! Flows, out of dicts: times in nanoseconds, sizes in bytes, rates in bits per second.

use super::{instant, nanos, refused, take};
use crate::names::{self, OptionValue};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::collections::BTreeMap;
use tapip_core::sim::{
    BulkSpec, DatagramSpec, FlowId, HostId, ImpairmentError, Network, OnOffSpec, PingSpec, PoissonSpec,
    RequestSpec, SizeDistribution,
};
use tapip_core::stack::SocketOption;

/// A flow that is wanted.
pub(super) enum Wanted {
    Bulk(BulkSpec),
    Requests(RequestSpec),
    OnOff(OnOffSpec),
    Poisson(PoissonSpec),
    Ping(PingSpec),
    Datagrams(DatagramSpec),
}

impl Wanted {
    /// A flow of a kind; what a dict does not say is as usual.
    pub(super) fn new(kind: &str, dict: &Bound<'_, PyDict>) -> PyResult<Self> {
        match kind {
            "bulk" => bulk(dict).map(Self::Bulk),
            "requests" => requests(dict).map(Self::Requests),
            "on_off" => on_off(dict).map(Self::OnOff),
            "poisson" => poisson(dict).map(Self::Poisson),
            "ping" => ping(dict).map(Self::Ping),
            "datagrams" => datagrams(dict).map(Self::Datagrams),
            _ => Err(PyValueError::new_err(format!("kind: there are no flows of kind {kind:?}"))),
        }
    }

    /// Put it into the network.
    pub(super) fn add(
        self,
        network: &mut Network,
        from: HostId,
        to: HostId,
    ) -> Result<FlowId, ImpairmentError> {
        match self {
            Self::Bulk(spec) => network.bulk(from, to, spec),
            Self::Requests(spec) => network.requests(from, to, spec),
            Self::OnOff(spec) => network.on_off(from, to, spec),
            Self::Poisson(spec) => network.poisson(from, to, spec),
            Self::Ping(spec) => network.ping(from, to, spec),
            Self::Datagrams(spec) => network.datagrams(from, to, spec),
        }
    }
}

fn bulk(dict: &Bound<'_, PyDict>) -> PyResult<BulkSpec> {
    let usual = BulkSpec::default();
    Ok(BulkSpec {
        size: take(dict, "size")?,
        start: instant(dict, "start")?.unwrap_or(usual.start),
        stop: instant(dict, "stop")?,
        congestion: take(dict, "congestion")?,
        options: options(dict)?,
        fast_open: take(dict, "fast_open")?.unwrap_or_default(),
        trace_rows: take(dict, "trace_rows")?.unwrap_or(usual.trace_rows),
    })
}

/// Socket options by their names.
fn options(dict: &Bound<'_, PyDict>) -> PyResult<Vec<(SocketOption, i64)>> {
    let given: BTreeMap<String, OptionValue> = take(dict, "options")?.unwrap_or_default();
    let number = |(name, value): (String, OptionValue)| {
        let option = names::option(&name)?;
        Ok((option, names::option_number(&name, option, value)?))
    };
    given.into_iter().map(number).collect()
}

fn requests(dict: &Bound<'_, PyDict>) -> PyResult<RequestSpec> {
    let usual = RequestSpec::default();
    Ok(RequestSpec {
        request: take(dict, "request")?.unwrap_or(usual.request),
        response: take(dict, "response")?.unwrap_or(usual.response),
        count: take(dict, "count")?,
        think: nanos(dict, "think")?.unwrap_or(usual.think),
        start: instant(dict, "start")?.unwrap_or(usual.start),
        congestion: take(dict, "congestion")?,
        trace_rows: take(dict, "trace_rows")?.unwrap_or(usual.trace_rows),
    })
}

fn on_off(dict: &Bound<'_, PyDict>) -> PyResult<OnOffSpec> {
    let usual = OnOffSpec::default();
    Ok(OnOffSpec {
        on: nanos(dict, "on")?.unwrap_or(usual.on),
        off: nanos(dict, "off")?.unwrap_or(usual.off),
        exponential: take(dict, "exponential")?.unwrap_or(usual.exponential),
        rate: take(dict, "rate")?.unwrap_or(usual.rate),
        start: instant(dict, "start")?.unwrap_or(usual.start),
        stop: instant(dict, "stop")?,
        congestion: take(dict, "congestion")?,
        trace_rows: take(dict, "trace_rows")?.unwrap_or(usual.trace_rows),
    })
}

fn poisson(dict: &Bound<'_, PyDict>) -> PyResult<PoissonSpec> {
    let usual = PoissonSpec::default();
    Ok(PoissonSpec {
        interval: nanos(dict, "interval")?.unwrap_or(usual.interval),
        sizes: sizes(dict)?.unwrap_or(usual.sizes),
        count: take(dict, "count")?,
        start: instant(dict, "start")?.unwrap_or(usual.start),
        stop: instant(dict, "stop")?,
        congestion: take(dict, "congestion")?,
        trace_rows: take(dict, "trace_rows")?.unwrap_or(usual.trace_rows),
    })
}

/// One of `fixed`, `exponential` (the mean), `pareto` (least, tail, most), `measured` (sizes and parts of a million).
fn sizes(dict: &Bound<'_, PyDict>) -> PyResult<Option<SizeDistribution>> {
    if let Some(size) = take(dict, "fixed")? {
        return Ok(Some(SizeDistribution::Fixed(size)));
    }
    if let Some(mean) = take(dict, "exponential_size")? {
        return Ok(Some(SizeDistribution::Exponential(mean)));
    }
    if let Some((least, tail, most)) = take(dict, "pareto")? {
        return Ok(Some(SizeDistribution::Pareto { least, tail, most }));
    }
    Ok(take(dict, "measured")?.map(SizeDistribution::Measured))
}

fn ping(dict: &Bound<'_, PyDict>) -> PyResult<PingSpec> {
    let usual = PingSpec::default();
    Ok(PingSpec {
        interval: nanos(dict, "interval")?.unwrap_or(usual.interval),
        count: take(dict, "count")?,
        payload: take(dict, "size")?.unwrap_or(usual.payload),
        start: instant(dict, "start")?.unwrap_or(usual.start),
        timeout: nanos(dict, "timeout")?.unwrap_or(usual.timeout),
        trace_rows: take(dict, "trace_rows")?.unwrap_or(usual.trace_rows),
    })
}

fn datagrams(dict: &Bound<'_, PyDict>) -> PyResult<DatagramSpec> {
    let usual = DatagramSpec::default();
    Ok(DatagramSpec {
        rate: take(dict, "rate")?.unwrap_or(usual.rate),
        size: take(dict, "size")?.unwrap_or(usual.size),
        count: take(dict, "count")?,
        start: instant(dict, "start")?.unwrap_or(usual.start),
        stop: instant(dict, "stop")?,
        trace_rows: take(dict, "trace_rows")?.unwrap_or(usual.trace_rows),
    })
}

/// The exception for a flow that cannot be so.
pub(super) fn checked(flow: Result<FlowId, ImpairmentError>) -> PyResult<u32> {
    flow.map(|flow| flow.0).map_err(|error| refused(&error))
}
