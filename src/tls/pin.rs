//! The pin: what an invite link carries so that the first contact is verified with no file copied.

use std::fmt;

use aws_lc_rs::digest::{self, SHA256};
use data_encoding::BASE64URL_NOPAD;
use rustls::pki_types::CertificateDer;
use x509_parser::parse_x509_certificate;

use super::summary::Summary;

/// Characters of a pin as text: 32 bytes in base64url without padding.
pub const PIN_LEN: usize = 43;

/// Why a text or a certificate gave no pin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PinError {
    /// The text is no pin.
    #[error("a pin is {PIN_LEN} characters of base64url: letters, digits, '-' and '_'")]
    Text,
    /// The bytes are no X.509 certificate.
    #[error("the certificate cannot be read: it is not X.509 in DER")]
    Certificate,
}

/// The SHA-256 of a CA's public key (its `SubjectPublicKeyInfo`).
///
/// Of the key, not the certificate: it stays the same when the CA's certificate is made anew.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pin([u8; 32]);

impl Pin {
    /// Takes the pin of a certificate's public key.
    ///
    /// # Errors
    ///
    /// [`PinError::Certificate`] when the bytes are no certificate.
    pub fn of(certificate: &CertificateDer<'_>) -> Result<Self, PinError> {
        let (_, parsed) = parse_x509_certificate(certificate).map_err(|_| PinError::Certificate)?;
        Ok(Self::of_public_key(parsed.public_key().raw))
    }

    /// Takes the pin of the CA that a presented chain ends in, if it ends in one.
    pub(super) fn of_chain(chain: &[CertificateDer<'_>]) -> Option<Self> {
        let summary = Summary::of(chain.last()?).ok()?;
        summary.is_ca.then_some(summary.pin)
    }

    pub(super) fn of_public_key(info: &[u8]) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest::digest(&SHA256, info).as_ref());
        Self(bytes)
    }

    /// Reads a pin as [`Display`](fmt::Display) writes it.
    ///
    /// # Errors
    ///
    /// [`PinError::Text`] when it is anything but 43 characters of canonical base64url.
    pub fn parse(text: &str) -> Result<Self, PinError> {
        // The length first: what is decoded is bounded by it.
        if text.len() != PIN_LEN {
            return Err(PinError::Text);
        }
        BASE64URL_NOPAD
            .decode(text.as_bytes())
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self)
            .ok_or(PinError::Text)
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&BASE64URL_NOPAD.encode(&self.0))
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pin({self})")
    }
}
