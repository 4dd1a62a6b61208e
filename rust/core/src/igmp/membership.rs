//! The groups of one interface, and the reports about them.

use super::Config;
use super::group::{Change, Group};
use crate::error::Error;
use crate::observe::{Context, Layer, TraceEvent};
use crate::time::{Duration, Instant};
use crate::wire::{IgmpMessage, IgmpRecord, Ipv4Header, RecordKind};
use std::collections::{BTreeMap, VecDeque};
use std::net::Ipv4Addr;

/// 224.0.0.1: every host is in it, and no report ever speaks of it (RFC 3376 4).
const ALL_SYSTEMS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 1);
/// 224.0.0.2: where version 2 hosts say that they leave.
const ALL_ROUTERS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 2);
/// 224.0.0.22: where version 3 hosts report.
const ALL_V3_ROUTERS: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 22);

/// Between the reports of one change, at most (RFC 3376 8.11).
const UNSOLICITED_INTERVAL_V3: Duration = Duration::from_secs(1);
/// The same for older versions (RFC 2236 8.10).
const UNSOLICITED_INTERVAL_V2: Duration = Duration::from_secs(10);
/// A version 1 query leaves this much time (RFC 3376 8.12 by way of RFC 1112).
const V1_RESPONSE: Duration = Duration::from_secs(10);
/// How long an older querier is remembered: twice the query interval of 125 s, plus a response of 10 s (RFC 3376 8.12).
const OLDER_QUERIER: Duration = Duration::from_secs(260);
/// Bytes of records in one report: with header, router alert and these it fits 1500 bytes.
const MAX_RECORD_BYTES: usize = 1440;

/// The groups of one interface.
#[derive(Debug, Default)]
pub struct Membership {
    groups: BTreeMap<Ipv4Addr, Group>,
    /// When a general query of version 3 is to be answered.
    general: Option<Instant>,
    v1_until: Option<Instant>,
    v2_until: Option<Instant>,
    outgoing: VecDeque<(Ipv4Addr, IgmpMessage)>,
}

impl Membership {
    /// In no group but 224.0.0.1.
    pub fn new() -> Self {
        Self::default()
    }

    /// Join a group once more: memberships are counted, and only the first is reported.
    ///
    /// `InvalidArgument` when it is no multicast address, `NoBuffers` when there are too many groups.
    pub fn join(&mut self, cx: &mut Context<'_>, config: &Config, group: Ipv4Addr) -> Result<(), Error> {
        if !group.is_multicast() {
            return Err(Error::InvalidArgument);
        }
        let known = self.groups.contains_key(&group);
        if !known && self.groups.len() >= config.max_groups {
            return Err(Error::NoBuffers);
        }
        let entry = self.groups.entry(group).or_default();
        entry.joins += 1;
        if entry.joins == 1 {
            self.report_change(cx, config, group, RecordKind::ToExclude);
        }
        Ok(())
    }

    /// Give one membership up; the last one is reported. `AddressNotAvailable` if there is none.
    pub fn leave(&mut self, cx: &mut Context<'_>, config: &Config, group: Ipv4Addr) -> Result<(), Error> {
        let entry = self.groups.get_mut(&group).filter(|entry| entry.joins > 0);
        let entry = entry.ok_or(Error::AddressNotAvailable)?;
        entry.joins -= 1;
        if entry.joins == 0 {
            entry.forget_response();
            self.report_change(cx, config, group, RecordKind::ToInclude);
        }
        Ok(())
    }

    /// A message came in, to one of our addresses or groups.
    pub fn on_message(
        &mut self,
        cx: &mut Context<'_>,
        config: &Config,
        header: &Ipv4Header,
        message: &IgmpMessage,
    ) {
        self.forget_older_queriers(cx.now);
        match *message {
            IgmpMessage::Query { version, max_response, group, ref sources } => {
                trace(cx, group, "query");
                self.on_query(cx, version, max_response, group, sources);
            }
            IgmpMessage::Report { group, .. } if header.destination == group => {
                trace(cx, group, "report");
                self.on_report(cx.now, group);
            }
            // What other hosts leave, or say in version 3, changes nothing for us (RFC 3376 5.2).
            IgmpMessage::Report { group, .. } | IgmpMessage::Leave { group } => trace(cx, group, "ignored"),
            IgmpMessage::ReportV3 { .. } => trace(cx, header.destination, "ignored"),
        }
        self.handle_timeout(cx, config);
    }

