//! The schema, as numbered steps that each database takes once, each whole or not at all.

use rusqlite::{Connection, TransactionBehavior};

use super::StoreError;

/// Step `n` leads from version `n` to `n + 1`. Never changed once released; only added to.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001.sql"),
    include_str!("migrations/0002.sql"),
];

/// Brings the database to the newest schema.
///
/// # Errors
///
/// [`StoreError::Newer`] when a newer program has written it; nothing is changed then.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    migrate_through(connection, MIGRATIONS)
}

/// Refuses a database that is none of ours, or newer than this program; nothing is changed.
pub(super) fn check(connection: &Connection) -> Result<(), StoreError> {
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    match version(connection)? {
        found if found > known => Err(StoreError::Newer { found, known }),
        0 => Err(StoreError::corrupt("it is no netcomm database")),
        _ => Ok(()),
    }
}

fn migrate_through(connection: &mut Connection, steps: &[&str]) -> Result<(), StoreError> {
    let known = i64::try_from(steps.len()).unwrap_or(i64::MAX);
    let found = version(connection)?;
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    let taken = usize::try_from(found)
        .map_err(|_| StoreError::corrupt(format!("schema version {found}")))?;
    for (number, step) in (found + 1..).zip(steps.iter().skip(taken)) {
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tx.execute_batch(step)?;
        tx.pragma_update(None, "user_version", number)?;
        tx.commit()?;
    }
    Ok(())
}

/// Zero for a database without a schema.
pub(super) fn version(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "CREATE TABLE a (x INTEGER) STRICT;";

    #[test]
    fn every_step_is_taken_once() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate_through(&mut connection, &[FIRST]).unwrap();
        let second = "CREATE TABLE b (x INTEGER) STRICT;";
        for _ in 0..2 {
            migrate_through(&mut connection, &[FIRST, second]).unwrap();
        }
        assert_eq!(version(&connection).unwrap(), 2);
    }

    #[test]
    fn a_step_that_fails_half_way_leaves_the_version_before_whole() {
        let mut connection = Connection::open_in_memory().unwrap();
        let broken = "CREATE TABLE b (x INTEGER) STRICT; INSERT INTO nowhere VALUES (1);";
        migrate_through(&mut connection, &[FIRST, broken]).unwrap_err();
        assert_eq!(version(&connection).unwrap(), 1);
        assert!(!connection.table_exists(None, "b").unwrap());
        assert!(connection.table_exists(None, "a").unwrap());
    }

    #[test]
    fn a_newer_schema_is_refused_and_left_alone() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        let refused = migrate(&mut connection).unwrap_err();
        assert!(matches!(
            refused,
            StoreError::Newer {
                found: 99,
                known: 2
            }
        ));
        assert_eq!(version(&connection).unwrap(), 99);
    }
}
