//! What the hub keeps in memory: who is attached, what they read, and what it amounts to.
//!
//! All of it can be had again from the store; what a failed commit may have spoilt is forgotten.

use std::sync::Arc;

use foldhash::{HashMap, HashSet};

use crate::{
    auth::Identity,
    chat::{Actor, Conversation},
    model::{
        AccountId, Address, ConversationId, Reason, Seq, ServerRole, Timestamp, TokenId, UserName,
    },
    store::{Membership, StoreError, Tx},
};

use super::{
    feed::{Ended, Opened, SessionKey, Value},
    known::Known,
    place::Place,
    slip::Slip,
    tail::Tail,
};

/// An attached session.
#[derive(Debug)]
pub(super) struct Attached {
    pub(super) actor: Actor,
    pub(super) token: TokenId,
    pub(super) slip: Arc<Slip>,
    pub(super) reads: Vec<ConversationId>,
}

/// A conversation that somebody reads, or that a command is about.
#[derive(Debug)]
pub(super) struct Live {
    /// Absent until a command needs it.
    state: Option<Conversation>,
    pub(super) place: Place,
    pub(super) tail: Arc<Tail>,
    pub(super) readers: Vec<Reader>,
    /// When its readers were last woken, and for which entry.
    pub(super) woken: (Timestamp, Seq),
}

#[derive(Debug)]
pub(super) struct Reader {
    pub(super) key: SessionKey,
    pub(super) account: AccountId,
    pub(super) slip: Arc<Slip>,
}

/// Everything the hub keeps in memory.
#[derive(Debug, Default)]
pub(super) struct World {
    last_key: u64,
    pub(super) sessions: HashMap<SessionKey, Attached>,
    pub(super) accounts: HashMap<AccountId, Vec<SessionKey>>,
    pub(super) away: HashMap<AccountId, Reason>,
    pub(super) known: Known,
    pub(super) live: HashMap<ConversationId, Live>,
    /// Those whose tails hold something.
    pub(super) recent: HashSet<ConversationId>,
    /// Those whose readers have been marked, so far, and not woken.
    pub(super) quiet: HashMap<ConversationId, Seq>,
}

impl World {
    pub(super) fn enter(
        &mut self,
        identity: &Identity,
        role: ServerRole,
    ) -> (SessionKey, Arc<Slip>) {
        self.last_key += 1;
        let key = SessionKey(self.last_key);
        let slip = Arc::new(Slip::default());
        let account = identity.account().clone();
        self.accounts.entry(account.id).or_default().push(key);
        let actor = Actor { account, role };
        let token = identity.token();
        self.sessions.insert(
            key,
            Attached {
                actor,
                token,
                slip: Arc::clone(&slip),
                reads: Vec::new(),
            },
        );
        (key, slip)
    }

    /// Forgets a session. Says what it read, for those who are to be told that it is gone.
    pub(super) fn leave(&mut self, key: SessionKey) -> Option<Attached> {
        let gone = self.sessions.remove(&key)?;
        let account = gone.actor.account.id;
        if let Some(keys) = self.accounts.get_mut(&account) {
            keys.retain(|&other| other != key);
            if keys.is_empty() {
                self.accounts.remove(&account);
                self.away.remove(&account);
            }
        }
        for conversation in &gone.reads {
            self.stop_reading(*conversation, key);
        }
        Some(gone)
    }

    fn stop_reading(&mut self, conversation: ConversationId, key: SessionKey) {
        if let Some(live) = self.live.get_mut(&conversation) {
            if let Some(at) = live.readers.iter().position(|reader| reader.key == key) {
                live.readers.swap_remove(at);
            }
            if live.readers.is_empty() {
                self.live.remove(&conversation);
            }
        }
    }

    /// Lets a session read a conversation from `next` on.
    pub(super) fn read(&mut self, key: SessionKey, membership: Membership, from: From) {
        let Some(session) = self.sessions.get_mut(&key) else {
            return;
        };
        let id = membership.conversation;
        if session.reads.contains(&id) {
            return;
        }
        session.reads.push(id);
        let account = session.actor.account.id;
        let slip = Arc::clone(&session.slip);
        let (place, side) = Place::of_membership(&membership.place, &session.actor.account);
        let live = self.live.entry(id).or_insert_with(|| Live::new(place));
        let opened = Opened {
            address: live.place.seen_from(side),
            was: from.was,
            gap: from.gap,
            membership,
        };
        slip.open(opened, side, Arc::clone(&live.tail), from.next);
        live.readers.push(Reader { key, account, slip });
    }

    /// All sessions of an account read a conversation from `next` on.
    pub(super) fn account_reads(&mut self, account: AccountId, membership: &Membership, next: Seq) {
        for key in self.accounts.get(&account).cloned().unwrap_or_default() {
            self.read(
                key,
                membership.clone(),
                From {
                    next,
                    was: None,
                    gap: None,
                },
            );
        }
    }

