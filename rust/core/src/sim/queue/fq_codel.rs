//! Fair queueing with controlled delay (RFC 8290): flows are hashed to queues, each with a CoDel of its own, served by deficit
//! round robin; a flow that begins, or sends little, is served before those that keep the link busy.

use super::codel::Controller;
use super::fifo::Fifo;
use super::{Backlog, CodelSpec, Limits, Waiting};
use crate::rng::prf;
use crate::sim::link::{Cause, Gauge};
use crate::time::Instant;
use crate::wire::EthernetHeader;
use std::collections::VecDeque;

/// What FQ-CoDel needs to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FqCodelSpec {
    /// The CoDel of every queue.
    pub codel: CodelSpec,
    /// How many queues.
    pub queues: u16,
    /// Bytes that a queue sends in its turn.
    pub quantum: u32,
}

impl Default for FqCodelSpec {
    fn default() -> Self {
        //= rfc8290#5.2   1024 queues, a quantum of one frame
        Self { codel: CodelSpec::default(), queues: 1_024, quantum: 1_514 }
    }
}

#[derive(Debug, Default)]
struct Flow {
    fifo: Fifo,
    controller: Controller,
    /// Bytes that it may still send in this turn.
    deficit: i64,
    /// On one of the two lists.
    listed: bool,
}

/// The queues and the two lists of those that have something to send.
#[derive(Debug)]
pub(in crate::sim) struct FqCodel {
    spec: FqCodelSpec,
    key: u128,
    flows: Vec<Flow>,
    fresh: VecDeque<u16>,
    old: VecDeque<u16>,
    backlog: Backlog,
}

impl FqCodel {
    /// One overload drops so many packets at most, so that it is not repeated for every packet (RFC 8290 4.1.3).
    const BATCH: u64 = 64;

    pub(super) fn new(spec: FqCodelSpec, key: u128) -> Self {
        let flows = (0..spec.queues.max(1)).map(|_| Flow::default()).collect();
        Self { spec, key, flows, fresh: VecDeque::new(), old: VecDeque::new(), backlog: Backlog::default() }
    }

    pub(super) fn push(&mut self, waiting: Waiting, limits: &Limits, gauge: &mut Gauge) {
        let index = self.flow_of(waiting.packet.bytes());
        self.backlog.add(waiting.packet.len());
        let flow = &mut self.flows[usize::from(index)];
        flow.fifo.append(waiting);
        if !flow.listed {
            //= rfc8290#4.1   a queue that was empty begins on the list of new ones, with a full quantum
            (flow.listed, flow.deficit) = (true, i64::from(self.spec.quantum));
            self.fresh.push_back(index);
        }
        if limits.exceeded(self.backlog) {
            self.drop_from_fattest(limits, gauge);
        }
    }

    pub(super) fn pop(&mut self, now: Instant, gauge: &mut Gauge) -> Option<Waiting> {
        loop {
            let from_fresh = !self.fresh.is_empty();
            let list = if from_fresh { &mut self.fresh } else { &mut self.old };
            let index = *list.front()?;
            let flow = &mut self.flows[usize::from(index)];
            if flow.deficit <= 0 {
                flow.deficit += i64::from(self.spec.quantum);
                list.pop_front();
                self.old.push_back(index);
                continue;
            }
            let (fifo, backlog) = (&mut flow.fifo, &mut self.backlog);
            let waiting = flow.controller.pop(now, &self.spec.codel, gauge, || {
                let waiting = fifo.pop()?;
                backlog.sub(waiting.packet.len());
                Some((waiting, fifo.backlog().bytes))
            });
            let Some(waiting) = waiting else {
                list.pop_front();
                //= rfc8290#4.2   an emptied new queue goes through the list of old ones once, or it could starve them
                if from_fresh {
                    self.old.push_back(index);
                } else {
                    flow.listed = false;
                }
                continue;
            };
            flow.deficit -= waiting.packet.len() as i64;
            return Some(waiting);
        }
    }

    pub(super) const fn backlog(&self) -> Backlog {
        self.backlog
    }

    pub(super) fn clear(&mut self) -> Vec<Waiting> {
        self.backlog = Backlog::default();
        self.flows.iter_mut().flat_map(|flow| flow.fifo.clear()).collect()
    }

    /// Take from the head of the queue that holds most, half of it at most.
    fn drop_from_fattest(&mut self, limits: &Limits, gauge: &mut Gauge) {
        // The first of equals, so that the choice does not hang on anything else.
        let fattest = self.flows.iter_mut().rev().max_by_key(|flow| flow.fifo.backlog().bytes);
        let Some(flow) = fattest else { return };
        let half = flow.fifo.backlog().bytes / 2;
        for _ in 0..Self::BATCH {
            let Some(dropped) = flow.fifo.pop() else { break };
            self.backlog.sub(dropped.packet.len());
            gauge.drops.add(Cause::Full);
            if flow.fifo.backlog().bytes <= half && !limits.exceeded(self.backlog) {
                break;
            }
        }
    }

    /// The queue of a frame, by addresses, protocol and ports; one queue for all that is not IPv4.
    fn flow_of(&self, frame: &[u8]) -> u16 {
        let mut tuple = [0; 13];
        let ip = frame.get(EthernetHeader::LEN..).unwrap_or_default();
        if frame.get(12..14) == Some(&[0x08, 0x00]) && ip.len() >= 20 {
            tuple[..8].copy_from_slice(&ip[12..20]);
            tuple[8] = ip[9];
            let header = usize::from(ip[0] & 0x0f) * 4;
            let first = u16::from_be_bytes([ip[6], ip[7]]) & 0x3fff == 0;
            // Fragments but the first have no ports; all of them go by addresses alone.
            if let Some(ports) = ip.get(header..header + 4).filter(|_| first && matches!(ip[9], 6 | 17)) {
                tuple[9..].copy_from_slice(ports);
            }
        }
        (prf(self.key, &tuple) % self.flows.len() as u64) as u16
    }
}
