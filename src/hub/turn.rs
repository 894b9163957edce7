//! One turn of the hub: decides what was asked and writes what follows into the transaction.

use std::sync::Arc;

use crate::{
    chat::{self, Actor, Entry, Event, Kind, Refusal},
    model::{AccountId, Address, ConversationId, RoomName, Seq, Timestamp, Visibility},
    store::{EVERYONE, StoreError, Tx},
};

use super::{
    Limits,
    ask::{Ask, Kept, Refused, Want},
    batch::{Answers, Batch, Reading, Written},
    feed::SessionKey,
    place::Place,
    world::World,
};

/// Why a command came to nothing: the asker's fault, or the store's.
pub(super) enum Failed {
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
    /// Decides what a session asks, one request after another, and writes what follows into the
    /// transaction.
    ///
    /// # Errors
    ///
    /// When the store fails; then the whole batch is void.
    pub(super) fn asks(&mut self, key: SessionKey, asks: &[(u64, Ask)]) -> Result<(), StoreError> {
        let Some(session) = self.world.sessions.get(&key) else {
            return Ok(());
        };
        if session.slip.has_ended() {
            return Ok(());
        }
        let (actor, slip) = (session.actor.clone(), Arc::clone(&session.slip));
        let before = self.batch.written.len();
        let mut outcomes = Vec::with_capacity(asks.len());
        for (request, ask) in asks {
            let outcome = match self.outcome(&actor, ask) {
                Ok(kept) => Ok(kept),
                Err(Failed::Refused(refused)) => Err(refused),
                Err(Failed::Store(error)) => return Err(error),
            };
            outcomes.push((*request, outcome));
        }
        let written = self.batch.written.get(before..).unwrap_or_default();
        let wrote = written.last().map(|written| written.entry.conversation);
        self.batch.answers.push(Answers {
            slip,
            wrote,
            outcomes,
        });
        Ok(())
    }

    /// What was done before is answered as it was then, whatever has changed since.
    fn outcome(&mut self, actor: &Actor, ask: &Ask) -> Result<Kept, Failed> {
        // Nearly every message is new: the store notices one that is not as it takes it, and what
        // is refused is looked up then. Rooms and pairs are not to be made for what was done before.
        let is_seldom_new = !matches!(ask.want, Want::Post { .. });
        if is_seldom_new && let Some(kept) = self.earlier(actor, ask)? {
            return Ok(kept);
        }
        match self.take(actor, ask) {
            Err(Failed::Refused(refused)) => {
                let earlier = self.earlier(actor, ask)?;
                earlier.ok_or(Failed::Refused(refused))
            }
            Err(Failed::Store(used @ StoreError::MessageIdUsed)) => {
                let earlier = self.earlier(actor, ask)?;
                earlier.ok_or(Failed::Store(used))
            }
            taken => taken,
        }
    }

    /// What came of the same request before, if its author has sent it before.
    fn earlier(&self, actor: &Actor, ask: &Ask) -> Result<Option<Kept>, Failed> {
        let Some(message) = &ask.message else {
            return Ok(None);
        };
        let Some(sent) = self.tx.sent(actor.account.id, message)? else {
            return Ok(None);
        };
        if sent.fingerprint != ask.fingerprint {
            return Err(Refused::MessageIdReused.into());
        }
        Ok(Some(Kept {
            to: ask.to.clone(),
            seq: sent.seq,
            at: sent.at,
        }))
    }

    fn take(&mut self, actor: &Actor, ask: &Ask) -> Result<Kept, Failed> {
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
                    None if posts => {
                        if self.earlier(actor, ask)?.is_some() {
                            return Err(Refused::MessageIdReused.into());
                        }
                        Ok(self.tx.create_direct(me, peer)?)
                    }
                    None => Err(Refusal::NoSuchConversation.into()),
                }
            }
        }
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
