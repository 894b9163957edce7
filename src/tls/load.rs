//! Certificates and keys from files: the one place that reads PEM.
//!
//! Promises: a private key that others can read, that somebody else owns, that does not belong to
//! the certificate, or a certificate out of its dates, is refused with the way to mend it.

use std::{
    fs::File,
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustix::fs::{Mode, OFlags};
use rustls::{
    InconsistentKeys,
    pki_types::{CertificateDer, PrivateKeyDer},
    sign::CertifiedKey,
};
use zeroize::Zeroizing;

use super::{
    pin::{Pin, PinError},
    provider,
    summary::Summary,
};
use crate::model::Timestamp;

/// The largest PEM file read: a chain is a few KiB, and a wrong path may name anything.
const PEM_FILE_MAX: u64 = 1024 * 1024;
/// Permission bits of group and others: a private key has none of them.
const OTHERS: u32 = 0o077;

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

/// A server's chain and key that belong together and are within their dates.
pub(super) struct ServerCertificate {
    pub(super) key: Arc<CertifiedKey>,
    pub(super) summary: Summary,
    /// Of the CA at the end of the chain, if the file has it.
    pub(super) pin: Option<Pin>,
}

/// Reads a server's certificate and key, and checks everything a handshake would trip over.
pub(super) fn server_certificate(
    certificate: &Path,
    key: &Path,
    now: Timestamp,
) -> Result<ServerCertificate, LoadError> {
    let chain = certificates(certificate)?;
    let private = private_key(key)?;
    let leaf = chain.first().ok_or_else(|| LoadError::NoCertificate {
        path: certificate.into(),
    })?;
    let summary = summary(leaf, certificate)?;
    check_dates(&summary, certificate, now)?;
    let pin = Pin::of_chain(&chain);
    let key = CertifiedKey::from_der(chain, private, &provider()).map_err(|error| match error {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => LoadError::Mismatch {
            certificate: certificate.into(),
            key: key.into(),
        },
        source => LoadError::Unusable {
            path: certificate.into(),
            source,
        },
    })?;
    Ok(ServerCertificate {
        key: Arc::new(key),
        summary,
        pin,
    })
}

/// Reads the CA certificates in a file; at least one.
pub(super) fn ca_certificates(
    path: &Path,
) -> Result<Vec<(CertificateDer<'static>, Summary)>, LoadError> {
    let mut found = Vec::new();
    for certificate in certificates(path)? {
        let summary = summary(&certificate, path)?;
        if summary.is_ca {
            found.push((certificate, summary));
        }
    }
    if found.is_empty() {
        return Err(LoadError::NotACa { path: path.into() });
    }
    Ok(found)
}

pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, LoadError> {
    let pem = read(path, &open(path)?)?;
    let chain = rustls_pemfile::certs(&mut pem.as_slice())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| damaged(path, &error))?;
    if chain.is_empty() {
        return Err(LoadError::NoCertificate { path: path.into() });
    }
    Ok(chain)
}

pub(super) fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, LoadError> {
    let file = open(path)?;
    check_private(path, &file)?;
    let pem = read(path, &file)?;
    rustls_pemfile::private_key(&mut pem.as_slice())
        .map_err(|error| damaged(path, &error))?
        .ok_or_else(|| LoadError::NoKey { path: path.into() })
}

pub(super) fn summary(certificate: &CertificateDer<'_>, path: &Path) -> Result<Summary, LoadError> {
    Summary::of(certificate).map_err(|error: PinError| damaged(path, &error))
}

fn check_dates(summary: &Summary, path: &Path, now: Timestamp) -> Result<(), LoadError> {
    if now > summary.not_after {
        return Err(LoadError::Expired {
            path: path.into(),
            on: summary.not_after,
        });
    }
    if now < summary.not_before {
        return Err(LoadError::NotYetValid {
            path: path.into(),
            from: summary.not_before,
        });
    }
    Ok(())
}

/// Asks the open file, not the path: what is checked is what is read.
fn check_private(path: &Path, file: &File) -> Result<(), LoadError> {
    let metadata = file.metadata().map_err(|error| unreadable(path, error))?;
    let mode = metadata.mode() & 0o7777;
    if mode & OTHERS != 0 {
        return Err(LoadError::TooOpen {
            path: path.into(),
            mode,
        });
    }
    let own = rustix::process::geteuid().as_raw();
    let owner = metadata.uid();
    if owner != own && owner != 0 {
        return Err(LoadError::Owner {
            path: path.into(),
            owner,
            own,
        });
    }
    Ok(())
}

/// Opens without waiting: a pipe in the file's place would block until somebody writes to it.
fn open(path: &Path) -> Result<File, LoadError> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, Mode::empty())
        .map(File::from)
        .map_err(|error| unreadable(path, error.into()))?;
    let metadata = file.metadata().map_err(|error| unreadable(path, error))?;
    if !metadata.is_file() {
        return Err(LoadError::NotAFile { path: path.into() });
    }
    if metadata.len() > PEM_FILE_MAX {
        return Err(LoadError::TooLarge { path: path.into() });
    }
    Ok(file)
}

fn read(path: &Path, file: &File) -> Result<Zeroizing<Vec<u8>>, LoadError> {
    let mut pem = Zeroizing::new(Vec::new());
    file.take(PEM_FILE_MAX)
        .read_to_end(&mut pem)
        .map_err(|error| unreadable(path, error))?;
    Ok(pem)
}

