//! What can be asked of a socket of any kind.

use super::options::SocketOption;
use super::sockets::{Event, SocketId};
use super::{InterfaceId, Stack};
use crate::buffer::{DatagramSettings, MtuDiscover};
use crate::error::Error;
use crate::observe::Readiness;
use crate::tcp::congestion::Kind;
use crate::tcp::{Setting, Settings};
use crate::time::{Duration, Instant};
use crate::wire::SocketAddress;

impl Stack {
    /// Let go of a socket. TCP delivers first what was sent; unread data means a reset.
    pub fn close(&mut self, now: Instant, id: SocketId) -> Result<(), Error> {
        match id {
            SocketId::Tcp(id) => self.tcp_close(now, id),
            SocketId::Listener(id) => self.listener_close(now, id),
            SocketId::Udp(id) => {
                let entry = self.udp.close(id).ok_or(Error::BadHandle)?;
                self.drop_memberships(now, entry.socket.memberships());
                Ok(())
            }
            SocketId::Raw(id) => {
                let entry = self.raw.remove(id).ok_or(Error::BadHandle)?;
                self.drop_memberships(now, entry.socket.memberships());
                Ok(())
            }
        }
    }

    /// What a socket is ready for.
    pub fn readiness(&self, id: SocketId) -> Result<Readiness, Error> {
        match id {
            SocketId::Tcp(id) => self.tcp.entry(id).map(|entry| entry.connection.readiness()),
            SocketId::Listener(id) => {
                let entry = self.tcp.listeners.get(id).ok_or(Error::BadHandle)?;
                Ok(if entry.waiting.is_empty() { Readiness::empty() } else { Readiness::READABLE })
            }
            SocketId::Udp(id) => self.udp.entry(id).map(|entry| entry.socket.readiness()),
            SocketId::Raw(id) => {
                self.raw.get(id).map(|entry| entry.socket.readiness()).ok_or(Error::BadHandle)
            }
        }
    }

    /// The next socket whose readiness grew, with what it is ready for now.
    pub fn poll_event(&mut self) -> Option<Event> {
        loop {
            let socket = self.events.pop()?;
            let watch = match socket {
                SocketId::Tcp(id) => self.tcp.connections.get_mut(id).map(|entry| &mut entry.watch),
                SocketId::Listener(id) => self.tcp.listeners.get_mut(id).map(|entry| &mut entry.watch),
                SocketId::Udp(id) => self.udp.sockets.get_mut(id).map(|entry| &mut entry.watch),
                SocketId::Raw(id) => self.raw.get_mut(id).map(|entry| &mut entry.watch),
            };
            let Some(watch) = watch else { continue };
            watch.told();
            if let Ok(readiness) = self.readiness(socket) {
                return Some(Event { socket, readiness });
            }
        }
    }

    /// The error that waits at a socket (SO_ERROR); taken.
    pub fn take_error(&mut self, id: SocketId) -> Option<Error> {
        match id {
            SocketId::Tcp(id) => self.tcp.entry_mut(id).ok()?.connection.take_error(),
            SocketId::Listener(_) => None,
            SocketId::Udp(id) => self.udp.entry_mut(id).ok()?.socket.take_error(),
            SocketId::Raw(id) => self.raw.get_mut(id)?.socket.take_error(),
        }
    }

    /// Where a socket is bound, if it is; port 0 for a raw one.
    pub fn local_address(&self, id: SocketId) -> Result<Option<SocketAddress>, Error> {
        match id {
            SocketId::Tcp(id) => Ok(Some(self.tcp_tuple(id)?.local)),
            SocketId::Listener(id) => {
                self.tcp.listeners.get(id).map(|entry| Some(entry.local)).ok_or(Error::BadHandle)
            }
            SocketId::Udp(id) => Ok(self.udp.entry(id)?.socket.local),
            SocketId::Raw(id) => {
                let entry = self.raw.get(id).ok_or(Error::BadHandle)?;
                Ok(entry.socket.local.map(|local| SocketAddress::new(local, 0)))
            }
        }
    }

    /// Where a socket is connected to, if it is; port 0 for a raw one.
    pub fn remote_address(&self, id: SocketId) -> Result<Option<SocketAddress>, Error> {
        match id {
            SocketId::Tcp(id) => Ok(Some(self.tcp_tuple(id)?.remote)),
            SocketId::Listener(_) => Ok(None),
            SocketId::Udp(id) => Ok(self.udp.entry(id)?.socket.remote),
            SocketId::Raw(id) => {
                let entry = self.raw.get(id).ok_or(Error::BadHandle)?;
                Ok(entry.socket.remote.map(|remote| SocketAddress::new(remote, 0)))
            }
        }
    }

    /// All sockets that the application holds.
    pub fn sockets(&self) -> Vec<SocketId> {
        let udp = self.udp.sockets.keys().map(SocketId::Udp);
        self.tcp.held().chain(udp).chain(self.raw.keys().map(SocketId::Raw)).collect()
    }

