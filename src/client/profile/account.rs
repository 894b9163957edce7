//! What is kept for one account on one server.

use std::path::PathBuf;

use super::{ProfileError, private};
use crate::{
    client::outbox::Outbox,
    protocol::{Cursors, Secret},
};

const TOKEN: &str = "token";
const CURSORS: &str = "cursors.json";
const OUTBOX: &str = "outbox";

/// The folder of one account on one server.
#[derive(Clone, Debug)]
pub struct AccountFolder {
    folder: PathBuf,
}

impl AccountFolder {
    pub(super) fn open(folder: PathBuf) -> Result<Self, ProfileError> {
        private::folder(&folder).map_err(ProfileError::disk("make the folder", &folder))?;
        Ok(Self { folder })
    }

    /// The token of the last session, if there is one.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn token(&self) -> Result<Option<Secret>, ProfileError> {
        let path = self.folder.join(TOKEN);
        let bytes = private::read(&path).map_err(ProfileError::disk("read", &path))?;
        let token = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        Ok(token.filter(|token| !token.is_empty()).map(Secret::new))
    }

    /// Keeps a token for the next start.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn keep_token(&self, token: &Secret) -> Result<(), ProfileError> {
        let path = self.folder.join(TOKEN);
        private::replace(&path, token.expose().as_bytes())
            .map_err(ProfileError::disk("write", &path))
    }

    /// Forgets a token that is worth nothing any more. Another one that is kept stays: what was
    /// refused may have come from elsewhere.
    ///
    /// # Errors
    ///
    /// When it cannot be read or removed.
    pub fn forget_token(&self, refused: &Secret) -> Result<(), ProfileError> {
        if self.token()?.as_ref() != Some(refused) {
            return Ok(());
        }
        let path = self.folder.join(TOKEN);
        private::remove(&path).map_err(ProfileError::disk("remove", &path))
    }

    /// Where the last run stood; nowhere when that cannot be understood any more.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub fn cursors(&self) -> Result<Cursors, ProfileError> {
        let path = self.folder.join(CURSORS);
        let bytes = private::read(&path).map_err(ProfileError::disk("read", &path))?;
        Ok(bytes
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default())
    }

    /// Keeps where this run stands.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn keep_cursors(&self, cursors: &Cursors) -> Result<(), ProfileError> {
        let path = self.folder.join(CURSORS);
        serde_json::to_vec(cursors)
            .map_err(std::io::Error::other)
            .and_then(|bytes| private::replace(&path, &bytes))
            .map_err(ProfileError::disk("write", &path))
    }

    /// Where a screen keeps something of this name.
    pub(in crate::client) fn place(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(in crate::client) fn outbox(&self) -> Result<Outbox, ProfileError> {
        let path = self.folder.join(OUTBOX);
        Outbox::open(&path).map_err(ProfileError::disk("open the outbox", &path))
    }
}