    /// No session of an account reads a conversation beyond `last`.
    pub(super) fn account_reads_no_more(
        &mut self,
        account: AccountId,
        conversation: ConversationId,
        last: Seq,
    ) {
        for key in self.accounts.get(&account).cloned().unwrap_or_default() {
            if let Some(session) = self.sessions.get_mut(&key) {
                session.slip.close(conversation, last);
                session.reads.retain(|&id| id != conversation);
            }
            if let Some(live) = self.live.get_mut(&conversation) {
                live.readers.retain(|reader| reader.key != key);
            }
        }
    }

    /// The state of a conversation, from memory or from the store.
    pub(super) fn state(
        &mut self,
        tx: &Tx<'_>,
        id: ConversationId,
    ) -> Result<&mut Conversation, StoreError> {
        let loaded = match self.live.get(&id) {
            Some(live) if live.state.is_some() => None,
            Some(_) | None => Some(tx.conversation(id)?.ok_or_else(lost)?),
        };
        let live = match loaded {
            Some(state) => {
                let live = self
                    .live
                    .entry(id)
                    .or_insert_with(|| Live::new(Place::of(&state)));
                live.place = Place::of(&state);
                live.state = Some(state);
                live
            }
            None => self
                .live
                .entry(id)
                .or_insert_with(|| Live::new(Place::Everyone)),
        };
        live.state.as_mut().ok_or_else(lost)
    }

    /// The conversation an account means by an address, if it reads it in a session at present.
    pub(super) fn read_at(&self, key: SessionKey, address: &Address) -> Option<ConversationId> {
        let session = self.sessions.get(&key)?;
        session.reads.iter().copied().find(|id| {
            let place = self.live.get(id).map(|live| &live.place);
            place.is_some_and(|place| place.is_called(address, &session.actor.account.name))
        })
    }

    pub(super) fn live(&self, id: ConversationId) -> Option<&Live> {
        self.live.get(&id)
    }

    pub(super) fn live_mut(&mut self, id: ConversationId) -> Option<&mut Live> {
        self.live.get_mut(&id)
    }

    /// Drops from memory what all who keep up have read long ago.
    pub(super) fn expire(&mut self, now: Timestamp) {
        let live = &self.live;
        self.recent
            .retain(|id| live.get(id).is_some_and(|live| live.tail.expire(now)));
    }

    /// Drops what a transaction that failed may have changed in memory.
    pub(super) fn forget(&mut self, touched: &[ConversationId]) {
        self.known.forget();
        for id in touched {
            if let Some(live) = self.live.get_mut(id) {
                live.state = None;
            }
        }
    }

    /// Drops a conversation that was needed for one command only.
    pub(super) fn release(&mut self, id: ConversationId) {
        if self
            .live
            .get(&id)
            .is_some_and(|live| live.readers.is_empty())
        {
            self.live.remove(&id);
        }
    }

    pub(super) fn tell_account(
        &self,
        account: AccountId,
        except: Option<SessionKey>,
        value: &Value,
    ) {
        for key in self.accounts.get(&account).into_iter().flatten() {
            if Some(*key) != except
                && let Some(session) = self.sessions.get(key)
            {
                session.slip.value(value.clone());
            }
        }
    }

    pub(super) fn end_sessions(&self, account: AccountId, keep: Option<TokenId>, why: Ended) {
        for session in self.of_account(account) {
            if Some(session.token) != keep {
                session.slip.end(why);
            }
        }
    }

    pub(super) fn end_session(&self, account: AccountId, token: TokenId, why: Ended) {
        for session in self.of_account(account) {
            if session.token == token {
                session.slip.end(why);
            }
        }
    }

    pub(super) fn set_role(&mut self, account: AccountId, role: ServerRole) {
        for key in self.accounts.get(&account).into_iter().flatten() {
            if let Some(session) = self.sessions.get_mut(key) {
                session.actor.role = role;
            }
        }
    }

    /// A user is called something else from now on, also in what their readers have yet to read.
    pub(super) fn rename(&mut self, from: &UserName, to: &UserName) {
        for (&id, live) in &mut self.live {
            // It holds names too; the store has the new one.
            live.state = None;
            if live.place.rename(from, to) {
                for reader in &live.readers {
                    reader.slip.rename(id, live.place.clone(), Seq::ZERO);
                }
            }
        }
    }

    pub(super) fn of_account(&self, account: AccountId) -> impl Iterator<Item = &Attached> {
        let keys = self.accounts.get(&account).into_iter().flatten();
        keys.filter_map(|key| self.sessions.get(key))
    }
}

/// Where a session starts to read.
#[derive(Debug)]
pub(super) struct From {
    pub(super) next: Seq,
    pub(super) was: Option<Address>,
    pub(super) gap: Option<(Seq, Seq)>,
}

fn lost() -> StoreError {
    StoreError::corrupt("a conversation that is referred to is missing")
}

impl Live {
    fn new(place: Place) -> Self {
        Self {
            state: None,
            place,
            tail: Arc::default(),
            readers: Vec::new(),
            woken: (Timestamp::default(), Seq::ZERO),
        }
    }
}
