//! The one connection that writes, and how a data folder is opened and left.

use std::{
    cell::Cell,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, TransactionBehavior};

use crate::model::Timestamp;

use super::{
    Index, Reader, StoreError, Tx, connection,
    folder::{self, Folder, Past},
    query::first,
    schema,
};

/// What a commit waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// The disk: what was committed outlasts a power cut.
    Full,
    /// Nothing. For tests and `serve --ephemeral`, whose folder is thrown away.
    None,
}

/// The store, held by the one thread that writes.
///
/// Dropped in order, it says so to the next that opens it, who then need not check the database.
#[derive(Debug)]
pub struct Store {
    // Declared in the order they must be dropped: the folder is let go of last.
    connection: Connection,
    /// Whether a write has failed in a way after which the file is not to be trusted unseen.
    suspect: Cell<bool>,
    reader: Reader,
    database: PathBuf,
    durability: Durability,
    folder: Folder,
}

impl Store {
    /// Opens the store in a data folder, making both when they are not there.
    ///
    /// # Errors
    ///
    /// When the folder is open to others or held by another process, when what is in it is
    /// damaged, gone or newer than this program, and when the disk fails.
    pub fn open(folder: &Path, durability: Durability) -> Result<Self, StoreError> {
        let folder = Folder::open(folder)?;
        let past = folder.past()?;
        let database = folder.database()?;
        let mut connection = connection::to_write(&database, durability)?;
        if past == Past::Cut {
            connection::quick_check(&connection)?;
        }
        if past != Past::None && schema::version(&connection)? == 0 {
            return Err(StoreError::corrupt("the database has lost its schema"));
        }
        schema::migrate(&mut connection)?;
        folder.leave_as(Past::Cut)?;
        Ok(Self {
            reader: Reader::new(&database),
            connection,
            suspect: Cell::new(false),
            database,
            durability,
            folder,
        })
    }

    /// Whether a data folder has a store in it.
    #[must_use]
    pub fn is_in(folder: &Path) -> bool {
        folder::is_in_use(folder)
    }

    /// A handle that reads, for use from any task.
    #[must_use]
    pub fn reader(&self) -> Reader {
        self.reader.clone()
    }

    /// The full-text index of this store, for the one task that keeps it up to date.
    ///
    /// # Errors
    ///
    /// When its file cannot be made or read.
    pub fn search_index(&self) -> Result<Index, StoreError> {
        Index::open(self.folder.path(), &self.database)
    }

