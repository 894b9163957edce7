//! Where the logs end that a transaction adds to.
//!
//! Of a conversation's head, of when a member last posted and of the last id that an entry was given,
//! only the newest state counts. They are written once a transaction and not once a message: before
//! anything else is asked or written, and with the commit.

use std::{cell::RefCell, collections::hash_map::Entry as Slot};

use foldhash::HashMap;
use rusqlite::Connection;

use crate::{
    chat::{Entry, Event},
    model::{AccountId, ConversationId, Seq, Timestamp},
};

use super::{
    StoreError,
    query::{execute, first, only},
    sql::Count,
};

/// What a transaction knows of the logs it adds to. Empty whenever anything else may look at them.
#[derive(Debug, Default)]
pub(super) struct Ends {
    known: RefCell<Known>,
}

#[derive(Debug, Default)]
struct Known {
    logs: HashMap<ConversationId, End>,
    authors: HashMap<(ConversationId, AccountId), Author>,
    /// The last id that an entry of any log was given.
    last_entry: Option<i64>,
}

/// The end of a log.
#[derive(Clone, Copy, Debug)]
struct End {
    head: Seq,
    posts: u64,
    in_room: bool,
}

/// Somebody who has posted there.
#[derive(Clone, Copy, Debug, Default)]
struct Author {
    /// How many messages of theirs there are.
    own: u64,
    posted_at: Option<Timestamp>,
}

/// The place that an entry was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Which entry of all logs it is.
    pub(super) id: i64,
    /// How many messages were posted up to here.
    pub(super) ordinal: u64,
    /// Of a message: how many its author has posted here.
    pub(super) own: Option<u64>,
}

impl Ends {
    /// Gives an entry the next place in its log.
    ///
    /// # Errors
    ///
    /// [`StoreError::OutOfOrder`] when it is not the next; and when the database fails.
    pub(super) fn take_place(
        &self,
        connection: &Connection,
        entry: &Entry,
    ) -> Result<Place, StoreError> {
        let out_of_order = || StoreError::OutOfOrder {
            conversation: entry.conversation,
            seq: entry.seq,
        };
        let known = &mut *self.known.borrow_mut();
        let end = match known.logs.entry(entry.conversation) {
            Slot::Occupied(known) => known.into_mut(),
            Slot::Vacant(new) => {
                let end = End::of(connection, entry.conversation)?;
                new.insert(end.ok_or_else(out_of_order)?)
            }
        };
        if entry.seq != end.head.next() {
            return Err(out_of_order());
        }
        let mut own = None;
        if matches!(entry.event, Event::Posted { .. }) {
            let key = (entry.conversation, entry.author.id);
            let author = match known.authors.entry(key) {
                Slot::Occupied(known) => known.into_mut(),
                Slot::Vacant(new) => new.insert(Author::of(connection, key)?),
            };
            author.own += 1;
            author.posted_at = Some(entry.at);
            own = Some(author.own);
            end.posts += 1;
        }
        end.head = entry.seq;
        let ordinal = end.posts;
        let id = 1 + match known.last_entry {
            Some(last) => last,
            None => last_entry(connection)?,
        };
        known.last_entry = Some(id);
        Ok(Place { id, ordinal, own })
    }

    /// Writes down what is known and forgets it.
    ///
    /// # Errors
    ///
    /// When that fails: then the transaction is to be given up.
    pub(super) fn settle(&self, connection: &Connection) -> Result<(), StoreError> {
        self.known.borrow_mut().write(connection)
    }
}

impl Known {
    fn write(&mut self, connection: &Connection) -> Result<(), StoreError> {
        for ((conversation, account), author) in self.authors.drain() {
            // Only rooms have rows for their members.
            if self.logs.get(&conversation).is_some_and(|end| end.in_room) {
                let sql = "UPDATE members SET posted_at = ?3
                           WHERE conversation = ?1 AND account = ?2";
                execute(connection, sql, (conversation, account, author.posted_at))?;
            }
        }
        for (conversation, end) in self.logs.drain() {
            let sql = "UPDATE conversations SET head = ?2, posts = ?3 WHERE id = ?1";
            execute(connection, sql, (conversation, end.head, Count(end.posts)))?;
        }
        if let Some(id) = self.last_entry.take() {
            execute(connection, "UPDATE last_entry SET id = ?1", [id])?;
        }
        Ok(())
    }
}

fn last_entry(connection: &Connection) -> Result<i64, StoreError> {
    only(connection, "SELECT id FROM last_entry", [], |row| {
        Ok(row.get(0)?)
    })
}

impl End {
    fn of(connection: &Connection, id: ConversationId) -> Result<Option<Self>, StoreError> {
        let sql = "SELECT head, posts, kind = 'room' FROM conversations WHERE id = ?1";
        first(connection, sql, [id], |row| {
            Ok(Self {
                head: row.get(0)?,
                posts: row.get::<_, Count>(1)?.0,
                in_room: row.get(2)?,
            })
        })
    }
}

impl Author {
    fn of(
        connection: &Connection,
        (conversation, account): (ConversationId, AccountId),
    ) -> Result<Self, StoreError> {
        let sql = "SELECT own FROM entries
                   WHERE author = ?1 AND conversation = ?2 AND kind = 'posted'
                   ORDER BY seq DESC LIMIT 1";
        let last = first(connection, sql, (account, conversation), |row| {
            Ok(row.get::<_, Count>(0)?.0)
        })?;
        Ok(Self {
            own: last.unwrap_or_default(),
            posted_at: None,
        })
    }
}
