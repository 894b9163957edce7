//! What the client remembers between two runs: servers and whom to trust there, and for each
//! account its token, its cursors and its outbox.
//!
//! Promises: all of it is its owner's alone, and is replaced whole or not at all. It lies under
//! `$NETCOMM_STATE_DIR`, else `$XDG_STATE_HOME/netcomm`, else `~/.local/state/netcomm`.

mod account;
mod trust;

use std::{
    env, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::private;
use crate::{auth::ServerAddress, model::UserName, tls::Trust};

pub use account::AccountFolder;
use trust::TrustWord;

/// The profile where nothing else is said.
pub const DEFAULT_PROFILE: &str = "default";

const LAST_SERVER: &str = "server";
const KNOWN: &str = "known.json";

/// Why the profile could not be used.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The name would not do as a folder's.
    #[error("a profile's name is 1 to 64 letters, digits, '_' or '-', not '{0}'")]
    Name(String),
    /// Nothing says where to keep it.
    #[error("there is no place to remember anything: set HOME or NETCOMM_STATE_DIR")]
    NoPlace,
    /// The disk.
    #[error("cannot {what} {}: {error}", path.display())]
    Disk {
        /// What was tried.
        what: &'static str,
        /// With what.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

impl ProfileError {
    fn disk(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Disk {
            what,
            path: path.to_owned(),
            error,
        }
    }
}

/// One set of servers and accounts; most people have one.
#[derive(Clone, Debug)]
pub struct Profile {
    folder: PathBuf,
}

/// What is remembered of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Whom to trust there.
    pub trust: Trust,
    /// Who one was there last.
    pub user: Option<UserName>,
}

#[derive(Serialize, Deserialize)]
struct KnownFile {
    trust: TrustWord,
    user: Option<String>,
}

impl Profile {
    /// Opens the profile of this name in the user's state folder.
    ///
    /// # Errors
    ///
    /// When the name is none, or the folder cannot be found or made.
    pub fn open(name: &str) -> Result<Self, ProfileError> {
        Self::in_folder(&state_folder().ok_or(ProfileError::NoPlace)?, name)
    }

    /// Opens the profile of this name in that folder.
    ///
    /// # Errors
    ///
    /// As [`Profile::open`].
    pub fn in_folder(state: &Path, name: &str) -> Result<Self, ProfileError> {
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if name.is_empty() || name.len() > 64 || !name.bytes().all(legal) {
            return Err(ProfileError::Name(name.escape_debug().to_string()));
        }
        let folder = state.join(name);
        private::folder(state).map_err(ProfileError::disk("make the folder", state))?;
        private::folder(&folder).map_err(ProfileError::disk("make the folder", &folder))?;
        Ok(Self { folder })
    }

    /// The server of the last session.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn last_server(&self) -> Result<Option<ServerAddress>, ProfileError> {
        let path = self.folder.join(LAST_SERVER);
        let bytes = private::read(&path).map_err(ProfileError::disk("read", &path))?;
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        Ok(text.and_then(|text| ServerAddress::parse(text.trim()).ok()))
    }

    /// What is remembered of a server; what cannot be understood any more is forgotten.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn known(&self, server: &ServerAddress) -> Result<Option<Known>, ProfileError> {
        let path = self.server_folder(server).join(KNOWN);
        let bytes = private::read(&path).map_err(ProfileError::disk("read", &path))?;
        let file = bytes.and_then(|bytes| serde_json::from_slice::<KnownFile>(&bytes).ok());
        Ok(file.and_then(|file| {
            Some(Known {
                trust: file.trust.read()?,
                user: file.user.and_then(|user| UserName::parse(&user).ok()),
            })
        }))
    }

    /// Remembers a server that was verified and let one in; it is the last one now.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn remember(&self, server: &ServerAddress, known: &Known) -> Result<(), ProfileError> {
        let folder = self.server_folder(server);
        private::folder(&folder).map_err(ProfileError::disk("make the folder", &folder))?;
        let file = KnownFile {
            trust: TrustWord::of(&known.trust),
            user: known.user.as_ref().map(ToString::to_string),
        };
        let path = folder.join(KNOWN);
        serde_json::to_vec(&file)
            .map_err(io::Error::other)
            .and_then(|bytes| private::replace(&path, &bytes))
            .map_err(ProfileError::disk("write", &path))?;
        let path = self.folder.join(LAST_SERVER);
        private::replace(&path, server.to_string().as_bytes())
            .map_err(ProfileError::disk("write", &path))
    }

    /// The folder of an account, made when it is not there.
    ///
    /// # Errors
    ///
    /// When it cannot be made.
    pub fn account(
        &self,
        server: &ServerAddress,
        user: &UserName,
    ) -> Result<AccountFolder, ProfileError> {
        AccountFolder::open(self.server_folder(server).join(user.key()))
    }

    fn server_folder(&self, server: &ServerAddress) -> PathBuf {
        let host = server.host().to_ascii_lowercase();
        self.folder.join(format!("{host}_{}", server.port()))
    }
}

