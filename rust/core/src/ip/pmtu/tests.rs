//! Estimates only fall, never under the floor, and are forgotten.

use super::*;
use crate::rng::Rng;
use crate::time::Duration;
use proptest::prelude::*;
use std::net::Ipv4Addr;
use test_case::test_case;

const NOW: Instant = Instant::from_secs(1_000);

fn host(last: u8) -> IpAddress {
    Ipv4Addr::new(10, 0, 0, last).into()
}

fn cache() -> PathMtu {
    PathMtu::new(&mut Rng::new(1))
}

#[test_case(1400, 1500 => Some(Path { mtu: 1400, locked: false }); "as told")]
#[test_case(0, 1500 => Some(Path { mtu: 1492, locked: false }); "not told: the next plateau")]
#[test_case(0, 1492 => Some(Path { mtu: 1006, locked: false }); "not told again")]
#[test_case(0, 1006 => Some(Path { mtu: 552, locked: true }); "not told, plateau under the floor")]
#[test_case(0, 200 => Some(Path { mtu: 552, locked: true }); "not told, no plateau left")]
#[test_case(1500, 1500 => None; "as large as the packet")]
#[test_case(9000, 1500 => None; "larger than the packet")]
#[test_case(68, 1500 => Some(Path { mtu: 552, locked: true }); "under the floor: DF is given up")]
#[test_case(552, 1500 => Some(Path { mtu: 552, locked: false }); "the floor itself")]
fn first_report(claimed: u16, length: u16) -> Option<Path> {
    //= rfc1191#5   type=test
    let mut cache = cache();
    let learned = cache.on_too_big(NOW, &Config::default(), host(2), claimed, length);
    assert_eq!(cache.lookup(NOW, host(2)), learned);
    learned
}

#[test]
fn an_estimate_falls_but_never_rises_and_ends_after_ten_minutes() {
    //= rfc1191#6.3   type=test
    let (mut cache, config) = (cache(), Config::default());
    assert!(cache.on_too_big(NOW, &config, host(2), 1400, 1500).is_some());
    assert_eq!(cache.on_too_big(NOW, &config, host(2), 1450, 1500), None);
    assert_eq!(cache.on_too_big(NOW, &config, host(2), 1400, 1500), None);
    assert!(cache.on_too_big(NOW, &config, host(2), 1300, 1400).is_some());
    assert_eq!(cache.lookup(NOW, host(3)), None);
    let end = NOW + Duration::from_secs(600);
    assert_eq!(cache.lookup(end - Duration::from_nanos(1), host(2)).map(|path| path.mtu), Some(1300));
    assert_eq!(cache.lookup(end, host(2)), None);
    assert!(cache.is_empty());
}

#[test]
fn reports_about_ten_thousand_hosts_keep_the_newest() {
    let (mut cache, config) = (cache(), Config::default());
    for n in 0..10_000u16 {
        let [a, b] = n.to_be_bytes();
        let destination = Ipv4Addr::new(10, 1, a, b).into();
        assert!(cache.on_too_big(NOW, &config, destination, 1400, 1500).is_some());
        assert!(cache.len() <= config.pmtu_entries);
    }
    assert!(cache.lookup(NOW, Ipv4Addr::new(10, 1, 0x27, 0x0f).into()).is_some());
    assert!(cache.lookup(NOW, Ipv4Addr::new(10, 1, 0, 0).into()).is_none());
    cache.clear();
    assert_eq!(cache.len(), 0);
}

proptest! {
    #[test]
    fn whatever_is_reported_the_estimate_only_falls_and_stays_over_the_floor(
        reports in prop::collection::vec((any::<u16>(), any::<u16>(), 0..30u64), 0..60),
    ) {
        let (mut cache, config) = (cache(), Config::default());
        let mut now = NOW;
        for (claimed, length, seconds) in reports {
            now += Duration::from_secs(seconds);
            let before = cache.lookup(now, host(2));
            let changed = cache.on_too_big(now, &config, host(2), claimed, length);
            let after = cache.lookup(now, host(2));
            prop_assert_eq!(after, changed.or(before));
            if let Some(path) = after {
                prop_assert!(path.mtu >= config.min_pmtu);
                prop_assert!(before.is_none_or(|before| path.mtu <= before.mtu));
            }
            if let Some(path) = changed {
                prop_assert!(path.locked || path.mtu < length);
            }
        }
    }
}
