//! Letting old entries go: always from the start of a log, never by renumbering, a little at a time.

use std::time::Duration;

use rusqlite::Connection;

use crate::model::{ConversationId, Seq, Timestamp};

use super::{
    Followed, StoreError, Tx,
    query::{all, execute, first, only},
    sql::{Count, Millis},
};

/// How long entries stay where a room has no rule of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Older entries go; absent: they stay.
    pub keep_for: Option<Duration>,
    /// Only so many of the newest entries stay; absent: all do.
    pub keep_last: Option<u64>,
}

/// What came of one step of trimming.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trimmed {
    /// The oldest entry that is kept now.
    pub start: Seq,
    /// Whether this step ended because it had done enough; another may find more.
    pub more: bool,
}

/// A log's ends, and the rule that holds for it.
struct Log {
    start: Seq,
    head: Seq,
    rule: Retention,
}

impl Tx<'_> {
    /// Lets go of what a conversation has kept for too long, at most `at_most` entries of it. What
    /// accounts have sent stays known by its message ids.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn trim(
        &self,
        conversation: ConversationId,
        server: Retention,
        now: Timestamp,
        at_most: u64,
    ) -> Result<Trimmed, StoreError> {
        let connection = self.connection()?;
        let log = log(connection, conversation, server)?;
        let last = Seq::new(log.start.get().saturating_add(at_most)).min(log.head.next());
        let kept = log.first_kept(connection, conversation, now, last)?;
        let start = kept.clamp(log.start, last);
        if start > log.start {
            remove_before(connection, conversation, start)?;
        }
        let more = start == last && start <= log.head;
        Ok(Trimmed { start, more })
    }

    /// Forgets which messages were amended, as far as the search index has followed.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn forget_amended(&self, followed: Followed) -> Result<usize, StoreError> {
        execute(
            self.connection()?,
            "DELETE FROM amended WHERE id <= ?1",
            [followed.0],
        )
    }
}

impl Log {
    /// Where the kept part begins by the rule, as far as that is before `last`.
    fn first_kept(
        &self,
        connection: &Connection,
        conversation: ConversationId,
        now: Timestamp,
        last: Seq,
    ) -> Result<Seq, StoreError> {
        let by_count = self.rule.keep_last.map_or(Seq::ZERO, |count| {
            Seq::new(self.head.get().saturating_sub(count)).next()
        });
        let Some(keep_for) = self.rule.keep_for else {
            return Ok(by_count);
        };
        let sql = "SELECT seq FROM entries WHERE conversation = ?1 AND seq < ?2 AND at >= ?3
                   ORDER BY seq LIMIT 1";
        let params = (conversation, last, now.before(keep_for));
        let by_age = first(connection, sql, params, |row| Ok(row.get(0)?))?.unwrap_or(last);
        Ok(by_count.max(by_age))
    }
}

fn log(
    connection: &Connection,
    conversation: ConversationId,
    server: Retention,
) -> Result<Log, StoreError> {
    let sql = "SELECT c.start, c.head, r.keep_for, r.keep_last FROM conversations c
               LEFT JOIN rooms r ON r.conversation = c.id WHERE c.id = ?1";
    only(connection, sql, [conversation], |row| {
        let keep_for = row.get::<_, Option<Millis>>(2)?.map(|span| span.0);
        let keep_last = row.get::<_, Option<Count>>(3)?.map(|count| count.0);
        Ok(Log {
            start: row.get(0)?,
            head: row.get(1)?,
            rule: Retention {
                keep_for: keep_for.or(server.keep_for),
                keep_last: keep_last.or(server.keep_last),
            },
        })
    })
}

fn remove_before(
    connection: &Connection,
    conversation: ConversationId,
    start: Seq,
) -> Result<(), StoreError> {
    for sql in [
        "INSERT INTO amended (entry)
         SELECT id FROM entries WHERE conversation = ?1 AND seq < ?2 AND kind = 'posted'",
        "DELETE FROM entries WHERE conversation = ?1 AND seq < ?2",
        "DELETE FROM reactions WHERE conversation = ?1 AND target < ?2",
        "DELETE FROM mentions WHERE conversation = ?1 AND seq < ?2",
        "UPDATE conversations SET start = ?2 WHERE id = ?1",
    ] {
        execute(connection, sql, (conversation, start))?;
    }
    Ok(())
}

/// The conversations that have kept something for too long.
pub(super) fn overdue(
    connection: &Connection,
    server: Retention,
    now: Timestamp,
) -> Result<Vec<ConversationId>, StoreError> {
    let sql = "SELECT c.id FROM conversations c LEFT JOIN rooms r ON r.conversation = c.id
               WHERE c.start <= c.head
                 AND (c.head - c.start >= coalesce(r.keep_last, ?2)
                      OR (SELECT at FROM entries WHERE conversation = c.id AND seq = c.start)
                         < ?3 - coalesce(r.keep_for, ?1))
               ORDER BY c.id";
    let params = (
        server.keep_for.map(Millis),
        server.keep_last.map(Count),
        now,
    );
    all(connection, sql, params, |row| Ok(row.get(0)?))
}

