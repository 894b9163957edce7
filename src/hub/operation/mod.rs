//! What the operator does to accounts and invites, the same whether the server runs or not.
//!
//! An [`Operation`] is performed within a transaction: the hub's next one while the server runs
//! ([`Hub::operate`]), so that sessions feel it at once; one of its own on a store that nobody
//! else holds ([`Operation::perform_alone`]). It decides nothing of what accounts may do to each
//! other; that is `chat`.

mod account;
mod deletion;
mod written;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tracing::{field::display, info};

use crate::{
    auth::AUDIT,
    model::{ConversationId, InviteId, Seq, ServerRole, Timestamp, UserName},
    store::{NameAfterwards, NewInvite, PasswordHash, SecretHash, Store, StoreError, Tx},
};

use super::{Effects, Hub, Unavailable};

/// One thing for the operator to have done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Operation {
    /// Make an account.
    Add {
        /// What it is to be called.
        #[serde(with = "written")]
        user: UserName,
        /// The hash of its password.
        #[serde(with = "written")]
        password: PasswordHash,
        /// What it may do on the server as a whole.
        #[serde(with = "written")]
        role: ServerRole,
    },
    /// Give an account another password, and end all its sessions.
    SetPassword {
        /// Whose.
        #[serde(with = "written")]
        user: UserName,
        /// The hash of the new one.
        #[serde(with = "written")]
        password: PasswordHash,
    },
    /// Give an account another role.
    SetRole {
        /// Whose.
        #[serde(with = "written")]
        user: UserName,
        /// Which.
        #[serde(with = "written")]
        role: ServerRole,
        /// Whether the server may be left without an owner.
        last_owner: LastOwner,
    },
    /// Bar an account from logging in, and end its sessions.
    Disable {
        /// Which.
        #[serde(with = "written")]
        user: UserName,
        /// Whether the server may be left without an owner.
        last_owner: LastOwner,
    },
    /// Let an account log in again.
    Enable {
        /// Which.
        #[serde(with = "written")]
        user: UserName,
    },
    /// Take back some of an account's messages. To be repeated until none is left: a step is small,
    /// so that nobody has to wait for it.
    EraseMessages {
        /// Whose.
        #[serde(with = "written")]
        user: UserName,
        /// Where the step before has ended.
        after: Progress,
    },
    /// Delete an account for good. It leaves its rooms; its messages stay, by a name that says no
    /// more than that it is gone.
    Delete {
        /// Which.
        #[serde(with = "written")]
        user: UserName,
        /// What becomes of its name.
        #[serde(with = "written")]
        name: NameAfterwards,
        /// Whether the server may be left without an owner.
        last_owner: LastOwner,
    },
    /// Let somebody make an account.
    Invite {
        /// Of the invite's secret.
        #[serde(with = "written")]
        hash: SecretHash,
        /// The role of the account.
        #[serde(with = "written")]
        role: ServerRole,
        /// How long it is good for, in seconds.
        seconds: u64,
    },
    /// Make an invite good for nothing.
    RevokeInvite {
        /// Which.
        id: u64,
    },
}

/// Whether the server may be left without an owner who can log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LastOwner {
    /// No: nobody could then make admins, but for the operator.
    Stays,
    /// Yes.
    MayGo,
}

/// How far the messages of an account have been taken back: a place in one of all logs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    conversation: u64,
    seq: u64,
}

impl Progress {
    const fn new(conversation: ConversationId, seq: Seq) -> Self {
        Self {
            conversation: conversation.get(),
            seq: seq.get(),
        }
    }

    const fn parts(self) -> (ConversationId, Seq) {
        (ConversationId::new(self.conversation), Seq::new(self.seq))
    }
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "done", rename_all = "snake_case")]
pub enum Done {
    /// What was asked.
    Done,
    /// Messages were taken back, the last of them here; there may be more.
    Erased {
        /// Where to go on.
        up_to: Progress,
        /// How many.
        count: usize,
    },
    /// An invite was made.
    Invited {
        /// What it is revoked by.
        id: u64,
    },
}

