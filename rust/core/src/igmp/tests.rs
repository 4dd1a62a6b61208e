//! What is said about groups, when, and in which version.

use super::*;
use crate::error::Error;
use crate::observe::Bench;
use crate::time::{Duration, Instant};
use crate::wire::{IgmpMessage, Ipv4Header, Ipv4Options, Protocol, RecordKind};
use proptest::prelude::*;
use std::net::Ipv4Addr;
use test_case::test_case;

const GROUP: Ipv4Addr = Ipv4Addr::new(239, 1, 1, 1);
const OTHER: Ipv4Addr = Ipv4Addr::new(239, 1, 1, 2);
const ALL_SYSTEMS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 1);

/// An interface with all that it needs around it.
struct Host {
    bench: Bench,
    config: Config,
    membership: Membership,
}

impl Host {
    fn new() -> Self {
        Self::seeded(1)
    }

    fn seeded(seed: u128) -> Self {
        Self { bench: Bench::new(seed), config: Config::default(), membership: Membership::new() }
    }

    fn join(&mut self, group: Ipv4Addr) -> Result<(), Error> {
        self.membership.join(&mut self.bench.cx(), &self.config, group)
    }

    fn leave(&mut self, group: Ipv4Addr) -> Result<(), Error> {
        self.membership.leave(&mut self.bench.cx(), &self.config, group)
    }

    fn hear(&mut self, destination: Ipv4Addr, message: &IgmpMessage) {
        let header = Ipv4Header {
            tos: 0xc0,
            total_length: 32,
            id: 0,
            dont_fragment: false,
            more_fragments: false,
            fragment_offset: 0,
            ttl: 1,
            protocol: Protocol::IGMP,
            source: Ipv4Addr::new(10, 0, 0, 9),
            destination,
            options: Ipv4Options::ROUTER_ALERT,
        };
        self.membership.on_message(&mut self.bench.cx(), &self.config, &header, message);
    }

    /// A query about all groups, or one.
    fn query(&mut self, version: u8, tenths: u16, group: Ipv4Addr) {
        let destination = if group.is_unspecified() { ALL_SYSTEMS } else { group };
        let query = IgmpMessage::Query { version, max_response: tenths, group, sources: Vec::new() };
        self.hear(destination, &query);
    }

    /// A query of version 3 about sources 10.0.0.`sources` of a group.
    fn query_sources(&mut self, tenths: u16, group: Ipv4Addr, sources: impl IntoIterator<Item = u32>) {
        let sources = sources.into_iter().map(|source| Ipv4Addr::from(0x0a00_0000 + source)).collect();
        self.hear(group, &IgmpMessage::Query { version: 3, max_response: tenths, group, sources });
    }

    /// What was said, in short.
    fn said(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.membership.poll_message())
            .map(|(to, message)| word(to, &message))
            .collect()
    }

    /// Jump from timer to timer until `seconds` have passed.
    fn run(&mut self, seconds: u64) -> Vec<(Duration, String)> {
        let (start, end) = (self.bench.now, self.bench.now + Duration::from_secs(seconds));
        let mut log = Vec::new();
        loop {
            let elapsed = self.bench.now.since(start);
            log.extend(self.said().into_iter().map(|word| (elapsed, word)));
            match self.membership.poll_timeout().filter(|at| *at <= end) {
                Some(at) => self.bench.now = at.max(self.bench.now),
                None => break,
            }
            self.membership.handle_timeout(&mut self.bench.cx(), &self.config);
        }
        self.bench.now = end;
        log
    }

    fn words(&mut self, seconds: u64) -> Vec<String> {
        self.run(seconds).into_iter().map(|(_, word)| word).collect()
    }
}

fn word(to: Ipv4Addr, message: &IgmpMessage) -> String {
    match message {
        IgmpMessage::ReportV3 { records } => {
            let records: Vec<String> = records
                .iter()
                .map(|record| {
                    let sign = match record.kind {
                        RecordKind::ToExclude => '+',
                        RecordKind::ToInclude => '-',
                        RecordKind::IsExclude => '=',
                        RecordKind::IsInclude => '<',
                    };
                    let sources = record.sources.iter().map(|source| format!(" {source}"));
                    format!("{sign}{}{}", record.group, sources.collect::<String>())
                })
                .collect();
            format!("{to}: {}", records.join(" "))
        }
        IgmpMessage::Report { version, group } => format!("{to}: v{version} {group}"),
        IgmpMessage::Leave { group } => format!("{to}: leave {group}"),
        IgmpMessage::Query { .. } => "a host asks".into(),
    }
}

