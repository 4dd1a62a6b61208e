//! Addresses between text and the core's types, with errors that name the argument and its value.

use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use std::net::Ipv4Addr;
use tapip_core::wire::{IpAddress, MacAddress, Prefix, SocketAddress};

/// `(host, port)`, as Python gives and gets it.
pub(crate) type Endpoint = (String, u16);

/// An IP address out of the argument `name`.
pub(crate) fn ip(name: &str, text: &str) -> PyResult<IpAddress> {
    text.parse().map_err(|_| PyValueError::new_err(format!("{name}: {text:?} is not an IP address")))
}

/// An IPv4 address out of the argument `name`.
pub(crate) fn ipv4(name: &str, text: &str) -> PyResult<Ipv4Addr> {
    text.parse().map_err(|_| PyValueError::new_err(format!("{name}: {text:?} is not an IPv4 address")))
}

/// A hardware address out of the argument `name`.
pub(crate) fn mac(name: &str, text: &str) -> PyResult<MacAddress> {
    text.parse().map_err(|()| {
        PyValueError::new_err(format!("{name}: {text:?} is not a MAC address such as 02:00:00:00:00:01"))
    })
}

/// An address and a prefix length out of the arguments `name` and `length`.
pub(crate) fn prefix(name: &str, address: &str, length: i64) -> PyResult<Prefix> {
    let address = ip(name, address)?;
    let limit = if address.is_ipv4() { 32 } else { 128 };
    let wrong = || PyValueError::new_err(format!("length: {length} is not a prefix length of 0..{limit}"));
    let length = u8::try_from(length).map_err(|_| wrong())?;
    Prefix::new(address, length).map_err(|_| wrong())
}

/// A socket address out of the argument `name`.
pub(crate) fn socket(name: &str, pair: &Bound<'_, PyAny>) -> PyResult<SocketAddress> {
    let wrong = |_| PyTypeError::new_err(format!("{name} must be a tuple (host, port), not {pair}"));
    let (host, port) = pair.extract::<(String, Bound<'_, PyAny>)>().map_err(wrong)?;
    let port = match port.extract::<u16>() {
        Ok(port) => port,
        Err(error) if error.is_instance_of::<PyOverflowError>(pair.py()) => {
            return Err(PyValueError::new_err(format!("{name}: port {port} is not 0..65535")));
        }
        Err(_) => return Err(PyTypeError::new_err(format!("{name}: port must be an int, not {port}"))),
    };
    Ok(SocketAddress::new(ip(name, &host)?, port))
}

/// A socket address out of the argument `name`, or `None`.
pub(crate) fn optional_socket(
    name: &str,
    pair: Option<&Bound<'_, PyAny>>,
) -> PyResult<Option<SocketAddress>> {
    pair.map(|pair| socket(name, pair)).transpose()
}

/// As Python sees a socket address.
pub(crate) fn endpoint(address: SocketAddress) -> Endpoint {
    (address.ip().to_string(), address.port())
}

/// As Python sees a prefix.
pub(crate) fn pair(prefix: Prefix) -> (String, u8) {
    (prefix.address().to_string(), prefix.length())
}
