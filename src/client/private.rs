//! Files nobody else may read: made so, and replaced whole or not at all.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};

/// Makes a folder and those above it, for their owner alone.
pub(super) fn folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    // It may have been there with other rights.
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
}

/// Makes a file that was not there, for its owner alone, and opens it for appending.
pub(super) fn new_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create_new(true).mode(0o600).open(path)
}

/// Opens a file for its lock, for its owner alone; it is made when it is not there.
pub(super) fn lock_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true).mode(0o600).open(path)
}

/// Replaces a file: whoever reads it sees the old or the new, whatever happens in between.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let random = getrandom::u64().map_err(io::Error::other)?;
    let fresh = path.with_extension(format!("{random:016x}.new"));
    let written = new_file(&fresh).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written
        .and_then(|()| fs::rename(&fresh, path))
        .inspect_err(|_| drop(fs::remove_file(&fresh)))
}

/// Reads a file that need not be there.
pub(super) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Removes a file that need not be there.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn files_and_folders_are_their_owners_alone() {
        let scratch = tempfile::tempdir().unwrap();
        let folder_path = scratch.path().join("a/b");
        folder(&folder_path).unwrap();
        let file = folder_path.join("token");
        replace(&file, b"one").unwrap();
        replace(&file, b"two").unwrap();
        assert_eq!((mode(&folder_path), mode(&file)), (0o700, 0o600));
        assert_eq!(read(&file).unwrap().unwrap(), b"two");
        assert_eq!(fs::read_dir(&folder_path).unwrap().count(), 1);
        remove(&file).unwrap();
        remove(&file).unwrap();
        assert!(read(&file).unwrap().is_none());
    }
}
