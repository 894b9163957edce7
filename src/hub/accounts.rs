//! What accounts have done to themselves or by the operator: durable like every entry, and felt by
//! sessions that are attached.

use crate::{
    auth::TokenSeed,
    chat::Refusal,
    model::{AccountId, Address, ConversationId, Seq, Timestamp, TokenId},
    store::{
        AccountRecord, LoginOutcome, NewAccount, NewToken, PasswordHash, Registration, SecretHash,
    },
};

use super::{
    Hub, Refused, Unavailable,
    feed::{Ended, SessionKey, Value},
    job::Job,
};

/// Why no account was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegisterError {
    /// Somebody has the name.
    #[error("that user name is taken")]
    NameTaken,
    /// The invite is unknown, spent, expired or revoked.
    #[error("that invite is unknown, spent, expired or revoked; ask for another")]
    Invite,
    /// Nothing was kept.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Which of an account's sessions are to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionsToEnd {
    /// This one.
    One(TokenId),
    /// All but this one.
    AllBut(TokenId),
    /// Every one.
    All,
}

impl Hub {
    /// Makes an account and its first session, and spends the invite, all or nothing.
    ///
    /// # Errors
    ///
    /// [`RegisterError`]; nothing was kept then, and the invite is as good as before.
    pub async fn register(
        &self,
        mut new: NewAccount,
        session: TokenSeed,
        keep: usize,
        invite: Option<SecretHash>,
    ) -> Result<AccountRecord, RegisterError> {
        self.write(move |tx, _| {
            let now = Timestamp::now();
            if let Some(hash) = invite {
                match tx.invite_role(hash, now)? {
                    Some(role) => new.role = role,
                    None => return Ok(Err(RegisterError::Invite)),
                }
            }
            let record = match tx.register(&new, now)? {
                Registration::NameTaken => return Ok(Err(RegisterError::NameTaken)),
                Registration::Registered(record) => record,
            };
            if let Some(hash) = invite {
                tx.spend_invite(hash, now)?;
            }
            tx.insert_token(&token_of(record.account.id, session), now, keep)?;
            Ok(Ok(record))
        })
        .await?
    }

    /// Stores a session for somebody who has proven who they are. Says how many logins had failed
    /// since the last good one. A `rehashed` password replaces the one that was proven.
    ///
    /// # Errors
    ///
    /// When nothing was kept.
    pub async fn sign_in(
        &self,
        account: AccountId,
        session: TokenSeed,
        keep: usize,
        rehashed: Option<PasswordHash>,
    ) -> Result<u64, Unavailable> {
        self.write(move |tx, effects| {
            if let Some(password) = &rehashed {
                tx.set_password(account, password)?;
            }
            let now = Timestamp::now();
            let token = token_of(account, session);
            tx.insert_token(&token, now, keep)?;
            let text = format!(
                "your account has logged in from another device: {}",
                token.device
            );
            effects.tell(account, None, Value::Notice(text));
            tx.note_login(account, LoginOutcome::Good)
        })
        .await
    }

    /// Writes down that a login failed, for the owner to be told. Does not wait for the disk: how
    /// long that takes would tell a guesser that there is such an account.
    pub async fn note_failed_login(&self, account: AccountId) {
        self.put(Job::Work(Box::new(move |tx, _| {
            tx.note_login(account, LoginOutcome::Failed)?;
            Ok(Box::new(|| {}))
        })))
        .await;
    }

    /// Writes down that a token was used. Nobody waits for it.
    pub async fn touch(&self, token: TokenId) {
        self.put(Job::Work(Box::new(move |tx, _| {
            tx.touch_token(token, Timestamp::now())?;
            Ok(Box::new(|| {}))
        })))
        .await;
    }

    /// Gives an account another password and ends its sessions but for the one to keep.
    ///
    /// # Errors
    ///
    /// When nothing was kept.
    pub async fn change_password(
        &self,
        account: AccountId,
        password: PasswordHash,
        keep: Option<TokenId>,
    ) -> Result<(), Unavailable> {
        self.write(move |tx, effects| {
            tx.set_password(account, &password)?;
            tx.revoke_tokens(account, keep)?;
            effects.end_all(account, keep, Ended::PasswordChanged);
            Ok(())
        })
        .await
    }

    /// Makes tokens of an account worth nothing, and ends the sessions that came with them. Says how
    /// many there were.
    ///
    /// # Errors
    ///
    /// When nothing was kept.
    pub async fn revoke(
        &self,
        account: AccountId,
        which: SessionsToEnd,
    ) -> Result<usize, Unavailable> {
        self.write(move |tx, effects| {
            let keep = match which {
                SessionsToEnd::One(token) => {
                    effects.end_one(account, token, Ended::Revoked);
                    return Ok(usize::from(tx.revoke_token(account, token)?));
                }
                SessionsToEnd::AllBut(token) => Some(token),
                SessionsToEnd::All => None,
            };
            effects.end_all(account, keep, Ended::Revoked);
            Ok(tx.revoke_tokens(account, keep)?.len())
        })
        .await
    }

    /// Moves an account's read position in a conversation forward, and tells its other sessions.
    /// Says where it stands and what that leaves.
    ///
    /// # Errors
    ///
    /// [`Refused`] when there is no such conversation for that account.
    pub async fn set_read(
        &self,
        key: SessionKey,
        account: AccountId,
        at: (Address, ConversationId),
        seq: Seq,
    ) -> Result<ReadUpTo, Refused> {
        let (address, conversation) = at;
        self.write(move |tx, effects| {
            tx.set_read(account, conversation, seq)?;
            let Some(now) = tx.membership(account, conversation)? else {
                return Ok(Err(Refused::Rule(Refusal::NoSuchConversation)));
            };
            let ReadUpTo {
                seq,
                unread,
                mentions,
            } = ReadUpTo {
                seq: now.read,
                unread: now.unread,
                mentions: now.mentions,
            };
            let value = Value::Read {
                conversation: address,
                seq,
                unread,
                mentions,
            };
            effects.tell(account, Some(key), value);
            Ok(Ok(ReadUpTo {
                seq,
                unread,
                mentions,
            }))
        })
        .await?
    }
}

/// How far an account has read, and what that leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadUpTo {
    /// Up to and with this entry.
    pub seq: Seq,
    /// Messages after it.
    pub unread: u64,
    /// Mentions after it.
    pub mentions: u64,
}

fn token_of(account: AccountId, seed: TokenSeed) -> NewToken {
    let TokenSeed {
        hash,
        device,
        prefix,
    } = seed;
    NewToken {
        account,
        hash,
        device,
        prefix,
    }
}
