//! Tables as columns: numbers as the bytes of an array, which NumPy or `array` take as they are; words as lists.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use tapip_core::sim::{Exchange, QueueRow, TraceRow};
use tapip_core::time::{Duration, Instant};

/// A column: its name; its type, "d" (float) or "q" (int) as in `array`, or "" for words; its values.
pub(super) type Column<'py> = (&'static str, &'static str, Bound<'py, PyAny>);

/// Rows to be told column by column.
pub(super) struct Rows<'a, 'py, T> {
    pub(super) py: Python<'py>,
    pub(super) rows: &'a [T],
}

impl<'py, T> Rows<'_, 'py, T> {
    fn floats(&self, name: &'static str, value: impl Fn(&T) -> f64) -> Column<'py> {
        let bytes: Vec<u8> = self.rows.iter().flat_map(|row| value(row).to_ne_bytes()).collect();
        (name, "d", PyBytes::new(self.py, &bytes).into_any())
    }

    fn times(&self, name: &'static str, value: impl Fn(&T) -> Instant) -> Column<'py> {
        self.floats(name, |row| crate::timeout::to_time(value(row)))
    }

    fn spans(&self, name: &'static str, value: impl Fn(&T) -> Duration) -> Column<'py> {
        self.floats(name, |row| crate::timeout::to_seconds(value(row)))
    }

    fn counts(&self, name: &'static str, value: impl Fn(&T) -> u64) -> Column<'py> {
        let bytes: Vec<u8> = self.rows.iter().flat_map(|row| (value(row) as i64).to_ne_bytes()).collect();
        (name, "q", PyBytes::new(self.py, &bytes).into_any())
    }

    fn words(&self, name: &'static str, value: impl Fn(&T) -> &'static str) -> PyResult<Column<'py>> {
        Ok((name, "", PyList::new(self.py, self.rows.iter().map(value))?.into_any()))
    }
}

impl<'py> Rows<'_, 'py, TraceRow> {
    pub(super) fn trace(&self) -> PyResult<Vec<Column<'py>>> {
        // What no loss has set yet is without bounds.
        let threshold =
            |row: &TraceRow| if row.ssthresh == u64::MAX { f64::INFINITY } else { row.ssthresh as f64 };
        Ok(vec![
            self.times("t", |row| row.at),
            self.counts("cwnd", |row| row.cwnd),
            self.floats("ssthresh", threshold),
            self.spans("srtt", |row| row.srtt),
            self.spans("rttvar", |row| row.rttvar),
            self.spans("rto", |row| row.rto),
            self.counts("flight", |row| row.flight),
            self.counts("pacing_rate", |row| row.pacing_rate),
            self.counts("delivered", |row| row.delivered),
            self.words("state", |row| row.state)?,
            self.words("cause", |row| row.cause)?,
        ])
    }
}

impl<'py> Rows<'_, 'py, Exchange> {
    pub(super) fn exchanges(&self) -> Vec<Column<'py>> {
        vec![
            self.times("t", |row| row.began),
            self.spans("took", |row| row.took),
            self.counts("number", |row| row.number),
            self.counts("bytes", |row| row.bytes),
        ]
    }
}

impl<'py> Rows<'_, 'py, QueueRow> {
    pub(super) fn queue(&self) -> Vec<Column<'py>> {
        vec![
            self.times("t", |row| row.at),
            self.counts("bytes", |row| row.bytes),
            self.counts("packets", |row| row.packets),
            self.spans("delay", |row| row.delay),
            self.counts("drops", |row| row.drops),
            self.counts("marks", |row| row.marks),
            self.counts("delivered", |row| row.delivered),
        ]
    }
}
