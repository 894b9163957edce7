//! The index's file, and how it follows the logs.

use std::{
    fs,
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::{
    super::{
        StoreError, connection,
        folder::{private_file, with_suffix},
        query::{execute, only},
    },
    Searcher, parts,
};

/// The schema of the index; an index with another one is made anew. Raise it with every change.
const VERSION: i64 = 4;
const SCHEMA: &str = include_str!("../migrations/search.sql");

/// Of so many entries one leads from its time to it. A search looks at up to as many hits for nothing
/// where its times begin and end; writing all down would cost up to a third more where messages are
/// short.
const TIMES_STEP: i64 = 128;

/// The full-text index, held by the one task that keeps it up to date.
#[derive(Debug)]
pub struct Index {
    connection: Connection,
    searcher: Searcher,
}

/// The last amendment that an index has taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Followed(pub(in super::super) i64);

/// How far an index has come.
#[derive(Clone, Copy)]
struct State {
    entry: i64,
    amended: i64,
}

impl Index {
    /// Opens the index of a database, or makes it anew when it is damaged or does not fit.
    pub(in super::super) fn open(folder: &Path, database: &Path) -> Result<Self, StoreError> {
        let path = folder.join("search.db");
        let connection = match open_checked(&path, database) {
            Ok(connection) => connection,
            Err(error @ (StoreError::Corrupt { .. } | StoreError::Query(_))) => {
                tracing::warn!(%error, "the search index is made anew");
                remove(&path)?;
                open_checked(&path, database)?
            }
            Err(error) => return Err(error),
        };
        Ok(Self {
            connection,
            searcher: Searcher::new(path, database.to_owned()),
        })
    }

    /// A handle that searches, for use from any task.
    #[must_use]
    pub fn searcher(&self) -> Searcher {
        self.searcher.clone()
    }

    /// How far the index has followed the amendments; what is before that need not be kept for it.
    ///
    /// # Errors
    ///
    /// When the index fails.
    pub fn followed(&self) -> Result<Followed, StoreError> {
        state(&self.connection).map(|state| Followed(state.amended))
    }

    /// Takes up to `batch` new entries and as many amendments into the index. Says whether there may be
    /// more. Blocks.
    ///
    /// # Errors
    ///
    /// When a database fails; what was taken before stays.
    pub fn catch_up(&mut self, batch: usize) -> Result<bool, StoreError> {
        let tx = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let batch = i64::try_from(batch).unwrap_or(i64::MAX);
        let before = state(&tx)?;
        let after = State {
            entry: up_to(&tx, "entries", before.entry, batch)?,
            amended: up_to(&tx, "amended", before.amended, batch)?,
        };
        let amendments = before.amended + 1..=after.amended;
        parts::amend(&tx, &amendments, before.entry)?;
        let new = before.entry + 1..=after.entry;
        parts::insert(&tx, &new)?;
        take_times(&tx, &new)?;
        let sql = "UPDATE state SET entry = ?1, amended = ?2";
        execute(&tx, sql, (after.entry, after.amended))?;
        tx.commit()?;
        Ok(after.entry - before.entry >= batch || after.amended - before.amended >= batch)
    }
}

/// The last of the `batch` ids that begin with the next there is, or the last there is.
fn up_to(connection: &Connection, table: &str, after: i64, batch: i64) -> Result<i64, StoreError> {
    // Each in a query of its own, which looks at one end and not at all rows.
    let end = |which| {
        let sql = format!("SELECT coalesce({which}(id), ?1) FROM store.{table} WHERE id > ?1");
        only(connection, &sql, [after], |row| Ok(row.get::<_, i64>(0)?))
    };
    let (next, last) = (end("min")?, end("max")?);
    Ok(next.saturating_add(batch - 1).min(last))
}

fn take_times(connection: &Connection, entries: &RangeInclusive<i64>) -> Result<(), StoreError> {
    // Each is looked up: to go through all entries again would be a seventh of what they cost here.
    let sql = "WITH RECURSIVE steps (id) AS (
                   SELECT (?1 + ?3 - 1) / ?3 * ?3 UNION ALL SELECT id + ?3 FROM steps WHERE id <= ?2 - ?3
               )
               INSERT INTO times (at, entry)
               SELECT at, e.id FROM steps s CROSS JOIN store.entries e ON e.id = s.id
               WHERE e.id <= ?2";
    let params = (entries.start(), entries.end(), TIMES_STEP);
    execute(connection, sql, params).map(drop)
}

fn state(connection: &Connection) -> Result<State, StoreError> {
    only(connection, "SELECT entry, amended FROM state", [], |row| {
        Ok(State {
            entry: row.get(0)?,
            amended: row.get(1)?,
        })
    })
}

fn open_checked(path: &Path, database: &Path) -> Result<Connection, StoreError> {
    drop(private_file(path)?);
    let mut connection = connect(path, database)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // A power cut may take the last steps of following, which are then taken again.
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    match version {
        0 => {
            let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            tx.execute_batch(SCHEMA)?;
            tx.pragma_update(None, "user_version", VERSION)?;
            tx.commit()?;
        }
        VERSION => {}
        other => {
            return Err(StoreError::corrupt(format!(
                "the search index has version {other}"
            )));
        }
    }
    let given: i64 = only(&connection, "SELECT id FROM store.last_entry", [], |row| {
        Ok(row.get(0)?)
    })?;
    if state(&connection)?.entry > given {
        return Err(StoreError::corrupt(
            "the search index is ahead of the database",
        ));
    }
    Ok(connection)
}

/// Opens the index with the database beside it, which is only read.
pub(super) fn connect(path: &Path, database: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(path, flags)?;
    connection::configure(&connection)?;
    connection.execute("ATTACH ?1 AS store", [read_only(database)])?;
    Ok(connection)
}

/// The file's URI, in which only what would end the path must be written differently.
fn read_only(database: &Path) -> String {
    let path = database.to_string_lossy();
    let path = path
        .replace('%', "%25")
        .replace('?', "%3f")
        .replace('#', "%23");
    format!("file:{path}?mode=ro")
}

fn remove(path: &Path) -> Result<(), StoreError> {
    let files = ["", "-wal", "-shm"].map(|suffix| with_suffix(path, suffix));
    files
        .into_iter()
        .filter(|path| path.exists())
        .try_for_each(|path: PathBuf| {
            fs::remove_file(&path).map_err(|source| StoreError::File {
                doing: "remove",
                path,
                source,
            })
        })
}
