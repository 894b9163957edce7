//! Searching: the newest hits first, a page at a time, each with its words marked.

use std::{
    collections::HashMap,
    ops::Range,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use crate::model::{Account, AccountId, ConversationId, Seq, Text, Timestamp};

use super::{
    super::{
        StoreError, account,
        query::{all, execute, first},
    },
    Words, index,
};

/// So many searches at once; more wait their turn. They are dearer than reading a page.
const SEARCHERS_MAX: usize = 2;
/// With up to so many conversations the index itself is asked for hits in them alone; with more,
/// hits are picked out afterwards.
const SCOPES_MAX: usize = 64;
/// So many hits are looked at for one page, whoever may read them; the next page goes on there.
const HITS_MAX: usize = 20_000;
/// What stands around a hit while it is marked: no text holds these.
const MARKS: [char; 2] = ['\u{1}', '\u{2}'];

/// What is looked for, and where.
#[derive(Clone, Debug)]
pub struct Query {
    /// The words.
    pub words: Words,
    /// The conversations to look in.
    pub within: Vec<Readable>,
    /// Only what this account wrote.
    pub author: Option<AccountId>,
    /// Only what was posted earlier. Where the clock was set back, what is near that moment may be
    /// missing.
    pub before: Option<Timestamp>,
    /// Only what was posted then or later; likewise.
    pub after: Option<Timestamp>,
    /// Where the page before has ended.
    pub from: Option<u64>,
    /// At most so many hits.
    pub limit: usize,
}

/// A conversation that may be read, and from where on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readable {
    /// Which.
    pub conversation: ConversationId,
    /// The first entry that may be read.
    pub from: Seq,
}

/// A page of hits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The newest first.
    pub hits: Vec<Hit>,
    /// Where the next page begins, if there may be one; it may turn out to be empty.
    pub next: Option<u64>,
}

/// A message in which all the words are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Where it was posted.
    pub conversation: ConversationId,
    /// Its place there.
    pub seq: Seq,
    /// When.
    pub at: Timestamp,
    /// Who wrote it.
    pub author: Account,
    /// As it reads now.
    pub text: Text,
    /// Where the words are in it, in bytes.
    pub marks: Vec<Range<usize>>,
}

/// Searches what is indexed. Cheap to clone.
///
/// Cancel safe: a search that nobody waits for any more runs to its end and is thrown away.
#[derive(Clone, Debug)]
pub struct Searcher {
    files: Arc<Files>,
    permits: Arc<Semaphore>,
}

#[derive(Debug)]
struct Files {
    index: PathBuf,
    database: PathBuf,
    /// Connections that nobody searches with just now. Held for a push or a pop.
    idle: Mutex<Vec<Connection>>,
}

impl Searcher {
    pub(super) fn new(index: PathBuf, database: PathBuf) -> Self {
        Self {
            files: Arc::new(Files {
                index,
                database,
                idle: Mutex::default(),
            }),
            permits: Arc::new(Semaphore::new(SEARCHERS_MAX)),
        }
    }

    /// Looks for messages; what was posted or changed a moment ago may not be found yet.
    ///
    /// # Errors
    ///
    /// When the index or the database fails.
    pub async fn search(&self, query: Query) -> Result<Found, StoreError> {
        let permit = Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .map_err(|_| StoreError::Closed)?;
        let files = Arc::clone(&self.files);
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            files.search(&query)
        })
        .await
        .map_err(|_| StoreError::Closed)?
    }
}

impl Files {
    fn search(&self, query: &Query) -> Result<Found, StoreError> {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let connection = idle.map_or_else(|| index::connect(&self.index, &self.database), Ok)?;
        let snapshot = connection.unchecked_transaction()?;
        let (ids, next) = candidates(&snapshot, query)?;
        let hits = mark(&snapshot, &query.words, &ids)?;
        // The marking is undone with the transaction.
        drop(snapshot);
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(connection);
        Ok(Found { hits, next })
    }
}

