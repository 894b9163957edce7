//! Copies of the database: taken while a server runs, and put in place where there is none.

use std::{
    fs::{self, File, Permissions},
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use super::{
    Durability, StoreError, connection,
    folder::{DATABASE_FILE, Folder, Past, failed, sync_folder, with_suffix},
    schema,
    verify::verify_file,
};

/// What lies in a data folder beside the database and belongs to it: the search index, which is made
/// anew, and the logs that SQLite keeps.
const BELONGINGS: &[&str] = &[
    "netcomm.db-wal",
    "netcomm.db-shm",
    "search.db",
    "search.db-wal",
    "search.db-shm",
];

/// What becomes of a database that a restore finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Present {
    /// It stays, and nothing is restored.
    Stays,
    /// It is moved aside.
    MovedAside,
}

/// Copies the database of a data folder to a new file, whether a server runs or not.
///
/// The copy holds everything that was committed before this was called. It comes under its name
/// only once it is whole and on the disk. The search index is not in it: it is made anew. Says how
/// many bytes it has.
///
/// # Errors
///
/// When the file exists, cannot be written, or the database cannot be read.
pub fn back_up(folder: &Path, to: &Path) -> Result<u64, StoreError> {
    // Also when it comes into being meanwhile it is not written over; this saves the work.
    if to.exists() {
        return Err(failed("make a backup at", to)(
            io::ErrorKind::AlreadyExists.into(),
        ));
    }
    let database = folder.join(DATABASE_FILE);
    if !database.exists() {
        return Err(failed("back up", &database)(io::ErrorKind::NotFound.into()));
    }
    let source = connection::to_read(&database)?;
    schema::check(&source)?;
    let part = part_of(to)?;
    // A snapshot, written without what was deleted; the server goes on writing meanwhile.
    source.execute("VACUUM INTO ?1", [part.path().to_string_lossy()])?;
    put_in_place(part, to)
}

/// Puts a backup into a data folder, once it has been found whole. Says where the database is now
/// that was there before, if there was one.
///
/// # Errors
///
/// When the folder has a database that is to stay or is in use, and when the backup is damaged,
/// or newer than this program.
pub fn restore(
    from: &Path,
    folder: &Path,
    present: Present,
) -> Result<Option<PathBuf>, StoreError> {
    let folder = Folder::open(folder)?;
    let database = folder.path().join(DATABASE_FILE);
    if present == Present::Stays && database.exists() {
        return Err(failed("restore over", &database)(
            io::ErrorKind::AlreadyExists.into(),
        ));
    }
    if with_suffix(from, "-wal").exists() {
        return Err(StoreError::corrupt(format!(
            "{} is not a backup but the database of a server: make a backup of that",
            from.display()
        )));
    }
    let mut part = part_of(&database)?;
    File::open(from)
        .and_then(|mut backup| io::copy(&mut backup, &mut part))
        .map_err(failed("read the backup", from))?;
    bring_up_to_date(part.path())?;
    let found = verify_file(part.path())?;
    if let Some(fault) = found.faults.first() {
        return Err(StoreError::corrupt(fault));
    }
    let aside = move_aside(folder.path(), &database)?;
    put_in_place(part, &database)?;
    folder.leave_as(Past::Clean)?;
    Ok(aside)
}

/// Gives a copy of an earlier version's backup the schema of this one.
fn bring_up_to_date(copy: &Path) -> Result<(), StoreError> {
    schema::check(&connection::to_read(copy)?)?;
    let mut connection = connection::to_write(copy, Durability::Full)?;
    schema::migrate(&mut connection)?;
    // Only this file is put in place: nothing may be in a log beside it.
    Ok(connection.pragma_update(None, "journal_mode", "DELETE")?)
}

/// Moves a database with all that belongs to it into a folder of its own. When this is cut off in
/// between, the server does not start, and restoring again goes on.
fn move_aside(folder: &Path, database: &Path) -> Result<Option<PathBuf>, StoreError> {
    if !database.exists() {
        BELONGINGS
            .iter()
            .try_for_each(|name| remove(&folder.join(name)))?;
        return Ok(None);
    }
    let aside = tempfile::Builder::new()
        .prefix("replaced-")
        .permissions(Permissions::from_mode(0o700))
        .tempdir_in(folder)
        .map_err(failed("make a folder in", folder))?
        .keep();
    for name in BELONGINGS.iter().chain([&DATABASE_FILE]) {
        let (from, to) = (folder.join(name), aside.join(name));
        match fs::rename(&from, to) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(failed("move aside", &from)(error));
            }
            Ok(()) | Err(_) => {}
        }
    }
    sync_folder(&aside)?;
    sync_folder(folder)?;
    Ok(Some(aside))
}

/// A new file beside the one it is to become, for its owner alone. Gone again unless it gets there.
fn part_of(to: &Path) -> Result<NamedTempFile, StoreError> {
    tempfile::Builder::new()
        .prefix(".netcomm-")
        .suffix(".part")
        .permissions(Permissions::from_mode(0o600))
        .tempfile_in(folder_of(to))
        .map_err(failed("write", to))
}

/// Gives a file its name once the disk has all of it. Says how long it is.
fn put_in_place(part: NamedTempFile, to: &Path) -> Result<u64, StoreError> {
    // Opened anew: it may have been written under its name by somebody else than this handle.
    let length = File::open(part.path())
        .and_then(|file| file.sync_all().and_then(|()| file.metadata()))
        .map_err(failed("write", to))?
        .len();
    part.persist_noclobber(to)
        .map_err(|refused| failed("write", to)(refused.error))?;
    sync_folder(folder_of(to))?;
    Ok(length)
}

fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        Some(_) | None => Path::new("."),
    }
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("remove", path)(error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        model::Seq,
        store::{EVERYONE, Store, fixture::Fixture},
    };

    use super::*;

    fn head(folder: &Path) -> Seq {
        let mut store = Store::open(folder, Durability::None).unwrap();
        let tx = store.begin().unwrap();
        tx.conversation(EVERYONE).unwrap().unwrap().head
    }

    #[test]
    fn a_backup_taken_while_the_store_is_open_restores_everything_committed_before() {
        let mut fixture = Fixture::new();
        let alice = fixture.account("alice");
        fixture.post(EVERYONE, &alice, "hi");
        let away = Fixture::folder();
        let copy = away.path().join("backup");
        back_up(fixture.folder.path(), &copy).unwrap();
        fixture.post(EVERYONE, &alice, "later");
        let mode = fs::metadata(&copy).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600);
        let folder = away.path().join("data");
        assert_eq!(restore(&copy, &folder, Present::Stays).unwrap(), None);
        assert_eq!(head(&folder), Seq::new(1));
    }

    #[test]
    fn a_backup_is_taken_when_no_server_runs_too() {
        let mut fixture = Fixture::new();
        let alice = fixture.account("alice");
        fixture.post(EVERYONE, &alice, "hi");
        let folder = fixture.close();
        let copy = folder.path().join("backup");
        back_up(folder.path(), &copy).unwrap();
        assert_eq!(head(folder.path()), Seq::new(1));
        assert!(copy.exists());
    }

    #[test]
    fn a_backup_of_an_earlier_version_is_brought_up_to_date() {
        let away = Fixture::folder();
        let (copy, folder) = (away.path().join("backup"), away.path().join("data"));
        schema::earlier::database(&copy);
        let before = fs::read(&copy).unwrap();
        let refused = verify_file(&copy).unwrap_err();
        assert!(matches!(refused, StoreError::Older { .. }), "{refused}");
        restore(&copy, &folder, Present::Stays).unwrap();
        assert_eq!(head(&folder), Seq::new(2));
        assert_eq!(fs::read(&copy).unwrap(), before);
    }

    #[test]
    fn a_copied_database_of_an_earlier_version_is_brought_up_to_date_in_its_one_file() {
        let away = Fixture::folder();
        let (copy, folder) = (away.path().join("copy"), away.path().join("data"));
        schema::earlier::database(&copy);
        // As a server leaves it that was stopped in order.
        drop(connection::to_write(&copy, Durability::Full).unwrap());
        restore(&copy, &folder, Present::Stays).unwrap();
        let mut left: Vec<_> = fs::read_dir(&folder)
            .unwrap()
            .map(|file| file.unwrap().file_name())
            .collect();
        left.sort();
        assert_eq!(left, [DATABASE_FILE, "netcomm.lock"]);
        assert_eq!(
            verify_file(&folder.join(DATABASE_FILE)).unwrap().faults,
            [""; 0]
        );
    }

    #[test]
    fn nothing_is_written_over() {
        let folder = Fixture::new().close();
        let copy = folder.path().join("backup");
        back_up(folder.path(), &copy).unwrap();
        back_up(folder.path(), &copy).unwrap_err();
        restore(&copy, folder.path(), Present::Stays).unwrap_err();
    }

    #[test]
    fn what_was_there_is_moved_aside_whole_when_that_is_wanted() {
        let mut fixture = Fixture::new();
        let alice = fixture.account("alice");
        let away = Fixture::folder();
        let copy = away.path().join("backup");
        back_up(fixture.folder.path(), &copy).unwrap();
        fixture.post(EVERYONE, &alice, "later");
        let folder = fixture.close();
        let aside = restore(&copy, folder.path(), Present::MovedAside)
            .unwrap()
            .unwrap();
        assert_eq!(head(folder.path()), Seq::ZERO);
        assert_eq!(head(&aside), Seq::new(1));
    }

    #[test]
    fn a_backup_that_does_not_fit_together_is_not_restored() {
        let mut fixture = Fixture::new();
        let alice = fixture.account("alice");
        fixture.room("garden", &alice);
        let copy = fixture.folder.path().join("backup");
        back_up(fixture.folder.path(), &copy).unwrap();
        let connection = rusqlite::Connection::open(&copy).unwrap();
        connection.execute("DELETE FROM members", []).unwrap();
        drop(connection);
        let folder = fixture.close();
        let refused = restore(&copy, folder.path(), Present::MovedAside).unwrap_err();
        assert!(refused.to_string().contains("room garden"), "{refused}");
        assert_eq!(head(folder.path()), Seq::ZERO);
    }

    #[test]
    fn the_database_of_a_server_is_not_taken_for_a_backup() {
        let fixture = Fixture::new();
        let database = fixture.folder.path().join(DATABASE_FILE);
        let away = Fixture::folder();
        let refused = restore(&database, &away.path().join("data"), Present::Stays).unwrap_err();
        assert!(refused.to_string().contains("not a backup"), "{refused}");
    }

    #[test]
    fn what_is_no_backup_is_not_restored() {
        let away = Fixture::folder();
        let (copy, folder) = (away.path().join("backup"), away.path().join("data"));
        for content in [&b""[..], &[7; 8192]] {
            fs::write(&copy, content).unwrap();
            let refused = restore(&copy, &folder, Present::Stays).unwrap_err();
            assert!(matches!(refused, StoreError::Corrupt { .. }), "{refused}");
            assert!(!folder.join(DATABASE_FILE).exists());
        }
    }
}
