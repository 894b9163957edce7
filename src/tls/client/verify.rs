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

#[cfg(test)]
mod tests {
    use rcgen::ExtendedKeyUsagePurpose;

    use super::*;
    use crate::tls::{
        ALPN, ConnectError,
        testing::{Made, Odd, handshake},
    };

    const NETCOMM: &[&[u8]] = &[ALPN];

    #[tokio::test]
    async fn a_server_of_another_ca_is_refused_with_the_pin_it_shows() {
        let (made, other) = (Made::new(), Made::new());
        let shown = Some(other.generated.pin);
        let (refused, _) = handshake(&other.server(), &made.by_file(), "localhost").await;
        let Err(ConnectError::UnknownCa { presented, .. }) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(presented, shown);
        let (refused, _) = handshake(&other.server(), &made.by_pin(), "localhost").await;
        let Err(ConnectError::WrongPin {
            expected,
            presented,
        }) = refused
        else {
            panic!("{refused:?}");
        };
        assert_eq!((expected, presented), (made.generated.pin, shown));
    }

    #[tokio::test]
    async fn showing_the_pinned_ca_without_its_signature_is_refused() {
        let (ca, other) = (Odd::ca(), Odd::ca());
        let forged = Odd::new(Some(&other), |_| ());
        let [pinned, _] = ca.trusted();
        for above in [&[&ca][..], &[&other, &ca], &[&ca, &other]] {
            let refused = forged
                .serve(above, NETCOMM, pinned.as_ref().unwrap(), "localhost")
                .await;
            assert!(matches!(refused, Err(ConnectError::WrongPin { .. })));
        }
    }

    #[tokio::test]
    async fn a_pin_needs_the_ca_in_the_chain() {
        let ca = Odd::ca();
        let leaf = Odd::new(Some(&ca), |_| ());
        let [pinned, in_file] = ca.trusted().map(Result::unwrap);
        let refused = leaf.serve(&[], NETCOMM, &pinned, "localhost").await;
        let Err(ConnectError::WrongPin {
            presented: None, ..
        }) = refused
        else {
            panic!("{refused:?}");
        };
        leaf.serve(&[], NETCOMM, &in_file, "localhost")
            .await
            .unwrap();
        leaf.serve(&[&ca], NETCOMM, &pinned, "localhost")
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn a_self_signed_certificate_is_refused_even_when_it_is_the_pinned_one() {
        let made = Made::new();
        for odd in [Odd::new(None, |_| ()), Odd::ca()] {
            let refused = odd.serve(&[], NETCOMM, &made.by_file(), "localhost").await;
            assert!(refused.unwrap_err().is_final());
            let [pinned, in_file] = odd.trusted();
            for above in [&[][..], &[&odd]] {
                for client in std::iter::once(pinned.as_ref().unwrap()).chain(in_file.as_ref()) {
                    let refused = odd.serve(above, NETCOMM, client, "localhost").await;
                    assert!(refused.unwrap_err().is_final());
                }
            }
        }
    }

    #[tokio::test]
    async fn an_issuer_that_is_no_ca_is_refused() {
        let ca = Odd::ca();
        let server = Odd::new(Some(&ca), |_| ());
        let forged = Odd::new(Some(&server), |_| ());
        for client in ca.trusted() {
            let refused = forged
                .serve(&[&server, &ca], NETCOMM, &client.unwrap(), "localhost")
                .await;
            assert!(refused.unwrap_err().is_final());
        }
        let [pinned, in_file] = server.trusted();
        assert!(matches!(in_file, Err(LoadError::NotACa { .. })));
        let refused = forged
            .serve(&[&server], NETCOMM, &pinned.unwrap(), "localhost")
            .await;
        assert!(refused.unwrap_err().is_final());
    }

    #[tokio::test]
    async fn a_certificate_for_clients_does_not_make_a_server() {
        let ca = Odd::ca();
        let leaf = Odd::new(Some(&ca), |params| {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        });
        for client in ca.trusted() {
            let refused = leaf
                .serve(&[&ca], NETCOMM, &client.unwrap(), "localhost")
                .await;
            assert!(matches!(refused, Err(ConnectError::Certificate(_))));
        }
    }
}
