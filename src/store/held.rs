//! Entries that a transaction has taken and not written yet.
//!
//! They are written together: before anything else is asked or written, and with the commit. A
//! statement that adds many rows costs a third less for each than one for every row.

use std::cell::RefCell;

use rusqlite::{Connection, Statement};

use crate::chat::Entry;

use super::{StoreError, ends::Place, query::Often, row, sql::Count};

/// How many rows the larger and the smaller of the statements for many add.
const MANY: usize = 16;
const SOME: usize = 4;
/// How many entries are held before they are written: what the statements write without a rest.
const HELD_MAX: usize = 1 + 4 * MANY;
/// How many values of a row are bound, beside its id.
const VALUES: usize = 12;

macro_rules! insert {
    ($id:literal, $($values:tt)*) => {
        // What fails undoes the transaction, which would be undone anyway: otherwise the pages that
        // many rows go to are copied first, in case only this statement is undone.
        concat!(
            "INSERT OR ROLLBACK INTO entries (conversation, seq, at, author, message, kind, text,
                                              target, reply_to, detail, ordinal, own", $id, ")
             VALUES ", $($values)*
        )
    };
}
macro_rules! row {
    () => {
        "(?,?,?,?,?,?,?,?,?,?,?,?)"
    };
}
macro_rules! four {
    () => {
        concat!(row!(), ",", row!(), ",", row!(), ",", row!())
    };
}

const INSERT_ONE: &str = insert!(", id", "(?,?,?,?,?,?,?,?,?,?,?,?,?)");
// Without their ids: given one, SQLite copies those pages all the same.
const INSERT_SOME: &str = insert!("", four!());
const INSERT_MANY: &str = insert!("", four!(), ",", four!(), ",", four!(), ",", four!());

/// What waits to be written, and how it is.
pub(super) struct Held<'c> {
    rows: RefCell<Vec<Row>>,
    one: Often<'c>,
    some: Often<'c>,
    many: Often<'c>,
}

impl<'c> Held<'c> {
    pub(super) const fn new(connection: &'c Connection) -> Self {
        Self {
            rows: RefCell::new(Vec::new()),
            one: Often::new(connection, INSERT_ONE),
            some: Often::new(connection, INSERT_SOME),
            many: Often::new(connection, INSERT_MANY),
        }
    }

    /// Takes an entry in whose place follows that of the one before. Bounded: see [`Held::is_full`].
    pub(super) fn push(&self, entry: &Entry, place: Place) {
        let entry = entry.clone();
        self.rows.borrow_mut().push(Row { place, entry });
    }

    /// Whether it is time to write.
    pub(super) fn is_full(&self) -> bool {
        self.rows.borrow().len() >= HELD_MAX
    }

    /// Writes all that is held.
    ///
    /// # Errors
    ///
    /// When that fails: then the transaction is to be given up.
    pub(super) fn write(&self, connection: &Connection) -> Result<(), StoreError> {
        let mut rows = self.rows.borrow_mut();
        let Some((first, rest)) = rows.split_first() else {
            return Ok(());
        };
        // Its id is the highest there is: without one, those after it are given those after it.
        first.add(&self.one)?;
        let (many, rest) = rest.as_chunks::<MANY>();
        for rows in many {
            add_all(connection, &self.many, rows)?;
        }
        let (some, rest) = rest.as_chunks::<SOME>();
        for rows in some {
            add_all(connection, &self.some, rows)?;
        }
        for row in rest {
            row.add(&self.one)?;
        }
        rows.clear();
        Ok(())
    }
}

/// Adds rows after the one that has the highest id.
fn add_all(connection: &Connection, statement: &Often<'_>, rows: &[Row]) -> Result<(), StoreError> {
    statement.execute_bound(|statement| {
        let firsts = (1..).step_by(VALUES);
        rows.iter()
            .zip(firsts)
            .try_for_each(|(row, first)| row.bind(statement, first))
    })?;
    let given = connection.last_insert_rowid();
    if rows.last().is_some_and(|row| row.place.id != given) {
        return Err(StoreError::corrupt(format!(
            "an entry was given id {given}, which is not the next"
        )));
    }
    Ok(())
}

/// An entry as it will stand in the table.
struct Row {
    place: Place,
    entry: Entry,
}

