//! Searching from any task: a few connections, each search one snapshot of the index.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::{super::StoreError, Found, Query, find::page, index};

/// So many searches at once; more wait their turn. They are dearer than reading a page.
const SEARCHERS_MAX: usize = 2;

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
        let found = page(&snapshot, query)?;
        // The marking is undone with the transaction.
        drop(snapshot);
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(connection);
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        chat::Event,
        model::{Seq, Text},
        store::{EVERYONE, Followed, Readable, Retention, fixture::at},
    };

    use super::{
        super::fixture::{BEGINNING, filled, follow, pages, places, query},
        *,
    };

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
        let edit_and_deletion = 2;
        while index.followed().unwrap() < Followed(edit_and_deletion) {
            index.catch_up(1).unwrap();
        }
        let followed = index.followed().unwrap();
        let forgotten = fixture.within(|tx| tx.forget_amended(followed).unwrap());
        assert_eq!(forgotten, 2, "the trimmed one is still to be followed");
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
    async fn times_lead_to_the_entries_among_many() {
        let (_fixture, _alice, mut index) = filled(&["fox"; 300]);
        for (after, before) in [(1, 9), (100, 140), (127, 130), (128, 129), (250, 290)] {
            let query = Query {
                after: Some(at(after)),
                before: Some(at(before)),
                ..query("fox")
            };
            let found = places(&mut index, query).await;
            let times = found.into_iter().map(|seq| i64::try_from(seq).unwrap());
            assert!(times.eq((after..before).rev()), "{after} to {before}");
        }
    }

    #[tokio::test]
    async fn pages_go_on_where_the_one_before_has_ended() {
        let (_fixture, _alice, mut index) = filled(&["fox"; 5]);
        let query = Query {
            limit: 2,
            ..query("fox")
        };
        let pages = pages(&mut index, query).await;
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

    #[tokio::test]
    async fn an_index_of_an_earlier_version_is_made_anew() {
        let (fixture, _alice, mut index) = filled(&["fox"]);
        follow(&mut index);
        drop(index);
        let path = fixture.folder.path().join("search.db");
        let earlier = Connection::open(&path).unwrap();
        let sql = "DROP TABLE parts; CREATE VIRTUAL TABLE messages USING fts5 (text);
                   PRAGMA user_version = 3";
        earlier.execute_batch(sql).unwrap();
        drop(earlier);
        let mut index = fixture.store.search_index().unwrap();
        assert_eq!(places(&mut index, query("fox")).await, [1]);
    }
}
