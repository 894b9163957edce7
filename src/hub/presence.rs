//! Who is there, who is away, who is typing: values, of which only the latest counts.
//!
//! Told to those who share a small conversation with the one it is about, at most once a tick, so
//! that a thousand members coming back at once cost no million messages.

use std::collections::{BTreeSet, HashMap};

use crate::model::{Account, AccountId, Address, ConversationId, Reason};

use super::{
    feed::{SessionKey, Value},
    world::{Attached, World},
};

/// The most sessions that read a conversation whose members are told of each other. In larger ones
/// coming and going is noise; who is there can be asked.
pub const PRESENCE_READERS_MAX: usize = 50;

/// What is to be told at the next tick.
#[derive(Debug, Default)]
pub(super) struct Presence {
    changed: HashMap<AccountId, (Account, BTreeSet<ConversationId>)>,
}

impl Presence {
    pub(super) fn came(&mut self, world: &World, key: SessionKey) {
        if let Some(session) = world.sessions.get(&key) {
            let first = world.of_account(session.actor.account.id).count() == 1;
            if first {
                self.note(session);
            }
        }
    }

    pub(super) fn gone(&mut self, world: &World, gone: &Attached) {
        if world.of_account(gone.actor.account.id).next().is_none() {
            self.note(gone);
        }
    }

    pub(super) fn away(&mut self, world: &mut World, key: SessionKey, text: Option<Reason>) {
        let Some(session) = world.sessions.get(&key) else {
            return;
        };
        self.note(session);
        let account = session.actor.account.id;
        match text {
            Some(text) => world.away.insert(account, text),
            None => world.away.remove(&account),
        };
    }

    fn note(&mut self, session: &Attached) {
        let account = &session.actor.account;
        let noted = self.changed.entry(account.id);
        let (_, shared) = noted.or_insert_with(|| (account.clone(), BTreeSet::new()));
        shared.extend(session.reads.iter().copied());
    }

    /// Tells what has changed since the last tick.
    pub(super) fn flush(&mut self, world: &World) {
        for (id, (account, shared)) in self.changed.drain() {
            let online = world.of_account(id).next().is_some();
            let away = world.away.get(&id).cloned();
            let value = Value::Presence {
                account,
                online,
                away,
            };
            let mut told = BTreeSet::new();
            for conversation in shared {
                tell_small(world, conversation, id, &mut told, &value);
            }
        }
    }

    /// Tells the others in a small conversation that somebody is typing there.
    pub(super) fn typing(world: &World, key: SessionKey, to: &Address) {
        let Some(session) = world.sessions.get(&key) else {
            return;
        };
        let Some(id) = world.read_at(key, to) else {
            return;
        };
        let Some(live) = world.live(id) else { return };
        if live.readers.len() > PRESENCE_READERS_MAX {
            return;
        }
        let account = session.actor.account.clone();
        for reader in live
            .readers
            .iter()
            .filter(|reader| reader.account != account.id)
        {
            let conversation = live.place.called_by_other_than(&account.name);
            reader.slip.value(Value::Typing {
                conversation,
                account: account.clone(),
            });
        }
    }
}

fn tell_small(
    world: &World,
    conversation: ConversationId,
    about: AccountId,
    told: &mut BTreeSet<SessionKey>,
    value: &Value,
) {
    let Some(live) = world.live(conversation) else {
        return;
    };
    if live.readers.len() > PRESENCE_READERS_MAX {
        return;
    }
    for reader in live.readers.iter().filter(|reader| reader.account != about) {
        if told.insert(reader.key) {
            reader.slip.value(value.clone());
        }
    }
}
