//! What can go wrong with the store, told apart where the caller or the operator acts differently.

use std::{io, path::PathBuf};

use rusqlite::ErrorCode;

use crate::model::{ConversationId, Seq};

/// Why the store could not do what was asked. Whatever the transaction had done is undone.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Nothing can be written until there is space; reading goes on.
    #[error("cannot write to the database: the disk is full")]
    Full,
    /// The disk, or what stands for it, failed. After a failed commit the store must be reopened.
    #[error("cannot read or write the database: {0}")]
    Io(#[source] rusqlite::Error),
    /// What is on the disk is not what was written there.
    #[error(
        "the database is damaged ({found}); restore a backup, or move the data folder away to start anew"
    )]
    Corrupt {
        /// What showed it.
        found: String,
    },
    /// The data folder was used before, and its database is gone.
    #[error(
        "the data folder was in use before, but {} is {found}; restore a backup, or move the data folder away to start anew",
        .path.display()
    )]
    Missing {
        /// The file that should be there.
        path: PathBuf,
        /// "missing" or "empty".
        found: &'static str,
    },
    /// Another process holds the data folder.
    #[error("the data folder {} is in use by another netcomm server; stop that one first", .path.display())]
    Locked {
        /// The data folder.
        path: PathBuf,
    },
    /// Others than the owner may read or write it.
    #[error(
        "{} is open to others (mode {mode:04o}); it must be {needed:04o}: run chmod {needed:o} {}",
        .path.display(), .path.display()
    )]
    Permissions {
        /// The file or folder.
        path: PathBuf,
        /// What it is.
        mode: u32,
        /// What it must be.
        needed: u32,
    },
    /// It belongs to somebody else.
    #[error(
        "{} belongs to user id {owner}; it must belong to the user who runs netcomm (id {us}) or to root",
        .path.display()
    )]
    Owner {
        /// The file or folder.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who we are.
        us: u32,
    },
    /// A newer netcomm has written it.
    #[error(
        "the database has schema {found}, and this netcomm knows none newer than {known}; run the newer netcomm"
    )]
    Newer {
        /// The version found.
        found: i64,
        /// The newest this program knows.
        known: i64,
    },
    /// An earlier program has written the database, and it was not brought up to date yet.
    #[error(
        "the database has schema {found} of an earlier netcomm, and this one checks schema {known}; start the server on it once, or restore it, which brings it up to date"
    )]
    Older {
        /// The version found.
        found: i64,
        /// The one that is checked.
        known: i64,
    },
    /// A file or folder could not be made, opened or read.
    #[error("cannot {doing} {}: {source}", .path.display())]
    File {
        /// What was being done.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Somebody else is writing for longer than we wait.
    #[error("the database is busy: another process has been writing for too long")]
    Busy,
    /// A rule of the schema refused it: a second entry at a place, a second use of a name. The
    /// caller has not looked before it wrote.
    #[error("the database refused a change that breaks its rules: {0}")]
    Conflict(#[source] rusqlite::Error),
    /// The author of an entry has named another by the same message id. The transaction can go on.
    #[error("the message id was used before")]
    MessageIdUsed,
    /// An entry does not stand at the place after the newest one.
    #[error("entry {seq} is not the next of conversation {conversation}")]
    OutOfOrder {
        /// The log.
        conversation: ConversationId,
        /// The place the entry claims.
        seq: Seq,
    },
    /// Anything else that SQLite says no to.
    #[error("the database refused a query: {0}")]
    Query(#[source] rusqlite::Error),
    /// A write has failed before; nothing more is taken until the database was reopened and checked.
    #[error("the database is not written to since an earlier write failed; it must be reopened")]
    Suspect,
    /// The runtime is ending, and with it the threads that read.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    pub(crate) fn corrupt(found: impl Into<String>) -> Self {
        Self::Corrupt {
            found: found.into(),
        }
    }

    /// Whether the store must be reopened before anything can be trusted to it again.
    #[must_use]
    pub const fn needs_reopen(&self) -> bool {
        matches!(self, Self::Io(_) | Self::Corrupt { .. })
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match &error {
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::InvalidColumnType(..) => Self::corrupt(error.to_string()),
            _ => match error.sqlite_error_code() {
                Some(ErrorCode::DiskFull) => Self::Full,
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                    Self::corrupt(error.to_string())
                }
                Some(ErrorCode::SystemIoFailure | ErrorCode::ReadOnly | ErrorCode::CannotOpen) => {
                    Self::Io(error)
                }
                Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
                Some(ErrorCode::ConstraintViolation) => Self::Conflict(error),
                _ => Self::Query(error),
            },
        }
    }
}
