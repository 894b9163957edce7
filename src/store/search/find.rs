//! Finding the entries of a page of hits: the newest first, where they may be read.

use std::{
    collections::HashMap,
    ops::{Range, RangeInclusive},
};

use rusqlite::Connection;

use crate::model::{Account, AccountId, ConversationId, Seq, Text, Timestamp};

use super::{
    super::{StoreError, query::first},
    Words,
};

/// With up to so many conversations the index itself is asked for hits in them alone; with more,
/// hits are picked out afterwards.
const SCOPES_MAX: usize = 16;
/// So many hits are looked at for one page, whoever may read them; the next page goes on there.
const HITS_MAX: usize = 20_000;

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

/// The entries of a page, and where the next one begins.
pub(super) fn candidates(
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
) -> Result<Option<RangeInclusive<i64>>, StoreError> {
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
