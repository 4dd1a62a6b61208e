//! Switches, routers, addresses.

use super::*;
use crate::wire::Prefix;

fn fast() -> LinkSpec {
    LinkSpec::new(100 * MBIT, Duration::from_micros(100))
}

fn host(network: &mut Network, name: &str, forward: bool) -> HostId {
    network.add_host(name, HostSpec { forward, ..HostSpec::default() }).expect("a new name")
}

fn address(network: &Network, host: HostId) -> String {
    network.address(host).map(|address| address.to_string()).unwrap_or_default()
}

#[test]
fn hosts_on_a_switch_reach_each_other_and_only_they_get_the_frames() {
    let mut network = Network::new(1);
    let switch = network.add_switch("s").expect("a new name");
    let hosts = ["a", "b", "c"].map(|name| host(&mut network, name, false));
    let links = hosts.map(|host| network.link(host, switch, fast(), fast()).expect("a sound link"));
    assert_eq!(hosts.map(|host| address(&network, host)), ["10.255.0.1", "10.255.0.2", "10.255.0.3"]);
    let flow = bulk(&mut network, [hosts[0], hosts[1]], 200_000);
    run(&mut network, Instant::from_secs(10));
    assert!(network.flow(flow).intact && network.flow(flow).completed.is_some());
    assert_eq!(network.switch_entries(switch), 2);
    // The third sees what is flooded: the broadcast that asks for the address.
    assert_eq!(network.stats(links[2].ba()).delivered_packets, 1);
}

#[test]
fn packets_find_their_way_over_routers_and_switches() {
    let mut network = Network::new(1);
    let (a, b) = (host(&mut network, "a", false), host(&mut network, "b", false));
    let routers = ["r1", "r2", "r3"].map(|name| host(&mut network, name, true));
    let switch = network.add_switch("s").expect("a new name");
    let mut link = |x: NodeId, y: NodeId| network.link(x, y, fast(), fast()).expect("a sound link");
    link(a.into(), routers[0].into());
    link(routers[0].into(), routers[1].into());
    link(routers[1].into(), switch.into());
    link(routers[2].into(), switch.into());
    link(routers[2].into(), b.into());
    let flow = bulk(&mut network, [a, b], 200_000);
    let back = bulk(&mut network, [b, a], 100_000);
    run(&mut network, Instant::from_secs(10));
    for flow in [flow, back] {
        assert!(network.flow(flow).intact && network.flow(flow).completed.is_some());
    }
    // One gateway beside it: a default route. The router in the middle knows both far networks.
    assert_eq!(network.computed_routes(a).len(), 1);
    assert_eq!(network.computed_routes(routers[1]).len(), 2);
}

#[test]
fn addresses_are_given_or_taken_but_never_twice() {
    let mut network = Network::new(1);
    let [a, b, c] = ["a", "b", "c"].map(|name| host(&mut network, name, false));
    let prefix = |text: &str| {
        let (address, length) = text.split_once('/').expect("an address and a length");
        let address = address.parse().expect("an address");
        Prefix::new(address, length.parse().expect("a length")).expect("a right length")
    };
    let given = |host: HostId, text| Attachment { node: host.into(), address: Some(prefix(text)) };
    network.link(a, b, fast(), fast()).expect("a sound link");
    assert_eq!([a, b].map(|host| address(&network, host)), ["10.0.0.1", "10.0.0.2"]);
    network.link(given(b, "192.168.7.1/24"), c, fast(), fast()).expect("a sound link");
    assert_eq!(address(&network, c), "192.168.7.2");
    let twice = network.link(a, given(c, "10.0.0.1/24"), fast(), fast());
    let refusal = twice.expect_err("the address is taken").to_string();
    assert!(refusal.starts_with("address = 10.0.0.1: allowed is an address that no other"), "{refusal}");
    network.link(given(a, "10.0.1.77/24"), c, fast(), fast()).expect("a sound link");
    let next = network.link(a, c, fast(), fast()).expect("a sound link");
    // 10.0.1.0/24 was named by hand, so the next network of a link is the one behind it.
    let interface = network.interface_at(next, End::A).map(|(host, interface)| {
        network.stack(host).interface(interface).expect("it was made").addresses[0].to_string()
    });
    assert_eq!(interface.as_deref(), Some("10.0.2.1/24"));
}

#[test]
fn wrong_wishes_are_refused_by_name() {
    let mut network = Network::new(1);
    let a = host(&mut network, "a", false);
    let refusal = network.add_switch("a").expect_err("the name is taken").to_string();
    assert_eq!(refusal, "name = a: allowed is a name that no other node has");
    assert_eq!(network.link(a, a, fast(), fast()).expect_err("no link to oneself").field, "b");
    let b = host(&mut network, "b", false);
    let mut slow = fast();
    slow.impairment.drop = 2_000_000;
    assert_eq!(network.link(a, b, slow, fast()).expect_err("an odd chance").field, "drop");
    assert_eq!(network.bulk(a, b, BulkSpec::default()).expect_err("no link yet").field, "to");
    network.link(a, b, fast(), fast()).expect("a sound link");
    let spec = BulkSpec { congestion: Some("vegas".to_owned()), ..BulkSpec::default() };
    assert_eq!(network.bulk(a, b, spec).expect_err("not a control of ours").field, "congestion");
}

#[test]
fn a_thousand_hosts_on_one_switch() {
    let mut network = Network::new(1);
    let switch = network.add_switch("s").expect("a new name");
    let hosts: Vec<HostId> =
        (0..1_000).map(|number| host(&mut network, &format!("h{number}"), false)).collect();
    for host in &hosts {
        network.link(*host, switch, fast(), fast()).expect("a sound link");
    }
    let flows: Vec<FlowId> =
        (0..20).map(|number| bulk(&mut network, [hosts[number], hosts[999 - number]], 20_000)).collect();
    run(&mut network, Instant::from_secs(3));
    assert!(flows.iter().all(|flow| network.flow(*flow).intact && network.flow(*flow).completed.is_some()));
}
