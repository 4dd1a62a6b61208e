//! Whole stacks joined by queues under a jumping clock.

mod wire_pair;

mod datagrams;
mod handshakes;
mod neighbors;
mod offloads;
mod policies;
mod routing;
mod streams;
mod turns;
