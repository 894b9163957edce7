//! What somebody has shown of who they are, from nothing to a session.

use crate::{
    model::{Account, AccountId, ServerRole, TokenId, UserName},
    store::{AccountRecord, NewAccount, PasswordHash, SecretHash, StoreError},
};

use super::{HashError, PasswordRefusal};

/// Who a session belongs to: the proof that a token for this account is stored and alive.
///
/// Made by [`Auth::identify`](super::Auth::identify) alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub(super) account: Account,
    pub(super) role: ServerRole,
    pub(super) token: TokenId,
    pub(super) touch_due: bool,
}

impl Identity {
    /// Whose session it is.
    #[must_use]
    pub const fn account(&self) -> &Account {
        &self.account
    }

    /// What the account may do on the server as a whole, as of when it was identified.
    #[must_use]
    pub const fn role(&self) -> ServerRole {
        self.role
    }

    /// The token the session lives by, and ends with.
    #[must_use]
    pub const fn token(&self) -> TokenId {
        self.token
    }

    /// Whether the token's use is to be written down, so that it does not count as idle. Not at
    /// every use: that would be a commit for each client that reconnects.
    #[must_use]
    pub const fn touch_due(&self) -> bool {
        self.touch_due
    }
}

/// Somebody who knew an account's password a moment ago; not yet a session.
#[derive(Debug)]
pub struct Proven {
    pub(super) record: AccountRecord,
    pub(super) compared_with: PasswordHash,
    pub(super) rehashed: Option<PasswordHash>,
}

impl Proven {
    /// Whose password it was.
    #[must_use]
    pub const fn account(&self) -> &AccountRecord {
        &self.record
    }

    /// The stored hash the password was compared with. A session is given only while that is still
    /// the account's: the password may be changed at this very moment, to shut somebody out.
    #[must_use]
    pub const fn compared_with(&self) -> &PasswordHash {
        &self.compared_with
    }

    /// The same password hashed at today's cost, to be stored when the stored one is cheaper.
    #[must_use]
    pub const fn rehashed(&self) -> Option<&PasswordHash> {
        self.rehashed.as_ref()
    }
}

/// A name and a password good enough for an account that is not there yet.
#[derive(Debug)]
pub struct Registrant {
    pub(super) name: UserName,
    pub(super) password: PasswordHash,
}

impl Registrant {
    /// What the account is to be called.
    #[must_use]
    pub const fn name(&self) -> &UserName {
        &self.name
    }

    /// The account to be stored.
    #[must_use]
    pub fn with_role(self, role: ServerRole) -> NewAccount {
        NewAccount {
            name: self.name,
            password: self.password,
            role,
        }
    }
}

/// What is to be stored of a new token.
#[derive(Clone, Debug)]
pub struct TokenSeed {
    /// Of the token.
    pub hash: SecretHash,
    /// What its owner calls the device.
    pub device: String,
    /// The origin it was asked for from.
    pub prefix: String,
}

/// Why somebody is not let in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// There is no such account, the password is wrong, the account is disabled, or there were
    /// too many guesses: one text, at one cost.
    #[error(
        "the user name or the password is wrong, or there were too many attempts; \
         wait a minute and try again"
    )]
    Refused {
        /// The account whose password was guessed wrong, for its owner to be told. The peer's
        /// answer must not wait for that, or its delay tells that there is such an account.
        guessed: Option<AccountId>,
    },
    /// The token is none, was revoked, has expired, or its account is disabled.
    #[error("the session token is unknown or has expired; log in with your password")]
    Token,
    /// The waiting line is full.
    #[error("too many logins at once; try again in a moment")]
    Busy,
    /// The account could not be read.
    #[error("cannot check the login: {0}")]
    Store(#[from] StoreError),
}

/// Why a password was not hashed for an account.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// The password is not good enough.
    #[error(transparent)]
    Password(#[from] PasswordRefusal),
    /// Too many registrations from this address.
    #[error("too many registrations from your address; try again in {minutes} min")]
    Limited {
        /// When the next one is taken, rounded up.
        minutes: u64,
    },
    /// The waiting line is full.
    #[error("too many logins at once; try again in a moment")]
    Busy,
    /// The password could not be hashed.
    #[error(transparent)]
    Hash(#[from] HashError),
}