/// The entries of a page, and where the next one begins.
fn candidates(
    connection: &Connection,
    query: &Query,
) -> Result<(Vec<i64>, Option<u64>), StoreError> {
    let readable: HashMap<_, _> = query
        .within
        .iter()
        .map(|readable| (readable.conversation, readable.from))
        .collect();
    let (Some(bounds), false) = (bounds(connection, query)?, readable.is_empty()) else {
        return Ok((Vec::new(), None));
    };
    let mut scopes: Vec<_> = readable.keys().copied().collect();
    if scopes.len() > SCOPES_MAX {
        scopes.clear();
    }
    let sql = "SELECT e.id, e.conversation, e.seq, e.at FROM messages m
               LEFT JOIN store.entries e ON e.id = m.rowid
               WHERE m.messages MATCH ?1 AND m.rowid >= ?2 AND m.rowid <= ?3
               ORDER BY m.rowid DESC";
    let mut statement = connection.prepare_cached(sql)?;
    let expression = query.words.expression_within(&scopes, query.author);
    let mut rows = statement.query((expression, bounds.start(), bounds.end()))?;
    let mut ids = Vec::new();
    let mut seen = 0_usize;
    while let Some(row) = rows.next()? {
        seen += 1;
        // A message that was trimmed a moment ago is in the index still.
        let Some(id) = row.get::<_, Option<i64>>(0)? else {
            continue;
        };
        let (conversation, seq): (ConversationId, Seq) = (row.get(1)?, row.get(2)?);
        let at: Timestamp = row.get(3)?;
        let may_read = readable.get(&conversation).is_some_and(|from| seq >= *from);
        let in_time = query.before.is_none_or(|before| at < before)
            && query.after.is_none_or(|after| at >= after);
        if may_read && in_time {
            ids.push(id);
        }
        if ids.len() >= query.limit || seen >= HITS_MAX {
            return Ok((ids, u64::try_from(id).ok()));
        }
    }
    Ok((ids, None))
}

/// Between which entries the hits must be; nothing when there can be none.
fn bounds(
    connection: &Connection,
    query: &Query,
) -> Result<Option<std::ops::RangeInclusive<i64>>, StoreError> {
    let mut low = 0;
    let mut high = i64::MAX;
    if let Some(after) = query.after {
        let sql = "SELECT entry FROM times WHERE at >= ?1 ORDER BY at, entry LIMIT 1";
        match first(connection, sql, [after], |row| Ok(row.get(0)?))? {
            Some(entry) => low = entry,
            None => return Ok(None),
        }
    }
    if let Some(before) = query.before {
        let sql = "SELECT entry FROM times WHERE at < ?1 ORDER BY at DESC, entry DESC LIMIT 1";
        match first(connection, sql, [before], |row| Ok(row.get(0)?))? {
            Some(entry) => high = entry,
            None => return Ok(None),
        }
    }
    if let Some(from) = query.from {
        high = high.min(i64::try_from(from).unwrap_or(i64::MAX).saturating_sub(1));
    }
    Ok(Some(low..=high))
}

/// Reads the messages and marks the words in them. Whatever does not hold the words any more, because
/// it was changed a moment ago, is left out.
///
/// The index has no texts to mark; so those of the page are put into a small index in memory, which
/// finds words by the very same rules.
fn mark(connection: &Connection, words: &Words, ids: &[i64]) -> Result<Vec<Hit>, StoreError> {
    connection.execute_batch(
        "CREATE VIRTUAL TABLE temp.page
         USING fts5 (text, tokenize = 'unicode61 remove_diacritics 2')",
    )?;
    let sql = "INSERT INTO temp.page (rowid, text)
               SELECT id, text FROM store.entries WHERE id = ?1 AND text IS NOT NULL";
    for id in ids {
        execute(connection, sql, [id])?;
    }
    let sql = "SELECT e.conversation, e.seq, e.at, a.id, a.name, highlight(page, 0, ?2, ?3)
               FROM temp.page p JOIN store.entries e ON e.id = p.rowid
               JOIN store.accounts a ON a.id = e.author
               WHERE p.page MATCH ?1 ORDER BY p.rowid DESC";
    let [open, close] = MARKS.map(String::from);
    all(connection, sql, (words.expression(), open, close), |row| {
        let marked = row.get_ref(5)?.as_str().map_err(rusqlite::Error::from)?;
        let (text, marks) = unmark(marked);
        Ok(Hit {
            conversation: row.get(0)?,
            seq: row.get(1)?,
            at: row.get(2)?,
            author: account::account(row, 3)?,
            text: Text::parse(&text)
                .map_err(|error| StoreError::corrupt(format!("a message: {error}")))?,
            marks,
        })
    })
}

