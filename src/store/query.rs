//! Running statements: each is prepared once per connection and kept.

use rusqlite::{Connection, Params, Row};

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
