//! The parts of the index: tables that hold the words of a range of entries each.
//!
//! A search goes from the newest part to the oldest, so that what all messages have in common is
//! collected from one part and not from all. A part is made with its first message and goes with its
//! last one.

use std::{fmt, ops::RangeInclusive};

use rusqlite::Connection;

use super::super::{
    StoreError,
    query::{all, execute, only},
};

/// So many entries are the range of a part. The messages with a beginning (`w*`) are all collected
/// before the newest is known: 15 ms if it stands in each of so many. Half as many would halve that,
/// and double what is paid for having parts, which is what a search takes that finds nothing: 0.06 ms
/// each.
pub(super) const PART_ENTRIES: i64 = 65_536;

/// What the index takes from an entry: the columns of a part's table.
const INDEXED: &str = "SELECT id, text, 'c' || conversation || ' a' || author FROM store.entries
                       WHERE kind = 'posted' AND text IS NOT NULL";

/// A part, which may be there or not. It is written as the name of its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part(i64);

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "messages_{}", self.0)
    }
}

impl Part {
    /// The parts that are there and may have some of these entries, the newest first.
    pub(super) fn with(
        connection: &Connection,
        entries: &RangeInclusive<i64>,
    ) -> Result<Vec<Self>, StoreError> {
        let sql = "SELECT id FROM parts WHERE id >= ?1 AND id <= ?2 ORDER BY id DESC";
        let ids = [entries.start(), entries.end()].map(|entry| entry / PART_ENTRIES);
        all(connection, sql, ids, |row| Ok(Self(row.get(0)?)))
    }

    /// The parts that are there and have entries that these amendments are of.
    fn with_amended(
        connection: &Connection,
        amendments: &RangeInclusive<i64>,
    ) -> Result<Vec<Self>, StoreError> {
        let sql = "SELECT id FROM parts WHERE id IN
                   (SELECT entry / ?3 FROM store.amended WHERE id >= ?1 AND id <= ?2)";
        let params = (amendments.start(), amendments.end(), PART_ENTRIES);
        all(connection, sql, params, |row| Ok(Self(row.get(0)?)))
    }

    /// The entries that belong into it.
    const fn entries(self) -> RangeInclusive<i64> {
        let first = self.0 * PART_ENTRIES;
        first..=first + PART_ENTRIES - 1
    }

    /// Makes it, if it is not there.
    fn make(self, connection: &Connection) -> Result<(), StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM parts WHERE id = ?1)";
        if only(connection, sql, [self.0], |row| Ok(row.get(0)?))? {
            return Ok(());
        }
        let schema = format!(
            include_str!("../migrations/search_part.sql"),
            table = self,
            part = self.0
        );
        Ok(connection.execute_batch(&schema)?)
    }

    /// Takes it away, if no message is left in it.
    fn clear_away(self, connection: &Connection) -> Result<(), StoreError> {
        let sql = format!("SELECT NOT EXISTS (SELECT 1 FROM {self})");
        if only(connection, &sql, [], |row| Ok(row.get(0)?))? {
            connection.execute_batch(&format!("DROP TABLE {self}"))?;
            execute(connection, "DELETE FROM parts WHERE id = ?1", [self.0])?;
        }
        Ok(())
    }
}

/// Takes the messages among these entries in.
pub(super) fn insert(
    connection: &Connection,
    entries: &RangeInclusive<i64>,
) -> Result<(), StoreError> {
    let (first, last) = (*entries.start(), *entries.end());
    for part in (first / PART_ENTRIES..=last / PART_ENTRIES).map(Part) {
        let range = (
            first.max(*part.entries().start()),
            last.min(*part.entries().end()),
        );
        let messages = format!("{INDEXED} AND id >= ?1 AND id <= ?2");
        let any = format!("SELECT EXISTS ({messages})");
        if only(connection, &any, range, |row| Ok(row.get(0)?))? {
            part.make(connection)?;
            let sql = format!("INSERT INTO {part} (rowid, text, scope) {messages} ORDER BY id");
            execute(connection, &sql, range)?;
        }
    }
    Ok(())
}