#[test]
fn a_join_and_a_leave_are_said_twice_within_a_second() {
    //= rfc3376#5.1   type=test
    let mut host = Host::new();
    host.join(GROUP).expect("a group");
    let log = host.run(10);
    let words: Vec<_> = log.iter().map(|(_, word)| word.as_str()).collect();
    assert_eq!(words, ["224.0.0.22: +239.1.1.1"; 2]);
    assert_eq!(log[0].0, Duration::ZERO);
    assert!(log[1].0 <= Duration::from_secs(1) && log[1].0 > Duration::ZERO);
    host.leave(GROUP).expect("it was joined");
    assert!(!host.membership.is_member(GROUP));
    assert_eq!(host.words(10), ["224.0.0.22: -239.1.1.1"; 2]);
    assert_eq!(host.membership.poll_timeout(), None);
}

#[test]
fn only_the_first_join_and_the_last_leave_are_said() {
    let mut host = Host::new();
    host.join(GROUP).expect("a group");
    host.words(10);
    host.join(GROUP).expect("once more");
    host.leave(GROUP).expect("one less");
    assert_eq!(host.words(10), [""; 0]);
    assert_eq!(host.membership.groups().collect::<Vec<_>>(), [(GROUP, 1)]);
    host.leave(GROUP).expect("the last");
    assert_eq!(host.leave(GROUP), Err(Error::AddressNotAvailable));
    assert_eq!(host.join(Ipv4Addr::new(10, 0, 0, 1)), Err(Error::InvalidArgument));
}

#[test]
fn a_change_of_mind_ends_the_old_story() {
    let mut host = Host::new();
    host.join(GROUP).expect("a group");
    host.leave(GROUP).expect("it was joined");
    host.join(GROUP).expect("again");
    let mut expected = vec!["224.0.0.22: +239.1.1.1", "224.0.0.22: -239.1.1.1", "224.0.0.22: +239.1.1.1"];
    expected.push("224.0.0.22: +239.1.1.1");
    assert_eq!(host.words(10), expected);
}

#[test]
fn the_group_of_all_hosts_is_never_spoken_of() {
    let mut host = Host::new();
    assert!(host.membership.is_member(ALL_SYSTEMS));
    host.join(ALL_SYSTEMS).expect("a group");
    for version in 1..=3 {
        host.query(version, 100, Ipv4Addr::UNSPECIFIED);
        host.query(version, 100, ALL_SYSTEMS);
    }
    host.leave(ALL_SYSTEMS).expect("it was joined");
    assert_eq!(host.words(300), [""; 0]);
    assert!(host.membership.is_member(ALL_SYSTEMS));
}

#[test]
fn a_general_query_is_answered_once_within_its_time() {
    //= rfc3376#5.2   type=test
    let mut host = Host::new();
    host.join(OTHER).expect("a group");
    host.join(GROUP).expect("a group");
    host.words(10);
    host.query(3, 50, Ipv4Addr::UNSPECIFIED);
    host.query(3, 100, Ipv4Addr::UNSPECIFIED);
    let log = host.run(20);
    assert_eq!(log.len(), 1, "{log:?}");
    assert!(log[0].0 <= Duration::from_secs(5));
    assert_eq!(log[0].1, "224.0.0.22: =239.1.1.1 =239.1.1.2");
}

#[test]
fn a_query_about_one_group_is_answered_for_that_group() {
    let mut host = Host::new();
    host.join(OTHER).expect("a group");
    host.join(GROUP).expect("a group");
    host.words(10);
    host.query(3, 10, GROUP);
    host.query(3, 10, Ipv4Addr::new(239, 9, 9, 9));
    let log = host.run(20);
    assert_eq!(log.len(), 1, "{log:?}");
    assert!(log[0].0 <= Duration::from_secs(1));
    assert_eq!(log[0].1, "224.0.0.22: =239.1.1.1");
}

#[test]
fn answers_come_at_moments_that_differ_between_hosts() {
    let moment = |seed| {
        let mut host = Host::seeded(seed);
        host.join(GROUP).expect("a group");
        host.words(10);
        host.query(3, 100, Ipv4Addr::UNSPECIFIED);
        host.run(20)[0].0
    };
    let moments: std::collections::BTreeSet<_> = (0..10).map(moment).collect();
    assert_eq!(moments.len(), 10);
    assert_eq!(moment(1), moment(1));
}

