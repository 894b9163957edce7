//! An index of a store in a temporary folder, and short ways to ask it. For tests only.

use crate::{
    model::{Account, Seq},
    store::{EVERYONE, Index, Query, Readable, Words, fixture::Fixture},
};

pub(super) const BEGINNING: Readable = Readable {
    conversation: EVERYONE,
    from: Seq::FIRST,
};

pub(super) fn query(words: &str) -> Query {
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
pub(super) fn follow(index: &mut Index) {
    while index.catch_up(1).unwrap() {}
}

pub(super) async fn places(index: &mut Index, query: Query) -> Vec<u64> {
    follow(index);
    let found = index.searcher().search(query).await.unwrap();
    found.hits.iter().map(|hit| hit.seq.get()).collect()
}

/// The places on every page, one page after the other.
pub(super) async fn pages(index: &mut Index, mut query: Query) -> Vec<Vec<u64>> {
    follow(index);
    let mut pages = Vec::new();
    loop {
        let found = index.searcher().search(query.clone()).await.unwrap();
        pages.push(found.hits.iter().map(|hit| hit.seq.get()).collect());
        match found.next {
            Some(next) => query.from = Some(next),
            None => return pages,
        }
    }
}

pub(super) fn filled(texts: &[&str]) -> (Fixture, Account, Index) {
    let mut fixture = Fixture::new();
    let alice = fixture.account("alice");
    for text in texts {
        fixture.post(EVERYONE, &alice, text);
    }
    let index = fixture.store.search_index().unwrap();
    (fixture, alice, index)
}
