//! An account as others see it.

use super::{AccountId, UserName};

/// An account as others see it: its lasting id and its name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Account {
    /// Never reused, not even after the account is deleted.
    pub id: AccountId,
    /// As registered.
    pub name: UserName,
}

/// What an account may do on the server as a whole. Later variants may do all that earlier ones may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServerRole {
    /// Talks.
    #[default]
    Member,
    /// Moderates every public room and the broadcast.
    Admin,
    /// Also makes admins.
    Owner,
}

impl ServerRole {
    /// All of them, least first.
    pub const ALL: [Self; 3] = [Self::Member, Self::Admin, Self::Owner];

    /// The word for it in frames, commands and the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// The role a word stands for.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }
}