#[test_case(2, "v2"; "version 2")]
#[test_case(1, "v1"; "version 1")]
fn an_older_querier_is_answered_in_its_own_language(version: u8, name: &str) {
    //= rfc3376#7.2.1   type=test
    let mut host = Host::new();
    host.join(GROUP).expect("a group");
    host.words(10);
    host.query(version, if version == 1 { 0 } else { 100 }, Ipv4Addr::UNSPECIFIED);
    assert_eq!(host.membership.version(host.bench.now), version);
    let log = host.run(20);
    assert_eq!(log.len(), 1, "{log:?}");
    assert_eq!(log[0].1, format!("239.1.1.1: {name} 239.1.1.1"));
    assert!(log[0].0 <= Duration::from_secs(10));
    host.join(OTHER).expect("a group");
    assert_eq!(host.words(20), vec![format!("239.1.1.2: {name} 239.1.1.2"); 2]);
    host.leave(OTHER).expect("it was joined");
    let farewell: &[&str] = if version == 2 { &["224.0.0.2: leave 239.1.1.2"] } else { &[] };
    assert_eq!(host.words(20), farewell);
    host.words(260);
    assert_eq!(host.membership.version(host.bench.now), 3);
    host.query(3, 10, Ipv4Addr::UNSPECIFIED);
    assert_eq!(host.words(20), ["224.0.0.22: =239.1.1.1"]);
}

#[test]
fn the_older_of_two_queriers_decides() {
    let mut host = Host::new();
    host.query(1, 0, Ipv4Addr::UNSPECIFIED);
    host.words(100);
    host.query(2, 100, Ipv4Addr::UNSPECIFIED);
    assert_eq!(host.membership.version(host.bench.now), 1);
    host.words(160);
    assert_eq!(host.membership.version(host.bench.now), 2);
    host.words(100);
    assert_eq!(host.membership.version(host.bench.now), 3);
}

#[test]
fn another_hosts_report_silences_ours_in_version_2_only() {
    //= rfc2236#3   type=test
    let mut host = Host::new();
    host.join(GROUP).expect("a group");
    host.words(10);
    let report = IgmpMessage::Report { version: 2, group: GROUP };
    host.query(2, 100, Ipv4Addr::UNSPECIFIED);
    host.hear(GROUP, &report);
    assert_eq!(host.words(20), [""; 0]);
    host.leave(GROUP).expect("it was joined");
    assert_eq!(host.words(20), [""; 0], "the other host is still there");
    host.join(GROUP).expect("a group");
    host.words(300);
    host.query(3, 100, Ipv4Addr::UNSPECIFIED);
    host.hear(GROUP, &report);
    assert_eq!(host.words(20), ["224.0.0.22: =239.1.1.1"]);
}

#[test]
fn many_groups_are_reported_in_packets_that_fit() {
    let mut host = Host::new();
    for n in 0..400u16 {
        let [a, b] = n.to_be_bytes();
        host.join(Ipv4Addr::new(239, 7, a, b)).expect("a group");
    }
    host.words(10);
    host.query(3, 10, Ipv4Addr::UNSPECIFIED);
    host.bench.advance(Duration::from_secs(1));
    host.membership.handle_timeout(&mut host.bench.cx(), &host.config);
    let lengths: Vec<_> =
        std::iter::from_fn(|| host.membership.poll_message()).map(|(_, message)| message.len()).collect();
    assert_eq!(lengths.len(), 3);
    assert!(lengths.iter().all(|length| 24 + length <= 1500));
}

#[test]
fn an_interface_has_room_for_so_many_groups() {
    let mut host = Host::new();
    host.config.max_groups = 1;
    host.join(GROUP).expect("a group");
    assert_eq!(host.join(OTHER), Err(Error::NoBuffers));
    host.join(GROUP).expect("once more costs nothing");
}

#[test]
fn a_link_that_comes_up_hears_everything_anew() {
    let mut host = Host::new();
    host.join(GROUP).expect("a group");
    host.words(10);
    host.query(1, 0, Ipv4Addr::UNSPECIFIED);
    host.membership.restart(&mut host.bench.cx(), &host.config);
    assert_eq!(host.words(10), ["224.0.0.22: +239.1.1.1"; 2]);
}

