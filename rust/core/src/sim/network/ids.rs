//! Names of the parts of a network: plain numbers, given in the order in which the parts are made.

macro_rules! ids {
    ($($(#[doc = $doc:literal])+ $name:ident;)+) => {
        $($(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u32);

        impl $name {
            #[allow(dead_code, reason = "not every list is looked up")]
            pub(in crate::sim) const fn index(self) -> usize {
                self.0 as usize
            }
        })+
    };
}

ids! {
    /// Names a host.
    HostId;
    /// Names a switch.
    SwitchId;
    /// Names a link.
    LinkId;
    /// Names one direction of a link.
    DirectionId;
    /// Names a flow.
    FlowId;
    /// Names a capture.
    CaptureId;
    /// Names a time at which the caller asked to be woken.
    WakeId;
}

/// What a link can end at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NodeId {
    /// A host, router or not.
    Host(HostId),
    /// A switch.
    Switch(SwitchId),
}

impl From<HostId> for NodeId {
    fn from(id: HostId) -> Self {
        Self::Host(id)
    }
}

impl From<SwitchId> for NodeId {
    fn from(id: SwitchId) -> Self {
        Self::Switch(id)
    }
}

/// The ends of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum End {
    /// The first node that the link was given.
    A,
    /// The second.
    B,
}

impl LinkId {
    /// The direction that begins at `end`.
    pub const fn from(self, end: End) -> DirectionId {
        DirectionId(self.0 * 2 + end as u32)
    }

    /// From the first node to the second.
    pub const fn ab(self) -> DirectionId {
        self.from(End::A)
    }

    /// From the second node to the first.
    pub const fn ba(self) -> DirectionId {
        self.from(End::B)
    }
}

impl DirectionId {
    /// The link.
    pub const fn link(self) -> LinkId {
        LinkId(self.0 / 2)
    }

    /// The end at which it begins.
    pub const fn end(self) -> End {
        if self.0.is_multiple_of(2) { End::A } else { End::B }
    }

    /// The other direction of the same link.
    pub const fn reverse(self) -> Self {
        Self(self.0 ^ 1)
    }
}
