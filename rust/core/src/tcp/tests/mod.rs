//! Tests of whole connections. `peer` plays the other end by hand, `pair` joins two engines by a bad wire.

mod pair;
mod peer;

mod accecn;
mod arrival;
mod buffers;
mod closing;
mod cookies;
mod data;
mod ecn;
mod errors;
mod fast_open;
mod handshake;
mod info;
mod listener;
mod liveness;
mod loss;
mod manners;
mod marks;
mod options;
mod positions;
mod recovery;
mod transfer;
mod units;
mod waiting;