impl Row {
    /// Adds it under its id.
    fn add(&self, statement: &Often<'_>) -> Result<(), StoreError> {
        statement.execute_bound(|statement| {
            self.bind(statement, 1)?;
            statement.raw_bind_parameter(1 + VALUES, self.place.id)
        })
    }

    fn bind(&self, statement: &mut Statement<'_>, first: usize) -> rusqlite::Result<()> {
        let (Place { ordinal, own, .. }, entry) = (self.place, &self.entry);
        let columns = row::columns(&entry.event);
        statement.raw_bind_parameter(first, entry.conversation)?;
        statement.raw_bind_parameter(first + 1, entry.seq)?;
        statement.raw_bind_parameter(first + 2, entry.at)?;
        statement.raw_bind_parameter(first + 3, entry.author.id)?;
        statement.raw_bind_parameter(first + 4, &entry.message)?;
        statement.raw_bind_parameter(first + 5, entry.event.kind())?;
        statement.raw_bind_parameter(first + 6, columns.text.as_deref())?;
        statement.raw_bind_parameter(first + 7, columns.target)?;
        statement.raw_bind_parameter(first + 8, columns.reply_to)?;
        statement.raw_bind_parameter(first + 9, columns.detail.to_column())?;
        statement.raw_bind_parameter(first + 10, Count(ordinal))?;
        statement.raw_bind_parameter(first + 11, own.map(Count))
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        model::{MessageId, Seq},
        store::{
            EVERYONE,
            fixture::{Fixture, entry, named, posted, print},
            verify,
        },
    };

    use super::*;

    #[test]
    fn however_many_are_written_together_each_stands_at_its_place() {
        for count in [1, 2, 4, 5, 6, 16, 17, 22, 64, 65, 66, 67, 131] {
            let mut fixture = Fixture::new();
            let alice = fixture.account("alice");
            fixture.post(EVERYONE, &alice, "first");
            fixture.within(|tx| {
                for seq in 2..count + 2 {
                    let entry = entry(EVERYONE, Seq::new(seq), &alice, posted(&seq.to_string()));
                    let entry = named(entry, &format!("m{seq}"));
                    tx.append(&entry, Some(print(1)), &[]).unwrap();
                }
                let head = tx.conversation(EVERYONE).unwrap().unwrap().head;
                assert_eq!(
                    head,
                    Seq::new(count + 1),
                    "as the transaction itself sees it"
                );
            });
            let folder = fixture.close();
            let connection = Connection::open(folder.path().join("netcomm.db")).unwrap();
            let sql = "SELECT count(*) FROM entries
                       WHERE id = seq AND text = CAST(seq AS TEXT) AND message = 'm' || seq
                         AND kind = 'posted' AND own = seq AND ordinal = seq AND at = seq * 1000";
            let right: Count = connection.query_row(sql, [], |row| row.get(0)).unwrap();
            drop(connection);
            assert_eq!(right.0, count);
            assert_eq!(verify(folder.path()).unwrap().faults, [""; 0], "{count}");
        }
    }

    #[test]
    fn nothing_is_kept_of_a_transaction_whose_entries_could_not_be_written() {
        for count in [1, 2, 5, 30] {
            let mut fixture = Fixture::new();
            let alice = fixture.account("alice");
            let tx = fixture.store.begin().unwrap();
            let taken = "INSERT INTO entries (id, conversation, seq, at, author, kind, ordinal)
                         VALUES (-1, 1, ?1, 1, 1, 'left', 0)";
            let connection = tx.connection().unwrap();
            connection.execute(taken, [Count(count)]).unwrap();
            let say = |seq| {
                let entry = entry(EVERYONE, Seq::new(seq), &alice, posted("hi"));
                tx.append(&named(entry, &format!("m{seq}")), Some(print(1)), &[])
            };
            (1..=count).for_each(|seq| say(seq).unwrap());
            let refused = tx.head(EVERYONE).unwrap_err();
            assert!(matches!(refused, StoreError::Conflict(_)), "{refused}");
            // SQLite has undone the transaction: what came now would stand for itself.
            let refused = say(count + 1).unwrap_err();
            assert!(matches!(refused, StoreError::Suspect), "{refused}");
            assert!(tx.commit().is_err());
            fixture.within(|tx| {
                assert_eq!(tx.head(EVERYONE).unwrap(), Seq::ZERO);
                let message = MessageId::parse("m1").unwrap();
                assert_eq!(tx.sent(alice.id, &message).unwrap(), None);
            });
        }
    }
}
