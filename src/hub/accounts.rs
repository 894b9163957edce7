//! What accounts have done to themselves or by the operator: durable like every entry, and felt by
//! sessions that are attached.

use crate::{
    auth::{Proven, TokenSeed},
    chat::Refusal,
    model::{AccountId, Address, ConversationId, Seq, Timestamp, TokenId},
    store::{
        AccountRecord, LoginOutcome, NewAccount, NewToken, PasswordHash, Registration, SecretHash,
    },
};

use super::{
    Hub, Refused, Unavailable,
    feed::{Ended, SessionKey, Value},
    job::{AttachError, Job},
    resume,
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

/// Why somebody who knew the password has no session.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// Since it was compared, the password was changed or the account disabled.
    #[error("the password was changed, or the account disabled, this moment")]
    Changed,
    /// A cursor is ahead of its conversation.
    #[error(transparent)]
    Attach(#[from] AttachError),
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
    /// since the last good one. A rehashed password replaces the one that was proven. With cursors
    /// that would be refused, there is no session: it would be of no use to anybody.
    ///
    /// # Errors
    ///
    /// [`SignInError`]; nothing was kept then.
    pub async fn sign_in(
        &self,
        proven: Proven,
        session: TokenSeed,
        keep: usize,
        cursors: Vec<(Address, Seq)>,
    ) -> Result<u64, SignInError> {
        self.write(move |tx, effects| {
            let owner = &proven.account().account;
            let account = owner.id;
            if !tx.opens_with(account, proven.compared_with())? {
                return Ok(Err(SignInError::Changed));
            }
            for (membership, cursor) in resume::known(tx, owner, &cursors)? {
                if let Err(error) = resume::is_not_ahead(&membership, cursor.as_ref(), owner) {
                    return Ok(Err(error.into()));
                }
            }
            if let Some(password) = proven.rehashed() {
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
            Ok(Ok(tx.note_login(account, LoginOutcome::Good)?))
        })
        .await?
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

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use crate::{
        auth::{Auth, Password},
        config::Config,
        hub::Limits,
        model::{ServerRole, UserName},
        store::{Durability, Store},
    };

    use super::*;

    const PEER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn password(typed: &str) -> Password {
        Password::new(typed.to_owned()).unwrap()
    }

    #[tokio::test]
    async fn a_login_overtaken_by_a_change_of_password_gives_no_session_and_undoes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("data"), Durability::None).unwrap();
        let reader = store.reader();
        let mut config = Config::default();
        config.passwords.memory_kib = 1024;
        config.passwords.passes = 1;
        let auth = Auth::new(reader.clone(), &config).unwrap();
        let limits = Limits {
            rooms_joined: 1,
            rooms_owned: 1,
            backlog_max: 1,
            log_texts: false,
        };
        let (hub, _thread) = Hub::start(store, limits).unwrap();
        let alice = UserName::parse("alice").unwrap();
        let old = "correct horse battery staple";
        let new = auth.prepare(&alice, password(old), PEER).await.unwrap();
        let (_token, seed) = auth.new_token("desk", PEER).unwrap();
        let account = hub
            .register(new.with_role(ServerRole::Member), seed, 8, None)
            .await
            .unwrap()
            .account
            .id;

        // The old password is due for a dearer hash, which must not come back either.
        config.passwords.passes = 2;
        let auth = Auth::new(reader.clone(), &config).unwrap();
        let proven = auth
            .check_password(&alice, password(old), PEER)
            .await
            .unwrap();
        assert!(proven.rehashed().is_some());
        let changed = auth
            .new_password(&alice, password("another horse entirely"))
            .await
            .unwrap();
        hub.change_password(account, changed.clone(), None)
            .await
            .unwrap();
        let (token, seed) = auth.new_token("thief", PEER).unwrap();
        assert_eq!(
            hub.sign_in(proven, seed, 8, Vec::new()).await,
            Err(SignInError::Changed)
        );
        assert!(auth.identify(&token, PEER).await.is_err());
        let stored = reader.credentials(alice).await.unwrap().unwrap();
        assert_eq!(stored.password, changed);
    }
}
