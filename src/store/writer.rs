//! The one connection that writes, and the transaction all writing goes through.

use std::{
    cell::Cell,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::{
    Reader, StoreError,
    folder::{Folder, Past},
    schema,
};

/// How long a writer waits for another process (a backup, the operator's commands) to finish.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// More than there are different statements, so that each is prepared once.
const STATEMENTS_MAX: usize = 256;
/// What is left of the write-ahead log after a burst, in bytes.
const LOG_MAX: i64 = 64 * 1024 * 1024;

/// What a commit waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// The disk: what was committed outlasts a power cut.
    Full,
    /// Nothing. For tests and `serve --ephemeral`, whose folder is thrown away.
    None,
}

/// The store, held by the one thread that writes.
///
/// Dropped in order, it says so to the next that opens it, who then need not check the database.
#[derive(Debug)]
pub struct Store {
    // Declared in the order they must be dropped: the folder is let go of last.
    connection: Connection,
    /// Whether a write has failed in a way after which the file is not to be trusted unseen.
    suspect: Cell<bool>,
    reader: Reader,
    database: PathBuf,
    durability: Durability,
    folder: Folder,
}

impl Store {
    /// Opens the store in a data folder, making both when they are not there.
    ///
    /// # Errors
    ///
    /// When the folder is open to others or held by another process, when what is in it is
    /// damaged, gone or newer than this program, and when the disk fails.
    pub fn open(folder: &Path, durability: Durability) -> Result<Self, StoreError> {
        let folder = Folder::open(folder)?;
        let past = folder.past()?;
        let database = folder.database()?;
        let mut connection = connect(&database, durability)?;
        if past == Past::Cut {
            quick_check(&connection)?;
        }
        if past != Past::None && schema::version(&connection)? == 0 {
            return Err(StoreError::corrupt("the database has lost its schema"));
        }
        schema::migrate(&mut connection)?;
        folder.leave_as(Past::Cut)?;
        Ok(Self {
            reader: Reader::new(&database),
            connection,
            suspect: Cell::new(false),
            database,
            durability,
            folder,
        })
    }

    /// A handle that reads, for use from any task.
    #[must_use]
    pub fn reader(&self) -> Reader {
        self.reader.clone()
    }

    /// Starts a transaction; nothing it does stays unless it is committed.
    ///
    /// # Errors
    ///
    /// [`StoreError::Suspect`] after a failed write, until [`Store::reopen`] has found the
    /// database whole.
    pub fn begin(&mut self) -> Result<Tx<'_>, StoreError> {
        if self.suspect.get() {
            return Err(StoreError::Suspect);
        }
        let inner = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        Ok(Tx {
            inner,
            suspect: &self.suspect,
        })
    }

    /// Starts a transaction that only reads: one consistent look at what is committed. Works while
    /// the disk is full, and after a failed write.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn snapshot(&mut self) -> Result<Tx<'_>, StoreError> {
        let inner = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Deferred)?;
        Ok(Tx {
            inner,
            suspect: &self.suspect,
        })
    }

    /// Whether a write has failed in a way after which nothing is written until
    /// [`Store::reopen`] has found the database whole.
    #[must_use]
    pub fn is_suspect(&self) -> bool {
        self.suspect.get()
    }

    /// Opens the database anew after a write has failed, and checks it.
    ///
    /// The system may have dropped pages it could not write and yet call the next fsync a success.
    /// So everything committed is first copied out of the log into the database file, which writes
    /// those pages again.
    ///
    /// # Errors
    ///
    /// While the disk still fails, and when the database is damaged. Can be tried again.
    pub fn reopen(&mut self) -> Result<(), StoreError> {
        self.suspect.set(true);
        let connection = connect(&self.database, self.durability)?;
        empty_log(&connection)?;
        quick_check(&connection)?;
        self.connection = connection;
        self.suspect.set(false);
        Ok(())
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        let whole = !self.suspect.get() && empty_log(&self.connection).is_ok();
        if whole && let Err(error) = self.folder.leave_as(Past::Clean) {
            tracing::warn!(%error, "the next start will check the database");
        }
    }
}

/// A unit of work: sees its own writes, and is undone unless [`Tx::commit`] returns `Ok`.
#[derive(Debug)]
pub struct Tx<'a> {
    inner: rusqlite::Transaction<'a>,
    suspect: &'a Cell<bool>,
}

impl Tx<'_> {
    /// Makes it last: when this returns `Ok`, the disk has it.
    ///
    /// # Errors
    ///
    /// When it cannot be written; then nothing of it is kept.
    pub fn commit(self) -> Result<(), StoreError> {
        self.inner.commit().map_err(|error| {
            let error = StoreError::from(error);
            if error.needs_reopen() {
                self.suspect.set(true);
            }
            error
        })
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.inner
    }
}

fn connect(database: &Path, durability: Durability) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(database, flags)?;
    configure(&connection)?;
    let synchronous = match durability {
        Durability::Full => "FULL",
        Durability::None => "OFF",
    };
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", synchronous)?;
    // On macOS an fsync alone does not reach the disk; elsewhere these say nothing.
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    connection.pragma_update(None, "journal_size_limit", LOG_MAX)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(connection)
}

/// What readers and the writer have in common.
pub(super) fn configure(connection: &Connection) -> Result<(), StoreError> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(())
}

/// Moves everything committed from the log into the database file.
fn empty_log(connection: &Connection) -> Result<(), StoreError> {
    let busy: bool =
        connection.pragma_query_value(None, "wal_checkpoint(TRUNCATE)", |row| row.get(0))?;
    if busy { Err(StoreError::Busy) } else { Ok(()) }
}

fn quick_check(connection: &Connection) -> Result<(), StoreError> {
    let found: String = connection.pragma_query_value(None, "quick_check(1)", |row| row.get(0))?;
    if found == "ok" {
        Ok(())
    } else {
        Err(StoreError::corrupt(found))
    }
}
