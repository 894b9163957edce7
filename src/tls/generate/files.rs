//! Where a server's certificates are.

use std::path::{Path, PathBuf};

/// The four files of a server and its CA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The CA's certificate, for everybody who connects.
    pub ca: PathBuf,
    /// The CA's private key, needed only to renew.
    pub ca_key: PathBuf,
    /// The server's chain: its certificate, then the CA's.
    pub certificate: PathBuf,
    /// The server's private key.
    pub key: PathBuf,
}

impl CertificateFiles {
    /// The files by their usual names in a folder.
    #[must_use]
    pub fn in_folder(folder: &Path) -> Self {
        Self {
            ca: folder.join("ca.pem"),
            ca_key: folder.join("ca.key"),
            certificate: folder.join("server.pem"),
            key: folder.join("server.key"),
        }
    }

    pub(super) fn all(&self) -> [&PathBuf; 4] {
        [&self.ca, &self.ca_key, &self.certificate, &self.key]
    }

    /// Those that are there, a dangling link or a folder included: nothing is written over them.
    pub(super) fn existing(&self) -> Vec<PathBuf> {
        self.all()
            .into_iter()
            .filter(|path| path.symlink_metadata().is_ok())
            .cloned()
            .collect()
    }
}
