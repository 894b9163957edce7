//! Checking a whole database: that the file is intact, and that what is in it fits together.

mod replay;

use std::path::Path;

use rusqlite::Connection;

use super::{
    StoreError, connection,
    folder::DATABASE_FILE,
    query::{all, only},
    schema,
    sql::Count,
};

/// What a check has seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// How many conversations there are.
    pub conversations: u64,
    /// How many entries they have together.
    pub entries: u64,
    /// What is wrong, a sentence each; nothing when all is well.
    pub faults: Vec<String>,
}

/// What must hold, each as a query for what breaks it.
const RULES: &[&str] = &[
    "SELECT 'a row of table ' || \"table\" || ' refers to what is not there'
     FROM pragma_foreign_key_check",
    "SELECT 'an entry is of conversation ' || conversation || ' and of account ' || author
         || ', which are not both there'
     FROM entries WHERE conversation NOT IN (SELECT id FROM conversations)
        OR author NOT IN (SELECT id FROM accounts) GROUP BY conversation, author",
    "SELECT 'conversation ' || c.id || ' is to have entries ' || c.start || ' to ' || c.head
         || ' and has ' || count(e.seq) || ' from ' || coalesce(min(e.seq), 0) || ' to '
         || coalesce(max(e.seq), 0)
     FROM conversations c LEFT JOIN entries e ON e.conversation = c.id GROUP BY c.id
     HAVING count(e.seq) <> c.head - c.start + 1
         OR (count(e.seq) > 0 AND (min(e.seq) <> c.start OR max(e.seq) <> c.head))",
    "SELECT 'conversation ' || c.id || ' counts ' || c.posts || ' messages and its newest entry '
         || e.ordinal
     FROM conversations c JOIN entries e ON e.conversation = c.id AND e.seq = c.head
     WHERE e.ordinal <> c.posts",
    "SELECT 'what account ' || s.author || ' sent as ' || s.message || ' is not at place ' || s.seq
         || ' of conversation ' || s.conversation
     FROM sent s JOIN conversations c ON c.id = s.conversation
     LEFT JOIN entries e ON e.conversation = s.conversation AND e.seq = s.seq
     WHERE s.seq >= c.start AND (e.author IS NOT s.author OR e.message IS NOT s.message)",
    "SELECT 'the last entry is counted as ' || l.id || ' and is ' || max(e.id)
     FROM last_entry l, entries e HAVING max(e.id) > l.id",
    "SELECT 'room ' || r.name || ' counts ' || r.members || ' members and has ' || count(m.account)
     FROM rooms r LEFT JOIN members m ON m.conversation = r.conversation GROUP BY r.conversation
     HAVING count(m.account) <> r.members",
    "SELECT 'room ' || r.name || ' is not found by its name' FROM rooms r
     LEFT JOIN room_names n ON n.key = r.key WHERE n.conversation IS NOT r.conversation",
    "SELECT 'account ' || p.account || ' has read to place ' || p.read || ' of conversation '
         || c.id || ', which ends at ' || c.head
     FROM positions p JOIN conversations c ON c.id = p.conversation WHERE p.read > c.head",
    "SELECT 'message ' || m.seq || ' of conversation ' || m.conversation
         || ' was deleted, and its text is there'
     FROM entries d JOIN entries m ON m.conversation = d.conversation AND m.seq = d.target
     WHERE d.kind = 'deleted' AND m.text IS NOT NULL",
    "SELECT 'message ' || m.seq || ' of conversation ' || m.conversation
         || ' does not read as it was last edited'
     FROM entries e JOIN entries m ON m.conversation = e.conversation AND m.seq = e.target
     WHERE e.kind = 'edited' AND m.text IS NOT NULL
       AND (e.text IS NOT m.text OR e.at IS NOT m.edited_at)
       AND NOT EXISTS (SELECT 1 FROM entries later WHERE later.conversation = e.conversation
                       AND later.target = e.target AND later.kind = 'edited'
                       AND later.seq > e.seq)",
];

/// Checks the database of a data folder, whether a server runs or not. Reads all of it.
///
/// # Errors
///
/// When it cannot be read, or its schema is not this program's.
pub fn verify(folder: &Path) -> Result<Verified, StoreError> {
    verify_file(&folder.join(DATABASE_FILE))
}

