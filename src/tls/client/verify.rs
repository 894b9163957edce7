//! The verifier of servers: rustls's own checks, from an anchor that is a file, a pin or the machine.

use std::sync::Arc;

use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
    client::{
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_cert_signed_by_trust_anchor, verify_server_name,
    },
    crypto::{
        CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
    },
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};

use super::Trust;
use crate::tls::{
    Pin,
    load::{self, LoadError},
    summary::Summary,
};

/// The chain leads to no trusted CA. Travels inside rustls's error, as that has no room for a pin.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the chain leads to no trusted CA")]
pub(super) struct Untrusted {
    pub(super) presented: Option<Pin>,
}

/// Where a chain must end.
#[derive(Debug)]
enum Anchor {
    Store(RootCertStore),
    Pin(Pin),
    System(rustls_platform_verifier::Verifier),
}

#[derive(Debug)]
pub(super) struct Verifier {
    anchor: Anchor,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    pub(super) fn new(trust: &Trust, provider: &Arc<CryptoProvider>) -> Result<Self, LoadError> {
        let anchor = match trust {
            Trust::CaFile(path) => {
                let trusted = load::ca_certificates(path)?.into_iter();
                let roots = store(trusted.map(|(certificate, _)| certificate));
                Anchor::Store(roots.map_err(|source| LoadError::Unusable {
                    path: path.clone(),
                    source,
                })?)
            }
            Trust::Pin(pin) => Anchor::Pin(*pin),
            Trust::System => Anchor::System(
                rustls_platform_verifier::Verifier::new(Arc::clone(provider))
                    .map_err(LoadError::NoSystemStore)?,
            ),
        };
        Ok(Self {
            anchor,
            algorithms: provider.signature_verification_algorithms,
        })
    }

    fn verify_chain(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<(), Error> {
        match &self.anchor {
            Anchor::Store(roots) => self.verify_from(roots, leaf, others, name, now),
            Anchor::Pin(pin) => self.verify_from(&pinned(*pin, others)?, leaf, others, name, now),
            Anchor::System(verifier) => verifier
                .verify_server_cert(leaf, others, name, ocsp, now)
                .map(drop),
        }
    }

    fn verify_from(
        &self,
        roots: &RootCertStore,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), Error> {
        let leaf = ParsedCertificate::try_from(leaf)?;
        verify_server_cert_signed_by_trust_anchor(&leaf, roots, others, now, self.algorithms.all)?;
        verify_server_name(&leaf, name)
    }
}

/// Takes the pinned CA out of what the server sent. It must be a CA, or a stolen server key whose
/// hash was pinned by mistake could sign for any name.
fn pinned(pin: Pin, presented: &[CertificateDer<'_>]) -> Result<RootCertStore, Error> {
    let is_pinned = |certificate: &&CertificateDer<'_>| {
        Summary::of(certificate).is_ok_and(|summary| summary.is_ca && summary.pin == pin)
    };
    store(
        presented
            .iter()
            .find(is_pinned)
            .map(|certificate| certificate.clone().into_owned()),
    )
}

fn store(
    certificates: impl IntoIterator<Item = CertificateDer<'static>>,
) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        roots.add(certificate)?;
    }
    Ok(roots)
}

/// Adds what a person needs to see: the CA that was shown, the names in a form to read.
fn explain(error: Error, leaf: &CertificateDer<'_>, others: &[CertificateDer<'_>]) -> Error {
    Error::InvalidCertificate(match error {
        // A CA of the same name but with another key fails at the signature.
        Error::InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::BadSignature,
        ) => CertificateError::Other(OtherError(Arc::new(Untrusted {
            presented: Pin::of_chain(others),
        }))),
        Error::InvalidCertificate(CertificateError::NotValidForNameContext {
            expected, ..
        }) => CertificateError::NotValidForNameContext {
            expected,
            presented: Summary::of(leaf)
                .map(|summary| summary.names)
                .unwrap_or_default(),
        },
        Error::InvalidCertificate(other) => other,
        other => return other,
    })
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.verify_chain(leaf, others, name, ocsp, now)
            .map_err(|error| explain(error, leaf, others))?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