/// Why it was not done; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum NotDone {
    /// There is no such user.
    #[error("there is no user {0}")]
    NoSuchUser(UserName),
    /// The name is in use, or is kept back after its account was deleted.
    #[error("the name {0} is taken, or was and is kept back")]
    NameTaken(UserName),
    /// Nobody else could run the server from within.
    #[error(
        "{0} is the last owner who can log in; make another first (netcomm user role NAME owner), or say --force"
    )]
    LastOwner(UserName),
    /// There is no such invite.
    #[error("there is no invite {0}; it may be spent or swept")]
    NoSuchInvite(InviteId),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The server cannot write, or stops.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl Hub {
    /// Does it as part of the next transaction.
    ///
    /// # Errors
    ///
    /// [`NotDone`]; nothing was changed then.
    pub async fn operate(&self, operation: Operation) -> Result<Done, NotDone> {
        let performed = operation.clone();
        let done =
            self.write(
                move |tx, effects| match performed.perform(tx, effects, Timestamp::now()) {
                    Err(NotDone::Store(error)) => Err(error),
                    done => Ok(done),
                },
            );
        let done = done.await??;
        operation.audit();
        Ok(done)
    }
}

impl Operation {
    /// Does it in a transaction of its own, on a store that no server holds.
    ///
    /// # Errors
    ///
    /// [`NotDone`]; nothing was changed then.
    pub fn perform_alone(&self, store: &mut Store) -> Result<Done, NotDone> {
        let tx = store.begin()?;
        // There are no sessions to be told.
        let done = self.perform(&tx, &mut Effects::default(), Timestamp::now())?;
        tx.commit()?;
        self.audit();
        Ok(done)
    }

    fn perform(&self, tx: &Tx<'_>, effects: &mut Effects, now: Timestamp) -> Result<Done, NotDone> {
        match self {
            Self::Add {
                user,
                password,
                role,
            } => account::add(tx, user, password, *role, now)?,
            Self::SetPassword { user, password } => {
                account::set_password(tx, effects, user, password)?;
            }
            Self::SetRole {
                user,
                role,
                last_owner,
            } => account::set_role(tx, effects, user, *role, *last_owner)?,
            Self::Disable { user, last_owner } => {
                account::disable(tx, effects, user, *last_owner)?;
            }
            Self::Enable { user } => account::enable(tx, user)?,
            Self::EraseMessages { user, after } => {
                return deletion::erase(tx, effects, user, *after, now);
            }
            Self::Delete {
                user,
                name,
                last_owner,
            } => deletion::delete(tx, effects, user, (*name, *last_owner), now)?,
            Self::Invite {
                hash,
                role,
                seconds,
            } => {
                let expires = now.after(Duration::from_secs(*seconds));
                return offer(tx, *hash, *role, expires);
            }
            Self::RevokeInvite { id } => revoke(tx, InviteId::new(*id))?,
        }
        Ok(Done::Done)
    }

    fn audit(&self) {
        let (event, user, role) = match self {
            Self::Add { user, role, .. } => ("user_added", Some(user), Some(role)),
            Self::SetPassword { user, .. } => ("password_set", Some(user), None),
            Self::SetRole { user, role, .. } => ("role_set", Some(user), Some(role)),
            Self::Disable { user, .. } => ("user_disabled", Some(user), None),
            Self::Enable { user } => ("user_enabled", Some(user), None),
            Self::EraseMessages { user, .. } => ("messages_erased", Some(user), None),
            Self::Delete { user, .. } => ("user_deleted", Some(user), None),
            Self::Invite { role, .. } => ("invite_made", None, Some(role)),
            Self::RevokeInvite { .. } => ("invite_revoked", None, None),
        };
        let (user, role) = (user.map(display), role.map(|role| role.as_str()));
        info!(target: AUDIT, event, by = "operator", user, role);
    }
}

fn offer(
    tx: &Tx<'_>,
    hash: SecretHash,
    role: ServerRole,
    expires: Timestamp,
) -> Result<Done, NotDone> {
    let id = tx.insert_invite(&NewInvite {
        hash,
        role,
        made_by: None,
        expires,
    })?;
    Ok(Done::Invited { id: id.get() })
}

fn revoke(tx: &Tx<'_>, id: InviteId) -> Result<(), NotDone> {
    if tx.revoke_invite(id)? {
        Ok(())
    } else {
        Err(NotDone::NoSuchInvite(id))
    }
}

#[cfg(test)]
mod tests;
