//! Running statements: each is prepared once per connection and kept.

use std::cell::RefCell;

use rusqlite::{CachedStatement, Connection, Params, Row, Statement};

use super::StoreError;

/// Runs a statement that changes rows; says how many.
pub(super) fn execute(
    connection: &Connection,
    sql: &str,
    params: impl Params,
) -> Result<usize, StoreError> {
    Ok(connection.prepare_cached(sql)?.execute(params)?)
}

/// The first row, if there is one.
pub(super) fn first<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    rows.next()?.map(&mut read).transpose()
}

/// A statement that a transaction runs for every message: looked up among all that are kept once a
/// transaction, which is a fifth of what a small one costs.
pub(super) struct Often<'c> {
    connection: &'c Connection,
    sql: &'static str,
    statement: RefCell<Option<CachedStatement<'c>>>,
}

impl<'c> Often<'c> {
    pub(super) const fn new(connection: &'c Connection, sql: &'static str) -> Self {
        Self {
            connection,
            sql,
            statement: RefCell::new(None),
        }
    }

    /// As [`execute`].
    pub(super) fn execute(&self, params: impl Params) -> Result<usize, StoreError> {
        self.with(|statement| Ok(statement.execute(params)?))
    }

    /// Runs it with all its values bound by hand.
    pub(super) fn execute_bound(
        &self,
        bind: impl FnOnce(&mut Statement<'c>) -> rusqlite::Result<()>,
    ) -> Result<(), StoreError> {
        self.with(|statement| {
            bind(statement)?;
            statement.raw_execute()?;
            Ok(())
        })
    }

    /// As [`first`].
    pub(super) fn first<T>(
        &self,
        params: impl Params,
        mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        self.with(|statement| {
            let mut rows = statement.query(params)?;
            rows.next()?.map(&mut read).transpose()
        })
    }

    fn with<T>(
        &self,
        run: impl FnOnce(&mut CachedStatement<'c>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut statement = self.statement.borrow_mut();
        match &mut *statement {
            Some(statement) => run(statement),
            none => run(none.insert(self.connection.prepare_cached(self.sql)?)),
        }
    }
}

/// The one row of a query that always has one.
pub(super) fn only<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    first(connection, sql, params, read)?
        .ok_or_else(|| StoreError::corrupt("a row that others refer to is missing"))
}

/// Every row, collected.
pub(super) fn all<T, C: FromIterator<T>>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
) -> Result<C, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    std::iter::from_fn(|| match rows.next() {
        Ok(row) => row.map(&mut read),
        Err(error) => Some(Err(error.into())),
    })
    .collect()
}
