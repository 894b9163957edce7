//! What a transaction will mean once it is committed, and the showing of it then.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    auth::AUDIT,
    chat::{Entry, Event},
    model::{AccountId, Address, ConversationId, Seq, Timestamp},
    store::Membership,
};

use super::{
    BUSY_MIN, Limits,
    ask::Outcome,
    feed::Value,
    place::{Place, Side},
    slip::Slip,
    world::World,
};

/// What an entry means for who reads the conversation.
#[derive(Debug)]
pub(super) enum Reading {
    /// All sessions of the account read it from that entry on.
    Starts(AccountId, Box<Membership>, Seq),
    /// No session of the account reads it after this entry.
    Stops(AccountId),
}

/// An entry of the transaction, to be shown once that is committed.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) entry: Entry,
    pub(super) place: Place,
    pub(super) reading: Vec<Reading>,
}

/// What a transaction will mean once it is committed.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) written: Vec<Written>,
    /// Those whose state was looked at, whatever came of it.
    pub(super) touched: Vec<ConversationId>,
    pub(super) answers: Vec<Answers>,
}

/// What came of what a session has asked.
#[derive(Debug)]
pub(super) struct Answers {
    pub(super) slip: Arc<Slip>,
    /// The conversation that has the last entry of it, if any has one.
    pub(super) wrote: Option<ConversationId>,
    /// In the order it has asked.
    pub(super) outcomes: Vec<(u64, Outcome)>,
}

impl Batch {
    /// The state of a conversation is looked at.
    pub(super) fn touch(&mut self, id: ConversationId) {
        if self.touched.last() != Some(&id) {
            self.touched.push(id);
        }
    }

    /// Shows the committed entries to all who read them, then answers those who asked.
    pub(super) fn deliver(self, world: &mut World, limits: &Limits, now: Timestamp) {
        let is_busy = self.written.len() >= BUSY_MIN;
        let mut marks: BTreeMap<ConversationId, Seq> = BTreeMap::new();
        for Written {
            entry,
            place,
            reading,
        } in self.written
        {
            log(&entry, &place, limits.log_texts);
            show(world, &mut marks, entry, &place, reading);
        }
        // Who writes comes before who only reads: it writes on while the others are told, and all that is
        // written then shares a commit.
        for Answers { slip, wrote, .. } in &self.answers {
            if let Some(id) = wrote
                && let Some(up_to) = marks.get(id)
            {
                world.mark_early(slip, *id, *up_to);
            }
        }
        for (conversation, up_to) in marks {
            world.mark(conversation, up_to, is_busy, now);
        }
        for id in self.touched {
            world.release(id);
        }
        for Answers { slip, outcomes, .. } in self.answers {
            slip.answer(outcomes);
        }
    }

    /// Nothing was kept: drops what memory holds of it.
    pub(super) fn forget(self, world: &mut World) {
        world.forget(&self.touched);
        for id in self.touched {
            world.release(id);
        }
    }
}

fn show(
    world: &mut World,
    marks: &mut BTreeMap<ConversationId, Seq>,
    entry: Entry,
    place: &Place,
    reading: Vec<Reading>,
) {
    let (id, seq) = (entry.conversation, entry.seq);
    if let Event::Invited { account } = &entry.event
        && let Place::Room(room) = place
    {
        let by = entry.author.clone();
        world.tell_account(
            account.id,
            None,
            &Value::Invited {
                room: room.clone(),
                by,
            },
        );
    }
    if let Some(live) = world.live_mut(id) {
        live.place = place.clone();
        if matches!(entry.event, Event::Renamed { .. }) {
            // Each reader knows the room by the old name up to and with this entry, and reads what
            // is that old from the store, by the name it knows.
            live.tail.clear();
            for reader in &live.readers {
                reader.slip.rename(id, place.clone(), seq);
            }
        } else {
            live.tail.push(entry, place.clone());
        }
    }
    for change in reading {
        match change {
            Reading::Starts(account, membership, next) => {
                world.account_reads(account, &membership, next);
            }
            Reading::Stops(account) => world.account_reads_no_more(account, id, seq),
        }
    }
    marks.insert(id, seq);
}

/// What moderators do to others goes into the audit trail as well.
fn audit(entry: &Entry, conversation: &Address) {
    let (event, user) = match &entry.event {
        Event::RoleSet { account, .. } => ("room_role", account),
        Event::Kicked { account, .. } => ("kicked", account),
        Event::Banned { account, .. } => ("banned", account),
        Event::Unbanned { account } => ("unbanned", account),
        Event::Muted { account, .. } => ("muted", account),
        Event::Unmuted { account } => ("unmuted", account),
        _ => return,
    };
    let (by, user) = (&entry.author.name, &user.name);
    tracing::info!(target: AUDIT, event, %user, %by, %conversation);
}

/// One event an entry, for those who keep a record of what went through.
fn log(entry: &Entry, place: &Place, texts: bool) {
    let (conversation, author) = (place.seen_from(Side::First), &entry.author.name);
    let (seq, kind) = (entry.seq.get(), entry.event.kind());
    let text = match &entry.event {
        Event::Posted { text, .. } | Event::Edited { text, .. } => text.as_str(),
        _ => "",
    };
    audit(entry, &conversation);
    let bytes = text.len();
    if texts {
        tracing::debug!(target: "netcomm::entry", %conversation, %author, seq, kind, bytes, text, "entry kept");
    } else {
        tracing::debug!(target: "netcomm::entry", %conversation, %author, seq, kind, bytes, "entry kept");
    }
}
