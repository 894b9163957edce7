//! To come.

use crate::model::{Account, ServerRole, TokenId};

/// Who somebody is: proof of a stored, live token.
#[derive(Clone, Debug)]
pub struct Identity {
    account: Account,
    role: ServerRole,
    token: TokenId,
}

impl Identity {
    /// Whose.
    #[must_use]
    pub const fn account(&self) -> &Account {
        &self.account
    }

    /// What the account may do on the server as a whole.
    #[must_use]
    pub const fn role(&self) -> ServerRole {
        self.role
    }

    /// The token it was proven by.
    #[must_use]
    pub const fn token(&self) -> TokenId {
        self.token
    }
}