/// Checks a backup, as [`verify`] does a data folder.
///
/// # Errors
///
/// When it cannot be read, or its schema is not this program's.
pub fn verify_file(database: &Path) -> Result<Verified, StoreError> {
    let connection = connection::to_read(database)?;
    schema::check_newest(&connection)?;
    let snapshot = connection.unchecked_transaction()?;
    let mut faults: Vec<String> = all(&snapshot, "PRAGMA integrity_check", [], |row| {
        Ok(row.get(0)?)
    })?;
    faults.retain(|found| found != "ok");
    for rule in RULES {
        let broken: Vec<String> = all(&snapshot, rule, [], |row| Ok(row.get(0)?))?;
        faults.extend(broken);
    }
    // What cannot be read cannot be replayed; that it cannot be read has been said by then.
    if faults.is_empty() {
        replay::check(&snapshot, &mut faults)?;
    }
    Ok(Verified {
        conversations: count(&snapshot, "conversations")?,
        entries: count(&snapshot, "entries")?,
        faults,
    })
}

fn count(connection: &Connection, table: &str) -> Result<u64, StoreError> {
    let sql = format!("SELECT count(*) FROM {table}");
    only(connection, &sql, [], |row| Ok(row.get::<_, Count>(0)?.0))
}

#[cfg(test)]
mod tests {
    use crate::model::Seq;
    use crate::store::{
        EVERYONE, Retention,
        fixture::{Fixture, at, entry, named, posted, print},
    };

    use super::*;

    /// A store with some of everything that is counted, trimmed as well.
    fn filled() -> Fixture {
        let mut fixture = Fixture::new();
        let alice = fixture.account("alice");
        fixture.room("garden", &alice);
        for seq in 1..=5 {
            let entry = named(
                entry(EVERYONE, Seq::new(seq), &alice, posted("hi")),
                &format!("m{seq}"),
            );
            fixture.within(|tx| tx.append(&entry, Some(print(1)), &[]).unwrap());
        }
        let rule = Retention {
            keep_for: None,
            keep_last: Some(3),
        };
        fixture.within(|tx| tx.trim(EVERYONE, rule, at(9), 99).unwrap());
        fixture
    }

    #[test]
    fn a_sound_database_has_no_faults() {
        let fixture = filled();
        let verified = verify(fixture.folder.path()).unwrap();
        let faults = Vec::new();
        assert_eq!(
            verified,
            Verified {
                conversations: 2,
                entries: 4,
                faults
            }
        );
    }

    #[test]
    fn every_rule_finds_what_breaks_it() {
        for (damage, fault) in [
            (
                "PRAGMA foreign_keys = OFF; DELETE FROM accounts",
                "refers to what is not there",
            ),
            (
                "DELETE FROM entries WHERE seq = 4",
                "is to have entries 3 to 5 and has 2 from 3 to 5",
            ),
            (
                "UPDATE conversations SET posts = 9 WHERE id = 1",
                "counts 9 messages",
            ),
            (
                "UPDATE sent SET seq = 4 WHERE message = 'm3'",
                "sent as m3 is not at place 4",
            ),
            (
                "UPDATE entries SET author = 99 WHERE seq = 4",
                "is of conversation 1 and of account 99, which are not both there",
            ),
            (
                "UPDATE last_entry SET id = 2",
                "the last entry is counted as 2 and is 6",
            ),
            ("UPDATE rooms SET members = 9", "counts 9 members and has 1"),
            (
                "INSERT INTO positions (account, conversation, read) VALUES (1, 1, 6)
                 ON CONFLICT DO UPDATE SET read = 6",
                "has read to place 6 of conversation 1, which ends at 5",
            ),
            (
                "UPDATE entries SET kind = 'deleted', target = 4 WHERE conversation = 1 AND seq = 5",
                "message 4 of conversation 1 was deleted, and its text is there",
            ),
            (
                "UPDATE entries SET kind = 'edited', target = 4, text = 'ho'
                 WHERE conversation = 1 AND seq = 5",
                "message 4 of conversation 1 does not read as it was last edited",
            ),
            (
                "UPDATE rooms SET topic = 'x'",
                "room garden differs from what its log amounts to: topic",
            ),
            (
                "UPDATE members SET role = 'member'",
                "room garden differs from what its log amounts to: members",
            ),
            (
                "INSERT INTO reactions VALUES (1, 4, '+', 1, 5)",
                "conversation 1 differs from what its log amounts to: reactions",
            ),
            (
                "UPDATE entries SET detail = '{}' WHERE kind = 'created'",
                "cannot be read: ",
            ),
            (
                "DELETE FROM room_names",
                "room garden is not found by its name",
            ),
        ] {
            let folder = filled().close();
            let connection = Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
            connection.execute_batch(damage).unwrap();
            drop(connection);
            let faults = verify(folder.path()).unwrap().faults;
            assert!(
                faults.iter().any(|found| found.contains(fault)),
                "{damage}: {faults:?}"
            );
        }
    }
}
