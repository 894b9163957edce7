//! Identifiers. Numbers are given by the store and never reused; a [`MessageId`] is the client's.

use std::{fmt, sync::Arc};

use super::TextError;

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u64);

        impl $name {
            /// Wraps a number the store has given.
            #[must_use]
            pub const fn new(number: u64) -> Self {
                Self(number)
            }

            /// The number itself.
            #[must_use]
            pub const fn get(self) -> u64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number_id! {
    /// An account, whatever it is called; a deleted account's id is never given again.
    AccountId
}
number_id! {
    /// A conversation, whatever it is called now.
    ConversationId
}
number_id! {
    /// A stored session token; what an owner lists and revokes. Not a secret.
    TokenId
}
number_id! {
    /// A stored invite; what the operator lists and revokes. Not a secret.
    InviteId
}

/// The place of an entry in its conversation: dense, from 1. Zero stands before the first entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(u64);

impl Seq {
    /// Before the first entry.
    pub const ZERO: Self = Self(0);
    /// The first entry of any conversation.
    pub const FIRST: Self = Self(1);

    /// Wraps a number from the store or the wire; any number is a possible place.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number itself.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The place after this one. Stays at the end of the range rather than wrapping.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The place before this one; before the first there is only [`Seq::ZERO`].
    #[must_use]
    pub const fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The longest message id, in bytes: room for a UUID, a ULID or a hash in hexadecimal.
const MESSAGE_ID_MAX: usize = 64;

/// The name a client gives to one thing it wants done, so that asking again cannot do it twice.
///
/// One to 64 printable ASCII characters without space. Unique per account, for ever.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MessageId(Arc<str>);

impl MessageId {
    /// # Errors
    ///
    /// When it is empty, longer than 64 bytes, or holds anything but printable ASCII.
    pub fn parse(id: &str) -> Result<Self, TextError> {
        if id.is_empty() {
            return Err(TextError::Empty { what: "message id" });
        }
        if id.len() > MESSAGE_ID_MAX {
            return Err(TextError::TooLong {
                what: "message id",
                max: MESSAGE_ID_MAX,
            });
        }
        if !id.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(TextError::Forbidden {
                what: "message id",
                rule: "only printable ASCII characters without space",
            });
        }
        Ok(Self(id.into()))
    }

    /// As the client wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_id_is_one_to_64_printable_ascii_characters() {
        assert!(MessageId::parse("0192f3a0-7d2e-7c11-9c55-2f3b4d5e6f70").is_ok());
        assert!(MessageId::parse(&"x".repeat(64)).is_ok());
        for bad in ["", "a b", "a\n", "ä", &"x".repeat(65)] {
            assert!(MessageId::parse(bad).is_err(), "{bad:?} was taken");
        }
    }

    #[test]
    fn places_neither_wrap_nor_go_below_zero() {
        assert_eq!(Seq::ZERO.previous(), Seq::ZERO);
        assert_eq!(Seq::ZERO.next(), Seq::FIRST);
        assert_eq!(Seq::new(u64::MAX).next(), Seq::new(u64::MAX));
    }
}
