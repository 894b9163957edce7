//! Random bytes that open something: shown once as text, stored only as their hash.

use std::fmt;

use aws_lc_rs::digest::{self, SHA256};
use data_encoding::BASE64URL_NOPAD;
use zeroize::Zeroizing;

use crate::store::SecretHash;

/// Why a text was not taken for a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {what} is not {length} characters of base64url (letters, digits, '-' and '_')")]
pub struct SecretError {
    what: &'static str,
    length: usize,
}

/// `N` bytes from the system's generator. Wiped from memory when dropped, never printed, never
/// compared: what is looked up is the hash, and how far that matched tells nothing of the secret.
#[derive(Clone)]
struct Secret<const N: usize>(Zeroizing<[u8; N]>);

impl<const N: usize> Secret<N> {
    fn generate() -> Result<Self, getrandom::Error> {
        let mut bytes = Zeroizing::new([0; N]);
        getrandom::fill(bytes.as_mut())?;
        Ok(Self(bytes))
    }

    fn parse(text: &str, what: &'static str) -> Result<Self, SecretError> {
        let length = BASE64URL_NOPAD.encode_len(N);
        let error = SecretError { what, length };
        // The length first: what is decoded is bounded by it.
        if text.len() != length {
            return Err(error);
        }
        let mut bytes = Zeroizing::new([0; N]);
        BASE64URL_NOPAD
            .decode_mut(text.as_bytes(), bytes.as_mut())
            .map_err(|_| error)?;
        Ok(Self(bytes))
    }

    fn reveal(&self) -> Zeroizing<String> {
        Zeroizing::new(BASE64URL_NOPAD.encode(self.0.as_ref()))
    }

    fn hash(&self) -> SecretHash {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest::digest(&SHA256, self.0.as_ref()).as_ref());
        SecretHash::new(hash)
    }
}

macro_rules! secret {
    ($(#[$doc:meta])* $name:ident, $bytes:literal, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(Secret<$bytes>);

        impl $name {
            /// Makes a new one.
            ///
            /// # Errors
            ///
            /// When the system gives no random numbers.
            pub fn generate() -> Result<Self, getrandom::Error> {
                Secret::generate().map(Self)
            }

            /// Reads it as [`reveal`](Self::reveal) shows it.
            ///
            /// # Errors
            ///
            /// When it has another length, or a character that is not base64url.
            pub fn parse(text: &str) -> Result<Self, SecretError> {
                Secret::parse(text, $what).map(Self)
            }

            /// Shows it, in base64url: to its owner, and to nobody else.
            #[must_use]
            pub fn reveal(&self) -> Zeroizing<String> {
                self.0.reveal()
            }

            /// What the store keeps of it.
            #[must_use]
            pub fn hash(&self) -> SecretHash {
                self.0.hash()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    };
}

secret! {
    /// A session token: 256 bits that log its account in until it expires or is revoked.
    SecretToken, 32, "session token"
}
secret! {
    /// What an invite is recognised by: 128 bits, good for one account.
    InviteSecret, 16, "invite"
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_secret_is_read_back_as_it_was_shown() {
        let token = SecretToken::generate().unwrap();
        let shown = token.reveal();
        assert_eq!(shown.len(), 43);
        assert_eq!(SecretToken::parse(&shown).unwrap().hash(), token.hash());
        let invite = InviteSecret::generate().unwrap();
        assert_eq!(invite.reveal().len(), 22);
        assert_eq!(
            InviteSecret::parse(&invite.reveal()).unwrap().hash(),
            invite.hash()
        );
    }

    #[test]
    fn no_two_secrets_are_alike_and_none_is_printed() {
        let one = SecretToken::generate().unwrap();
        let other = SecretToken::generate().unwrap();
        assert_ne!(one.hash(), other.hash());
        assert_eq!(format!("{one:?}"), "SecretToken(…)");
    }

    #[test]
    fn the_store_gets_the_sha_256() {
        let token = SecretToken::parse(&"A".repeat(43)).unwrap();
        let mut expected = [0; 32];
        expected.copy_from_slice(digest::digest(&SHA256, &[0; 32]).as_ref());
        assert_eq!(token.hash(), SecretHash::new(expected));
    }

    #[test]
    fn what_is_no_secret_is_refused_by_name_and_without_repeating_it() {
        // The last one is not canonical: its final character holds bits that fit nowhere.
        let loose = "A".repeat(42) + "B";
        for bad in [
            "",
            "x",
            &"A".repeat(44),
            &"+".repeat(43),
            &"é".repeat(43),
            &loose,
        ] {
            assert_eq!(
                SecretToken::parse(bad).unwrap_err().to_string(),
                "the session token is not 43 characters of base64url (letters, digits, '-' and '_')"
            );
        }
    }

    proptest! {
        #[test]
        fn no_input_makes_a_secret_panic(text in "\\PC{0,50}") {
            let _result = InviteSecret::parse(&text);
        }
    }
}