/// Takes the marks out of a text, and says where they were.
fn unmark(marked: &str) -> (String, Vec<Range<usize>>) {
    let mut text = String::with_capacity(marked.len());
    let mut marks = Vec::new();
    let mut start = 0;
    for c in marked.chars() {
        if c == MARKS[0] {
            start = text.len();
        } else if c == MARKS[1] {
            marks.push(start..text.len());
        } else {
            text.push(c);
        }
    }
    (text, marks)
}

#[cfg(test)]
mod tests {
    use crate::{
        chat::Event,
        store::{
            EVERYONE, Index, Retention,
            fixture::{Fixture, at},
        },
    };

    use super::*;

    const BEGINNING: Readable = Readable {
        conversation: EVERYONE,
        from: Seq::FIRST,
    };

    fn query(words: &str) -> Query {
        Query {
            words: Words::parse(words).unwrap(),
            within: vec![BEGINNING],
            author: None,
            before: None,
            after: None,
            from: None,
            limit: 100,
        }
    }

    /// Brings the index up to date, one at a time.
    fn follow(index: &mut Index) {
        while index.catch_up(1).unwrap() {}
    }

    async fn places(index: &mut Index, query: Query) -> Vec<u64> {
        follow(index);
        let found = index.searcher().search(query).await.unwrap();
        found.hits.iter().map(|hit| hit.seq.get()).collect()
    }

    fn filled(texts: &[&str]) -> (Fixture, Account, Index) {
        let mut fixture = Fixture::new();
        let alice = fixture.account("alice");
        for text in texts {
            fixture.post(EVERYONE, &alice, text);
        }
        let index = fixture.store.search_index().unwrap();
        (fixture, alice, index)
    }

    #[tokio::test]
    async fn every_word_must_be_there_whatever_its_case_or_accents() {
        let texts = [
            "The quick fox",
            "the quick brown fox",
            "a café",
            "foxes \"quick\"",
        ];
        let (_fixture, _alice, mut index) = filled(&texts);
        for (words, expected) in [
            ("fox", vec![2, 1]),
            ("FOX quick", vec![2, 1]),
            ("fox*", vec![4, 2, 1]),
            ("\"quick fox\"", vec![1]),
            ("CAFE", vec![3]),
            ("fox OR café", vec![]),
            ("c1", vec![]),
            ("a1", vec![]),
        ] {
            assert_eq!(places(&mut index, query(words)).await, expected, "{words}");
        }
    }

    #[tokio::test]
    async fn the_words_are_marked_where_they_stand() {
        let (_fixture, _alice, mut index) = filled(&["äh, the Fox and the fox"]);
        follow(&mut index);
        let found = index.searcher().search(query("fox the")).await.unwrap();
        let hit = &found.hits[0];
        let marked: Vec<_> = hit
            .marks
            .iter()
            .map(|mark| &hit.text.as_str()[mark.clone()])
            .collect();
        assert_eq!(marked, ["the", "Fox", "the", "fox"]);
    }

