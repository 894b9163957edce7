//! Connections to the database: how they are set up, and what is asked of a whole file.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::{Durability, StoreError};

/// How long a writer waits for another process (a backup, the operator's commands) to finish.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// More than there are different statements, so that each is prepared once.
const STATEMENTS_MAX: usize = 256;
/// What is left of the write-ahead log after a burst, in bytes.
const LOG_MAX: i64 = 64 * 1024 * 1024;

/// How many pages the write-ahead log takes before they are copied into the database, which every
/// sender of that moment waits for. Most are pages written again and again, so that a longer log has
/// far fewer to copy for each message; half of [`LOG_MAX`].
const CHECKPOINT_PAGES: i64 = 8 * 1024;
/// How much of the database the writer keeps in memory, in KiB, once it has used that much: where a
/// thousand people write at once each has pages of their own.
const WRITER_CACHE_KIB: i64 = 16 * 1024;

/// Opens the database to write.
pub(super) fn to_write(database: &Path, durability: Durability) -> Result<Connection, StoreError> {
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
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    // Negative: KiB and not pages.
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // What was deleted is to be gone from the file too.
    connection.pragma_update(None, "secure_delete", true)?;
    Ok(connection)
}

/// Opens the database to read.
pub(super) fn to_read(database: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(database, flags)?;
    configure(&connection)?;
    Ok(connection)
}

/// What all connections have in common.
pub(super) fn configure(connection: &Connection) -> Result<(), StoreError> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    // Otherwise a statement is prepared anew whenever a value is bound that its plan might depend on,
    // which is half of what an append costs.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(())
}

/// Moves everything committed from the log into the database file.
pub(super) fn empty_log(connection: &Connection) -> Result<(), StoreError> {
    let busy: bool =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy { Err(StoreError::Busy) } else { Ok(()) }
}

/// Looks for damage; takes a second for a million messages.
pub(super) fn quick_check(connection: &Connection) -> Result<(), StoreError> {
    let found: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if found == "ok" {
        Ok(())
    } else {
        Err(StoreError::corrupt(found))
    }
}
