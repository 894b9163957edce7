//! The transaction all writing goes through, and what it puts off until it is asked for.

use std::{cell::Cell, fmt};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::{StoreError, append::Appending, ends::Ends};

/// A unit of work: sees its own writes, and is undone unless [`Tx::commit`] returns `Ok`.
pub struct Tx<'a> {
    // Before the transaction, so that none is under way when that is undone.
    appending: Appending<'a>,
    inner: Transaction<'a>,
    ends: Ends,
    suspect: &'a Cell<bool>,
}

impl fmt::Debug for Tx<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tx").finish_non_exhaustive()
    }
}

impl<'a> Tx<'a> {
    /// Starts one; a failed commit of it makes the store suspect.
    pub(super) fn begin(
        connection: &'a Connection,
        behavior: TransactionBehavior,
        suspect: &'a Cell<bool>,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            appending: Appending::new(connection),
            // There is no other: the store is borrowed for as long as this one lasts.
            inner: Transaction::new_unchecked(connection, behavior)?,
            ends: Ends::default(),
            suspect,
        })
    }

    /// Makes it last: when this returns `Ok`, the disk has it.
    ///
    /// # Errors
    ///
    /// When it cannot be written; then nothing of it is kept.
    pub fn commit(self) -> Result<(), StoreError> {
        let written = self.ends.finish(&self.inner);
        let kept = written.and_then(|()| self.inner.commit().map_err(StoreError::from));
        kept.inspect_err(|error| {
            if error.needs_reopen() {
                self.suspect.set(true);
            }
        })
    }

    /// To read and write with: the database has all that this transaction has done.
    pub(super) fn connection(&self) -> &Connection {
        self.ends.settle(&self.inner);
        &self.inner
    }

    /// As [`Tx::connection`], for what has nothing to do with where a log ends.
    pub(super) fn unsettled(&self) -> &Connection {
        &self.inner
    }

    pub(super) const fn often(&self) -> &Appending<'a> {
        &self.appending
    }

    pub(super) const fn ends(&self) -> &Ends {
        &self.ends
    }
}
