//! Who is let in.

use super::*;
use crate::wire::Ipv4Options;
use test_case::test_case;

fn header(source: &str, destination: &str, protocol: Protocol) -> Ipv4Header {
    Ipv4Header {
        tos: 0,
        total_length: 28,
        id: 0,
        dont_fragment: false,
        more_fragments: false,
        fragment_offset: 0,
        ttl: 64,
        protocol,
        source: source.parse().expect("an address"),
        destination: destination.parse().expect("an address"),
        options: Ipv4Options::NONE,
    }
}

/// How a packet from a wire is judged by a host that is 10.0.0.1/24 and in 224.1.1.1.
fn judge(source: &str, destination: &str, link_group: bool, loopback: bool) -> Result<(), DropReason> {
    let protocol = if source == "0.0.0.0" { Protocol::IGMP } else { Protocol::TCP };
    let header = header(source, destination, protocol);
    let own = [Prefix::new("10.0.0.1".parse().expect("an address"), 24).expect("a prefix")];
    let joined =
        |group: Ipv4Addr| [Ipv4Addr::new(224, 0, 0, 1), Ipv4Addr::new(224, 1, 1, 1)].contains(&group);
    let arrival = Arrival {
        loopback,
        link_group,
        source_is_ours: own[0].address() == header.source,
        source_is_broadcast: own[0].broadcast() == Some(header.source.into()),
        destination: classify(header.destination, own.iter(), joined),
    };
    admit(&header, &arrival)
}

#[test_case("10.0.0.2", "10.0.0.1" => Ok(()); "to us")]
#[test_case("10.0.0.2", "10.0.0.3" => Ok(()); "to another, for forwarding to decide")]
#[test_case("10.0.0.2", "10.0.0.255" => Ok(()); "directed broadcast")]
#[test_case("10.0.0.2", "255.255.255.255" => Ok(()); "limited broadcast")]
#[test_case("10.0.0.2", "224.1.1.1" => Ok(()); "a group of ours")]
#[test_case("10.0.0.2", "224.1.1.2" => Err(DropReason::IpMulticastNotJoined); "a group of others")]
#[test_case("0.0.0.0", "224.0.0.1" => Ok(()); "a snooping querier without an address")]
#[test_case("0.0.0.0", "10.0.0.1" => Err(DropReason::IpBadSource); "from nobody")]
#[test_case("0.1.2.3", "10.0.0.1" => Err(DropReason::IpBadSource); "from this network")]
#[test_case("127.0.0.1", "10.0.0.1" => Err(DropReason::IpLoopbackFromWire); "from loopback")]
#[test_case("10.0.0.2", "127.0.0.1" => Err(DropReason::IpLoopbackFromWire); "to loopback")]
#[test_case("224.0.0.1", "10.0.0.1" => Err(DropReason::IpBadSource); "from a group")]
#[test_case("255.255.255.255", "10.0.0.1" => Err(DropReason::IpBadSource); "from everybody")]
#[test_case("10.0.0.255", "10.0.0.1" => Err(DropReason::IpBadSource); "from everybody here")]
#[test_case("240.0.0.1", "10.0.0.1" => Err(DropReason::IpBadSource); "from class E")]
#[test_case("10.0.0.1", "10.0.0.1" => Err(DropReason::IpOwnSource); "from ourselves: land")]
#[test_case("10.0.0.2", "0.0.0.0" => Err(DropReason::IpBadDestination); "to nobody")]
#[test_case("10.0.0.2", "250.0.0.1" => Err(DropReason::IpBadDestination); "to class E")]
fn from_a_wire(source: &str, destination: &str) -> Result<(), DropReason> {
    //= rfc1122#3.2.1.3   type=test
    judge(source, destination, false, false)
}

#[test_case("127.0.0.1", "127.1.2.3" => Ok(()); "all of 127 is this host")]
#[test_case("10.0.0.1", "10.0.0.1" => Ok(()); "from ourselves")]
#[test_case("127.0.0.1", "10.0.0.1" => Ok(()); "from loopback")]
#[test_case("224.0.0.1", "127.0.0.1" => Err(DropReason::IpBadSource); "from a group")]
fn over_loopback(source: &str, destination: &str) -> Result<(), DropReason> {
    judge(source, destination, false, true)
}

#[test_case("10.0.0.1" => Err(DropReason::IpBadDestination); "to one host")]
#[test_case("10.0.0.255" => Ok(()); "to a broadcast address")]
#[test_case("224.1.1.1" => Ok(()); "to a group")]
fn in_a_link_broadcast(destination: &str) -> Result<(), DropReason> {
    //= rfc1122#3.3.6   type=test
    judge("10.0.0.2", destination, true, false)
}

#[test]
fn a_client_without_an_address_may_broadcast_udp() {
    let header = header("0.0.0.0", "255.255.255.255", Protocol::UDP);
    let arrival = Arrival {
        loopback: false,
        link_group: true,
        source_is_ours: false,
        source_is_broadcast: false,
        destination: Destination::Broadcast,
    };
    assert_eq!(admit(&header, &arrival), Ok(()));
}

#[test_case("10.0.0.1", 24, "10.0.0.1" => Destination::Local; "own address")]
#[test_case("10.0.0.1", 24, "10.0.0.255" => Destination::Broadcast; "directed broadcast")]
#[test_case("10.0.0.1", 24, "10.0.1.255" => Destination::Other; "of another network")]
#[test_case("10.0.0.0", 31, "10.0.0.1" => Destination::Other; "a pair has no broadcast")]
#[test_case("10.0.0.255", 32, "10.0.0.255" => Destination::Local; "an own address that looks like one")]
fn classes(own: &str, length: u8, address: &str) -> Destination {
    let own = [Prefix::new(own.parse().expect("an address"), length).expect("a prefix")];
    classify(address.parse().expect("an address"), own.iter(), |_| false)
}