    /// Bytes that wait at a datagram socket to be received, and how many datagrams were dropped because too many did.
    pub fn datagram_queue(&self, id: SocketId) -> Result<(usize, u64), Error> {
        match id {
            SocketId::Udp(id) => {
                self.udp.entry(id).map(|entry| (entry.socket.queued().1, entry.socket.drops()))
            }
            SocketId::Raw(id) => {
                let entry = self.raw.get(id).ok_or(Error::BadHandle)?;
                Ok((entry.socket.queued().1, entry.socket.drops()))
            }
            SocketId::Tcp(_) | SocketId::Listener(_) => Err(Error::NotSupported),
        }
    }

    /// Change an option. `NotSupported` if this kind of socket has no such option, `InvalidArgument` for a bad value.
    pub fn set_option(
        &mut self,
        now: Instant,
        id: SocketId,
        option: SocketOption,
        value: i64,
    ) -> Result<(), Error> {
        match id {
            SocketId::Tcp(id) => {
                let setting = tcp_setting(option, value)?;
                let entry = self.tcp.entry_mut(id)?;
                entry.connection.set(&mut self.observers.context(now, None), setting)?;
                self.settle(id, false);
                Ok(())
            }
            SocketId::Listener(id) => {
                let setting = tcp_setting(option, value)?;
                let entry = self.tcp.listeners.get_mut(id).ok_or(Error::BadHandle)?;
                entry.listener.settings_mut().set(setting)
            }
            SocketId::Udp(id) => set_datagram(&mut self.udp.entry_mut(id)?.socket.settings, option, value),
            SocketId::Raw(id) => {
                let entry = self.raw.get_mut(id).ok_or(Error::BadHandle)?;
                set_datagram(&mut entry.socket.settings, option, value)
            }
        }
    }

    /// Read an option.
    pub fn option(&self, id: SocketId, option: SocketOption) -> Result<i64, Error> {
        match id {
            SocketId::Tcp(id) => {
                let connection = &self.tcp.entry(id)?.connection;
                let (send, receive) = connection.buffers();
                match option {
                    SocketOption::SendBuffer => Ok(send as i64),
                    SocketOption::ReceiveBuffer => Ok(receive as i64),
                    _ => tcp_option(connection.settings(), connection.congestion(), option),
                }
            }
            SocketId::Listener(id) => {
                let entry = self.tcp.listeners.get(id).ok_or(Error::BadHandle)?;
                tcp_option(entry.listener.settings(), entry.config(&self.tcp_config).congestion, option)
            }
            SocketId::Udp(id) => datagram_option(&self.udp.entry(id)?.socket.settings, option),
            SocketId::Raw(id) => {
                datagram_option(&self.raw.get(id).ok_or(Error::BadHandle)?.socket.settings, option)
            }
        }
    }
}

fn number<T: TryFrom<i64>>(value: i64) -> Result<T, Error> {
    T::try_from(value).map_err(|_| Error::InvalidArgument)
}

fn ttl(value: i64) -> Result<u8, Error> {
    number(value).and_then(|ttl| if ttl == 0 { Err(Error::InvalidArgument) } else { Ok(ttl) })
}

fn millis(value: i64) -> Result<Duration, Error> {
    number(value).map(Duration::from_millis)
}

fn tcp_setting(option: SocketOption, value: i64) -> Result<Setting, Error> {
    Ok(match option {
        SocketOption::NoDelay => Setting::NoDelay(value != 0),
        SocketOption::KeepAlive => Setting::KeepAlive(value != 0),
        SocketOption::KeepIdle => Setting::KeepIdle(millis(value)?),
        SocketOption::KeepInterval => Setting::KeepInterval(millis(value)?),
        SocketOption::KeepCount => Setting::KeepCount(number(value)?),
        SocketOption::UserTimeout => {
            Setting::UserTimeout(Some(millis(value)?).filter(|time| !time.is_zero()))
        }
        SocketOption::Linger if value < 0 => Setting::Linger(None),
        SocketOption::Linger => Setting::Linger(Some(millis(value)?)),
        SocketOption::Ttl => Setting::Ttl(ttl(value)?),
        SocketOption::Tos => Setting::Tos(number(value)?),
        SocketOption::SendBuffer => Setting::SendBuffer(number(value)?),
        SocketOption::ReceiveBuffer => Setting::ReceiveBuffer(number(value)?),
        SocketOption::MaxSegment => Setting::MaxSegment(number(value)?),
        SocketOption::QuickAck => Setting::QuickAck(value != 0),
        SocketOption::Cork => Setting::Cork(value != 0),
        SocketOption::NotSentLowWater => Setting::NotSentLowWater(number(value)?),
        SocketOption::Congestion => {
            let kind = usize::try_from(value).ok().and_then(|place| Kind::ALL.get(place));
            Setting::Congestion(*kind.ok_or(Error::InvalidArgument)?)
        }
        SocketOption::SynCookies if value == -1 => Setting::SynCookies(None),
        SocketOption::SynCookies => Setting::SynCookies(Some(number(value)?)),
        SocketOption::Ecn if value == -1 => Setting::Ecn(None),
        SocketOption::Ecn => Setting::Ecn(Some(number(value)?)),
        SocketOption::FastOpen => Setting::FastOpen(number(value)?),
        SocketOption::DeferAccept => Setting::DeferAccept(millis(value)?),
        _ => return Err(Error::NotSupported),
    })
}

