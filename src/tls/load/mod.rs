//! Certificates and keys from files: the one place that reads PEM.
//!
//! Promises: a private key that others can read, that somebody else owns, that does not belong to
//! the certificate, or a certificate out of its dates, is refused with the way to mend it.

mod error;
mod pem;

use std::{path::Path, sync::Arc};

use rustls::{InconsistentKeys, pki_types::CertificateDer, sign::CertifiedKey};

pub use error::LoadError;
pub(super) use pem::{certificates, private_key};

use super::{
    pin::{Pin, PinError},
    provider,
    summary::Summary,
};
use crate::model::Timestamp;

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

fn summary(certificate: &CertificateDer<'_>, path: &Path) -> Result<Summary, LoadError> {
    Summary::of(certificate).map_err(|error: PinError| pem::damaged(path, &error))
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

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt, time::Duration};

    use super::*;
    use crate::tls::testing::Made;

    fn load(made: &Made, now: Timestamp) -> Result<ServerCertificate, LoadError> {
        server_certificate(&made.files().certificate, &made.files().key, now)
    }

    #[test]
    fn files_that_hold_something_else_are_named() {
        let made = Made::new();
        let files = made.files();
        fs::copy(&files.certificate, &files.key).unwrap();
        fs::set_permissions(&files.key, fs::Permissions::from_mode(0o600)).unwrap();
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