proptest! {
    /// However queries, reports and changes mix: bounded talk, no word of 224.0.0.1, and silence in the end.
    #[test]
    fn laws_of_membership(steps in prop::collection::vec((0..6u8, 1..4u8, 0..120u16, 1..4u8), 0..60)) {
        let mut host = Host::new();
        for (kind, version, number, last) in steps {
            let group = if last == 3 { ALL_SYSTEMS } else { Ipv4Addr::new(239, 1, 1, last) };
            match kind {
                0 => { let _ = host.join(group); }
                1 => { let _ = host.leave(group); }
                2 => host.query(version, number, Ipv4Addr::UNSPECIFIED),
                3 => host.query(version, number, group),
                4 => host.hear(group, &IgmpMessage::Report { version: version.min(2), group }),
                _ => {
                    let words = host.words(u64::from(number));
                    prop_assert!(words.len() < 200);
                    prop_assert!(words.iter().all(|word| !word.contains("224.0.0.1 ") && !word.ends_with("224.0.0.1")));
                }
            }
        }
        host.words(1_000);
        prop_assert_eq!(host.membership.poll_timeout(), None::<Instant>);
    }
}

/// A host that has joined GROUP and OTHER and said so.
fn settled() -> Host {
    let mut host = Host::new();
    host.join(GROUP).expect("a group");
    host.join(OTHER).expect("a group");
    host.run(10);
    host
}

#[test]
fn a_query_about_sources_is_answered_with_all_of_them() {
    //= rfc3376#5.2   type=test
    let mut host = settled();
    host.query_sources(100, GROUP, [7, 9, 8, 7]);
    let log = host.run(20);
    let [(when, word)] = &log[..] else { panic!("{log:?}") };
    assert_eq!(word, "224.0.0.22: <239.1.1.1 10.0.0.7 10.0.0.8 10.0.0.9");
    assert!(*when <= Duration::from_secs(10));
    host.query_sources(100, Ipv4Addr::new(239, 9, 9, 9), [7]);
    assert_eq!(host.words(20), [""; 0], "a group that we are not in");
}

#[test]
fn queries_about_sources_add_up_to_one_answer() {
    //= rfc3376#5.2   type=test
    let mut host = settled();
    host.query_sources(100, GROUP, [7]);
    host.query_sources(100, GROUP, [8]);
    assert_eq!(host.words(20), ["224.0.0.22: <239.1.1.1 10.0.0.7 10.0.0.8"]);
    host.query_sources(100, GROUP, [9]);
    assert_eq!(host.words(20), ["224.0.0.22: <239.1.1.1 10.0.0.9"], "what was answered is forgotten");
}

#[test_case(true; "the whole group first")]
#[test_case(false; "sources first")]
fn a_query_about_the_whole_group_swallows_those_about_sources(whole_first: bool) {
    //= rfc3376#5.2   type=test
    let mut host = settled();
    if whole_first {
        host.query(3, 100, GROUP);
        host.query_sources(100, GROUP, [7]);
    } else {
        host.query_sources(100, GROUP, [7]);
        host.query(3, 100, GROUP);
    }
    assert_eq!(host.words(20), ["224.0.0.22: =239.1.1.1"]);
}

#[test]
fn a_general_answer_that_comes_first_is_about_all() {
    let mut host = settled();
    host.query_sources(1000, GROUP, [7]);
    host.query(3, 1, Ipv4Addr::UNSPECIFIED);
    assert_eq!(host.words(200), ["224.0.0.22: =239.1.1.1 =239.1.1.2"]);
}

#[test]
fn more_sources_than_are_remembered_make_it_the_whole_group() {
    let mut host = settled();
    host.query_sources(100, GROUP, 1..=300);
    assert_eq!(host.words(20), ["224.0.0.22: =239.1.1.1"]);
    host.query_sources(100, GROUP, 1..=256);
    host.query_sources(100, OTHER, 1..=256);
    let words = host.words(20);
    assert_eq!(words.len(), 2, "each in a report of its own");
    assert!(words.iter().all(|word| word.matches(" 10.0.").count() == 256));
}

#[test]
fn beside_an_older_querier_sources_are_not_spoken_of() {
    let mut host = settled();
    host.query(2, 1, Ipv4Addr::UNSPECIFIED);
    host.run(2);
    host.query_sources(100, GROUP, [7]);
    assert_eq!(host.words(20), ["239.1.1.1: v2 239.1.1.1"]);
}
