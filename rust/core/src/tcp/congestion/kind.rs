//! The algorithms by name.

/// One of the algorithms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Kind {
    /// RFC 5681 and RFC 6582 with byte counting (RFC 3465).
    Reno,
    /// RFC 9438.
    #[default]
    Cubic,
    /// Version 3, draft-ietf-ccwg-bbr.
    Bbr,
    /// RFC 8257.
    Dctcp,
    /// A window of so many segments, whatever happens.
    Fixed,
}

impl Kind {
    /// All algorithms. A knob tells one by its place here.
    pub const ALL: &'static [Self] = &[Self::Reno, Self::Cubic, Self::Bbr, Self::Dctcp, Self::Fixed];

    /// The name that a knob or socket option carries.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reno => "reno",
            Self::Cubic => "cubic",
            Self::Bbr => "bbr",
            Self::Dctcp => "dctcp",
            Self::Fixed => "fixed",
        }
    }

    /// Its place in `ALL`.
    pub fn place(self) -> usize {
        Self::ALL.iter().position(|kind| *kind == self).unwrap_or_default()
    }

    /// The algorithm called `name`. What Linux and the RFCs call `reno` is NewReno, so it answers to that name too.
    pub fn by_name(name: &str) -> Option<Self> {
        let name = if name == "newreno" { "reno" } else { name };
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}