fn unreadable(path: &Path, source: io::Error) -> LoadError {
    LoadError::Read {
        path: path.into(),
        source,
    }
}

fn damaged(path: &Path, reason: &dyn std::error::Error) -> LoadError {
    LoadError::Damaged {
        path: path.into(),
        reason: reason.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt, time::Duration};

    use rustix::fs::{CWD, FileType, mknodat};

    use super::*;
    use crate::tls::testing::Made;

    fn load(made: &Made, now: Timestamp) -> Result<ServerCertificate, LoadError> {
        server_certificate(&made.files().certificate, &made.files().key, now)
    }

    fn chmod(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_key_that_others_can_touch_is_refused_with_its_mode() {
        let made = Made::new();
        for mode in [0o640, 0o644, 0o604, 0o660, 0o602, 0o601, 0o777] {
            chmod(&made.files().key, mode);
            let error = load(&made, Timestamp::now()).err().unwrap();
            assert!(matches!(error, LoadError::TooOpen { .. }), "{mode:o}");
            let text = error.to_string();
            assert!(text.contains(&format!("{mode:04o}")) && text.contains("must be 0600"));
        }
        for mode in [0o600, 0o400] {
            chmod(&made.files().key, mode);
            load(&made, Timestamp::now()).unwrap();
        }
    }

    #[test]
    fn a_key_of_another_owner_is_refused() {
        if !rustix::process::geteuid().is_root() {
            return; // only root can give a file away
        }
        let made = Made::new();
        std::os::unix::fs::chown(&made.files().key, Some(65534), None).unwrap();
        let error = load(&made, Timestamp::now()).err().unwrap();
        assert!(matches!(error, LoadError::Owner { owner: 65534, .. }));
    }

    #[test]
    fn a_folder_or_a_pipe_as_key_is_refused_at_once() {
        let made = Made::new();
        let key = &made.files().key;
        fs::remove_file(key).unwrap();
        let missing = load(&made, Timestamp::now()).err().unwrap();
        assert!(matches!(missing, LoadError::Read { .. }));
        fs::create_dir(key).unwrap();
        let folder = load(&made, Timestamp::now()).err().unwrap();
        assert!(matches!(folder, LoadError::NotAFile { .. }));
        fs::remove_dir(key).unwrap();
        mknodat(CWD, key, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        let pipe = load(&made, Timestamp::now()).err().unwrap();
        assert!(matches!(pipe, LoadError::NotAFile { .. }));
    }

    #[test]
    fn files_that_hold_something_else_are_named() {
        let made = Made::new();
        let files = made.files();
        fs::copy(&files.certificate, &files.key).unwrap();
        chmod(&files.key, 0o600);
        let swapped = load(&made, Timestamp::now()).err().unwrap();
        assert!(matches!(swapped, LoadError::NoKey { .. }), "{swapped}");
        for (content, expected) in [
            ("", "no certificate in"),
            ("hello\n", "no certificate in"),
            ("-----BEGIN CERTIFICATE-----\n%%%\n", "it is damaged"),
            (
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                "it is damaged",
            ),
        ] {
            fs::write(&files.ca, content).unwrap();
            let error = ca_certificates(&files.ca).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
        fs::write(&files.ca, vec![b'\n'; 2 * 1024 * 1024]).unwrap();
        let large = ca_certificates(&files.ca).unwrap_err();
        assert!(matches!(large, LoadError::TooLarge { .. }));
    }

    #[test]
    fn a_key_of_another_certificate_is_refused() {
        let (made, other) = (Made::new(), Made::new());
        fs::copy(&other.files().key, &made.files().key).unwrap();
        let error = load(&made, Timestamp::now()).err().unwrap();
        assert!(matches!(error, LoadError::Mismatch { .. }), "{error}");
    }

    #[test]
    fn a_certificate_out_of_its_dates_is_refused() {
        let made = Made::new();
        let hour = Duration::from_secs(60 * 60);
        let end = made.generated.expires;
        load(&made, end).unwrap();
        let error = load(&made, end.after(hour)).err().unwrap();
        assert!(matches!(error, LoadError::Expired { on, .. } if on == end));
        assert!(error.to_string().ends_with("netcomm gen-certs --renew"));
        let early = Timestamp::now().before(2 * hour);
        let error = load(&made, early).err().unwrap();
        assert!(matches!(error, LoadError::NotYetValid { .. }), "{error}");
    }

    #[test]
    fn only_a_ca_can_be_trusted_as_one() {
        let made = Made::new();
        let chain = fs::read_to_string(&made.files().certificate).unwrap();
        let both = ca_certificates(&made.files().certificate).unwrap();
        assert_eq!(both.len(), 1, "the server's own certificate was taken");
        let leaf = chain.split_inclusive("-----END CERTIFICATE-----\n").next();
        fs::write(&made.files().ca, leaf.unwrap()).unwrap();
        let error = ca_certificates(&made.files().ca).unwrap_err();
        assert!(matches!(error, LoadError::NotACa { .. }), "{error}");
    }

    #[test]
    fn a_chain_without_its_ca_has_no_pin() {
        let made = Made::new();
        let now = Timestamp::now();
        assert_eq!(load(&made, now).unwrap().pin, Some(made.generated.pin));
        let chain = fs::read_to_string(&made.files().certificate).unwrap();
        let leaf = chain.split_inclusive("-----END CERTIFICATE-----\n").next();
        fs::write(&made.files().certificate, leaf.unwrap()).unwrap();
        assert_eq!(load(&made, now).unwrap().pin, None);
    }
}