    /// Say everything that is due.
    pub fn handle_timeout(&mut self, cx: &mut Context<'_>, config: &Config) {
        self.forget_older_queriers(cx.now);
        match self.version(cx.now) {
            3 => self.speak_v3(cx, config),
            version => self.speak_older(cx, config, version),
        }
        self.groups.retain(|_, group| !group.is_over());
    }

    /// When [`Membership::handle_timeout`] is to be called next.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let groups = self.groups.values().filter_map(Group::deadline);
        groups.chain(self.general).chain(self.v1_until).chain(self.v2_until).min()
    }

    /// The next message to send and where to. It leaves with TTL 1, TOS 0xc0 (RFC 3376 4) and the option router alert.
    pub fn poll_message(&mut self) -> Option<(Ipv4Addr, IgmpMessage)> {
        self.outgoing.pop_front()
    }

    /// Whether packets to `group` are taken; 224.0.0.1 always.
    pub fn is_member(&self, group: Ipv4Addr) -> bool {
        //= rfc1112#7.2   every host is in the all-hosts group, on every interface
        group == ALL_SYSTEMS || self.groups.get(&group).is_some_and(|entry| entry.joins > 0)
    }

    /// Groups joined and how often, sorted.
    pub fn groups(&self) -> impl Iterator<Item = (Ipv4Addr, usize)> {
        self.groups
            .iter()
            .filter(|(_, group)| group.joins > 0)
            .map(|(address, group)| (*address, group.joins))
    }

    /// The version that the queriers of this link understand: 1, 2 or 3.
    pub fn version(&self, now: Instant) -> u8 {
        //= rfc3376#7.2.1   the oldest querier heard lately decides
        let heard = |until: Option<Instant>| until.is_some_and(|until| now < until);
        if heard(self.v1_until) {
            1
        } else if heard(self.v2_until) {
            2
        } else {
            3
        }
    }

    /// The link came up: nobody there knows of us.
    pub fn restart(&mut self, cx: &mut Context<'_>, config: &Config) {
        (self.v1_until, self.v2_until) = (None, None);
        self.cancel();
        let joined: Vec<Ipv4Addr> = self.groups.keys().copied().collect();
        for group in joined {
            self.report_change(cx, config, group, RecordKind::ToExclude);
        }
    }

    fn report_change(&mut self, cx: &mut Context<'_>, config: &Config, group: Ipv4Addr, kind: RecordKind) {
        if let Some(entry) = self.groups.get_mut(&group) {
            //= rfc3376#5.1   a change is reported at once, and again while it may have been lost
            let change = Change { kind, left: config.robustness.max(1), at: cx.now };
            entry.change = (group != ALL_SYSTEMS).then_some(change);
        }
        self.handle_timeout(cx, config);
    }

    fn on_query(
        &mut self,
        cx: &mut Context<'_>,
        version: u8,
        max_response: u16,
        group: Ipv4Addr,
        sources: &[Ipv4Addr],
    ) {
        let before = self.version(cx.now);
        let slot = match version {
            1 => Some(&mut self.v1_until),
            2 => Some(&mut self.v2_until),
            _ => None,
        };
        if let Some(until) = slot {
            *until = Some(cx.now + OLDER_QUERIER);
        }
        let mode = self.version(cx.now);
        if mode != before {
            self.cancel();
        }
        let limit =
            if version == 1 { V1_RESPONSE } else { Duration::from_millis(u64::from(max_response) * 100) };
        //= rfc3376#5.2   answer within the time that the query leaves, each host at its own moment
        if group.is_unspecified() && mode == 3 {
            let at = random_until(cx, limit);
            self.general = Some(self.general.map_or(at, |earlier| earlier.min(at)));
            return;
        }
        // A general answer that is due anyway, and sooner, answers this too (RFC 3376 5.2 rule 2 and on).
        for (address, entry) in &mut self.groups {
            let asked = group.is_unspecified() || group == *address;
            if asked && entry.joins > 0 && *address != ALL_SYSTEMS {
                let at = random_until(cx, limit);
                if mode != 3 || self.general.is_none_or(|general| at < general) {
                    entry.respond_by(at, if mode == 3 { sources } else { &[] });
                }
            }
        }
    }

    /// Another host has reported `group`.
    fn on_report(&mut self, now: Instant, group: Ipv4Addr) {
        if self.version(now) == 3 {
            return;
        }
        if let Some(entry) = self.groups.get_mut(&group) {
            //= rfc2236#3   one report for a group is enough: the first to speak silences the others
            entry.forget_response();
            entry.last_reporter = false;
        }
    }

    /// An older querier that was silent long enough is gone.
    fn forget_older_queriers(&mut self, now: Instant) {
        let gone = |until: Option<Instant>| until.is_some_and(|until| until <= now);
        if gone(self.v1_until) || gone(self.v2_until) {
            let keep = |until: Option<Instant>| until.filter(|until| now < *until);
            let lowest = if self.v1_until.is_some() { 1 } else { 2 };
            (self.v1_until, self.v2_until) = (keep(self.v1_until), keep(self.v2_until));
            if self.version(now) != lowest {
                self.cancel();
            }
        }
    }

    /// The language changes: what was to be said in the old one is not said (RFC 3376 7.2.1).
    fn cancel(&mut self) {
        self.general = None;
        for group in self.groups.values_mut() {
            group.forget_response();
            group.change = None;
        }
        self.groups.retain(|_, group| !group.is_over());
    }

    fn speak_v3(&mut self, cx: &mut Context<'_>, config: &Config) {
        let general = self.general.is_some_and(|at| at <= cx.now);
        if general {
            self.general = None;
        }
        let mut state = Vec::new();
        let mut changes = Vec::new();
        for (&address, group) in &mut self.groups {
            let asked = group.take_response(cx.now);
            if (asked.is_some() || general) && group.joins > 0 && address != ALL_SYSTEMS {
                //= rfc3376#5.2   we exclude no source, so all that are asked about are wanted
                let sources = asked.filter(|_| !general).unwrap_or_default();
                let kind = if sources.is_empty() { RecordKind::IsExclude } else { RecordKind::IsInclude };
                group.forget_response();
                state.push(IgmpRecord { kind, group: address, sources });
            }
            if let Some(change) = group.change.filter(|change| change.at <= cx.now) {
                changes.push(IgmpRecord::whole(change.kind, address));
                group.change = again(cx, config, change, UNSOLICITED_INTERVAL_V3);
            }
        }
        for records in reports(state).into_iter().chain(reports(changes)) {
            self.push(cx, ALL_V3_ROUTERS, IgmpMessage::ReportV3 { records });
        }
    }

    fn speak_older(&mut self, cx: &mut Context<'_>, config: &Config, version: u8) {
        let mut messages = Vec::new();
        for (&address, group) in &mut self.groups {
            let asked = group.response.is_some_and(|at| at <= cx.now);
            let change = group.change.filter(|change| change.at <= cx.now);
            if change.is_some_and(|change| change.kind == RecordKind::ToInclude) {
                //= rfc2236#3   the last to report says that it leaves; version 1 has no word for it
                if version == 2 && group.last_reporter {
                    messages.push((ALL_ROUTERS, IgmpMessage::Leave { group: address }));
                }
                group.change = None;
            } else if asked || change.is_some() {
                messages.push((address, IgmpMessage::Report { version, group: address }));
                if asked {
                    group.forget_response();
                }
                group.last_reporter = true;
            }
            if let Some(change) = change.filter(|_| group.change.is_some()) {
                group.change = again(cx, config, change, UNSOLICITED_INTERVAL_V2);
            }
        }
        for (destination, message) in messages {
            self.push(cx, destination, message);
        }
    }

    fn push(&mut self, cx: &mut Context<'_>, destination: Ipv4Addr, message: IgmpMessage) {
        trace(cx, destination, "send");
        self.outgoing.push_back((destination, message));
    }
}

