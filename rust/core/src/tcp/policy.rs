//! A connection whose knobs change while it lives: what was copied out of them at its birth follows.

use super::common::Common;
use super::congestion::Kind;
use super::sender::Sender;
use super::{Config, Connection, Settings};
use crate::observe::Context;
use crate::time::Instant;
use std::sync::Arc;

impl Connection {
    /// The knobs that it lives under.
    pub const fn config(&self) -> &Arc<Config> {
        &self.common.config
    }

    /// Live under other knobs from now on. Those that the handshake decided stay as it decided them.
    pub fn set_config(&mut self, cx: &Context<'_>, config: Arc<Config>) {
        let before = std::mem::replace(&mut self.common.config, config);
        let kind = self.common.settings.congestion.unwrap_or(before.congestion);
        self.common.settings.follow(&before, &self.common.config);
        self.restless = true;
        let Some(open) = self.phase.open_mut() else { return };
        open.sender.follow(cx.now, &self.common, &before, kind);
        if !self.common.settings.receive_fixed && before.receive_buffer != self.common.config.receive_buffer {
            open.receiver.tuning.set(self.common.settings.receive_buffer);
        }
        open.arm_keep_alive(cx.now, &self.common);
    }
}

impl Settings {
    /// The knobs changed from `before` to `now`: what an application did not set itself changes with them.
    pub fn follow(&mut self, before: &Config, now: &Config) {
        let fresh = Self::new(now);
        let (old, mut own) = (Self::new(before), *self);
        if own.keep_idle == old.keep_idle {
            own.keep_idle = fresh.keep_idle;
        }
        if own.keep_interval == old.keep_interval {
            own.keep_interval = fresh.keep_interval;
        }
        if own.keep_count == old.keep_count {
            own.keep_count = fresh.keep_count;
        }
        if !own.send_fixed {
            own.send_buffer = fresh.send_buffer;
        }
        if !own.receive_fixed {
            own.receive_buffer = fresh.receive_buffer;
        }
        if before.congestion != now.congestion {
            own.congestion = None;
        }
        *self = own;
    }
}

impl Sender {
    /// Take over what changed since `before`, when `kind` was in use.
    fn follow(&mut self, now: Instant, common: &Common, before: &Config, kind: Kind) {
        let config = &common.config;
        self.rtt.set_bounds(config);
        self.set_min_mss(config.min_mss, common.path_mss());
        if before.mtu_probing != config.mtu_probing {
            self.set_probing(config);
        }
        if !common.settings.send_fixed && before.send_buffer != config.send_buffer {
            self.queue.set_limit(common.settings.send_buffer);
        }
        let tastes = |config: &Config| {
            (config.abc_limit, config.hystart, config.pacing, config.ecn_backoff, config.fixed_window)
        };
        if common.congestion() != kind || tastes(before) != tastes(config) {
            self.renew_congestion(now, config, common.congestion());
        }
    }
}
