//! PEM files: opened without waiting, bounded, and checked to be private if they hold a key.

use std::{
    fs::File,
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::Path,
};

use rustix::fs::{Mode, OFlags};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use zeroize::Zeroizing;

use super::error::{LoadError, PEM_FILE_MAX};

/// Permission bits of group and others: a private key has none of them.
const OTHERS: u32 = 0o077;

/// Reads all certificates of a file; at least one.
pub(in crate::tls) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, LoadError> {
    let pem = read(path, &open(path)?)?;
    let chain = rustls_pemfile::certs(&mut pem.as_slice())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| damaged(path, &error))?;
    if chain.is_empty() {
        return Err(LoadError::NoCertificate { path: path.into() });
    }
    Ok(chain)
}

/// Reads a private key that only its owner can read.
pub(in crate::tls) fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, LoadError> {
    let file = open(path)?;
    check_private(path, &file)?;
    let pem = read(path, &file)?;
    rustls_pemfile::private_key(&mut pem.as_slice())
        .map_err(|error| damaged(path, &error))?
        .ok_or_else(|| LoadError::NoKey { path: path.into() })
}

/// Asks the open file, not the path: what is checked is what is read.
fn check_private(path: &Path, file: &File) -> Result<(), LoadError> {
    let metadata = file.metadata().map_err(|error| unreadable(path, error))?;
    let mode = metadata.mode() & 0o7777;
    if mode & OTHERS != 0 {
        return Err(LoadError::TooOpen {
            path: path.into(),
            mode,
        });
    }
    let own = rustix::process::geteuid().as_raw();
    let owner = metadata.uid();
    if owner != own && owner != 0 {
        return Err(LoadError::Owner {
            path: path.into(),
            owner,
            own,
        });
    }
    Ok(())
}

/// Opens without waiting: a pipe in the file's place would block until somebody writes to it.
fn open(path: &Path) -> Result<File, LoadError> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, Mode::empty())
        .map(File::from)
        .map_err(|error| unreadable(path, error.into()))?;
    let metadata = file.metadata().map_err(|error| unreadable(path, error))?;
    if !metadata.is_file() {
        return Err(LoadError::NotAFile { path: path.into() });
    }
    if metadata.len() > PEM_FILE_MAX {
        return Err(LoadError::TooLarge { path: path.into() });
    }
    Ok(file)
}

fn read(path: &Path, file: &File) -> Result<Zeroizing<Vec<u8>>, LoadError> {
    let mut pem = Zeroizing::new(Vec::new());
    file.take(PEM_FILE_MAX)
        .read_to_end(&mut pem)
        .map_err(|error| unreadable(path, error))?;
    Ok(pem)
}

fn unreadable(path: &Path, source: io::Error) -> LoadError {
    LoadError::Read {
        path: path.into(),
        source,
    }
}

pub(super) fn damaged(path: &Path, reason: &dyn std::error::Error) -> LoadError {
    LoadError::Damaged {
        path: path.into(),
        reason: reason.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use rustix::fs::{CWD, FileType, mknodat};

    use super::*;
    use crate::tls::testing::Made;

    fn chmod(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_key_that_others_can_touch_is_refused_with_its_mode() {
        let made = Made::new();
        for mode in [0o640, 0o644, 0o604, 0o660, 0o602, 0o601, 0o777] {
            chmod(&made.files().key, mode);
            let error = private_key(&made.files().key).unwrap_err();
            assert!(matches!(error, LoadError::TooOpen { .. }), "{mode:o}");
            let text = error.to_string();
            assert!(text.contains(&format!("{mode:04o}")) && text.contains("must be 0600"));
        }
        for mode in [0o600, 0o400] {
            chmod(&made.files().key, mode);
            private_key(&made.files().key).unwrap();
        }
    }

    #[test]
    fn a_key_of_another_owner_is_refused() {
        if !rustix::process::geteuid().is_root() {
            return; // only root can give a file away
        }
        let made = Made::new();
        std::os::unix::fs::chown(&made.files().key, Some(65534), None).unwrap();
        let error = private_key(&made.files().key).unwrap_err();
        assert!(matches!(error, LoadError::Owner { owner: 65534, .. }));
    }

    #[test]
    fn a_folder_or_a_pipe_as_key_is_refused_at_once() {
        let made = Made::new();
        let key = &made.files().key;
        fs::remove_file(key).unwrap();
        let missing = private_key(&made.files().key).unwrap_err();
        assert!(matches!(missing, LoadError::Read { .. }));
        fs::create_dir(key).unwrap();
        let folder = private_key(&made.files().key).unwrap_err();
        assert!(matches!(folder, LoadError::NotAFile { .. }));
        fs::remove_dir(key).unwrap();
        mknodat(CWD, key, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        let pipe = private_key(&made.files().key).unwrap_err();
        assert!(matches!(pipe, LoadError::NotAFile { .. }));
    }
}
