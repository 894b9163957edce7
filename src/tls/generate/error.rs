//! Why certificates were not made, and what to do instead.

use std::{io, path::PathBuf};

use super::DAYS_MAX;
use crate::{
    model::Timestamp,
    tls::{LoadError, PinError},
};

/// Why certificates were not made. Nothing was replaced then.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// Some or all files are there already.
    #[error(
        "{} already there: nothing was changed; for a new server certificate from the same CA use netcomm gen-certs --renew, \
         to replace all of them (every client then needs the new CA) --force",
        list(.0)
    )]
    Exists(Vec<PathBuf>),
    /// Some of the files a server needs are there, others not.
    #[error(
        "{} there but {} missing: put the missing back; netcomm gen-certs --renew makes a server certificate \
         from the CA that is there, --force makes all anew",
        list(.existing),
        list(.missing)
    )]
    Partial {
        /// Files that are there.
        existing: Vec<PathBuf>,
        /// Files that are not.
        missing: Vec<PathBuf>,
    },
    /// No CA to renew from.
    #[error("cannot renew without the CA: {0}; netcomm gen-certs without --renew makes one")]
    NoCa(#[source] LoadError),
    /// The files do not hold one CA.
    #[error("cannot renew: {ca_key} is not the key of {ca}")]
    CaMismatch {
        /// The CA's certificate.
        ca: PathBuf,
        /// The key that is not its.
        ca_key: PathBuf,
    },
    /// The CA is past its last day.
    #[error(
        "cannot renew: the CA {ca} expired on {on}; make a new one with netcomm gen-certs --force"
    )]
    CaExpired {
        /// The CA's certificate.
        ca: PathBuf,
        /// When it ended.
        on: Timestamp,
    },
    /// A life no verifier accepts.
    #[error("a server's certificate lasts 1 to {DAYS_MAX} days, not {0}")]
    Days(u16),
    /// A file or folder cannot be written.
    #[error("cannot write {path}: {source}")]
    Write {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The certificate library refused.
    #[error("cannot make the certificate: {0}")]
    Issue(#[from] rcgen::Error),
    /// What was made cannot be read back.
    #[error("cannot read back the new certificate: {0}")]
    ReadBack(#[from] PinError),
}

fn list(paths: &[PathBuf]) -> String {
    let names: Vec<_> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    match names.as_slice() {
        [one] => format!("{one} is"),
        many => format!("{} are", many.join(", ")),
    }
}
