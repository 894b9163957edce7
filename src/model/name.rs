//! Names people type: of users, of rooms, and the addresses made of them.

use std::{fmt, hash};

use compact_str::CompactString;

/// The longest user name, in characters: fits a column of any terminal.
pub const USER_NAME_MAX: usize = 32;
/// The longest room name without its `#`, in characters.
pub const ROOM_NAME_MAX: usize = 64;
/// The longest of all names.
const NAME_MAX: usize = ROOM_NAME_MAX;

/// Names nobody may register: they would speak for the service, or read like an address.
const RESERVED: &[&str] = &[
    "admin",
    "administrator",
    "all",
    "anonymous",
    "deleted",
    "everyone",
    "here",
    "moderator",
    "netcomm",
    "nobody",
    "operator",
    "owner",
    "root",
    "server",
    "service",
    "support",
    "system",
];

/// How the names begin that deleted accounts are shown by.
const DELETED_PREFIX: &str = "deleted-";

/// Why a name or an address was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// A user name breaks the rule.
    #[error(
        "a user name is 1 to {USER_NAME_MAX} characters: an ASCII letter, then letters, digits, '_' or '-'"
    )]
    User,
    /// A room name breaks the rule.
    #[error(
        "a room name is '#' and 1 to {ROOM_NAME_MAX} characters: an ASCII letter or digit, then letters, digits, '_' or '-'"
    )]
    Room,
    /// Legal, but kept back.
    #[error("the user name '{0}' is reserved")]
    Reserved(UserName),
    /// Neither `*`, `#room` nor `@user`.
    #[error("an address is '*' for everyone, '#room' or '@user'")]
    Address,
}

/// A user name: shown as registered, the same name whatever its case.
///
/// Plain ASCII on purpose: no two different names look alike.
// Not on the heap where it is short, as nearly every name is: each request has one.
#[derive(Clone)]
pub struct UserName(CompactString);

impl UserName {
    /// Checks a name that somebody refers to.
    ///
    /// # Errors
    ///
    /// [`NameError::User`] unless it is an ASCII letter followed by at most 31 letters, digits,
    /// `_` or `-`.
    pub fn parse(name: &str) -> Result<Self, NameError> {
        let starts_well = name
            .bytes()
            .next()
            .is_some_and(|byte| byte.is_ascii_alphabetic());
        if starts_well && name.len() <= USER_NAME_MAX && name.bytes().all(is_name_byte) {
            Ok(Self(name.into()))
        } else {
            Err(NameError::User)
        }
    }

    /// Checks a name that somebody wants to have.
    ///
    /// # Errors
    ///
    /// As [`UserName::parse`], and [`NameError::Reserved`] for names that would speak for the
    /// service.
    pub fn parse_new(name: &str) -> Result<Self, NameError> {
        let name = Self::parse(name)?;
        let key = name.key();
        if RESERVED.contains(&key.as_str()) || key.starts_with(DELETED_PREFIX) {
            return Err(NameError::Reserved(name));
        }
        Ok(name)
    }

    /// As registered.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What makes it unique: the name in lower case.
    #[must_use]
    pub fn key(&self) -> String {
        self.0.as_str().to_ascii_lowercase()
    }
}

/// A room name without its `#`: shown as created, the same name whatever its case.
#[derive(Clone)]
pub struct RoomName(CompactString);

impl RoomName {
    /// # Errors
    ///
    /// [`NameError::Room`] unless it is an ASCII letter or digit followed by at most 63 letters,
    /// digits, `_` or `-`.
    pub fn parse(name: &str) -> Result<Self, NameError> {
        let starts_well = name
            .bytes()
            .next()
            .is_some_and(|byte| byte.is_ascii_alphanumeric());
        if starts_well && name.len() <= ROOM_NAME_MAX && name.bytes().all(is_name_byte) {
            Ok(Self(name.into()))
        } else {
            Err(NameError::Room)
        }
    }

    /// As created, without the `#`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What makes it unique: the name in lower case.
    #[must_use]
    pub fn key(&self) -> String {
        self.0.as_str().to_ascii_lowercase()
    }
}

const fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

