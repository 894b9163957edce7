//! The data folder: made for its owner alone, held by one process, never taken for new when it is not.
//!
//! The lock file also says whether the last process that held the folder closed it in order.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use super::StoreError;

const LOCK_FILE: &str = "netcomm.lock";
pub(super) const DATABASE_FILE: &str = "netcomm.db";
const FOLDER_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;
/// What SQLite writes at once, in bytes, unless told otherwise.
const PAGE: u64 = 4096;
/// The permission bits of everybody but the owner.
const OTHERS: u32 = 0o077;

/// How the last process that held the folder left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Past {
    /// Nobody has held it yet, or not long enough to make a database.
    None,
    /// It was closed in order.
    Clean,
    /// It was cut off.
    Cut,
}

impl Past {
    /// The words are equally long, so that one takes the other's place in a single write.
    const fn as_str(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Clean => "clean",
            Self::Cut => "open ",
        }
    }
}

/// The data folder, held until this is dropped.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    lock: File,
}

impl Folder {
    /// Makes the folder if need be and takes hold of it.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        make(path)?;
        check(path, FOLDER_MODE)?;
        let file = path.join(LOCK_FILE);
        let lock = private_file(&file)?;
        check(&file, FILE_MODE)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                path: path.to_owned(),
                lock,
            }),
            Err(TryLockError::WouldBlock) => Err(StoreError::Locked {
                path: path.to_owned(),
            }),
            Err(TryLockError::Error(source)) => Err(failed("lock", &file)(source)),
        }
    }

    /// The database file; made empty when the folder is new.
    pub(super) fn database(&self) -> Result<PathBuf, StoreError> {
        let path = self.path.join(DATABASE_FILE);
        let log = with_suffix(&path, "-wal");
        let past = self.past()?;
        let used = past != Past::None || size(&log)?.is_some_and(|bytes| bytes > 0);
        match size(&path)? {
            None | Some(0) if used => Err(StoreError::Missing {
                found: if path.exists() { "empty" } else { "missing" },
                path,
            }),
            None => {
                private_file(&path)?;
                sync_folder(&self.path)?;
                Ok(path)
            }
            // While it is written it can end anywhere for a moment; the log then has the rest.
            Some(bytes) if past == Past::Clean && bytes % PAGE != 0 => {
                Err(StoreError::corrupt("the file ends within a page"))
            }
            Some(_) => {
                check(&path, FILE_MODE)?;
                Ok(path)
            }
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// How the last holder left it.
    pub(super) fn past(&self) -> Result<Past, StoreError> {
        let mut word = String::new();
        let mut lock = &self.lock;
        lock.rewind()
            .and_then(|()| lock.read_to_string(&mut word))
            .map_err(failed("read", &self.path.join(LOCK_FILE)))?;
        Ok(match word.trim() {
            "" => Past::None,
            "clean" => Past::Clean,
            // Also whatever a torn write left: the database is then checked, which harms nothing.
            _ => Past::Cut,
        })
    }

    /// Writes down what the next holder is to find, and waits until the disk has it.
    pub(super) fn leave_as(&self, past: Past) -> Result<(), StoreError> {
        let mut lock = &self.lock;
        lock.rewind()
            .and_then(|()| lock.write_all(past.as_str().as_bytes()))
            .and_then(|()| lock.sync_all())
            .map_err(failed("write", &self.path.join(LOCK_FILE)))
    }
}

/// Whether there is a database in the folder, or was.
pub(super) fn is_in_use(path: &Path) -> bool {
    path.join(DATABASE_FILE).exists() || path.join(LOCK_FILE).exists()
}

fn make(path: &Path) -> Result<(), StoreError> {
    if path.exists() {
        return Ok(());
    }
    DirBuilder::new()
        .recursive(true)
        .mode(FOLDER_MODE)
        .create(path)
        .map_err(failed("make the data folder", path))?;
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync_folder(parent),
        _ => sync_folder(Path::new(".")),
    }
}

/// A name in a folder lasts only once the folder itself is on the disk.
pub(super) fn sync_folder(path: &Path) -> Result<(), StoreError> {
    File::open(path)
        .and_then(|folder| folder.sync_all())
        .map_err(failed("sync the folder", path))
}

/// Opens a file, made for its owner alone when it is not there.
pub(super) fn private_file(path: &Path) -> Result<File, StoreError> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(FILE_MODE)
        .open(path)
        .map_err(failed("open", path))
}

/// Refuses what others could read or change.
fn check(path: &Path, needed: u32) -> Result<(), StoreError> {
    let metadata = fs::metadata(path).map_err(failed("read the mode of", path))?;
    let mode = metadata.mode() & 0o7777;
    if mode & OTHERS != 0 {
        return Err(StoreError::Permissions {
            path: path.to_owned(),
            mode,
            needed,
        });
    }
    let us = rustix::process::geteuid().as_raw();
    let owner = metadata.uid();
    if owner != us && owner != 0 {
        return Err(StoreError::Owner {
            path: path.to_owned(),
            owner,
            us,
        });
    }
    Ok(())
}

fn size(path: &Path) -> Result<Option<u64>, StoreError> {
    match fs::metadata(path) {
        Ok(metadata) => Ok(Some(metadata.len())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(failed("read the size of", path)(source)),
    }
}

/// The path with something after its name.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Says what was being done to which file when it failed.
pub(super) fn failed(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::File {
        doing,
        path,
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use crate::store::{Durability, Store, fixture::Fixture};

    use super::*;

    fn chmod(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn a_new_folder_and_all_that_is_in_it_is_for_its_owner_alone() {
        let parent = Fixture::folder();
        let path = parent.path().join("a/b/data");
        let store = Store::open(&path, Durability::None).unwrap();
        assert_eq!(mode(&path), FOLDER_MODE);
        let files: Vec<_> = fs::read_dir(&path)
            .unwrap()
            .map(|file| file.unwrap().path())
            .collect();
        assert_eq!(files.len(), 4, "{files:?}");
        for file in files {
            assert_eq!(mode(&file), FILE_MODE, "{}", file.display());
        }
        drop(store);
    }

    #[test]
    fn what_others_can_read_is_refused_with_the_mode_it_needs() {
        for (name, open_to_others, needed) in [
            ("", 0o750, "run chmod 700"),
            ("", 0o701, "run chmod 700"),
            (DATABASE_FILE, 0o640, "run chmod 600"),
            (LOCK_FILE, 0o606, "run chmod 600"),
        ] {
            let folder = Fixture::new().close();
            let path = folder.path().join(name);
            chmod(&path, open_to_others);
            let refused = Store::open(folder.path(), Durability::None).unwrap_err();
            assert!(refused.to_string().contains(needed), "{refused}");
            assert!(matches!(refused, StoreError::Permissions { .. }));
        }
    }

    #[test]
    fn a_folder_tells_how_it_was_left() {
        let parent = Fixture::folder();
        let folder = Folder::open(parent.path()).unwrap();
        assert_eq!(folder.past().unwrap(), Past::None);
        for past in [Past::Cut, Past::Clean, Past::Cut] {
            folder.leave_as(past).unwrap();
            assert_eq!(folder.past().unwrap(), past);
        }
    }
}
