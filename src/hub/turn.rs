//! One turn of the hub: decides what was asked and writes what follows into the transaction.

use std::sync::Arc;

use crate::{
    chat::{self, Actor, Command, Entry, Event, Kind, Mentions, Refusal},
    model::{
        Account, AccountId, Address, ConversationId, Emoji, RoomName, Seq, Timestamp, UserName,
        Visibility,
    },
    store::{EVERYONE, StoreError, Tx},
};

use super::{
    Limits,
    ask::{Ask, Kept, Refused, Want},
    batch::{Batch, Reading, Written},
    feed::SessionKey,
    place::Place,
    world::World,
};

/// Why a command came to nothing: the asker's fault, or the store's.
enum Failed {
    Refused(Refused),
    Store(StoreError),
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Refused> for Failed {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<Refusal> for Failed {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(Refused::Rule(refusal))
    }
}

/// What a batch is worked out against.
pub(super) struct Turn<'a, 't> {
    pub(super) tx: &'a Tx<'t>,
    pub(super) world: &'a mut World,
    pub(super) limits: &'a Limits,
    pub(super) batch: &'a mut Batch,
    pub(super) now: Timestamp,
}

impl Turn<'_, '_> {
    /// Decides one request of a session and writes what follows into the transaction.
    ///
    /// # Errors
    ///
    /// When the store fails; then the whole batch is void.
    pub(super) fn ask(
        &mut self,
        key: SessionKey,
        request: u64,
        ask: &Ask,
    ) -> Result<(), StoreError> {
        let Some(session) = self.world.sessions.get(&key) else {
            return Ok(());
        };
        if session.slip.has_ended() {
            return Ok(());
        }
        let (actor, slip) = (session.actor.clone(), Arc::clone(&session.slip));
        let outcome = match self.outcome(&actor, ask) {
            Ok(kept) => Ok(kept),
            Err(Failed::Refused(refused)) => Err(refused),
            Err(Failed::Store(error)) => return Err(error),
        };
        self.batch.answers.push((slip, request, outcome));
        Ok(())
    }

    fn outcome(&mut self, actor: &Actor, ask: &Ask) -> Result<Kept, Failed> {
        if let Some(message) = &ask.message
            && let Some(sent) = self.tx.sent(actor.account.id, message)?
        {
            if sent.fingerprint != ask.fingerprint {
                return Err(Refused::MessageIdReused.into());
            }
            return Ok(Kept {
                to: ask.to.clone(),
                seq: sent.seq,
                at: sent.at,
            });
        }
        let (id, event) = match (&ask.to, &ask.want) {
            (Address::Room(name), Want::Create { visibility }) => {
                self.create_room(actor, name, *visibility)?
            }
            _ => self.decide(actor, ask)?,
        };
        let seq = self.append(actor, id, ask, event)?;
        Ok(Kept {
            to: ask.to.clone(),
            seq,
            at: self.now,
        })
    }

    fn create_room(
        &mut self,
        actor: &Actor,
        name: &RoomName,
        visibility: Visibility,
    ) -> Result<(ConversationId, Event), Failed> {
        if self.tx.room_id(name)?.is_some() {
            return Err(Refusal::RoomExists.into());
        }
        let count = self.tx.rooms_of(actor.account.id)?;
        below(
            count.owned,
            self.limits.rooms_owned,
            "rooms owned by one account",
        )?;
        below(
            count.joined,
            self.limits.rooms_joined,
            "rooms joined by one account",
        )?;
        let id = self.tx.create_room(name, visibility)?;
        self.batch.touch(id);
        Ok((id, chat::create(name.clone(), visibility)))
    }

