//! What an application may set on a datagram socket.

use crate::observe::InterfaceId;

/// Whether datagrams leave with DF (IP_MTU_DISCOVER).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MtuDiscover {
    /// Never DF; fragment as needed.
    Dont,
    /// DF while a datagram fits the known path; larger ones are fragmented without it.
    #[default]
    Want,
    /// Always DF; larger ones are refused with `MessageTooLong`.
    Do,
    /// Always DF, whatever the path MTU cache says.
    Probe,
}

impl MtuDiscover {
    /// Linux's number for it (IP_PMTUDISC_*).
    pub const fn number(self) -> u8 {
        match self {
            Self::Dont => 0,
            Self::Want => 1,
            Self::Do => 2,
            Self::Probe => 3,
        }
    }

    /// From Linux's number.
    pub const fn from_number(number: i64) -> Option<Self> {
        Some(match number {
            0 => Self::Dont,
            1 => Self::Want,
            2 => Self::Do,
            3 => Self::Probe,
            _ => return None,
        })
    }
}

/// Settings of a UDP or raw socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DatagramSettings {
    /// TTL of unicast datagrams.
    pub ttl: u8,
    /// Type of service.
    pub tos: u8,
    /// May send to broadcast addresses.
    pub broadcast: bool,
    /// TTL of multicast datagrams.
    pub multicast_ttl: u8,
    /// Our own multicast datagrams also come back to members here.
    pub multicast_loop: bool,
    /// Where multicast leaves when no route says so.
    pub multicast_interface: Option<InterfaceId>,
    /// DF or not.
    pub mtu_discover: MtuDiscover,
    /// Bytes of memory that may wait to be received.
    pub receive_buffer: usize,
    /// The application reads the error queue (IP_RECVERR): also an unconnected socket then fails with what arrives.
    pub receive_errors: bool,
    /// Other sockets may have the same local address.
    pub reuse_address: bool,
    /// Raw only: the application writes the IP header itself (IP_HDRINCL).
    pub header_included: bool,
}

impl Default for DatagramSettings {
    fn default() -> Self {
        Self {
            //= rfc1122#3.2.1.7   a default TTL large enough for the Internet
            ttl: 64,
            tos: 0,
            broadcast: false,
            //= rfc1112#6.1   multicast stays on the link unless asked to go further
            multicast_ttl: 1,
            multicast_loop: true,
            multicast_interface: None,
            mtu_discover: MtuDiscover::Want,
            // Linux's rmem_default: a good hundred full frames, or more than a thousand small datagrams.
            receive_buffer: 212_992,
            receive_errors: false,
            reuse_address: false,
            header_included: false,
        }
    }
}
