//! What can be put to the hub.

use tokio::sync::oneshot;

use crate::{
    auth::Identity,
    chat::Entry,
    model::{Account, AccountId, Address, Reason, Seq, ServerRole, TokenId, UserName},
    store::{StoreError, Tx},
};

use super::{
    ask::Ask,
    feed::{Ended, Feed, SessionKey, Value},
};

/// One thing for the hub to do.
pub(super) enum Job {
    /// A session asks for things in conversations; the answers come with its feed.
    Asks(SessionKey, Vec<(u64, Ask)>),
    /// Something else that writes.
    Work(Work),
    /// Somebody has logged in.
    Attach {
        identity: Box<Identity>,
        cursors: Vec<(Address, Seq)>,
        reply: oneshot::Sender<Result<Feed, AttachError>>,
    },
    /// Somebody is typing.
    Typing { key: SessionKey, to: Address },
    /// Somebody is away, or back.
    Away {
        key: SessionKey,
        text: Option<Reason>,
    },
    /// Who is there?
    Online { reply: oneshot::Sender<Vec<Online>> },
    /// Which of an account's tokens are in use?
    TokensOnline {
        account: AccountId,
        reply: oneshot::Sender<Vec<TokenId>>,
    },
    /// Which tokens of whomever are in use?
    TokensAttached {
        reply: oneshot::Sender<Vec<TokenId>>,
    },
    /// Time has passed.
    Tick,
}

impl Job {
    /// How many things it is about.
    pub(super) const fn size(&self) -> usize {
        match self {
            Self::Asks(_, asks) => asks.len(),
            _ => 1,
        }
    }
}

/// A piece of work that takes part in the next transaction.
///
/// It says what is to be done once that is committed; when it never is, it is dropped, and with it
/// the means to answer.
pub(super) type Work = Box<dyn FnOnce(&Tx<'_>, &mut Effects) -> Result<Finish, StoreError> + Send>;
/// What is left to do after the commit: to answer.
pub(super) type Finish = Box<dyn FnOnce() + Send>;

/// Why a session could not be attached.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttachError {
    /// The client has seen more than there is: another server's history, or one put back from a
    /// backup.
    #[error(
        "your cursor of {conversation} is at {cursor}, but its newest entry is {head}; this is not the history you know"
    )]
    CursorAhead {
        /// Where.
        conversation: Address,
        /// What the client said.
        cursor: Seq,
        /// What there is.
        head: Seq,
    },
    /// The token was revoked, or the account disabled, this moment.
    #[error("the session token is unknown or has expired; log in with your password")]
    Revoked,
    /// The store does not answer.
    #[error("the server cannot read its store just now; try again later")]
    Unavailable,
}

/// Somebody who is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Online {
    /// Who.
    pub account: Account,
    /// Why they are away, if they are.
    pub away: Option<Reason>,
}

/// What a piece of work means for sessions that are attached, once it is committed.
#[derive(Debug, Default)]
pub struct Effects {
    pub(super) written: Vec<Entry>,
    pub(super) list: Vec<Effect>,
}

#[derive(Debug)]
pub(super) enum Effect {
    EndAll {
        account: AccountId,
        keep: Option<TokenId>,
        why: Ended,
    },
    EndOne {
        account: AccountId,
        token: TokenId,
        why: Ended,
    },
    Role {
        account: AccountId,
        role: ServerRole,
    },
    Rename {
        from: UserName,
        to: UserName,
    },
    Tell {
        account: AccountId,
        except: Option<SessionKey>,
        value: Box<Value>,
    },
}

impl Effects {
    /// Shows an entry that was put into the transaction to all who read its conversation.
    pub fn wrote(&mut self, entry: Entry) {
        self.written.push(entry);
    }

    /// An account is called something else from now on.
    pub fn rename(&mut self, from: UserName, to: UserName) {
        self.list.push(Effect::Rename { from, to });
    }

    /// Ends the sessions of an account, but for the one with the token to `keep`.
    pub fn end_all(&mut self, account: AccountId, keep: Option<TokenId>, why: Ended) {
        self.list.push(Effect::EndAll { account, keep, why });
    }

    /// Ends the session with that token.
    pub fn end_one(&mut self, account: AccountId, token: TokenId, why: Ended) {
        self.list.push(Effect::EndOne {
            account,
            token,
            why,
        });
    }

    /// Gives the sessions of an account another role.
    pub fn role(&mut self, account: AccountId, role: ServerRole) {
        self.list.push(Effect::Role { account, role });
    }

    /// Tells the sessions of an account something, but for the one that knows.
    pub fn tell(&mut self, account: AccountId, except: Option<SessionKey>, value: Value) {
        self.list.push(Effect::Tell {
            account,
            except,
            value: Box::new(value),
        });
    }
}
