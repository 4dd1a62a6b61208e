//! Words that Python uses for the core's enumerations, and errors that name a wrong word.

use crate::error::raise;
use pyo3::exceptions::{PyKeyError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use tapip_core::error::Error;
use tapip_core::ip::RouteKind;
use tapip_core::observe::{Layer, LayerMask, Readiness};
use tapip_core::stack::{KnobError, Medium, SocketOption};
use tapip_core::tcp::congestion::Kind;
use tapip_host::device::Features;
use tapip_host::serve::Service;

const OPTIONS: &[(&str, SocketOption)] = &[
    ("nodelay", SocketOption::NoDelay),
    ("keepalive", SocketOption::KeepAlive),
    ("keep_idle", SocketOption::KeepIdle),
    ("keep_interval", SocketOption::KeepInterval),
    ("keep_count", SocketOption::KeepCount),
    ("user_timeout", SocketOption::UserTimeout),
    ("linger", SocketOption::Linger),
    ("ttl", SocketOption::Ttl),
    ("tos", SocketOption::Tos),
    ("multicast_ttl", SocketOption::MulticastTtl),
    ("multicast_loop", SocketOption::MulticastLoop),
    ("multicast_interface", SocketOption::MulticastInterface),
    ("send_buffer", SocketOption::SendBuffer),
    ("receive_buffer", SocketOption::ReceiveBuffer),
    ("max_segment", SocketOption::MaxSegment),
    ("quickack", SocketOption::QuickAck),
    ("cork", SocketOption::Cork),
    ("notsent_lowat", SocketOption::NotSentLowWater),
    ("congestion", SocketOption::Congestion),
    ("syn_cookies", SocketOption::SynCookies),
    ("ecn", SocketOption::Ecn),
    ("fast_open", SocketOption::FastOpen),
    ("defer_accept", SocketOption::DeferAccept),
    ("broadcast", SocketOption::Broadcast),
    ("reuse_address", SocketOption::ReuseAddress),
    ("mtu_discover", SocketOption::MtuDiscover),
    ("header_included", SocketOption::HeaderIncluded),
    ("receive_errors", SocketOption::ReceiveErrors),
];

const MEDIA: &[(&str, Medium)] =
    &[("ethernet", Medium::Ethernet), ("ip", Medium::Ip), ("loopback", Medium::Loopback)];

const KINDS: &[(&str, RouteKind)] = &[
    ("unicast", RouteKind::Unicast),
    ("blackhole", RouteKind::Blackhole),
    ("prohibit", RouteKind::Prohibit),
    ("unreachable", RouteKind::Unreachable),
];

/// poll(2)'s bits, as in Python's `select`.
const POLL: &[(Readiness, u32)] = &[
    (Readiness::READABLE, 0x1),
    (Readiness::WRITABLE, 0x4),
    (Readiness::ERROR, 0x8),
    (Readiness::HANGUP, 0x10),
    (Readiness::READ_CLOSED, 0x2000),
];

/// A socket option by its name.
pub(crate) fn option(name: &str) -> PyResult<SocketOption> {
    find("name", name, OPTIONS)
}

/// What a socket option is worth.
#[derive(FromPyObject, IntoPyObject)]
pub(crate) enum OptionValue {
    Number(i64),
    /// A congestion control.
    Name(String),
}

/// The core's number as Python sees it.
pub(crate) fn option_value(option: SocketOption, number: i64) -> OptionValue {
    let kind = usize::try_from(number).ok().and_then(|place| Kind::ALL.get(place));
    match kind {
        Some(kind) if option == SocketOption::Congestion => OptionValue::Name(kind.name().to_owned()),
        _ => OptionValue::Number(number),
    }
}

/// What the core is told.
pub(crate) fn option_number(name: &str, option: SocketOption, value: OptionValue) -> PyResult<i64> {
    match (option, value) {
        (SocketOption::Congestion, OptionValue::Name(word)) => {
            let kind = Kind::by_name(&word).ok_or_else(|| {
                let known: Vec<_> = Kind::ALL.iter().map(|kind| kind.name()).collect();
                PyValueError::new_err(format!("value: congestion {word:?} is none of {}", known.join(", ")))
            })?;
            Ok(kind.place() as i64)
        }
        (SocketOption::Congestion, OptionValue::Number(_)) => {
            Err(PyTypeError::new_err(format!("value: option {name} wants a name, not a number")))
        }
        (_, OptionValue::Number(number)) => Ok(number),
        (_, OptionValue::Name(_)) => {
            Err(PyTypeError::new_err(format!("value: option {name} wants a number, not a name")))
        }
    }
}

/// A medium by its name.
pub(crate) fn medium(name: &str) -> PyResult<Medium> {
    find("medium", name, MEDIA)
}

/// The name of a medium.
pub(crate) fn medium_name(medium: Medium) -> &'static str {
    name_of(medium, MEDIA)
}

/// A service by its name.
pub(crate) fn service(name: &str) -> PyResult<Service> {
    find("services", name, &Service::ALL.map(|service| (service.name(), service)))
}

