//! One comparison of a password, with the same work for everybody.

use crate::{
    model::AccountId,
    store::{Credentials, PasswordHash},
};

use super::{
    Cost, LoginError, Password, Proven,
    hash::{Scratch, Stored},
};

/// Why a password did not let its owner in. For the audit trail: the peer is told none of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// No account has this name.
    Unknown,
    /// The account's password is another one.
    Password(AccountId),
    /// The password is right, and the account disabled.
    Disabled,
    /// Not looked at: too many guesses.
    Limited,
    /// What is stored cannot be compared with.
    Unreadable,
    /// Not looked at: no room in the waiting line.
    Busy,
}

impl Refusal {
    /// The words of the audit trail.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "no such account",
            Self::Password(_) => "wrong password",
            Self::Disabled => "account disabled",
            Self::Limited => "too many attempts",
            Self::Unreadable => "stored hash unreadable",
            Self::Busy => "too busy",
        }
    }

    pub(super) const fn as_told(self) -> LoginError {
        match self {
            Self::Busy => LoginError::Busy,
            Self::Password(account) => LoginError::Refused {
                guessed: Some(account),
            },
            Self::Unknown | Self::Disabled | Self::Limited | Self::Unreadable => {
                LoginError::Refused { guessed: None }
            }
        }
    }
}

/// What a password is compared with, and who is let in if it is the same.
pub(super) struct Against {
    stored: Stored,
    owner: Result<Credentials, Refusal>,
}

impl Against {
    /// Nobody's hash, for the sake of the work.
    pub(super) fn nobody(nobodys: &Stored, why: Refusal) -> Self {
        Self {
            stored: nobodys.clone(),
            owner: Err(why),
        }
    }

    pub(super) fn account(credentials: Credentials, nobodys: &Stored) -> Self {
        match Stored::parse(credentials.password.as_str()) {
            Ok(stored) => Self {
                stored,
                owner: Ok(credentials),
            },
            Err(error) => {
                let user = &credentials.record.account.name;
                tracing::error!(%user, %error, "cannot check a password");
                Self::nobody(nobodys, Refusal::Unreadable)
            }
        }
    }

    /// Compares first and thinks afterwards, so that the time says nothing about the reason.
    pub(super) fn compare(
        self,
        password: &Password,
        cost: &Cost,
        scratch: &mut Scratch,
    ) -> Result<Proven, Refusal> {
        let matches = self.stored.matches(password, scratch);
        let Credentials {
            record,
            password: compared_with,
        } = self.owner?;
        if !matches {
            return Err(Refusal::Password(record.account.id));
        }
        if record.disabled {
            return Err(Refusal::Disabled);
        }
        let rehashed = self
            .stored
            .is_outdated(cost)
            .then(|| Stored::new(password, cost, scratch).and_then(|stored| stored.to_phc()));
        let rehashed = match rehashed.transpose() {
            Ok(phc) => phc.map(|phc| PasswordHash::new(&phc)),
            Err(error) => {
                // The old hash still lets its owner in.
                tracing::warn!(%error, "a password keeps its cheaper hash");
                None
            }
        };
        Ok(Proven {
            record,
            compared_with,
            rehashed,
        })
    }
}
