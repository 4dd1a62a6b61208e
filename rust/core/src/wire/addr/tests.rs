use super::*;
use proptest::prelude::*;
use test_case::test_case;

fn v4(text: &str) -> IpAddress {
    text.parse().expect("an address")
}

fn prefix(address: &str, length: u8) -> Prefix {
    Prefix::new(v4(address), length).expect("a prefix")
}

#[test_case("02:00:0a:ff:00:01" => Some(MacAddress([2, 0, 10, 255, 0, 1])); "with colons")]
#[test_case("2-0-a-FF-0-1" => Some(MacAddress([2, 0, 10, 255, 0, 1])); "with dashes and short")]
#[test_case("02:00:0a:ff:00" => None; "five parts")]
#[test_case("02:00:0a:ff:00:01:02" => None; "seven parts")]
#[test_case("02:00:0a:ff:00:+1" => None; "a sign")]
#[test_case("02:00:0a:ff:00:001" => None; "three digits")]
#[test_case("02:00:0a:ff:00:" => None; "an empty part")]
#[test_case("02:00:0a:ff:00:é" => None; "not a digit")]
fn hardware_addresses_from_text(text: &str) -> Option<MacAddress> {
    text.parse().ok()
}

#[test]
fn groups_map_to_hardware_addresses_by_their_low_23_bits() {
    let mapped = MacAddress::multicast_v4(Ipv4Addr::new(239, 255, 1, 2));
    assert_eq!(mapped, MacAddress([0x01, 0, 0x5e, 0x7f, 1, 2]));
    assert!(mapped.is_group() && !mapped.is_broadcast() && MacAddress::BROADCAST.is_broadcast());
}

#[test_case("10.1.2.3", 24 => Some(v4("10.1.2.255")); "a class C")]
#[test_case("10.1.2.3", 30 => Some(v4("10.1.2.3")); "four addresses")]
#[test_case("10.1.2.3", 31 => None; "two addresses have none")]
#[test_case("10.1.2.3", 32 => None; "one address has none")]
#[test_case("10.1.2.3", 0 => Some(v4("255.255.255.255")); "everything")]
#[test_case("fe80::1", 10 => None; "not in version 6")]
fn directed_broadcast(address: &str, length: u8) -> Option<IpAddress> {
    prefix(address, length).broadcast()
}

#[test]
fn prefixes_contain_their_own_family_only() {
    assert!(
        prefix("10.0.0.0", 8).contains(v4("10.255.0.1")) && !prefix("10.0.0.0", 8).contains(v4("11.0.0.0"))
    );
    assert!(prefix("0.0.0.0", 0).contains(v4("255.0.0.1")) && !prefix("0.0.0.0", 0).contains(v4("::1")));
    assert_eq!(prefix("10.1.2.3", 8).network().to_string(), "10.0.0.0/8");
    assert_eq!(Prefix::new(v4("10.0.0.0"), 33), Err(PrefixError));
    assert_eq!(Prefix::new(v4("::"), 129), Err(PrefixError));
    assert_eq!(Prefix::host(v4("::1")).length(), 128);
}

proptest! {
    #[test]
    fn a_mask_keeps_exactly_the_first_bits(address: u32, length in 0u8..=32) {
        let kept = mask(Ipv4Addr::from(address).into(), length);
        let expected = (0..32).filter(|bit| *bit < length).map(|bit| address & 1 << (31 - bit)).sum::<u32>();
        prop_assert_eq!(kept, IpAddr::V4(expected.into()));
    }

    #[test]
    fn hardware_addresses_survive_their_text(octets: [u8; 6]) {
        let address = MacAddress(octets);
        prop_assert_eq!(address.to_string().parse(), Ok(address));
    }
}
