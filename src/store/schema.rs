//! The schema, as numbered steps that each database takes once, each whole or not at all.

use rusqlite::{Connection, TransactionBehavior};

use super::StoreError;

/// Step `n` leads from version `n` to `n + 1`. Never changed once released; only added to.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001.sql"),
    include_str!("migrations/0002.sql"),
    include_str!("migrations/0003.sql"),
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

/// As [`check`], for what only makes sense of the newest schema.
pub(super) fn check_newest(connection: &Connection) -> Result<(), StoreError> {
    check(connection)?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    match version(connection)? {
        found if found < known => Err(StoreError::Older { found, known }),
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

/// A database as earlier versions left it.
#[cfg(test)]
pub(super) mod earlier {
    use std::path::Path;

    use super::{super::folder::private_file, *};

    /// Schema 2, with two messages of one account: one known by its id, the other deleted.
    pub(in super::super) fn database(path: &Path) {
        private_file(path).unwrap();
        let mut connection = Connection::open(path).unwrap();
        migrate_through(&mut connection, &MIGRATIONS[..2]).unwrap();
        let rows = "
            INSERT INTO accounts (name, key, role, created) VALUES ('alice', 'alice', 'owner', 1);
            INSERT INTO entries (id, conversation, seq, at, author, message, kind, text, ordinal, own)
                VALUES (7, 1, 1, 5, 1, 'm1', 'posted', 'hi', 1, 1);
            INSERT INTO entries (id, conversation, seq, at, author, kind, ordinal, own)
                VALUES (8, 1, 2, 6, 1, 'posted', 2, 2);
            UPDATE conversations SET head = 2, posts = 2 WHERE id = 1;
            INSERT INTO sent (author, message, conversation, seq, at, fingerprint)
                VALUES (1, 'm1', 1, 1, 5, zeroblob(16));";
        connection.execute_batch(rows).unwrap();
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        model::{AccountId, MessageId, Seq},
        store::{
            Durability, EVERYONE, Store,
            fixture::{Fixture, entry, posted},
            verify,
        },
    };

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
    fn what_an_earlier_version_kept_is_all_there() {
        let folder = Fixture::folder();
        earlier::database(&folder.path().join("netcomm.db"));
        let mut store = Store::open(folder.path(), Durability::None).unwrap();
        let tx = store.begin().unwrap();
        let (alice, message) = (AccountId::new(1), MessageId::parse("m1").unwrap());
        let sent = tx.sent(alice, &message).unwrap().unwrap();
        assert_eq!((sent.conversation, sent.seq), (EVERYONE, Seq::FIRST));
        let record = tx.account(alice).unwrap().unwrap();
        let third = entry(EVERYONE, Seq::new(3), &record.account, posted("again"));
        tx.append(&third, None, &[]).unwrap();
        tx.commit().unwrap();
        drop(store);
        let connection = Connection::open(folder.path().join("netcomm.db")).unwrap();
        let ids = "SELECT group_concat(id || ' ' || coalesce(text, '-')) FROM entries";
        let ids: String = connection.query_row(ids, [], |row| row.get(0)).unwrap();
        assert_eq!(ids, "7 hi,8 -,9 again");
        drop(connection);
        assert_eq!(verify(folder.path()).unwrap().faults, [""; 0]);
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
                known: 3
            }
        ));
        assert_eq!(version(&connection).unwrap(), 99);
    }
}