#[cfg(test)]
mod tests {
    use crate::{
        chat::Event,
        model::MessageId,
        store::{
            EVERYONE, PageLimits,
            fixture::{Fixture, at, entry, named, posted, print},
        },
    };

    use super::*;

    const LAST_THREE: Retention = Retention {
        keep_for: None,
        keep_last: Some(3),
    };

    /// Entry `n` is taken `n` seconds after the beginning.
    fn filled(entries: u64) -> Fixture {
        let mut fixture = Fixture::new();
        let alice = fixture.account("alice");
        for seq in 1..=entries {
            let entry = entry(EVERYONE, Seq::new(seq), &alice, posted("hi"));
            let entry = named(entry, &format!("m{seq}"));
            fixture.within(|tx| tx.append(&entry, Some(print(1)), &[]).unwrap());
        }
        fixture
    }

    #[test]
    fn a_log_is_trimmed_by_count_or_age_whichever_keeps_less() {
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        for (keep_for, keep_last, start) in [
            (None, None, 1),
            (None, Some(10), 1),
            (None, Some(11), 1),
            (None, Some(9), 2),
            (None, Some(0), 11),
            (seconds(9), None, 1),
            (seconds(8), None, 2),
            (seconds(0), None, 10),
            (seconds(8), Some(3), 8),
            (seconds(2), Some(8), 8),
        ] {
            let mut fixture = filled(10);
            let rule = Retention {
                keep_for,
                keep_last,
            };
            let trimmed = fixture.within(|tx| tx.trim(EVERYONE, rule, at(10), 100).unwrap());
            let start = Seq::new(start);
            assert_eq!(trimmed, Trimmed { start, more: false }, "{rule:?}");
        }
    }

    #[tokio::test]
    async fn trimming_goes_on_in_steps_and_renumbers_nothing() {
        let mut fixture = filled(10);
        let reader = fixture.reader();
        assert_eq!(
            reader.overdue(LAST_THREE, at(10)).await.unwrap(),
            [EVERYONE]
        );
        for (start, more) in [(5, true), (8, false), (8, false)] {
            let trimmed = fixture.within(|tx| tx.trim(EVERYONE, LAST_THREE, at(10), 4).unwrap());
            let start = Seq::new(start);
            assert_eq!(trimmed, Trimmed { start, more });
        }
        assert_eq!(reader.overdue(LAST_THREE, at(10)).await.unwrap(), []);
        let limits = PageLimits {
            rows: 99,
            bytes: 9999,
        };
        let page = reader
            .entries(EVERYONE, Seq::ZERO, Seq::new(99), limits)
            .await
            .unwrap();
        let places: Vec<_> = page.entries.iter().map(|entry| entry.seq.get()).collect();
        assert_eq!((places, page.start), (vec![8, 9, 10], Seq::new(8)));
    }

    #[test]
    fn what_was_sent_stays_known_and_what_is_unread_stays_right_after_trimming() {
        let mut fixture = filled(10);
        let bob = fixture.account("bob");
        fixture.within(|tx| {
            tx.trim(EVERYONE, LAST_THREE, at(10), 100).unwrap();
            let alice = tx
                .account(crate::model::AccountId::new(1))
                .unwrap()
                .unwrap()
                .account;
            let sent = tx.sent(alice.id, &MessageId::parse("m1").unwrap()).unwrap();
            assert_eq!(sent.unwrap().seq, Seq::FIRST);
            let mine = tx.membership(alice.id, EVERYONE).unwrap().unwrap();
            assert_eq!((mine.start, mine.unread), (Seq::new(8), 0));
            let entry = entry(EVERYONE, Seq::new(11), &bob, posted("new"));
            tx.append(&entry, None, &[]).unwrap();
            assert_eq!(
                tx.membership(alice.id, EVERYONE).unwrap().unwrap().unread,
                1
            );
        });
    }

    #[test]
    fn a_rooms_own_rule_comes_before_the_servers() {
        let mut fixture = Fixture::new();
        let alice = fixture.account("alice");
        let room = fixture.room("garden", &alice);
        let own = Event::RetentionSet {
            keep_for: None,
            keep_last: Some(100),
        };
        fixture.add(room, &alice, own);
        for _ in 0..9 {
            fixture.post(room, &alice, "hi");
        }
        let trimmed = fixture.within(|tx| tx.trim(room, LAST_THREE, at(99), 100).unwrap());
        assert_eq!(trimmed.start, Seq::FIRST);
    }
}