/// Records in as many reports as they need.
fn reports(records: Vec<IgmpRecord>) -> Vec<Vec<IgmpRecord>> {
    let mut reports = Vec::new();
    let (mut report, mut bytes) = (Vec::new(), 0);
    for record in records {
        if bytes + record.len() > MAX_RECORD_BYTES {
            reports.push(std::mem::take(&mut report));
            bytes = 0;
        }
        bytes += record.len();
        report.push(record);
    }
    if !report.is_empty() {
        reports.push(report);
    }
    reports
}

/// The next report of a change, if another is due; a robustness lowered meanwhile counts at once.
fn again(cx: &mut Context<'_>, config: &Config, change: Change, interval: Duration) -> Option<Change> {
    let left = change.left.min(config.robustness).saturating_sub(1);
    (left > 0).then(|| Change { left, at: random_until(cx, interval), ..change })
}

/// A moment in the `limit` from now.
fn random_until(cx: &mut Context<'_>, limit: Duration) -> Instant {
    let nanos = cx.rng.below(limit.as_nanos().saturating_add(1));
    cx.now + Duration::from_nanos(nanos)
}

fn trace(cx: &mut Context<'_>, group: Ipv4Addr, kind: &'static str) {
    cx.emit(Layer::Icmp, || TraceEvent::Igmp { group: group.into(), kind });
}
