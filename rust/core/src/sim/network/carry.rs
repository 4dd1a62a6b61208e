//! Frames on their way: out of stacks into links, out of links into stacks and switches.

use super::hosts::Port;
use super::{DirectionId, Endpoint, FlowId, HostId, Network, Notice, SwitchId};
use crate::buffer::Packet;
use crate::observe::InterfaceId;
use crate::sim::events::Event;
use crate::sim::link::{Capture, Cause, add_to_capture};
use crate::sim::switch::Forwarding;
use crate::sim::traffic::Arena;
use crate::time::Duration;
use crate::wire::pcapng;

/// A frame to oneself takes so long, a microsecond, for time must pass or two sockets of one host could talk for ever in none.
const LOOPBACK_DELAY: Duration = Duration::from_micros(1);

impl Network {
    /// After anything happened to a host: send what it sends, tell what it tells, arm its timer.
    pub(super) fn settle(&mut self, id: HostId) {
        loop {
            self.drain(id);
            let Some(event) = self.hosts[id.index()].stack.poll_event() else { break };
            let mut arena = Arena { now: self.now, hosts: &mut self.hosts, events: &mut self.events };
            if !self.traffic.on_event(&mut arena, id, event) {
                self.notices.push_back(Notice::Socket { host: id, event });
            }
        }
        self.traffic.take_samples(&self.hosts, self.now);
        self.tell_of_flows();
        self.arm(id);
    }

    /// A flow's own time has come.
    pub(super) fn on_traffic(&mut self, flow: FlowId) {
        let mut arena = Arena { now: self.now, hosts: &mut self.hosts, events: &mut self.events };
        if let Some(host) = self.traffic.on_timer(&mut arena, flow) {
            self.settle(host);
        }
        self.tell_of_flows();
    }

    fn tell_of_flows(&mut self) {
        while let Some(flow) = self.traffic.poll_done() {
            self.notices.push_back(Notice::Flow(flow));
        }
    }

    fn drain(&mut self, id: HostId) {
        let now = self.now;
        loop {
            let host = &mut self.hosts[id.index()];
            let own = !host.stack.config().ip.forward;
            let Some(transmit) = host.stack.poll_transmit(now) else { return };
            let interface = transmit.interface;
            let mut packet = self.stock.gather(&transmit, own);
            match host.port(interface) {
                Some(Port::Link(direction)) => {
                    if let Some(observer) = &mut self.observer {
                        observer.on_emitted(now, id, interface, packet.whole(), &host.stack);
                    }
                    self.traffic.on_sent(host, now, packet.bytes());
                    self.offer(direction, packet);
                }
                Some(Port::Loopback) => {
                    let at = now + LOOPBACK_DELAY;
                    host.looped.push_back((at, interface, packet));
                    self.events.push(at, Event::Loopback(id.0));
                }
                None => self.stock.put(packet),
            }
        }
    }

    pub(super) fn on_loopback(&mut self, id: HostId) {
        let host = &mut self.hosts[id.index()];
        let Some((_, interface, packet)) = host.looped.pop_front() else { return };
        if let Some(packet) = self.stock.hand_over(packet, &mut host.stack) {
            host.stack.handle_frame(self.now, interface, packet);
        }
        self.settle(id);
    }

    /// Send a frame into a direction.
    fn offer(&mut self, id: DirectionId, packet: Packet) {
        self.capture(id, pcapng::Direction::Out, &packet);
        self.directions[id.index()].offer(self.now, packet);
        self.wake(id);
    }

    pub(super) fn on_transmitter(&mut self, id: DirectionId) {
        let direction = &mut self.directions[id.index()];
        if direction.expects(self.now).1 {
            direction.on_transmit(self.now);
            self.wake(id);
        }
    }

    /// See that a direction's next times stand in the queue.
    pub(super) fn wake(&mut self, id: DirectionId) {
        let wake = self.directions[id.index()].poll_wake(self.now);
        if let Some(at) = wake.arrive {
            self.events.push(at, Event::Arrive(id.0));
        }
        if let Some(at) = wake.transmit {
            self.events.push(at, Event::Transmit(id.0));
        }
    }

    /// A frame has come to the end of a direction.
    pub(super) fn on_arrival(&mut self, id: DirectionId) {
        let now = self.now;
        let direction = &mut self.directions[id.index()];
        if !direction.expects(now).0 {
            return;
        }
        let Some(packet) = direction.poll(now) else { return self.wake(id) };
        self.wake(id);
        self.digest.add(now, id.0, &packet);
        self.packets += 1;
        self.capture(id, pcapng::Direction::In, &packet);
        match self.ends[id.index()] {
            Endpoint::Host(host, interface) => self.deliver(id, host, interface, packet),
            Endpoint::Switch(switch, port) => self.switch(switch, port, packet),
        }
    }

    fn deliver(&mut self, direction: DirectionId, id: HostId, interface: InterfaceId, mut packet: Packet) {
        let now = self.now;
        if let Some(observer) = &mut self.observer {
            observer.on_received(now, id, interface, packet.whole());
        }
        let host = &mut self.hosts[id.index()];
        self.traffic.on_received(host, now, packet.bytes());
        match self.stock.hand_over(packet, &mut host.stack) {
            Some(packet) => host.stack.handle_frame(now, interface, packet),
            None => self.directions[direction.index()].gauge.drops.add(Cause::Buffer),
        }
        self.settle(id);
    }

    fn switch(&mut self, id: SwitchId, port: usize, packet: Packet) {
        let switch = &mut self.switches[id.index()];
        match switch.table.forward(self.now, port, packet.bytes()) {
            Forwarding::Filter => self.stock.put(packet),
            Forwarding::Port(out) => {
                let direction = switch.ports[out];
                self.offer(direction, packet);
            }
            Forwarding::Flood => {
                for out in 0..switch.ports.len() {
                    if out != port {
                        let direction = self.switches[id.index()].ports[out];
                        let copy = self.stock.copy(&packet);
                        self.offer(direction, copy);
                    }
                }
                self.stock.put(packet);
            }
        }
    }

    fn capture(&mut self, id: DirectionId, side: pcapng::Direction, frame: &Packet) {
        for Capture { index, side: wanted } in &self.directions[id.index()].captures {
            if *wanted == side {
                add_to_capture(&mut self.captures[*index as usize], self.now, side, frame);
            }
        }
    }
}