/// Takes messages out whose text has changed or gone by these amendments, and puts those back that have
/// a text still. Entries after `taken` are not in the index yet.
pub(super) fn amend(
    connection: &Connection,
    amendments: &RangeInclusive<i64>,
    taken: i64,
) -> Result<(), StoreError> {
    let entries = "SELECT entry FROM store.amended
                   WHERE id >= ?1 AND id <= ?2 AND entry >= ?3 AND entry <= ?4";
    for part in Part::with_amended(connection, amendments)? {
        let (start, end) = part.entries().into_inner();
        for sql in [
            format!("DELETE FROM {part} WHERE rowid IN ({entries})"),
            format!("INSERT INTO {part} (rowid, text, scope) {INDEXED} AND id IN ({entries})"),
        ] {
            let (first, last) = (amendments.start(), amendments.end());
            execute(connection, &sql, (first, last, start, end.min(taken)))?;
        }
        part.clear_away(connection)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::{
        chat::Event,
        model::{Account, Seq, Text},
        store::{
            EVERYONE, Query, Readable, Retention,
            fixture::{Fixture, at},
            search::{
                Index,
                fixture::{filled, follow, pages, places, query},
            },
        },
    };

    use super::*;

    /// One message at the end of the first part, and one at the beginning of each of the next two.
    fn three_parts() -> (Fixture, Account, Index) {
        let (mut fixture, alice, index) = filled(&[]);
        for (text, entry) in [
            ("one fox", PART_ENTRIES - 1),
            ("two fox", PART_ENTRIES),
            ("three fox", 2 * PART_ENTRIES),
        ] {
            fixture.skip_to(entry - 1);
            fixture.post(EVERYONE, &alice, text);
        }
        (fixture, alice, index)
    }

    fn parts(fixture: &Fixture) -> Vec<String> {
        let connection = Connection::open(fixture.folder.path().join("search.db")).unwrap();
        let sql = "SELECT name FROM sqlite_schema WHERE sql LIKE '%USING fts5%' ORDER BY name";
        let tables: Vec<String> = all(&connection, sql, [], |row| Ok(row.get(0)?)).unwrap();
        let known: Vec<_> = Part::with(&connection, &(0..=i64::MAX))
            .unwrap()
            .iter()
            .rev()
            .map(Part::to_string)
            .collect();
        assert_eq!(tables, known);
        tables
    }

    #[tokio::test]
    async fn one_step_fills_several_parts() {
        let (fixture, _alice, mut index) = three_parts();
        index.catch_up(usize::MAX).unwrap();
        assert_eq!(parts(&fixture), ["messages_0", "messages_1", "messages_2"]);
        assert_eq!(places(&mut index, query("fox")).await, [3, 2, 1]);
    }

    #[tokio::test]
    async fn pages_go_on_from_part_to_part() {
        let (mut fixture, alice, mut index) = three_parts();
        for _ in 0..3 {
            fixture.post(EVERYONE, &alice, "fox again");
        }
        for words in ["fox", "fo*", "fo* fox"] {
            for limit in 1..8 {
                let query = Query {
                    limit,
                    ..query(words)
                };
                let hits: Vec<_> = pages(&mut index, query).await.concat();
                assert_eq!(hits, [6, 5, 4, 3, 2, 1], "{words}, {limit} a page");
            }
        }
    }

    #[tokio::test]
    async fn a_common_beginning_is_found_in_what_few_messages_may_hold_it() {
        let (mut fixture, alice, mut index) = filled(&[]);
        let bob = fixture.account("bob");
        let room = fixture.room("quiet", &alice);
        fixture.post(EVERYONE, &bob, "a word");
        fixture.post(EVERYONE, &bob, "another");
        fixture.post(room, &alice, "a wordy one");
        for part in 0..2 {
            fixture.skip_to(part * PART_ENTRIES + 100);
            for _ in 0..70 {
                fixture.post(EVERYONE, &alice, "words");
            }
        }
        fixture.post(EVERYONE, &bob, "nothing like it");
        let of_bob = Query {
            author: Some(bob.id),
            ..query("wor*")
        };
        assert_eq!(places(&mut index, of_bob).await, [1]);
        let in_room = Query {
            within: vec![Readable {
                conversation: room,
                from: Seq::FIRST,
            }],
            ..query("wor*")
        };
        assert_eq!(places(&mut index, in_room).await, [2]);
        let with_a_rare_word = Query {
            limit: 1,
            ..query("wor* a")
        };
        assert_eq!(pages(&mut index, with_a_rare_word).await, [vec![1], vec![]]);
        let of_alice = Query {
            author: Some(alice.id),
            limit: 50,
            ..query("wor*")
        };
        let hits = pages(&mut index, of_alice).await.concat();
        assert!(hits.into_iter().eq((3..=142).rev()));
    }

    #[tokio::test]
    async fn edits_and_deletions_are_followed_in_parts_long_full() {
        let (mut fixture, alice, mut index) = three_parts();
        follow(&mut index);
        let text = Text::parse("a wolf").unwrap();
        let target = Seq::new(1);
        fixture.add(EVERYONE, &alice, Event::Edited { target, text });
        let target = Seq::new(2);
        fixture.add(EVERYONE, &alice, Event::Deleted { target });
        assert_eq!(places(&mut index, query("fox")).await, [3]);
        assert_eq!(places(&mut index, query("wol*")).await, [1]);
        assert!(places(&mut index, query("one")).await.is_empty());
        assert_eq!(parts(&fixture), ["messages_0", "messages_2"]);
    }

    #[tokio::test]
    async fn a_part_goes_with_its_last_message_also_for_who_has_searched_it() {
        let (mut fixture, alice, mut index) = three_parts();
        follow(&mut index);
        // From here on this connection knows the parts.
        let searcher = index.searcher();
        assert_eq!(searcher.search(query("fox")).await.unwrap().hits.len(), 3);
        let rule = Retention {
            keep_for: None,
            keep_last: Some(1),
        };
        fixture.within(|tx| tx.trim(EVERYONE, rule, at(99), 99).unwrap());
        assert_eq!(places(&mut index, query("fox")).await, [3]);
        assert_eq!(parts(&fixture), ["messages_2"]);
        assert_eq!(searcher.search(query("fox")).await.unwrap().hits.len(), 1);
        fixture.post(EVERYONE, &alice, "fox");
        assert_eq!(places(&mut index, query("fox")).await, [4, 3]);
    }
}
