//! How the values of an operation are written down when it is handed to a running server.
//!
//! `#[serde(with = "written")]`: each value is one word.

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Deserializer, Serializer, de::Error};

use crate::{
    model::{ServerRole, UserName},
    store::{NameAfterwards, PasswordHash, SecretHash},
};

/// A value that is written as one word.
pub(super) trait Written: Sized {
    fn write(&self) -> String;
    fn read(word: &str) -> Option<Self>;
}

impl Written for UserName {
    fn write(&self) -> String {
        self.as_str().to_owned()
    }

    fn read(word: &str) -> Option<Self> {
        Self::parse(word).ok()
    }
}

impl Written for ServerRole {
    fn write(&self) -> String {
        self.as_str().to_owned()
    }

    fn read(word: &str) -> Option<Self> {
        Self::parse(word)
    }
}

impl Written for PasswordHash {
    fn write(&self) -> String {
        self.as_str().to_owned()
    }

    fn read(word: &str) -> Option<Self> {
        word.starts_with("$argon2").then(|| Self::new(word))
    }
}

impl Written for SecretHash {
    fn write(&self) -> String {
        BASE64URL_NOPAD.encode(self.as_bytes())
    }

    fn read(word: &str) -> Option<Self> {
        let bytes = BASE64URL_NOPAD.decode(word.as_bytes()).ok()?;
        bytes.try_into().ok().map(Self::new)
    }
}

impl Written for NameAfterwards {
    fn write(&self) -> String {
        match self {
            Self::Freed => "freed",
            Self::Reserved => "reserved",
        }
        .to_owned()
    }

    fn read(word: &str) -> Option<Self> {
        [Self::Freed, Self::Reserved]
            .into_iter()
            .find(|known| known.write() == word)
    }
}

pub(super) fn serialize<T: Written, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&value.write())
}

pub(super) fn deserialize<'de, T: Written, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    let word = String::deserialize(from)?;
    // The word is not repeated: it may be a hash.
    T::read(&word).ok_or_else(|| D::Error::custom("a word that means nothing here"))
}