/// `congestion` is in use where the settings name none.
fn tcp_option(settings: &Settings, congestion: Kind, option: SocketOption) -> Result<i64, Error> {
    let time = |time: Duration| time.as_millis() as i64;
    Ok(match option {
        SocketOption::NoDelay => i64::from(settings.nodelay),
        SocketOption::KeepAlive => i64::from(settings.keepalive),
        SocketOption::KeepIdle => time(settings.keep_idle),
        SocketOption::KeepInterval => time(settings.keep_interval),
        SocketOption::KeepCount => i64::from(settings.keep_count),
        SocketOption::UserTimeout => settings.user_timeout.map_or(0, time),
        SocketOption::Linger => settings.linger.map_or(-1, time),
        SocketOption::Ttl => i64::from(settings.ttl),
        SocketOption::Tos => i64::from(settings.tos),
        SocketOption::SendBuffer => settings.send_buffer as i64,
        SocketOption::ReceiveBuffer => settings.receive_buffer as i64,
        SocketOption::MaxSegment => settings.max_segment.map_or(0, i64::from),
        SocketOption::QuickAck => i64::from(settings.quickack),
        SocketOption::Cork => i64::from(settings.cork),
        SocketOption::NotSentLowWater => settings.notsent_low_water.map_or(0, i64::from),
        SocketOption::Congestion => settings.congestion.unwrap_or(congestion).place() as i64,
        SocketOption::SynCookies => settings.syn_cookies.map_or(-1, i64::from),
        SocketOption::Ecn => settings.ecn.map_or(-1, i64::from),
        SocketOption::FastOpen => i64::from(settings.fast_open),
        SocketOption::DeferAccept => time(settings.defer_accept),
        _ => return Err(Error::NotSupported),
    })
}

fn set_datagram(settings: &mut DatagramSettings, option: SocketOption, value: i64) -> Result<(), Error> {
    match option {
        SocketOption::Ttl => settings.ttl = ttl(value)?,
        SocketOption::Tos => settings.tos = number(value)?,
        SocketOption::Broadcast => settings.broadcast = value != 0,
        SocketOption::MulticastTtl => settings.multicast_ttl = number(value)?,
        SocketOption::MulticastLoop => settings.multicast_loop = value != 0,
        SocketOption::MulticastInterface if value < 0 => settings.multicast_interface = None,
        SocketOption::MulticastInterface => settings.multicast_interface = Some(InterfaceId(number(value)?)),
        SocketOption::MtuDiscover => {
            settings.mtu_discover = match value {
                0 => MtuDiscover::Dont,
                1 => MtuDiscover::Want,
                2 => MtuDiscover::Do,
                3 => MtuDiscover::Probe,
                _ => return Err(Error::InvalidArgument),
            }
        }
        SocketOption::ReceiveBuffer => settings.receive_buffer = number(value)?,
        SocketOption::ReceiveErrors => settings.receive_errors = value != 0,
        SocketOption::ReuseAddress => settings.reuse_address = value != 0,
        SocketOption::HeaderIncluded => settings.header_included = value != 0,
        _ => return Err(Error::NotSupported),
    }
    Ok(())
}

fn datagram_option(settings: &DatagramSettings, option: SocketOption) -> Result<i64, Error> {
    Ok(match option {
        SocketOption::Ttl => i64::from(settings.ttl),
        SocketOption::Tos => i64::from(settings.tos),
        SocketOption::Broadcast => i64::from(settings.broadcast),
        SocketOption::MulticastTtl => i64::from(settings.multicast_ttl),
        SocketOption::MulticastLoop => i64::from(settings.multicast_loop),
        SocketOption::MulticastInterface => settings.multicast_interface.map_or(-1, |id| i64::from(id.0)),
        SocketOption::MtuDiscover => settings.mtu_discover as i64,
        SocketOption::ReceiveBuffer => settings.receive_buffer as i64,
        SocketOption::ReceiveErrors => i64::from(settings.receive_errors),
        SocketOption::ReuseAddress => i64::from(settings.reuse_address),
        SocketOption::HeaderIncluded => i64::from(settings.header_included),
        _ => return Err(Error::NotSupported),
    })
}
