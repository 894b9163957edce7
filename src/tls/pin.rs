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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tls::testing::Made;

    #[test]
    fn a_pin_is_43_characters_and_reads_back() {
        let pin = Pin::of_public_key(b"");
        assert_eq!(
            pin.to_string(),
            "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
        );
        assert_eq!(Pin::parse(&pin.to_string()), Ok(pin));
    }

    #[test]
    fn anything_but_canonical_base64url_is_no_pin() {
        let good = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
        for bad in [
            "",
            &good[1..],
            &format!("{good}="),
            &good.replace('-', "+"),
            &good.replace('_', "/"),
            &good.replace("FU", "FV"), // bits beyond the 256th
            &good.replace('4', " "),
        ] {
            assert_eq!(Pin::parse(bad), Err(PinError::Text), "{bad:?}");
        }
    }

    #[test]
    fn a_pin_is_of_the_ca_key_as_openssl_hashes_it() {
        let made = Made::new();
        let pipeline = "openssl x509 -in \"$1\" -noout -pubkey | openssl pkey -pubin -outform DER \
            | openssl dgst -sha256 -binary | openssl base64 | tr +/ -_ | tr -d =";
        let said = std::process::Command::new("sh")
            .args(["-c", pipeline, "sh"])
            .arg(&made.files().ca)
            .output()
            .unwrap();
        let said = String::from_utf8(said.stdout).unwrap();
        assert_eq!(said.trim(), made.generated.pin.to_string());
    }

    proptest! {
        #[test]
        fn every_pin_reads_back_as_it_was_written(bytes: [u8; 32]) {
            prop_assert_eq!(Pin::parse(&Pin(bytes).to_string()), Ok(Pin(bytes)));
        }

        #[test]
        fn no_text_and_no_certificate_makes_a_pin_panic(text in "\\PC*", bytes: Vec<u8>) {
            let _pin = Pin::parse(&text);
            prop_assert!(Pin::of(&bytes.into()).is_err());
        }
    }
}