    fn decide(&mut self, actor: &Actor, ask: &Ask) -> Result<(ConversationId, Event), Failed> {
        let id = self.resolve(actor, ask)?;
        // Also when nothing comes of it: the state that is read for it is to be let go again.
        self.batch.touch(id);
        // What the asker may not see must look absent before anything else is looked up.
        if !self.world.state(self.tx, id)?.can_see(actor.account.id) {
            return Err(Refusal::NoSuchConversation.into());
        }
        if matches!(ask.want, Want::Join) {
            let count = self.tx.rooms_of(actor.account.id)?;
            below(
                count.joined,
                self.limits.rooms_joined,
                "rooms joined by one account",
            )?;
        }
        let command = self.command(actor, id, &ask.want)?;
        let state = self.world.state(self.tx, id)?;
        let event = chat::decide(state, actor, &command, self.now)?;
        if let Event::Renamed { name } = &event
            && self.tx.room_id(name)?.is_some_and(|other| other != id)
        {
            return Err(Refusal::RoomExists.into());
        }
        Ok((id, event))
    }

    fn resolve(&mut self, actor: &Actor, ask: &Ask) -> Result<ConversationId, Failed> {
        match &ask.to {
            Address::Everyone => Ok(EVERYONE),
            Address::Room(name) => {
                let known = self.world.known.room(self.tx, name)?;
                Ok(known.ok_or(Refusal::NoSuchConversation)?)
            }
            Address::Direct(name) => {
                let me = actor.account.id;
                let peer = self.world.known.user(self.tx, name)?;
                let peer = peer.ok_or(Refused::NoSuchUser)?;
                let (posts, replies) = match &ask.want {
                    Want::Post { reply_to, .. } => (true, reply_to.is_some()),
                    _ => (false, false),
                };
                if posts && self.tx.is_blocked(peer, me)? {
                    return Err(Refusal::Blocked.into());
                }
                match self.world.known.direct(self.tx, me, peer)? {
                    Some(id) => Ok(id),
                    // Made only for a message that will be taken, or it would stay there empty.
                    None if replies => Err(Refusal::NoSuchMessage.into()),
                    None if posts => Ok(self.tx.create_direct(me, peer)?),
                    None => Err(Refusal::NoSuchConversation.into()),
                }
            }
        }
    }

    fn account(&self, name: &UserName) -> Result<Account, Failed> {
        let record = self.tx.account_by_name(name)?.ok_or(Refused::NoSuchUser)?;
        Ok(record.account)
    }

    /// Puts what names and places stand for in their place.
    fn command(&self, actor: &Actor, id: ConversationId, want: &Want) -> Result<Command, Failed> {
        let target =
            |seq: Seq, emoji: Option<&Emoji>| self.tx.target(id, seq, actor.account.id, emoji);
        Ok(match want {
            Want::Post {
                text,
                style,
                reply_to,
            } => Command::Post {
                text: text.clone(),
                style: *style,
                reply_to: reply_to.map(|seq| target(seq, None)).transpose()?,
                mentions: self.mentions(text.as_str())?,
            },
            Want::Edit { seq, text } => Command::Edit {
                target: target(*seq, None)?,
                text: text.clone(),
            },
            Want::Delete { seq } => Command::Delete {
                target: target(*seq, None)?,
            },
            Want::React { seq, emoji } => Command::React {
                target: target(*seq, Some(emoji))?,
                emoji: emoji.clone(),
            },
            Want::Unreact { seq, emoji } => Command::Unreact {
                target: target(*seq, Some(emoji))?,
                emoji: emoji.clone(),
            },
            Want::Create { visibility } => Command::Create {
                visibility: *visibility,
            },
            Want::Join => Command::Join,
            Want::Leave => Command::Leave,
            Want::Invite { user } => Command::Invite {
                account: self.account(user)?,
            },
            Want::SetTopic { topic } => Command::SetTopic {
                topic: topic.clone(),
            },
            Want::SetRole { user, role } => Command::SetRole {
                account: self.account(user)?,
                role: *role,
            },
            Want::Kick { user, reason } => Command::Kick {
                account: self.account(user)?,
                reason: reason.clone(),
            },
            Want::Ban {
                user,
                reason,
                until,
            } => Command::Ban {
                account: self.account(user)?,
                reason: reason.clone(),
                until: *until,
            },
            Want::Unban { user } => Command::Unban {
                account: self.account(user)?,
            },
            Want::Mute {
                user,
                reason,
                until,
            } => Command::Mute {
                account: self.account(user)?,
                reason: reason.clone(),
                until: *until,
            },
            Want::Unmute { user } => Command::Unmute {
                account: self.account(user)?,
            },
            Want::Set(setting) => Command::Set(setting.clone()),
        })
    }

