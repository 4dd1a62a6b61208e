//! What a socket is ready for.

bitflags::bitflags! {
    /// Readiness of a socket, in the sense of poll(2).
    #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
    pub struct Readiness: u8 {
        /// Something can be read, accepted, or the end of the stream was reached (POLLIN).
        const READABLE = 1;
        /// Something can be sent (POLLOUT).
        const WRITABLE = 2;
        /// Both directions are over (POLLHUP).
        const HANGUP = 4;
        /// The peer sends no more (POLLRDHUP).
        const READ_CLOSED = 8;
        /// An error waits to be taken (POLLERR).
        const ERROR = 16;
    }
}
