//! The transaction all writing goes through, and what it puts off until it is asked for.

use std::{cell::Cell, fmt};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::chat::Entry;

use super::{
    StoreError,
    append::Appending,
    ends::{Ends, Place},
    held::Held,
};

/// A unit of work: sees its own writes, and is undone unless [`Tx::commit`] returns `Ok`.
pub struct Tx<'a> {
    // Before the transaction, so that none is under way when that is undone.
    appending: Appending<'a>,
    held: Held<'a>,
    inner: Transaction<'a>,
    ends: Ends,
    /// Whether something that was put off could not be written.
    failed: Cell<bool>,
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
            held: Held::new(connection),
            // There is no other: the store is borrowed for as long as this one lasts.
            inner: Transaction::new_unchecked(connection, behavior)?,
            ends: Ends::default(),
            failed: Cell::new(false),
            suspect,
        })
    }

    /// Makes it last: when this returns `Ok`, the disk has it.
    ///
    /// # Errors
    ///
    /// When it cannot be written; then nothing of it is kept.
    pub fn commit(self) -> Result<(), StoreError> {
        let written = self.settle();
        let kept = written.and_then(|()| self.inner.commit().map_err(StoreError::from));
        kept.inspect_err(|error| {
            if error.needs_reopen() {
                self.suspect.set(true);
            }
        })
    }

    /// To read and write with: the database has all that this transaction has done.
    ///
    /// # Errors
    ///
    /// When what was put off cannot be written: then this transaction is to be given up.
    pub(super) fn connection(&self) -> Result<&Connection, StoreError> {
        self.settle()?;
        Ok(&self.inner)
    }

    /// As [`Tx::connection`], for what has nothing to do with entries and where a log ends.
    ///
    /// # Errors
    ///
    /// When this transaction is to be given up.
    pub(super) fn unsettled(&self) -> Result<&Connection, StoreError> {
        // SQLite may have undone it by itself, and then takes each statement for a transaction.
        if self.failed.get() {
            return Err(StoreError::Suspect);
        }
        Ok(&self.inner)
    }

    /// Takes an entry in, to be written before anything is asked of the database.
    ///
    /// # Errors
    ///
    /// As [`Tx::connection`].
    pub(super) fn hold(&self, entry: &Entry, place: Place) -> Result<(), StoreError> {
        self.held.push(entry, place);
        if self.held.is_full() {
            self.settle()?;
        }
        Ok(())
    }

    fn settle(&self) -> Result<(), StoreError> {
        let connection = self.unsettled()?;
        let written = self.held.write(connection);
        let settled = written.and_then(|()| self.ends.settle(connection));
        self.failed.set(settled.is_err());
        settled
    }

    pub(super) const fn often(&self) -> &Appending<'a> {
        &self.appending
    }

    pub(super) const fn ends(&self) -> &Ends {
        &self.ends
    }
}
