//! Replaying logs: what is kept beside a log must be what the log amounts to.

use std::collections::BTreeSet;

use rusqlite::Connection;

use crate::{
    chat::{Conversation, Entry, Event, Kind, Room, Style},
    model::{AccountId, ConversationId, Emoji, Seq, Text},
};

use super::super::{
    Body, Kept, PageLimits, StoreError, conversation, history,
    query::{all, only},
};

/// Entries looked at together.
const PAGE: PageLimits = PageLimits {
    rows: 1000,
    bytes: 4 * 1024 * 1024,
};

/// One reaction: to which message, which, by whom.
type Reaction = (Seq, String, AccountId);

/// Adds what is wrong to `faults`, a sentence each.
///
/// # Errors
///
/// When the database fails.
pub(super) fn check(connection: &Connection, faults: &mut Vec<String>) -> Result<(), StoreError> {
    let sql = "SELECT id, start FROM conversations ORDER BY id";
    let logs: Vec<(ConversationId, Seq)> =
        all(connection, sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    for (id, start) in logs {
        match check_log(connection, id, start, faults) {
            Err(StoreError::Corrupt { found }) => {
                faults.push(format!("conversation {id} cannot be read: {found}"));
            }
            checked => checked?,
        }
    }
    Ok(())
}

fn check_log(
    connection: &Connection,
    id: ConversationId,
    start: Seq,
    faults: &mut Vec<String>,
) -> Result<(), StoreError> {
    let Some(stored) = conversation::load(connection, id)? else {
        return Ok(());
    };
    let mut replayed = before_everything(&stored);
    let mut reactions = BTreeSet::new();
    let mut read = start.previous();
    while read < stored.head {
        let page = history::after(connection, id, read, stored.head, PAGE)?;
        let Some(last) = page.entries.last() else {
            return Err(StoreError::corrupt(format!("nothing follows entry {read}")));
        };
        read = last.seq;
        for kept in page.entries {
            let entry = entry(kept)?;
            react(&mut reactions, &entry);
            replayed.apply(&entry);
        }
    }
    // What a log amounts to that has lost its beginning cannot be told from the rest.
    if let (Some(stored), Some(replayed), Seq::FIRST) =
        (stored.as_room(), replayed.as_room(), start)
    {
        compare(connection, stored, replayed, faults)?;
    }
    if reactions != stored_reactions(connection, id)? {
        faults.push(format!(
            "conversation {id} differs from what its log amounts to: reactions"
        ));
    }
    Ok(())
}

/// The conversation as it was when it had just been made.
fn before_everything(stored: &Conversation) -> Conversation {
    let id = stored.id;
    match &stored.kind {
        Kind::Everyone => Conversation::everyone(id),
        Kind::Direct(low, high) => Conversation::direct(id, low.clone(), high.clone()),
        Kind::Room(room) => Conversation::room(id, room.name.clone(), room.visibility),
    }
}

/// The entry as it was, but for a text that is gone: no state keeps a text.
fn entry(kept: Kept) -> Result<Entry, StoreError> {
    let gone = || Text::parse("gone").map_err(|error| StoreError::corrupt(error.to_string()));
    let event = match kept.body {
        Body::Event { event, .. } => event,
        Body::DeletedPost => Event::Posted {
            text: gone()?,
            style: Style::Plain,
            reply_to: None,
            mentions: Vec::new(),
            here: false,
        },
        Body::DeletedEdit { target } => Event::Edited {
            target,
            text: gone()?,
        },
    };
    Ok(Entry {
        conversation: kept.conversation,
        seq: kept.seq,
        at: kept.at,
        author: kept.author,
        message: kept.message,
        event,
    })
}

fn react(reactions: &mut BTreeSet<Reaction>, entry: &Entry) {
    let reaction =
        |target: Seq, emoji: &Emoji| (target, emoji.as_str().to_owned(), entry.author.id);
    match &entry.event {
        Event::Reacted { target, emoji } => {
            reactions.insert(reaction(*target, emoji));
        }
        Event::Unreacted { target, emoji } => {
            reactions.remove(&reaction(*target, emoji));
        }
        Event::Deleted { target } => reactions.retain(|(to, ..)| to != target),
        _ => {}
    }
}

fn stored_reactions(
    connection: &Connection,
    id: ConversationId,
) -> Result<BTreeSet<Reaction>, StoreError> {
    let sql = "SELECT target, emoji, account FROM reactions WHERE conversation = ?1";
    all(connection, sql, [id], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    })
}

fn compare(
    connection: &Connection,
    stored: &Room,
    replayed: &Room,
    faults: &mut Vec<String>,
) -> Result<(), StoreError> {
    let mut replayed = replayed.clone();
    let mut invited = BTreeSet::new();
    for &account in replayed.invited.keys() {
        // A deleted account is invited no more, which no log says.
        let sql = "SELECT deleted IS NULL FROM accounts WHERE id = ?1";
        if only(connection, sql, [account], |row| Ok(row.get(0)?))? {
            invited.insert(account);
        }
    }
    replayed
        .invited
        .retain(|account, _| invited.contains(account));
    for (what, same) in [
        ("name", stored.name == replayed.name),
        ("topic", stored.topic == replayed.topic),
        ("visibility", stored.visibility == replayed.visibility),
        ("backscroll", stored.backscroll == replayed.backscroll),
        ("slow mode", stored.slow_mode == replayed.slow_mode),
        (
            "retention",
            (stored.keep_for, stored.keep_last) == (replayed.keep_for, replayed.keep_last),
        ),
        ("archive", stored.archived == replayed.archived),
        ("members", stored.members == replayed.members),
        ("invitations", stored.invited == replayed.invited),
        ("bans", stored.banned == replayed.banned),
        ("mutes", stored.muted == replayed.muted),
    ] {
        if !same {
            let room = &stored.name;
            faults.push(format!(
                "room {room} differs from what its log amounts to: {what}"
            ));
        }
    }
    Ok(())
}
