//! Finding the entries of a page of hits: the newest first, where they may be read.

use std::{
    collections::HashMap,
    ops::{Range, RangeInclusive},
};

use rusqlite::{Connection, Row};

use crate::model::{Account, AccountId, ConversationId, Seq, Text, Timestamp};

use super::{
    super::{StoreError, query::first},
    Words,
    mark::mark,
    parts::Part,
    words::Scope,
};

/// With up to so many conversations the index itself is asked for hits in them alone; with more,
/// hits are picked out afterwards.
const SCOPES_MAX: usize = 16;
/// So many hits are looked at for one page, whoever may read them; the next page goes on there.
const HITS_MAX: usize = 20_000;
/// Where fewer messages of a part may be hits whatever begins as the words do, their texts are looked
/// at: some 30 µs each, where collecting all of a part that begin so takes up to 15 ms. With more, a
/// beginning that so many have is also among these, and fills the page soon.
const FEW_MAX: usize = 64;

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

/// The newest hits, up to a page of them.
pub(super) fn page(connection: &Connection, query: &Query) -> Result<Found, StoreError> {
    let search = Search::new(connection, query);
    let mut found = Found::default();
    let mut seen = 0;
    if search.readable.is_empty() {
        return Ok(found);
    }
    let bounds = bounds(connection, query)?;
    for part in Part::with(connection, &bounds)? {
        let wanted = query.limit - found.hits.len();
        let most = Most {
            hits: wanted,
            looks: HITS_MAX.saturating_sub(seen),
        };
        let looked = search.look_into(part, &bounds, most)?;
        seen += looked.seen;
        let mut hits = mark(connection, &query.words, &looked.ids)?;
        hits.truncate(wanted);
        let last = hits.last().map(|(id, _)| *id);
        let is_full = hits.len() == wanted;
        let end = if is_full { last } else { looked.end };
        found.hits.extend(hits.into_iter().map(|(_, hit)| hit));
        if let Some(end) = end {
            found.next = u64::try_from(end).ok();
            break;
        }
    }
    Ok(found)
}

/// A query, and how it is put to the parts of the index.
struct Search<'q> {
    connection: &'q Connection,
    query: &'q Query,
    readable: HashMap<ConversationId, Seq>,
    scope: Scope,
}

/// Where looking into a part stops.
#[derive(Clone, Copy)]
struct Most {
    /// After so many that may be hits.
    hits: usize,
    /// After so many, whether or not they may be read.
    looks: usize,
}

/// What was found in a part: entries that may be hits, if the words are in them.
struct Looked {
    ids: Vec<i64>,
    /// How many were looked at.
    seen: usize,
    /// The last one that was, if there may be more.
    end: Option<i64>,
}

impl<'q> Search<'q> {
    fn new(connection: &'q Connection, query: &'q Query) -> Self {
        let readable: HashMap<_, _> = query
            .within
            .iter()
            .map(|readable| (readable.conversation, readable.from))
            .collect();
        let mut conversations: Vec<_> = readable.keys().copied().collect();
        if conversations.len() > SCOPES_MAX {
            conversations.clear();
        }
        Self {
            connection,
            query,
            readable,
            scope: Scope {
                conversations,
                author: query.author,
            },
        }
    }

    /// Looks for hits in a part. Where few messages may be hits whatever begins as the words do, it
    /// gives all of these.
    fn look_into(
        &self,
        part: Part,
        bounds: &RangeInclusive<i64>,
        most: Most,
    ) -> Result<Looked, StoreError> {
        let words = &self.query.words;
        let few_looks = Most {
            hits: FEW_MAX,
            looks: FEW_MAX.min(most.looks),
        };
        for narrowing in words.narrowings_within(&self.scope) {
            let few = self.look(part, bounds, &narrowing, few_looks)?;
            if few.end.is_none() {
                return Ok(few);
            }
        }
        let expression = words.expression_within(&self.scope);
        self.look(part, bounds, &expression, most)
    }

    /// Looks at what an expression finds in a part, the newest first, and stops at the most.
    fn look(
        &self,
        part: Part,
        bounds: &RangeInclusive<i64>,
        expression: &str,
        most: Most,
    ) -> Result<Looked, StoreError> {
        let sql = format!(
            "SELECT m.rowid, e.conversation, e.seq, e.at FROM {part} m
             LEFT JOIN store.entries e ON e.id = m.rowid
             WHERE m.{part} MATCH ?1 AND m.rowid >= ?2 AND m.rowid <= ?3
             ORDER BY m.rowid DESC"
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query((expression, bounds.start(), bounds.end()))?;
        let mut looked = Looked {
            ids: Vec::new(),
            seen: 0,
            end: None,
        };
        while let Some(row) = rows.next()? {
            looked.seen += 1;
            let id = row.get(0)?;
            if self.admits(row)? {
                looked.ids.push(id);
            }
            if looked.ids.len() >= most.hits || looked.seen >= most.looks {
                looked.end = Some(id);
                break;
            }
        }
        Ok(looked)
    }

    /// Whether an entry may be read and is of the right time.
    fn admits(&self, row: &Row<'_>) -> Result<bool, StoreError> {
        // A message that was trimmed a moment ago is in the index still.
        let Some(conversation) = row.get::<_, Option<ConversationId>>(1)? else {
            return Ok(false);
        };
        let (seq, at): (Seq, Timestamp) = (row.get(2)?, row.get(3)?);
        let may_read = (self.readable.get(&conversation)).is_some_and(|from| seq >= *from);
        let in_time = self.query.before.is_none_or(|before| at < before)
            && self.query.after.is_none_or(|after| at >= after);
        Ok(may_read && in_time)
    }
}

/// Between which entries the hits must be, and little more.
fn bounds(connection: &Connection, query: &Query) -> Result<RangeInclusive<i64>, StoreError> {
    let mut low = 0;
    let mut high = i64::MAX;
    if let Some(after) = query.after {
        let sql = "SELECT entry FROM times WHERE at < ?1 ORDER BY at DESC, entry DESC LIMIT 1";
        low = first(connection, sql, [after], |row| Ok(row.get(0)?))?.unwrap_or(low);
    }
    if let Some(before) = query.before {
        let sql = "SELECT entry FROM times WHERE at >= ?1 ORDER BY at, entry LIMIT 1";
        high = first(connection, sql, [before], |row| Ok(row.get(0)?))?.unwrap_or(high);
    }
    if let Some(from) = query.from {
        high = high.min(i64::try_from(from).unwrap_or(i64::MAX).saturating_sub(1));
    }
    Ok(low..=high)
}
