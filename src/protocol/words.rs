//! How the values of `model` read and write themselves in JSON.

use std::{
    borrow::Cow,
    fmt::{self, Display},
};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use crate::model::{
    Address, Backscroll, ConversationId, Emoji, MessageId, Reason, RoomName, RoomRole, Seq,
    ServerRole, Text, Timestamp, TokenId, Topic, UserName, Visibility,
};

/// A value that stands as a string on the wire.
pub(super) trait Word: Sized {
    /// Reads the string; the error is a sentence.
    fn read(text: &str) -> Result<Self, String>;
    /// The string.
    fn written(&self) -> Written<'_>;
}

/// A string on the wire: a mark, or none, and the rest. Two, as nearly every frame has an address, and
/// to put it together would take memory.
pub(super) struct Written<'a> {
    mark: &'static str,
    rest: &'a str,
}

impl<'a> From<&'a str> for Written<'a> {
    fn from(whole: &'a str) -> Self {
        Self {
            mark: "",
            rest: whole,
        }
    }
}

impl Display for Written<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.mark)?;
        f.write_str(self.rest)
    }
}

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if self.mark.is_empty() {
            to.serialize_str(self.rest)
        } else {
            to.collect_str(self)
        }
    }
}

/// A value that stands as a number on the wire.
pub(super) trait Number: Sized {
    /// What serde reads and writes.
    type Raw: Serialize + for<'de> Deserialize<'de>;
    /// Any raw number is a value.
    fn read(raw: Self::Raw) -> Self;
    /// The raw number.
    fn written(&self) -> Self::Raw;
}

macro_rules! word {
    ($($type:ty: $parse:expr, $written:expr;)+) => {
        $(impl Word for $type {
            fn read(text: &str) -> Result<Self, String> {
                let parse: fn(&str) -> Result<Self, String> = $parse;
                parse(text)
            }

            fn written(&self) -> Written<'_> {
                let written: fn(&Self) -> Written<'_> = $written;
                written(self)
            }
        })+
    };
}

fn sentence(error: impl Display) -> String {
    error.to_string()
}

fn one_of<T: Copy>(known: &[T], word: fn(T) -> &'static str) -> String {
    let words: Vec<_> = known.iter().map(|&value| word(value)).collect();
    format!("must be one of: {}", words.join(", "))
}

word! {
    Text: |s| Self::parse(s).map_err(sentence), |v| v.as_str().into();
    Topic: |s| Self::parse(s).map_err(sentence), |v| v.as_str().into();
    Reason: |s| Self::parse(s).map_err(sentence), |v| v.as_str().into();
    Emoji: |s| Self::parse(s).map_err(sentence), |v| v.as_str().into();
    MessageId: |s| Self::parse(s).map_err(sentence), |v| v.as_str().into();
    UserName: |s| Self::parse(s).map_err(sentence), |v| v.as_str().into();
    Address: |s| Self::parse(s).map_err(sentence), |v| {
        let (mark, rest) = v.parts();
        Written { mark, rest }
    };
    RoomName: |s| match Address::parse(s) {
        Ok(Address::Room(room)) => Ok(room),
        _ => Self::parse(s.strip_prefix('#').unwrap_or(s)).map_err(sentence),
    }, |v| Written { mark: "#", rest: v.as_str() };
    Visibility: |s| Self::parse(s).ok_or_else(|| one_of(Self::ALL, Self::as_str)), |v| v.as_str().into();
    Backscroll: |s| Self::parse(s).ok_or_else(|| one_of(Self::ALL, Self::as_str)), |v| v.as_str().into();
    RoomRole: |s| Self::parse(s).ok_or_else(|| one_of(Self::ALL, Self::as_str)), |v| v.as_str().into();
    ServerRole: |s| Self::parse(s).ok_or_else(|| one_of(&Self::ALL, Self::as_str)), |v| v.as_str().into();
}

macro_rules! number {
    ($($type:ty: $raw:ty, $read:expr, $written:expr;)+) => {
        $(impl Number for $type {
            type Raw = $raw;

            fn read(raw: $raw) -> Self {
                $read(raw)
            }

            fn written(&self) -> $raw {
                $written(*self)
            }
        })+
    };
}

number! {
    Seq: u64, Self::new, Self::get;
    TokenId: u64, Self::new, Self::get;
    ConversationId: u64, Self::new, Self::get;
    Timestamp: i64, Self::from_millis, Self::as_millis;
}

/// A string that is not copied when it stands in the frame as it is.
#[derive(Deserialize)]
pub(super) struct Borrowed<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// `#[serde(with = "word")]`
pub(super) mod word {
    use super::{Borrowed, Deserialize, Deserializer, Error, Serialize, Serializer, Word};

    pub(in super::super) fn serialize<T: Word, S: Serializer>(
        value: &T,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        value.written().serialize(to)
    }

    pub(in super::super) fn deserialize<'de, T: Word, D: Deserializer<'de>>(
        from: D,
    ) -> Result<T, D::Error> {
        T::read(&Borrowed::deserialize(from)?.0).map_err(D::Error::custom)
    }
}

/// `#[serde(with = "word_option", default, skip_serializing_if = "Option::is_none")]`
pub(super) mod word_option {
    use super::{Borrowed, Deserialize, Deserializer, Error, Serializer, Word};

    #[expect(clippy::ref_option, reason = "serde passes a reference to the field")]
    pub(in super::super) fn serialize<T: Word, S: Serializer>(
        value: &Option<T>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => to.serialize_some(&value.written()),
            None => to.serialize_none(),
        }
    }

    pub(in super::super) fn deserialize<'de, T: Word, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<T>, D::Error> {
        let text = Option::<Borrowed<'de>>::deserialize(from)?;
        text.map(|text| T::read(&text.0))
            .transpose()
            .map_err(D::Error::custom)
    }
}

/// `#[serde(with = "word_list", default, skip_serializing_if = "Vec::is_empty")]`
pub(super) mod word_list {
    use super::{Borrowed, Deserialize, Deserializer, Error, Serializer, Word};

    pub(in super::super) fn serialize<T: Word, S: Serializer>(
        values: &[T],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(values.iter().map(Word::written))
    }

    pub(in super::super) fn deserialize<'de, T: Word, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<T>, D::Error> {
        let texts = Vec::<Borrowed<'de>>::deserialize(from)?;
        texts
            .iter()
            .map(|text| T::read(&text.0))
            .collect::<Result<_, _>>()
            .map_err(D::Error::custom)
    }
}

/// `#[serde(with = "number")]`
pub(super) mod number {
    use super::{Deserialize, Deserializer, Number, Serializer};

    pub(in super::super) fn serialize<T: Number, S: Serializer>(
        value: &T,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        serde::Serialize::serialize(&value.written(), to)
    }

    pub(in super::super) fn deserialize<'de, T: Number, D: Deserializer<'de>>(
        from: D,
    ) -> Result<T, D::Error> {
        T::Raw::deserialize(from).map(T::read)
    }
}

/// `#[serde(with = "number_option", default, skip_serializing_if = "Option::is_none")]`
pub(super) mod number_option {
    use super::{Deserialize, Deserializer, Number, Serializer};

    #[expect(clippy::ref_option, reason = "serde passes a reference to the field")]
    pub(in super::super) fn serialize<T: Number, S: Serializer>(
        value: &Option<T>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        serde::Serialize::serialize(&value.as_ref().map(Number::written), to)
    }

    pub(in super::super) fn deserialize<'de, T: Number, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<T>, D::Error> {
        Ok(Option::<T::Raw>::deserialize(from)?.map(T::read))
    }
}
