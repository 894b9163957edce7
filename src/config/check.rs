//! Checks that need more than one key: each value is legal, but not beside the other.

use super::Config;

/// A value that does not go with another.
pub(super) struct Clash {
    /// The key to blame, as `section.key`.
    pub(super) key: &'static str,
    /// What is wrong with it.
    pub(super) problem: String,
}

/// Refuses the first value that does not go with another.
pub(super) fn together(config: &Config) -> Result<(), Clash> {
    let limits = &config.limits;
    let sessions = &config.sessions;
    let rules = [
        (
            limits.dead_after > limits.ping_interval,
            "limits.dead_after",
            "must be longer than limits.ping_interval",
        ),
        (
            limits.login_timeout >= limits.handshake_timeout,
            "limits.login_timeout",
            "must not be shorter than limits.handshake_timeout, which is part of it",
        ),
        (
            limits.pre_login_connections <= limits.max_connections,
            "limits.pre_login_connections",
            "must not be more than limits.max_connections",
        ),
        (
            sessions.idle <= sessions.absolute,
            "sessions.idle",
            "must not be longer than sessions.absolute",
        ),
        (
            config.passwords.memory_kib >= 8 * config.passwords.lanes,
            "passwords.memory_kib",
            "must be at least 8 for each of passwords.lanes",
        ),
    ];
    match rules.into_iter().find(|(holds, ..)| !holds) {
        Some((_, key, problem)) => Err(Clash {
            key,
            problem: problem.to_owned(),
        }),
        None => Ok(()),
    }
}