    fn mentions(&self, text: &str) -> Result<Mentions, StoreError> {
        let named = chat::named_in(text);
        let mut mentions = Mentions {
            accounts: Vec::new(),
            here: named.here,
        };
        for name in &named.users {
            if let Some(record) = self.tx.account_by_name(name)? {
                mentions.accounts.push(record.account);
            }
        }
        Ok(mentions)
    }

    fn append(
        &mut self,
        actor: &Actor,
        id: ConversationId,
        ask: &Ask,
        event: Event,
    ) -> Result<Seq, Failed> {
        let here = match &event {
            Event::Posted { here: true, .. } => self.readers_of(id, actor.account.id),
            _ => Vec::new(),
        };
        let seq = self.world.state(self.tx, id)?.head.next();
        let entry = Entry {
            conversation: id,
            seq,
            at: self.now,
            author: actor.account.clone(),
            message: ask.message.clone(),
            event,
        };
        self.tx.append(&entry, Some(ask.fingerprint), &here)?;
        self.adopt(entry)?;
        Ok(seq)
    }

    /// Takes an entry in that stands in the transaction already, to be shown after the commit.
    ///
    /// # Errors
    ///
    /// When the store fails; then the whole batch is void.
    pub(super) fn adopt(&mut self, entry: Entry) -> Result<(), StoreError> {
        self.batch.touch(entry.conversation);
        let state = self.world.state(self.tx, entry.conversation)?;
        // A state that was read from the store just now has it already.
        if state.head < entry.seq {
            state.apply(&entry);
        }
        let place = Place::of(state);
        let reading = self.reading(&entry)?;
        self.batch.written.push(Written {
            entry,
            place,
            reading,
        });
        Ok(())
    }

    fn readers_of(&self, id: ConversationId, except: AccountId) -> Vec<AccountId> {
        let readers = self.world.live(id).map_or(&[][..], |live| &live.readers);
        let mut accounts: Vec<_> = readers.iter().map(|reader| reader.account).collect();
        accounts.sort_unstable();
        accounts.dedup();
        accounts.retain(|&account| account != except);
        accounts
    }

    fn reading(&mut self, entry: &Entry) -> Result<Vec<Reading>, StoreError> {
        let id = entry.conversation;
        let starts: Vec<AccountId> = match &entry.event {
            Event::Created { .. } | Event::Joined => vec![entry.author.id],
            Event::Posted { .. } if entry.seq == Seq::FIRST => {
                match &self.world.state(self.tx, id)?.kind {
                    Kind::Direct(low, high) => vec![low.id, high.id],
                    Kind::Everyone | Kind::Room(_) => Vec::new(),
                }
            }
            Event::Left => return Ok(vec![Reading::Stops(entry.author.id)]),
            Event::Kicked { account, .. } | Event::Banned { account, .. } => {
                return Ok(vec![Reading::Stops(account.id)]);
            }
            _ => Vec::new(),
        };
        let mut reading = Vec::new();
        for account in starts {
            if let Some(membership) = self.tx.membership(account, id)? {
                reading.push(Reading::Starts(account, Box::new(membership), entry.seq));
            }
        }
        Ok(reading)
    }
}

fn below(there_are: u64, max: u64, what: &'static str) -> Result<(), Refusal> {
    if there_are < max {
        Ok(())
    } else {
        Err(Refusal::Limit { what, max })
    }
}
