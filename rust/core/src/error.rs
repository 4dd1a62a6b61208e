//! What an application verb answers when it cannot do what was asked.

use std::fmt;

/// Failure of an application verb. Each maps to the errno a Linux socket would give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Error {
    /// Nothing to do right now (EAGAIN).
    WouldBlock,
    /// The handle names nothing that is alive (EBADF).
    BadHandle,
    /// An argument is outside what is allowed (EINVAL).
    InvalidArgument,
    /// The address family is not the socket's, or has no engine yet (EAFNOSUPPORT).
    AddressFamilyNotSupported,
    /// The local address is none of ours (EADDRNOTAVAIL).
    AddressNotAvailable,
    /// Port or tuple already taken (EADDRINUSE).
    AddressInUse,
    /// Broadcast without permission (EACCES).
    PermissionDenied,
    /// No route (ENETUNREACH).
    NetworkUnreachable,
    /// No answer from neighbour or host (EHOSTUNREACH).
    HostUnreachable,
    /// The interface is down (ENETDOWN).
    NetworkDown,
    /// The peer said no (ECONNREFUSED).
    ConnectionRefused,
    /// The peer cut the connection (ECONNRESET).
    ConnectionReset,
    /// We cut the connection (ECONNABORTED).
    ConnectionAborted,
    /// The peer stayed silent past R2 or the user timeout (ETIMEDOUT).
    TimedOut,
    /// Not connected (ENOTCONN).
    NotConnected,
    /// Already connected (EISCONN).
    AlreadyConnected,
    /// A connect is under way (EALREADY).
    AlreadyInProgress,
    /// Sending after shutdown (EPIPE).
    BrokenPipe,
    /// Larger than the path, or than the protocol, carries (EMSGSIZE).
    MessageTooLong,
    /// A destination is needed (EDESTADDRREQ).
    DestinationRequired,
    /// A table is full (ENOBUFS).
    NoBuffers,
    /// No such protocol at the peer (ENOPROTOOPT).
    ProtocolUnreachable,
    /// No such interface (ENODEV).
    NoSuchDevice,
    /// The thing exists already (EEXIST).
    AlreadyExists,
    /// No such thing (ENOENT).
    NotFound,
    /// The verb does not fit this kind of socket (EOPNOTSUPP).
    NotSupported,
}

impl Error {
    /// Linux's number for it (asm-generic/errno.h), so that every layer above agrees.
    pub const fn errno(self) -> i32 {
        match self {
            Self::NotFound => 2,
            Self::BadHandle => 9,
            Self::WouldBlock => 11,
            Self::PermissionDenied => 13,
            Self::AlreadyExists => 17,
            Self::NoSuchDevice => 19,
            Self::InvalidArgument => 22,
            Self::BrokenPipe => 32,
            Self::DestinationRequired => 89,
            Self::MessageTooLong => 90,
            Self::ProtocolUnreachable => 92,
            Self::NotSupported => 95,
            Self::AddressFamilyNotSupported => 97,
            Self::AddressInUse => 98,
            Self::AddressNotAvailable => 99,
            Self::NetworkDown => 100,
            Self::NetworkUnreachable => 101,
            Self::ConnectionAborted => 103,
            Self::ConnectionReset => 104,
            Self::NoBuffers => 105,
            Self::AlreadyConnected => 106,
            Self::NotConnected => 107,
            Self::TimedOut => 110,
            Self::ConnectionRefused => 111,
            Self::HostUnreachable => 113,
            Self::AlreadyInProgress => 114,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WouldBlock => "operation would block",
            Self::BadHandle => "socket is closed",
            Self::InvalidArgument => "invalid argument",
            Self::AddressFamilyNotSupported => "address family not supported",
            Self::AddressNotAvailable => "cannot assign requested address",
            Self::AddressInUse => "address already in use",
            Self::PermissionDenied => "permission denied",
            Self::NetworkUnreachable => "network is unreachable",
            Self::HostUnreachable => "no route to host",
            Self::NetworkDown => "network is down",
            Self::ConnectionRefused => "connection refused",
            Self::ConnectionReset => "connection reset by peer",
            Self::ConnectionAborted => "connection aborted",
            Self::TimedOut => "connection timed out",
            Self::NotConnected => "not connected",
            Self::AlreadyConnected => "already connected",
            Self::AlreadyInProgress => "operation already in progress",
            Self::BrokenPipe => "broken pipe",
            Self::MessageTooLong => "message too long",
            Self::DestinationRequired => "destination address required",
            Self::NoBuffers => "no buffer space available",
            Self::ProtocolUnreachable => "protocol not available",
            Self::NoSuchDevice => "no such device",
            Self::AlreadyExists => "already exists",
            Self::NotFound => "not found",
            Self::NotSupported => "operation not supported",
        })
    }
}

impl std::error::Error for Error {}
