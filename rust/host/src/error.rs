//! What a call on a living stack answers when it fails: the core's error, or one that only a host can have.

use std::{fmt, io};
use tapip_core::error::Error;

/// Failure of a call on a [`Handle`](crate::Handle), a socket or a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostError {
    /// The stack said no; `WouldBlock` also from a blocking call on a detached stack, where nothing can happen
    /// while the caller waits.
    Core(Error),
    /// The time that the caller gave is up. Not the peer's silence: that is `Core(Error::TimedOut)`.
    TimedOut,
    /// A signal handler ran while the call slept. Nothing was lost: call again with the time that is left.
    Interrupted,
    /// The driver, or a verb, panicked; the text says how. The stack is dead.
    StackFailed(String),
    /// The stack was stopped.
    Stopped,
    /// The kernel refused something; the text names the device or file and the way out.
    Device {
        /// Linux's number for it.
        errno: i32,
        /// What failed, on what, and what helps.
        text: String,
    },
}

impl HostError {
    /// A failure of `what`, in the kernel's words.
    pub(crate) fn system(what: &str, error: &io::Error) -> Self {
        Self::Device {
            errno: error.raw_os_error().unwrap_or(EIO),
            text: format!("{what}: {}", reason(error)),
        }
    }

    /// Linux's number for it, where there is one.
    pub const fn errno(&self) -> Option<i32> {
        match self {
            Self::Core(error) => Some(error.errno()),
            Self::Interrupted => Some(EINTR),
            Self::Device { errno, .. } => Some(*errno),
            Self::Stopped => Some(Error::BadHandle.errno()),
            Self::TimedOut | Self::StackFailed(_) => None,
        }
    }

    /// Whether the call may be repeated at once.
    pub const fn is_interrupted(&self) -> bool {
        matches!(self, Self::Interrupted)
    }
}

const EINTR: i32 = 4;
const EIO: i32 = 5;

/// The kernel's words for an error, without the " (os error 5)" that std appends.
pub(crate) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Core(error) => error.fmt(f),
            Self::TimedOut => f.write_str("timed out"),
            Self::Interrupted => f.write_str("interrupted"),
            Self::StackFailed(text) => write!(f, "the stack failed: {text}"),
            Self::Stopped => f.write_str("the stack is stopped"),
            Self::Device { text, .. } => f.write_str(text),
        }
    }
}

impl std::error::Error for HostError {}

impl From<Error> for HostError {
    fn from(error: Error) -> Self {
        Self::Core(error)
    }
}

impl From<HostError> for io::Error {
    fn from(error: HostError) -> Self {
        let kind = match &error {
            HostError::Core(Error::WouldBlock) => io::ErrorKind::WouldBlock,
            HostError::TimedOut => io::ErrorKind::TimedOut,
            HostError::Interrupted => io::ErrorKind::Interrupted,
            other => {
                other.errno().map_or(io::ErrorKind::Other, |errno| Self::from_raw_os_error(errno).kind())
            }
        };
        Self::new(kind, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_and_numbers_are_those_of_linux() {
        assert_eq!(
            io::Error::from(HostError::Core(Error::ConnectionRefused)).kind(),
            io::ErrorKind::ConnectionRefused
        );
        assert_eq!(io::Error::from(HostError::Interrupted).kind(), io::ErrorKind::Interrupted);
        assert_eq!(HostError::Core(Error::TimedOut).errno(), Some(110));
        assert_eq!(HostError::TimedOut.errno(), None);
    }

    #[test]
    fn the_kernels_words_come_without_the_number() {
        assert_eq!(reason(&io::Error::from_raw_os_error(16)), "device or resource busy");
    }
}
