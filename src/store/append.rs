//! Adding to a log: the entry itself, and everything a conversation's state keeps of it.
//!
//! Projections only ever repeat what `chat` says an event means; they decide nothing.

use rusqlite::Connection;

use crate::{
    chat::{Entry, Event},
    model::{AccountId, ConversationId, MessageId, Seq, Timestamp},
};

use super::{Fingerprint, StoreError, Tx, projection, query::Often};

/// What an account sent before under the same message id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Where.
    pub conversation: ConversationId,
    /// The place it was given.
    pub seq: Seq,
    /// When it was taken.
    pub at: Timestamp,
    /// What it asked for, in short.
    pub fingerprint: Fingerprint,
}

impl Tx<'_> {
    /// Adds an entry to the end of its conversation's log, and all that follows from it.
    ///
    /// With a fingerprint, the author's message id is remembered for ever. `here` are the accounts
    /// that an `@here` in it calls.
    ///
    /// # Errors
    ///
    /// [`StoreError::MessageIdUsed`] when its author has used its message id before: then nothing was
    /// done. [`StoreError::OutOfOrder`] when its place is not the next; and when the database fails.
    pub fn append(
        &self,
        entry: &Entry,
        fingerprint: Option<Fingerprint>,
        here: &[AccountId],
    ) -> Result<(), StoreError> {
        let connection = self.unsettled()?;
        // First, so that nothing is to be taken back when there is one already.
        if let (Some(message), Some(fingerprint)) = (&entry.message, fingerprint) {
            self.often().remember(entry, message, fingerprint)?;
        }
        let place = self.ends().take_place(connection, entry)?;
        self.hold(entry, place)?;
        match &entry.event {
            Event::Posted { mentions, .. } => {
                projection::mention(connection, entry, mentions, here)
            }
            _ => projection::project(self.connection()?, entry),
        }
    }

    /// What this account sent under this message id, however long ago.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn sent(&self, author: AccountId, message: &MessageId) -> Result<Option<Sent>, StoreError> {
        self.often().sent.first((message, author), |row| {
            Ok(Sent {
                conversation: row.get(0)?,
                seq: row.get(1)?,
                at: row.get(2)?,
                fingerprint: row.get(3)?,
            })
        })
    }
}

/// What is done for every message.
pub(super) struct Appending<'c> {
    remember: Often<'c>,
    sent: Often<'c>,
}

impl<'c> Appending<'c> {
    pub(super) const fn new(connection: &'c Connection) -> Self {
        let remember = "INSERT INTO sent (message, author, conversation, seq, at, fingerprint)
                        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let sent = "SELECT conversation, seq, at, fingerprint FROM sent
                    WHERE message = ?1 AND author = ?2";
        Self {
            remember: Often::new(connection, remember),
            sent: Often::new(connection, sent),
        }
    }

    fn remember(
        &self,
        entry: &Entry,
        message: &MessageId,
        fingerprint: Fingerprint,
    ) -> Result<(), StoreError> {
        let Entry {
            author,
            conversation,
            seq,
            at,
            ..
        } = entry;
        let params = (message, author.id, conversation, seq, at, fingerprint);
        match self.remember.execute(params) {
            Err(StoreError::Conflict(_)) => Err(StoreError::MessageIdUsed),
            done => done.map(drop),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::store::{
        EVERYONE,
        fixture::{Fixture, entry, named, posted, print},
    };

    use super::*;

    #[test]
    fn a_repeated_send_is_known_by_its_author_and_message_id() {
        let mut fixture = Fixture::new();
        let alice = fixture.account("alice");
        let bob = fixture.account("bob");
        let first = named(entry(EVERYONE, Seq::FIRST, &alice, posted("hi")), "m1");
        fixture.within(|tx| tx.append(&first, Some(print(7)), &[]).unwrap());
        let message = MessageId::parse("m1").unwrap();
        fixture.within(|tx| {
            let sent = tx.sent(alice.id, &message).unwrap().unwrap();
            assert_eq!((sent.conversation, sent.seq), (EVERYONE, Seq::FIRST));
            assert_eq!((sent.at, sent.fingerprint), (first.at, print(7)));
            assert_eq!(tx.sent(bob.id, &message).unwrap(), None);
        });
    }

    #[test]
    fn one_message_id_cannot_be_stored_twice() {
        let mut fixture = Fixture::new();
        let alice = fixture.account("alice");
        let tx = fixture.store.begin().unwrap();
        let first = named(entry(EVERYONE, Seq::new(1), &alice, posted("hi")), "m1");
        tx.append(&first, Some(print(7)), &[]).unwrap();
        let second = named(entry(EVERYONE, Seq::new(2), &alice, posted("hi")), "m1");
        let refused = tx.append(&second, Some(print(7)), &[]).unwrap_err();
        assert!(matches!(refused, StoreError::MessageIdUsed), "{refused}");
    }

    #[test]
    fn an_entry_that_is_not_the_next_is_refused() {
        let mut fixture = Fixture::new();
        let alice = fixture.account("alice");
        fixture.post(EVERYONE, &alice, "one");
        for seq in [0, 1, 3] {
            let tx = fixture.store.begin().unwrap();
            let entry = entry(EVERYONE, Seq::new(seq), &alice, posted("two"));
            let refused = tx.append(&entry, None, &[]).unwrap_err();
            assert!(
                matches!(refused, StoreError::OutOfOrder { .. }),
                "{seq}: {refused}"
            );
        }
    }

    #[test]
    fn what_was_not_committed_leaves_no_trace() {
        let mut fixture = Fixture::new();
        let alice = fixture.account("alice");
        let first = named(entry(EVERYONE, Seq::FIRST, &alice, posted("hi")), "m1");
        let tx = fixture.store.begin().unwrap();
        tx.append(&first, Some(print(7)), &[]).unwrap();
        drop(tx);
        fixture.within(|tx| {
            let head = tx.conversation(EVERYONE).unwrap().unwrap().head;
            assert_eq!(head, Seq::ZERO);
            let message = MessageId::parse("m1").unwrap();
            assert_eq!(tx.sent(alice.id, &message).unwrap(), None);
        });
    }
}