/// A kind of route by its name.
pub(crate) fn route_kind(name: &str) -> PyResult<RouteKind> {
    find("kind", name, KINDS)
}

/// The name of a kind of route.
pub(crate) fn route_kind_name(kind: RouteKind) -> &'static str {
    name_of(kind, KINDS)
}

/// A mask of layers by their names.
pub(crate) fn layers(names: &[String]) -> PyResult<LayerMask> {
    let all = Layer::ALL.map(|layer| (layer.name(), layer));
    names.iter().try_fold(LayerMask::empty(), |mask, name| Ok(mask | find("layers", name, &all)?.mask()))
}

/// The names of the layers in a mask.
pub(crate) fn layer_names(mask: LayerMask) -> Vec<&'static str> {
    Layer::ALL.iter().filter(|layer| mask.intersects(layer.mask())).map(|layer| layer.name()).collect()
}

/// Readiness as poll(2)'s bits.
pub(crate) fn poll_bits(readiness: Readiness) -> u32 {
    POLL.iter().filter(|(flag, _)| readiness.contains(*flag)).map(|(_, bit)| bit).sum()
}

/// poll(2)'s bits as readiness.
pub(crate) fn interest(bits: u32) -> PyResult<Readiness> {
    let known: u32 = POLL.iter().map(|(_, bit)| bit).sum();
    if bits == 0 || bits & !known != 0 {
        let text = format!("events: {bits:#x} is not made of POLLIN, POLLOUT, POLLERR, POLLHUP, POLLRDHUP");
        return Err(PyValueError::new_err(text));
    }
    Ok(POLL.iter().filter(|(_, bit)| bits & bit != 0).map(|(flag, _)| *flag).collect())
}

/// A refused option as a ValueError that names it, and its value.
pub(crate) fn blame_option(py: Python<'_>, error: PyErr, name: &str, value: Option<i64>) -> PyErr {
    /// The errnos for a bad value and for an option that this kind of socket does not have.
    const REFUSED: [i32; 2] = [Error::InvalidArgument.errno(), Error::NotSupported.errno()];
    let errno = error.value(py).getattr("errno").and_then(|errno| errno.extract::<i32>());
    match (errno, value) {
        (Ok(errno), Some(value)) if errno == REFUSED[0] => {
            PyValueError::new_err(format!("value: {value} is not allowed for option {name}"))
        }
        (Ok(errno), _) if errno == REFUSED[1] => {
            PyValueError::new_err(format!("name: this kind of socket has no option {name}"))
        }
        _ => error,
    }
}

/// The exception for a knob that was not set; it names knob or value.
pub(crate) fn blame_knob(py: Python<'_>, error: KnobError, name: &str, value: i64) -> PyErr {
    match error {
        KnobError::Unknown => PyKeyError::new_err(name.to_owned()),
        KnobError::Range(least, most) => {
            PyValueError::new_err(format!("value: {value} is not {least}..{most}, the range of {name}"))
        }
        KnobError::Shared(why) => {
            PyValueError::new_err(format!("name: no connection can have {name} of its own: {why}"))
        }
        KnobError::Socket(error) => raise(py, &error.into()),
    }
}

/// As `blame_knob`, where one of several was refused.
pub(crate) fn blame_knobs(py: Python<'_>, error: KnobError, knobs: &[(String, i64)]) -> PyErr {
    let all: Vec<_> = knobs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    match error {
        KnobError::Socket(_) => blame_knob(py, error, "", 0),
        KnobError::Unknown => PyKeyError::new_err(all.join(", ")),
        KnobError::Range(least, most) => {
            PyValueError::new_err(format!("knobs: one of {} is not {least}..{most}", all.join(", ")))
        }
        KnobError::Shared(why) => PyValueError::new_err(format!(
            "knobs: no connection can have one of {} of its own: {why}",
            all.join(", ")
        )),
    }
}

fn find<T: Copy>(argument: &str, word: &str, table: &[(&str, T)]) -> PyResult<T> {
    table.iter().find(|(name, _)| *name == word).map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<_> = table.iter().map(|(name, _)| *name).collect();
        PyValueError::new_err(format!("{argument}: {word:?} is none of {}", names.join(", ")))
    })
}

fn name_of<T: PartialEq>(value: T, table: &[(&'static str, T)]) -> &'static str {
    table.iter().find(|(_, other)| *other == value).map_or("unknown", |(name, _)| name)
}

/// Offloads by their short names.
pub(crate) fn features(names: &[String]) -> PyResult<Features> {
    let mut features = Features::NONE;
    for name in names {
        let switch = match name.as_str() {
            "rx" => &mut features.rx,
            "tx" => &mut features.tx,
            "tso" => &mut features.tso,
            "gro" => &mut features.gro,
            _ => {
                return Err(PyValueError::new_err(format!("there is no offload {name:?}: rx, tx, tso, gro")));
            }
        };
        *switch = true;
    }
    Ok(features)
}

/// Short names of what is on.
pub(crate) fn of_features(features: Features) -> Vec<&'static str> {
    features.list().iter().filter(|(.., on)| *on).map(|(short, ..)| *short).collect()
}
