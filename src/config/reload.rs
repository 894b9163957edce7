//! Which settings a running server takes over, and which wait for a restart.

use std::collections::BTreeSet;

use toml::Value;

use super::{Config, Log, Server, Tls, environment};

/// What a reload comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reload {
    /// The settings now in force.
    pub config: Config,
    /// Keys that were changed in the file but stay as they were until the next start.
    pub needs_restart: Vec<String>,
}

impl Config {
    /// Takes over what can change while the server runs: `server.registration`, the files of
    /// `[tls]`, all of `[limits]` and `[retention]`, `log.filter` and `log.texts`.
    #[must_use]
    pub fn reloaded(&self, new: &Self) -> Reload {
        let config = Self {
            server: Server {
                registration: new.server.registration,
                ..self.server.clone()
            },
            tls: Tls {
                allow_tls12: self.tls.allow_tls12,
                ..new.tls.clone()
            },
            limits: new.limits.clone(),
            retention: new.retention.clone(),
            log: Log {
                filter: new.log.filter.clone(),
                texts: new.log.texts,
                ..self.log.clone()
            },
            ..self.clone()
        };
        let needs_restart = differing(&config, new);
        Reload {
            config,
            needs_restart,
        }
    }
}

fn differing(one: &Config, other: &Config) -> Vec<String> {
    let (one, other) = (flat(one), flat(other));
    let changed = one.symmetric_difference(&other);
    let keys: BTreeSet<_> = changed.map(|(key, _)| key.clone()).collect();
    keys.into_iter().collect()
}

/// Every `section.key` with its value in writing.
pub(super) fn flat(config: &Config) -> BTreeSet<(String, String)> {
    let sections = environment::table(config);
    let keys = sections
        .iter()
        .filter_map(|(section, keys)| Some((section, keys.as_table()?)));
    keys.flat_map(|(section, keys)| {
        keys.iter()
            .map(move |(key, value): (_, &Value)| (format!("{section}.{key}"), value.to_string()))
    })
    .collect()
}
