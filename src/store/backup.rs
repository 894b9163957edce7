//! Copies of the database: taken while a server runs, and put in place where there is none.

use std::{
    fs::{self, File},
    io,
    path::Path,
};

use super::{
    StoreError, connection,
    folder::{DATABASE_FILE, Folder, Past, failed, private_file, sync_folder, with_suffix},
    schema,
};

/// Copies the database of a data folder to a new file, whether a server runs or not.
///
/// The copy holds everything that was committed before this was called. It comes under its name
/// only once it is whole and on the disk. The search index is not in it: it is made anew.
///
/// # Errors
///
/// When the file exists, cannot be written, or the database cannot be read.
pub fn back_up(folder: &Path, to: &Path) -> Result<(), StoreError> {
    if to.exists() {
        return Err(failed("make a backup at", to)(
            io::ErrorKind::AlreadyExists.into(),
        ));
    }
    let part = with_suffix(to, ".part");
    remove(&part)?;
    drop(private_file(&part)?);
    let database = folder.join(DATABASE_FILE);
    if !database.exists() {
        return Err(failed("back up", &database)(io::ErrorKind::NotFound.into()));
    }
    let source = connection::to_read(&database)?;
    // A snapshot, written without what was deleted; the server goes on writing meanwhile.
    source.execute("VACUUM INTO ?1", [part.to_string_lossy()])?;
    put_in_place(&part, to)
}

/// Puts a backup into a data folder that has no database, and checks it there.
///
/// # Errors
///
/// When the folder has a database already or is in use, and when the backup is damaged, or newer
/// than this program.
pub fn restore(from: &Path, folder: &Path) -> Result<(), StoreError> {
    let folder = Folder::open(folder)?;
    let database = folder.path().join(DATABASE_FILE);
    if database.exists() {
        return Err(failed("restore over", &database)(
            io::ErrorKind::AlreadyExists.into(),
        ));
    }
    let part = with_suffix(&database, ".part");
    remove(&part)?;
    let mut copy = private_file(&part)?;
    File::open(from)
        .and_then(|mut backup| io::copy(&mut backup, &mut copy))
        .map_err(failed("read the backup", from))?;
    drop(copy);
    let connection = connection::to_read(&part)?;
    connection::quick_check(&connection)?;
    schema::check(&connection)?;
    drop(connection);
    for name in [
        "netcomm.db-wal",
        "netcomm.db-shm",
        "netcomm.db.part-wal",
        "netcomm.db.part-shm",
    ] {
        remove(&folder.path().join(name))?;
    }
    put_in_place(&part, &database)?;
    folder.leave_as(Past::Clean)
}

/// Gives a file its name once the disk has all of it.
fn put_in_place(part: &Path, to: &Path) -> Result<(), StoreError> {
    File::open(part)
        .and_then(|file| file.sync_all())
        .and_then(|()| fs::rename(part, to))
        .map_err(failed("write", to))?;
    match to.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync_folder(parent),
        _ => sync_folder(Path::new(".")),
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
    use std::os::unix::fs::PermissionsExt;

    use crate::{
        model::Seq,
        store::{Durability, EVERYONE, Store, fixture::Fixture},
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
        restore(&copy, &folder).unwrap();
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
    fn nothing_is_written_over() {
        let folder = Fixture::new().close();
        let copy = folder.path().join("backup");
        back_up(folder.path(), &copy).unwrap();
        back_up(folder.path(), &copy).unwrap_err();
        restore(&copy, folder.path()).unwrap_err();
    }

    #[test]
    fn what_is_no_backup_is_not_restored() {
        let away = Fixture::folder();
        let (copy, folder) = (away.path().join("backup"), away.path().join("data"));
        for content in [&b""[..], &[7; 8192]] {
            fs::write(&copy, content).unwrap();
            let refused = restore(&copy, &folder).unwrap_err();
            assert!(matches!(refused, StoreError::Corrupt { .. }), "{refused}");
            assert!(!folder.join(DATABASE_FILE).exists());
        }
    }
}
