use super::record;
use crate::address::{Endpoint, endpoint};
use pyo3::prelude::*;
use tapip_core::buffer::Meta;

record! {
    /// What is known of a received datagram.
    DatagramInfo {
        source: Endpoint,
        destination: String,
        interface: u32,
        ttl: u8,
        tos: u8,
        /// Its full length; more than what was returned when it was cut.
        length: usize,
    }
}

impl From<Meta> for DatagramInfo {
    fn from(meta: Meta) -> Self {
        let Meta { source, destination, interface, ttl, tos, length } = meta;
        let (source, destination) = (endpoint(source), destination.to_string());
        Self { source, destination, interface: interface.0, ttl, tos, length }
    }
}
