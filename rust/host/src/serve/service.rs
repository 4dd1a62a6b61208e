//! Which services there are.

/// A service, by the name that it has in /etc/services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Sends back what comes (RFC 862).
    Echo,
    /// Throws away what comes (RFC 863).
    Discard,
    /// Says what time it is (RFC 867).
    Daytime,
    /// Sends characters without end (RFC 864).
    Chargen,
}

impl Service {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Echo, Self::Discard, Self::Daytime, Self::Chargen];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Echo => "echo",
            Self::Discard => "discard",
            Self::Daytime => "daytime",
            Self::Chargen => "chargen",
        }
    }

    /// Its port, TCP and UDP (IANA).
    pub const fn port(self) -> u16 {
        match self {
            Self::Echo => 7,
            Self::Discard => 9,
            Self::Daytime => 13,
            Self::Chargen => 19,
        }
    }
}