macro_rules! same_whatever_its_case {
    ($name:ident) => {
        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.0.eq_ignore_ascii_case(&other.0)
            }
        }

        impl Eq for $name {}

        impl hash::Hash for $name {
            fn hash<H: hash::Hasher>(&self, state: &mut H) {
                // All at once, which is what hashers are fast at.
                let mut lower = [0; NAME_MAX];
                for (to, from) in lower.iter_mut().zip(self.0.bytes()) {
                    *to = from.to_ascii_lowercase();
                }
                state.write(lower.get(..self.0.len()).unwrap_or(&lower));
            }
        }

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
                Some(self.cmp(other))
            }
        }

        impl Ord for $name {
            fn cmp(&self, other: &Self) -> std::cmp::Ordering {
                let lower = |name: &Self| {
                    name.0
                        .bytes()
                        .map(|byte| byte.to_ascii_lowercase())
                        .collect::<Vec<_>>()
                };
                lower(self).cmp(&lower(other))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}

same_whatever_its_case!(UserName);
same_whatever_its_case!(RoomName);

/// Where a message goes, as people type it: `*`, `#room` or `@user`.
///
/// `@user` names the direct conversation of whoever says it with that user.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Address {
    /// The broadcast: every account is a member.
    Everyone,
    /// A room.
    Room(RoomName),
    /// The direct conversation with this user.
    Direct(UserName),
}

impl Address {
    /// # Errors
    ///
    /// [`NameError`] naming the rule that was broken.
    pub fn parse(address: &str) -> Result<Self, NameError> {
        if address == "*" {
            return Ok(Self::Everyone);
        }
        match address.split_at_checked(1) {
            Some(("#", name)) => RoomName::parse(name).map(Self::Room),
            Some(("@", name)) => UserName::parse(name).map(Self::Direct),
            _ => Err(NameError::Address),
        }
    }
}

impl Address {
    /// As people type it: the mark that tells the kinds apart, and the name.
    #[must_use]
    pub fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Everyone => ("*", ""),
            Self::Room(name) => ("#", name.as_str()),
            Self::Direct(name) => ("@", name.as_str()),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mark, name) = self.parts();
        f.write_str(mark)?;
        f.write_str(name)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn user_names_start_with_a_letter_and_stay_plain() {
        for good in ["a", "Alice", "bob-2", "x_y", &"a".repeat(32)] {
            assert!(UserName::parse(good).is_ok(), "{good:?} was refused");
        }
        let long = "a".repeat(33);
        for bad in [
            "", "1a", "-a", "_a", "a b", "a.b", "аdmin", "a\0", "a\n", "@a", "ａ", &long,
        ] {
            assert_eq!(
                UserName::parse(bad).unwrap_err(),
                NameError::User,
                "{bad:?}"
            );
        }
    }

    #[test]
    fn reserved_names_can_be_said_but_not_registered() {
        assert!(UserName::parse("Admin").is_ok());
        assert!(matches!(
            UserName::parse_new("Admin"),
            Err(NameError::Reserved(_))
        ));
        assert!(UserName::parse_new("alice").is_ok());
    }

    #[test]
    fn room_names_may_start_with_a_digit_and_escape_nothing() {
        for good in ["0day", "ops", "a-b_c", &"r".repeat(64)] {
            assert!(RoomName::parse(good).is_ok(), "{good:?} was refused");
        }
        let long = "r".repeat(65);
        for bad in [
            "", "../x", "a%b", "'; DROP", "a.b", "a>", "*", "#a", "é", "a\0b", &long,
        ] {
            assert_eq!(
                RoomName::parse(bad).unwrap_err(),
                NameError::Room,
                "{bad:?}"
            );
        }
    }

    #[test]
    fn names_are_one_name_whatever_their_case() {
        assert_eq!(
            UserName::parse("Alice").unwrap(),
            UserName::parse("aLICE").unwrap()
        );
        assert_eq!(UserName::parse("Alice").unwrap().to_string(), "Alice");
    }

    proptest! {
        #[test]
        fn an_address_reads_back_as_it_was_written(text in "\\*|#[a-zA-Z0-9][a-zA-Z0-9_-]{0,63}|@[a-zA-Z][a-zA-Z0-9_-]{0,31}") {
            prop_assert_eq!(Address::parse(&text).unwrap().to_string(), text);
        }

        #[test]
        fn no_input_makes_an_address_panic(text in "\\PC*") {
            let _address = Address::parse(&text);
        }
    }
}
