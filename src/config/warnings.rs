//! Settings that are legal and dangerous: said aloud at start, with the key to change.

use super::{Config, Registration};

/// The least memory × passes among the argon2id settings that OWASP counts as strong enough.
const ARGON2_WORK_MIN: u64 = 7_168 * 5;

impl Config {
    /// What the operator should be told at start, one sentence each.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        [
            self.open_to_the_world(),
            self.links_without_a_host(),
            self.cheap_hashes(),
            self.old_tls(),
            self.texts_in_the_log(),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn open_to_the_world(&self) -> Option<String> {
        let outside = self
            .server
            .listen
            .iter()
            .find(|at| !at.ip().is_loopback())?;
        (self.server.registration == Registration::Open).then(|| {
            format!(
                "ANYBODY who can reach {outside} may make an account: server.registration is \
                 \"open\"; set it to \"invite\" or \"closed\""
            )
        })
    }

    fn links_without_a_host(&self) -> Option<String> {
        let first = self.server.listen.first()?;
        (first.ip().is_unspecified() && self.server.public_address.is_none()).then(|| {
            format!(
                "invite links will say {first}, which nobody can connect to: set \
                 server.public_address to the host:port that users reach this server by"
            )
        })
    }

    fn cheap_hashes(&self) -> Option<String> {
        let work = u64::from(self.passwords.memory_kib) * u64::from(self.passwords.passes);
        (work < ARGON2_WORK_MIN).then(|| {
            "passwords are hashed too cheaply to withstand guessing if the data is stolen: raise \
             passwords.memory_kib or passwords.passes (19456 and 2 are the defaults)"
                .to_owned()
        })
    }

    fn old_tls(&self) -> Option<String> {
        self.tls.allow_tls12.then(|| {
            "TLS 1.2 is allowed, which has no post-quantum key exchange: tls.allow_tls12".to_owned()
        })
    }

    fn texts_in_the_log(&self) -> Option<String> {
        self.log.texts.then(|| {
            "the texts of all messages are written to the log: log.texts is true".to_owned()
        })
    }
}
