use super::record;
use crate::timeout::to_time;
use pyo3::prelude::*;
use std::collections::BTreeMap;
use tapip_core::observe::{Record, Value};

record! {
    /// A record of the trace.
    Event {
        number: u64,
        time: f64,
        layer: &'static str,
        /// The name of the interface, where one is concerned.
        interface: Option<String>,
        /// What happened: "TcpState", "Drop".
        name: &'static str,
        fields: BTreeMap<&'static str, Field>,
        /// The line that `debug` prints.
        text: String,
    }
}

/// The value of a field.
#[derive(Clone, IntoPyObject)]
pub(crate) enum Field {
    Flag(bool),
    Int(i64),
    Seconds(f64),
    Word(&'static str),
    Text(String),
}

impl Event {
    /// `record`, on the interface called `interface`.
    pub(crate) fn new(record: &Record, interface: Option<String>) -> Self {
        Self {
            number: record.number,
            time: to_time(record.time),
            layer: record.layer.name(),
            interface,
            name: record.event.name(),
            fields: record.event.fields().into_iter().map(|(name, value)| (name, value.into())).collect(),
            text: record.event.to_string(),
        }
    }
}

impl From<Value> for Field {
    fn from(value: Value) -> Self {
        match value {
            Value::Int(number) => Self::Int(number),
            Value::Text(word) => Self::Word(word),
            Value::Mac(address) => Self::Text(address.to_string()),
            Value::Ip(address) => Self::Text(address.to_string()),
        }
    }
}
