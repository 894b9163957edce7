//! Why a certificate or a key was not taken from its file, and how to mend it.

use std::{io, path::PathBuf};

use crate::model::Timestamp;

/// The largest PEM file read: a chain is a few KiB, and a wrong path may name anything.
pub(super) const PEM_FILE_MAX: u64 = 1024 * 1024;

/// Why a certificate or a key was not taken from its file.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be opened or read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A folder, a pipe or a device.
    #[error("cannot use {path}: it is not a regular file")]
    NotAFile {
        /// What is there instead.
        path: PathBuf,
    },
    /// More bytes than any chain has.
    #[error("cannot use {path}: it is larger than {PEM_FILE_MAX} bytes")]
    TooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The private key is not private.
    #[error(
        "the private key {path} has mode {mode:04o}, others could read it; it must be 0600: chmod 600 {path}"
    )]
    TooOpen {
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Somebody else could change the private key.
    #[error(
        "the private key {path} belongs to uid {owner}; it must belong to uid {own} or to root: chown {own} {path}"
    )]
    Owner {
        /// The key file.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who netcomm runs as.
        own: u32,
    },
    /// Broken PEM or DER.
    #[error("cannot read {path}: it is damaged ({reason})")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What the parser said.
        reason: String,
    },
    /// No certificate in the file.
    #[error("no certificate in {path}: it needs a line '-----BEGIN CERTIFICATE-----'")]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// No private key in the file.
    #[error("no private key in {path}: it needs a line '-----BEGIN PRIVATE KEY-----'")]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// What should be a CA may not sign.
    #[error("no certificate in {path} is a CA's: name the file that gen-certs calls ca.pem")]
    NotACa {
        /// The file.
        path: PathBuf,
    },
    /// Certificate and key do not belong together.
    #[error(
        "the key {key} does not belong to the certificate {certificate}; make a new pair with netcomm gen-certs --renew"
    )]
    Mismatch {
        /// The certificate file.
        certificate: PathBuf,
        /// The key file.
        key: PathBuf,
    },
    /// Past its last day.
    #[error("the certificate {path} expired on {on}; renew it with netcomm gen-certs --renew")]
    Expired {
        /// The certificate file.
        path: PathBuf,
        /// When it ended.
        on: Timestamp,
    },
    /// Before its first day.
    #[error("the certificate {path} is not valid before {from}; is this machine's clock right?")]
    NotYetValid {
        /// The certificate file.
        path: PathBuf,
        /// When it begins.
        from: Timestamp,
    },
    /// This machine trusts no public CA.
    #[error("cannot use this machine's certificate store: {0}; give the server's CA with --ca")]
    NoSystemStore(#[source] rustls::Error),
    /// TLS itself cannot be set up.
    #[error("cannot set up TLS: {0}")]
    Setup(#[source] rustls::Error),
    /// The certificate or its key cannot be used.
    #[error("cannot use the certificate {path}: {source}")]
    Unusable {
        /// The certificate file.
        path: PathBuf,
        /// What the TLS library said.
        source: rustls::Error,
    },
}
