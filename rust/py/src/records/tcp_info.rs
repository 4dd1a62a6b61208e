use super::record;
use pyo3::prelude::*;

record! {
    /// A TCP connection as it was at one moment. Sequence numbers are those on the wire (modulo 2**32).
    TcpInfo {
        state: &'static str,
    }
}
