//! Marking the words of a search in the messages it has found.

use std::ops::Range;

use rusqlite::{Connection, Row};

use crate::model::Text;

use super::{
    super::{
        StoreError, account,
        query::{all, execute},
    },
    Hit, Words,
};

/// What stands around a hit while it is marked: no text holds these.
const MARKS: [char; 2] = ['\u{1}', '\u{2}'];

/// Reads the messages and marks the words in them, each with its entry, the newest first. Whatever does
/// not hold the words is left out.
///
/// The index has no texts to mark; so these are put into a small index in memory, which finds words
/// by the very same rules. It goes with the transaction.
pub(super) fn mark(
    connection: &Connection,
    words: &Words,
    ids: &[i64],
) -> Result<Vec<(i64, Hit)>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    connection.execute_batch(
        "CREATE VIRTUAL TABLE IF NOT EXISTS temp.page
         USING fts5 (text, tokenize = 'unicode61 remove_diacritics 2')",
    )?;
    let sql = "INSERT INTO temp.page (rowid, text)
               SELECT id, text FROM store.entries WHERE id = ?1 AND text IS NOT NULL";
    for id in ids {
        execute(connection, sql, [id])?;
    }
    let sql = "SELECT e.id, e.conversation, e.seq, e.at, a.id, a.name, highlight(page, 0, ?2, ?3)
               FROM temp.page p JOIN store.entries e ON e.id = p.rowid
               JOIN store.accounts a ON a.id = e.author
               WHERE p.page MATCH ?1 ORDER BY p.rowid DESC";
    let [open, close] = MARKS.map(String::from);
    let params = (words.expression(), open, close);
    let hits = all(connection, sql, params, |row| Ok((row.get(0)?, hit(row)?)))?;
    execute(connection, "DELETE FROM temp.page", [])?;
    Ok(hits)
}

fn hit(row: &Row<'_>) -> Result<Hit, StoreError> {
    let marked = row.get_ref(6)?.as_str().map_err(rusqlite::Error::from)?;
    let (text, marks) = unmark(marked);
    Ok(Hit {
        conversation: row.get(1)?,
        seq: row.get(2)?,
        at: row.get(3)?,
        author: account::account(row, 4)?,
        text: Text::parse(&text)
            .map_err(|error| StoreError::corrupt(format!("a message: {error}")))?,
        marks,
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