    /// When the newest entry was stored, by the clock of that time.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn newest_entry(&self) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT at FROM entries ORDER BY id DESC LIMIT 1";
        first(&self.connection, sql, (), |row| Ok(row.get(0)?))
    }

    /// Starts a transaction; nothing it does stays unless it is committed.
    ///
    /// # Errors
    ///
    /// [`StoreError::Suspect`] after a failed write, until [`Store::reopen`] has found the
    /// database whole.
    pub fn begin(&mut self) -> Result<Tx<'_>, StoreError> {
        if self.suspect.get() {
            return Err(StoreError::Suspect);
        }
        self.transaction(TransactionBehavior::Immediate)
    }

    /// Starts a transaction that only reads: one consistent look at what is committed. Works while
    /// the disk is full, and after a failed write.
    ///
    /// # Errors
    ///
    /// When the database cannot be read.
    pub fn snapshot(&mut self) -> Result<Tx<'_>, StoreError> {
        self.transaction(TransactionBehavior::Deferred)
    }

    fn transaction(&mut self, behavior: TransactionBehavior) -> Result<Tx<'_>, StoreError> {
        Tx::begin(&self.connection, behavior, &self.suspect)
    }

    /// Whether a write has failed in a way after which nothing is written until
    /// [`Store::reopen`] has found the database whole.
    #[must_use]
    pub fn is_suspect(&self) -> bool {
        self.suspect.get()
    }

    /// Opens the database anew after a write has failed, and checks it.
    ///
    /// The system may have dropped pages it could not write and yet call the next fsync a success.
    /// So everything committed is first copied out of the log into the database file, which writes
    /// those pages again.
    ///
    /// # Errors
    ///
    /// While the disk still fails, and when the database is damaged. Can be tried again.
    pub fn reopen(&mut self) -> Result<(), StoreError> {
        self.suspect.set(true);
        let connection = connection::to_write(&self.database, self.durability)?;
        connection::empty_log(&connection)?;
        connection::quick_check(&connection)?;
        self.connection = connection;
        self.suspect.set(false);
        Ok(())
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        let whole = !self.suspect.get() && connection::empty_log(&self.connection).is_ok();
        if whole && let Err(error) = self.folder.leave_as(Past::Clean) {
            tracing::warn!(%error, "the next start will check the database");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use crate::{
        model::Seq,
        store::{
            EVERYONE,
            fixture::{Fixture, entry, posted},
        },
    };

    use super::*;

    const DATABASE: &str = "netcomm.db";

    /// A folder with some history in it, left in order.
    fn used() -> tempfile::TempDir {
        let mut fixture = Fixture::new();
        let alice = fixture.account("alice");
        for number in 0..200 {
            fixture.post(EVERYONE, &alice, &format!("{number} {}", "x".repeat(200)));
        }
        fixture.close()
    }

    fn open(folder: &tempfile::TempDir) -> Result<Store, StoreError> {
        Store::open(folder.path(), Durability::None)
    }

    fn head(store: &mut Store) -> Seq {
        let tx = store.begin().unwrap();
        tx.conversation(EVERYONE).unwrap().unwrap().head
    }

    #[test]
    fn what_was_committed_is_there_after_opening_again() {
        let folder = used();
        assert_eq!(head(&mut open(&folder).unwrap()), Seq::new(200));
    }

    #[test]
    fn a_store_that_was_cut_off_is_checked_and_has_everything() {
        let mut fixture = Fixture::new();
        let alice = fixture.account("alice");
        fixture.post(EVERYONE, &alice, "hi");
        // What a kill leaves: the files as they are while the store is open, and no lock.
        let copy = Fixture::folder();
        for file in fs::read_dir(fixture.folder.path()).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
        }
        assert_eq!(head(&mut open(&copy).unwrap()), Seq::new(1));
    }

    #[test]
    fn a_second_server_on_the_same_folder_is_refused() {
        let fixture = Fixture::new();
        let refused = open(&fixture.folder).unwrap_err();
        assert!(matches!(refused, StoreError::Locked { .. }), "{refused}");
    }

    #[test]
    fn a_missing_database_is_never_taken_for_a_new_one() {
        let folder = used();
        fs::remove_file(folder.path().join(DATABASE)).unwrap();
        let refused = open(&folder).unwrap_err();
        assert!(matches!(refused, StoreError::Missing { .. }), "{refused}");
        assert!(!folder.path().join(DATABASE).exists());
    }

    #[test]
    fn a_missing_database_beside_its_log_is_never_taken_for_a_new_one() {
        let folder = Fixture::folder();
        fs::write(folder.path().join("netcomm.db-wal"), b"not empty").unwrap();
        let refused = open(&folder).unwrap_err();
        assert!(matches!(refused, StoreError::Missing { .. }), "{refused}");
    }

    #[test]
    fn a_database_cut_short_anywhere_is_refused() {
        let whole = fs::read(used().path().join(DATABASE)).unwrap();
        for keep in [0, 1, 99, 100, 4095, 4096, whole.len() / 2, whole.len() - 1] {
            let folder = used();
            fs::write(folder.path().join(DATABASE), &whole[..keep]).unwrap();
            let refused = open(&folder).map(drop).unwrap_err();
            assert!(
                matches!(
                    refused,
                    StoreError::Missing { .. } | StoreError::Corrupt { .. }
                ),
                "{keep} bytes: {refused}"
            );
        }
    }

    #[test]
    fn a_damaged_header_is_refused() {
        let whole = fs::read(used().path().join(DATABASE)).unwrap();
        for (at, damage) in [(0, 0), (16, 0xff), (18, 9), (60, 0)] {
            let folder = used();
            let mut bytes = whole.clone();
            // The version stands at 60; with all of it gone the schema would be made again.
            bytes[at..at + 4].fill(damage);
            fs::write(folder.path().join(DATABASE), &bytes).unwrap();
            let refused = open(&folder).map(drop).unwrap_err();
            assert!(
                matches!(refused, StoreError::Corrupt { .. }),
                "byte {at}: {refused}"
            );
        }
    }

    #[test]
    fn nothing_is_written_after_a_failed_write_until_the_database_was_reopened() {
        let mut fixture = Fixture::new();
        let alice = fixture.account("alice");
        fixture.post(EVERYONE, &alice, "hi");
        fixture.store.suspect.set(true);
        let refused = fixture.store.begin().map(drop).unwrap_err();
        assert!(matches!(refused, StoreError::Suspect), "{refused}");
        fixture.store.reopen().unwrap();
        assert_eq!(head(&mut fixture.store), Seq::new(1));
    }

    #[test]
    fn a_full_disk_refuses_writes_and_takes_them_again_when_there_is_space() {
        let mut fixture = Fixture::new();
        let alice = fixture.account("alice");
        let limit = |store: &Store, pages: i64| {
            store
                .connection
                .pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))
        };
        limit(&fixture.store, 1).unwrap();
        let full = (1..).find_map(|number| {
            let tx = fixture.store.begin().unwrap();
            let text = posted(&"x".repeat(4000));
            let entry = entry(EVERYONE, Seq::new(number), &alice, text);
            let error = tx
                .append(&entry, None, &[])
                .and_then(|()| tx.commit())
                .err()?;
            Some((number, error))
        });
        let (refused, error) = full.unwrap();
        assert!(matches!(error, StoreError::Full), "{error}");
        assert_eq!(head(&mut fixture.store).next(), Seq::new(refused));
        limit(&fixture.store, i64::from(u32::MAX >> 1)).unwrap();
        assert_eq!(fixture.post(EVERYONE, &alice, "hi"), Seq::new(refused));
    }
}
