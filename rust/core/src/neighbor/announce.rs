//! Announcing and defending our own addresses (RFC 5227).

use super::Action;
use crate::observe::{Context, InterfaceId};
use crate::time::{Duration, Instant};
use crate::wire::IpAddress;
use std::collections::{BTreeMap, VecDeque};

/// ANNOUNCE_INTERVAL.
const INTERVAL: Duration = Duration::from_secs(2);
/// DEFEND_INTERVAL: two hosts that both insist must not fill the link with claims.
const DEFEND_INTERVAL: Duration = Duration::from_secs(10);

/// What is still to be said of one address of ours.
#[derive(Debug, Clone, Copy, Default)]
struct Claim {
    left: u8,
    next: Instant,
    defended: Option<Instant>,
}

/// Our addresses, as far as they were announced.
#[derive(Debug, Default)]
pub(super) struct Announcer {
    claims: BTreeMap<(InterfaceId, IpAddress), Claim>,
}

impl Announcer {
    /// Announce now, and again later, so `often` in all.
    pub(super) fn announce(
        &mut self,
        cx: &Context<'_>,
        actions: &mut VecDeque<Action>,
        often: u8,
        interface: InterfaceId,
        address: IpAddress,
    ) {
        //= rfc5227#2.3   two announcements by default, two seconds apart
        let claim = Claim { left: often, next: cx.now, defended: None };
        self.claims.insert((interface, address), claim);
        self.handle_timeout(cx, actions);
    }

    /// Somebody else uses our address.
    pub(super) fn defend(
        &mut self,
        cx: &Context<'_>,
        actions: &mut VecDeque<Action>,
        interface: InterfaceId,
        address: IpAddress,
    ) {
        let claim = self.claims.entry((interface, address)).or_default();
        //= rfc5227#2.4   keep the address and say so, but not again within DEFEND_INTERVAL
        if claim.defended.is_none_or(|last| cx.now >= last + DEFEND_INTERVAL) {
            claim.defended = Some(cx.now);
            actions.push_back(Action::Announce { interface, address });
        }
    }

    /// Say no more about an address.
    pub(super) fn withdraw(&mut self, interface: InterfaceId, address: IpAddress) {
        self.claims.remove(&(interface, address));
    }

    /// Say no more about any address of an interface.
    pub(super) fn remove_interface(&mut self, interface: InterfaceId) {
        self.claims.retain(|(other, _), _| *other != interface);
    }

    pub(super) fn handle_timeout(&mut self, cx: &Context<'_>, actions: &mut VecDeque<Action>) {
        for (&(interface, address), claim) in &mut self.claims {
            if claim.left > 0 && claim.next <= cx.now {
                claim.left -= 1;
                claim.next = cx.now + INTERVAL;
                actions.push_back(Action::Announce { interface, address });
            }
        }
        // A router of a thousand addresses is asked for its next timer with every packet.
        self.claims.retain(|_, claim| claim.left > 0 || claim.defended.is_some());
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.claims.values().filter(|claim| claim.left > 0).map(|claim| claim.next).min()
    }
}