    #[tokio::test]
    async fn edits_deletions_and_trimming_are_followed() {
        let (mut fixture, alice, mut index) = filled(&["one", "two", "three", "four"]);
        follow(&mut index);
        let text = Text::parse("six").unwrap();
        fixture.add(
            EVERYONE,
            &alice,
            Event::Edited {
                target: Seq::new(2),
                text,
            },
        );
        fixture.add(
            EVERYONE,
            &alice,
            Event::Deleted {
                target: Seq::new(3),
            },
        );
        let rule = Retention {
            keep_for: None,
            keep_last: Some(5),
        };
        fixture.within(|tx| tx.trim(EVERYONE, rule, at(99), 99).unwrap());
        for (words, expected) in [
            ("one", vec![]),
            ("two", vec![]),
            ("six", vec![2]),
            ("three", vec![]),
            ("four", vec![4]),
        ] {
            assert_eq!(places(&mut index, query(words)).await, expected, "{words}");
        }
    }

    #[tokio::test]
    async fn what_changed_before_it_was_followed_is_not_found_under_its_old_words() {
        let (mut fixture, alice, mut index) = filled(&["one", "two"]);
        follow(&mut index);
        let text = Text::parse("six").unwrap();
        fixture.add(
            EVERYONE,
            &alice,
            Event::Edited {
                target: Seq::new(1),
                text,
            },
        );
        fixture.add(
            EVERYONE,
            &alice,
            Event::Deleted {
                target: Seq::new(2),
            },
        );
        for words in ["one", "two"] {
            let found = index.searcher().search(query(words)).await.unwrap();
            assert_eq!(found.hits, [], "{words}");
        }
    }

    #[tokio::test]
    async fn nothing_is_found_where_one_may_not_read() {
        let (mut fixture, alice, mut index) = filled(&["fox", "fox", "fox"]);
        let room = fixture.room("garden", &alice);
        let hidden = fixture.post(room, &alice, "fox");
        for (within, expected) in [
            (vec![BEGINNING], vec![3, 2, 1]),
            (
                vec![Readable {
                    from: Seq::new(3),
                    ..BEGINNING
                }],
                vec![3],
            ),
            (
                vec![Readable {
                    conversation: room,
                    from: Seq::FIRST,
                }],
                vec![hidden.get()],
            ),
            (vec![], vec![]),
        ] {
            let query = Query {
                within,
                ..query("fox")
            };
            assert_eq!(places(&mut index, query).await, expected);
        }
    }

    #[tokio::test]
    async fn hits_are_filtered_by_author_and_time() {
        let (mut fixture, alice, mut index) = filled(&["fox", "fox"]);
        let bob = fixture.account("bob");
        fixture.post(EVERYONE, &bob, "fox");
        let seconds = |seconds| Some(at(seconds));
        for (author, after, before, expected) in [
            (Some(alice.id), None, None, vec![2, 1]),
            (Some(bob.id), None, None, vec![3]),
            (None, seconds(2), None, vec![3, 2]),
            (None, None, seconds(2), vec![1]),
            (None, seconds(2), seconds(3), vec![2]),
            (None, seconds(4), None, vec![]),
            (None, None, seconds(1), vec![]),
        ] {
            let query = Query {
                author,
                after,
                before,
                ..query("fox")
            };
            assert_eq!(places(&mut index, query).await, expected);
        }
    }

    #[tokio::test]
    async fn pages_go_on_where_the_one_before_has_ended() {
        let (_fixture, _alice, mut index) = filled(&["fox"; 5]);
        let mut from = None;
        let mut pages = Vec::new();
        follow(&mut index);
        loop {
            let query = Query {
                from,
                limit: 2,
                ..query("fox")
            };
            let found = index.searcher().search(query).await.unwrap();
            pages.push(
                found
                    .hits
                    .iter()
                    .map(|hit| hit.seq.get())
                    .collect::<Vec<_>>(),
            );
            from = found.next;
            if from.is_none() {
                break;
            }
        }
        assert_eq!(pages, [vec![5, 4], vec![3, 2], vec![1]]);
    }

    #[tokio::test]
    async fn a_damaged_index_is_made_anew() {
        let (fixture, _alice, mut index) = filled(&["fox"]);
        follow(&mut index);
        drop(index);
        std::fs::write(fixture.folder.path().join("search.db"), [7; 8192]).unwrap();
        let mut index = fixture.store.search_index().unwrap();
        assert_eq!(places(&mut index, query("fox")).await, [1]);
    }
}