fn state_folder() -> Option<PathBuf> {
    let set = |name| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    set("NETCOMM_STATE_DIR")
        .or_else(|| Some(set("XDG_STATE_HOME")?.join("netcomm")))
        .or_else(|| Some(set("HOME")?.join(".local/state/netcomm")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        protocol::{Cursors, Secret},
        tls::Pin,
    };

    fn server(text: &str) -> ServerAddress {
        ServerAddress::parse(text).unwrap()
    }

    #[test]
    fn a_server_is_remembered_with_its_trust_and_its_user() {
        let state = tempfile::tempdir().unwrap();
        let profile = Profile::in_folder(state.path(), "work").unwrap();
        assert!(profile.last_server().unwrap().is_none());
        let pin = Pin::parse("n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg").unwrap();
        for trust in [
            Trust::System,
            Trust::Pin(pin),
            Trust::CaFile("/etc/ca.pem".into()),
        ] {
            let known = Known {
                trust,
                user: UserName::parse("Alice").ok(),
            };
            for address in ["[::1]:7", "chat.example.org"] {
                profile.remember(&server(address), &known).unwrap();
                assert_eq!(profile.known(&server(address)).unwrap().unwrap(), known);
            }
        }
        assert_eq!(
            profile.last_server().unwrap(),
            Some(server("chat.example.org"))
        );
        let other = Profile::in_folder(state.path(), DEFAULT_PROFILE).unwrap();
        assert!(other.known(&server("[::1]:7")).unwrap().is_none());
    }

    #[test]
    fn an_account_has_its_own_token_and_cursors() {
        let state = tempfile::tempdir().unwrap();
        let profile = Profile::in_folder(state.path(), DEFAULT_PROFILE).unwrap();
        let account = |name| {
            profile
                .account(&server("localhost"), &UserName::parse(name).unwrap())
                .unwrap()
        };
        let alice = account("Alice");
        alice.keep_token(&Secret::new("token".to_owned())).unwrap();
        let cursors = Cursors::from([("#ops".to_owned(), 7)]);
        alice.keep_cursors(&cursors).unwrap();
        assert_eq!(account("alice").token().unwrap().unwrap().expose(), "token");
        assert_eq!(account("alice").cursors().unwrap(), cursors);
        assert!(account("bob").token().unwrap().is_none());
        alice
            .forget_token(&Secret::new("another".to_owned()))
            .unwrap();
        assert!(alice.token().unwrap().is_some());
        alice
            .forget_token(&Secret::new("token".to_owned()))
            .unwrap();
        assert!(alice.token().unwrap().is_none());
    }

    #[test]
    fn a_profile_is_no_path() {
        let state = tempfile::tempdir().unwrap();
        for bad in ["", "..", "a/b", "a b", &"x".repeat(65)] {
            assert!(Profile::in_folder(state.path(), bad).is_err(), "{bad:?}");
        }
    }
}
