use super::record;
use crate::address::pair;
use crate::names::medium_name;
use pyo3::prelude::*;
use std::collections::BTreeMap;
use tapip_core::drops::DropReason;
use tapip_core::observe::{Counters, InterfaceCounters};
use tapip_core::stack::Interface;

record! {
    /// An interface as it was at one moment.
    InterfaceInfo {
        index: u32,
        name: String,
        medium: &'static str,
        mac: String,
        mtu: usize,
        up: bool,
        addresses: Vec<(String, u8)>,
        rx_frames: u64,
        rx_bytes: u64,
        rx_errors: u64,
        tx_frames: u64,
        tx_bytes: u64,
        tx_errors: u64,
        drops: BTreeMap<String, u64>,
    }
}

impl InterfaceInfo {
    /// `interface`, with its part of `counters`.
    pub(crate) fn new(interface: &Interface, counters: &Counters) -> Self {
        let none = InterfaceCounters::default();
        let counters = counters.interface(interface.id).unwrap_or(&none);
        let drops = DropReason::ALL.iter().map(|reason| (reason.to_string(), counters.drops(*reason)));
        Self {
            index: interface.id.0,
            name: interface.name.clone(),
            medium: medium_name(interface.medium),
            mac: interface.mac.to_string(),
            mtu: interface.mtu,
            up: interface.up,
            addresses: interface.addresses.iter().copied().map(pair).collect(),
            rx_frames: counters.rx_frames,
            rx_bytes: counters.rx_bytes,
            rx_errors: counters.rx_errors,
            tx_frames: counters.tx_frames,
            tx_bytes: counters.tx_bytes,
            tx_errors: counters.tx_errors,
            drops: drops.filter(|(_, count)| *count > 0).collect(),
        }
    }
}
