//! Files that appear whole or not at all, with their final mode from the first moment.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use data_encoding::HEXLOWER;

/// Who may read a file.
#[derive(Clone, Copy, Debug)]
pub(super) enum Access {
    /// The owner alone: 0600, whatever the umask.
    Private,
    /// Everybody: 0644 at most.
    Public,
}

/// What to do with a file that is already there.
#[derive(Clone, Copy, Debug)]
pub(super) enum Existing {
    Keep,
    Replace,
}

/// A file written beside its place and not yet in it. Dropping it unpublished removes it.
#[derive(Debug)]
pub(super) struct Staged {
    temporary: PathBuf,
    target: PathBuf,
}

impl Staged {
    /// Writes and syncs the content under a name of its own in the target's folder.
    pub(super) fn write(target: &Path, content: &str, access: Access) -> io::Result<Self> {
        let staged = Self {
            temporary: temporary(target)?,
            target: target.to_owned(),
        };
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(match access {
                Access::Private => 0o600,
                Access::Public => 0o644,
            })
            .open(&staged.temporary)?;
        file.write_all(content.as_bytes())?;
        file.sync_all()?;
        Ok(staged)
    }

    /// Puts the file in its place in one step.
    ///
    /// With [`Existing::Keep`] it is a link, which fails where a rename would overwrite.
    pub(super) fn publish(self, existing: Existing) -> io::Result<()> {
        match existing {
            Existing::Keep => fs::hard_link(&self.temporary, &self.target),
            Existing::Replace => fs::rename(&self.temporary, &self.target),
        }
    }

    pub(super) fn target(&self) -> &Path {
        &self.target
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        // After a rename there is nothing to remove; any other failure leaves a stray file only.
        drop(fs::remove_file(&self.temporary));
    }
}

/// Makes names that were given in a folder outlast a power cut.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// The folder a file is in; `.` for a bare name.
pub(super) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn temporary(target: &Path) -> io::Result<PathBuf> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let mut name = std::ffi::OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(format!(".{}.tmp", HEXLOWER.encode(&random)));
    Ok(folder_of(target).join(name))
}
