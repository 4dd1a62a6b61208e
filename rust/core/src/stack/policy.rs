//! Knobs of one connection or listener: its own copy of TCP's, made when the first one is changed.
//!
//! A connection shares the stack's knobs until then, so that one without its own costs nothing. What a listener has,
//! the connections that it makes begin with.

use super::Stack;
use super::knobs::{KnobError, tcp};
use super::sockets::{SocketId, TcpId};
use crate::error::Error;
use crate::tcp::Config;
use crate::time::Instant;
use crate::wire::SocketAddress;
use std::sync::Arc;
use tcp::Scope;

const OF_THE_STACK: &str = "it belongs to the whole stack";
const TOO_LATE: &str = "the handshake decided it: set it at the listener, or with the connect";
const OF_LISTENERS: &str = "it belongs to listeners";

/// The knobs of `config` with one changed.
fn changed(config: &Arc<Config>, knob: &tcp::Knob, value: i64) -> Result<Arc<Config>, KnobError> {
    let mut config = Arc::clone(config);
    knob.set(Arc::make_mut(&mut config), value)?;
    Ok(config)
}

impl Stack {
    fn own_knob(&self, name: &str) -> Result<&'static tcp::Knob, KnobError> {
        let known =
            if self.knob(name).is_some() { KnobError::Shared(OF_THE_STACK) } else { KnobError::Unknown };
        tcp::find(name).ok_or(known)
    }

    /// Set a knob of TCP for one connection or listener only.
    pub fn set_knob_on(
        &mut self,
        now: Instant,
        id: SocketId,
        name: &str,
        value: i64,
    ) -> Result<(), KnobError> {
        let knob = self.own_knob(name)?;
        match id {
            SocketId::Tcp(id) => {
                match knob.scope {
                    Scope::Life => {}
                    Scope::Birth => return Err(KnobError::Shared(TOO_LATE)),
                    Scope::Listener => return Err(KnobError::Shared(OF_LISTENERS)),
                }
                let entry = self.tcp.entry_mut(id).map_err(KnobError::Socket)?;
                let config = changed(entry.connection.config(), knob, value)?;
                entry.connection.set_config(&self.observers.context(now, None), config);
                self.settle(id, false);
                Ok(())
            }
            SocketId::Listener(id) => {
                let Self { tcp, tcp_config, .. } = self;
                let entry = tcp.listeners.get_mut(id).ok_or(KnobError::Socket(Error::BadHandle))?;
                let before = Arc::clone(entry.config(tcp_config));
                let config = changed(&before, knob, value)?;
                entry.listener.settings_mut().follow(&before, &config);
                entry.config = Some(config);
                Ok(())
            }
            SocketId::Udp(_) | SocketId::Raw(_) => Err(KnobError::Socket(Error::NotSupported)),
        }
    }

    /// The value of a knob as it is for one connection or listener.
    pub fn knob_on(&self, id: SocketId, name: &str) -> Result<i64, KnobError> {
        let config = match id {
            SocketId::Tcp(id) => self.tcp.entry(id).map_err(KnobError::Socket)?.connection.config(),
            SocketId::Listener(id) => {
                let entry = self.tcp.listeners.get(id).ok_or(KnobError::Socket(Error::BadHandle))?;
                entry.config(&self.tcp_config)
            }
            SocketId::Udp(_) | SocketId::Raw(_) => return Err(KnobError::Socket(Error::NotSupported)),
        };
        match tcp::find(name) {
            Some(knob) => Ok(knob.value(config)),
            None => self.knob(name).ok_or(KnobError::Unknown),
        }
    }

    #[cfg(test)]
    pub(super) fn tcp_config_of(&self, id: TcpId) -> &Arc<Config> {
        self.tcp.connections[id].connection.config()
    }

    /// As [`Stack::tcp_connect`], under knobs of its own.
    pub fn tcp_connect_under(
        &mut self,
        now: Instant,
        remote: SocketAddress,
        local: Option<SocketAddress>,
        knobs: &[(&str, i64)],
    ) -> Result<TcpId, KnobError> {
        let mut config = Arc::clone(&self.tcp_config);
        for (name, value) in knobs {
            let knob = self.own_knob(name)?;
            if knob.scope == Scope::Listener {
                return Err(KnobError::Shared(OF_LISTENERS));
            }
            config = changed(&config, knob, *value)?;
        }
        self.connect_with(now, remote, local, None, &config).map_err(KnobError::Socket)
    }
}
