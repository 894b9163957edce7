//! Makes certificates: a CA of one's own, and a server's certificate signed by it.
//!
//! Promises: a private key is 0600 from the first moment, nothing is overwritten unasked, and a
//! set of files that is only partly there is left alone and named.

mod error;
mod files;
mod issue;
mod renew;
mod staged;

use std::{
    fs::DirBuilder,
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

pub use error::GenerateError;
pub use files::CertificateFiles;

use super::{
    names::{Host, own_hosts},
    pin::Pin,
    summary::Summary,
};
use crate::model::Timestamp;
use issue::{Authority, Issued, days};
use renew::renew;
use staged::{Access, Existing, Staged, folder_of, sync_folder};

/// The longest life of a server's certificate, in days: what public CAs give, and verifiers accept.
pub const DAYS_MAX: u16 = 397;

/// What may be replaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Replace {
    /// Nothing: all four files are new.
    #[default]
    Nothing,
    /// The server's certificate and key; the CA stays, so clients notice nothing.
    Server,
    /// Everything: every client needs the new CA or pin.
    All,
}

/// What certificates to make.
#[derive(Clone, Debug)]
pub struct GenerateOptions {
    /// Where.
    pub files: CertificateFiles,
    /// What the server is called. Empty: as before when it is renewed, else [`own_hosts`].
    pub hosts: Vec<Host>,
    /// Days the server's certificate is good for, 1 to [`DAYS_MAX`].
    pub days: u16,
    /// What may be replaced.
    pub replace: Replace,
}

impl GenerateOptions {
    /// The usual: this machine's names, the longest life, nothing replaced.
    #[must_use]
    pub fn new(files: CertificateFiles) -> Self {
        Self {
            files,
            hosts: Vec::new(),
            days: DAYS_MAX,
            replace: Replace::Nothing,
        }
    }
}

/// What was made.
#[derive(Clone, Debug)]
pub struct Generated {
    /// Where.
    pub files: CertificateFiles,
    /// The CA's pin.
    pub pin: Pin,
    /// When the server's certificate ends.
    pub expires: Timestamp,
    /// When the CA ends.
    pub ca_expires: Timestamp,
    /// What the server's certificate is for.
    pub names: Vec<String>,
}

/// Makes what the options ask for.
///
/// # Errors
///
/// [`GenerateError`]; whatever was there before is then still there.
pub fn generate(options: &GenerateOptions) -> Result<Generated, GenerateError> {
    generate_at(options, Timestamp::now())
}

/// Makes all files for a server's first start, when CA, certificate and key are all absent.
///
/// `None`: certificate and key are there, nothing was made. A server needs no CA file to run.
///
/// # Errors
///
/// [`GenerateError::Partial`] when only some are there: making the rest would hide a mistake.
pub fn generate_if_absent(options: &GenerateOptions) -> Result<Option<Generated>, GenerateError> {
    let files = &options.files;
    if files.existing().is_empty() {
        return generate(options).map(Some);
    }
    let missing: Vec<_> = [&files.certificate, &files.key]
        .into_iter()
        .filter(|path| path.symlink_metadata().is_err())
        .cloned()
        .collect();
    if missing.is_empty() {
        return Ok(None);
    }
    Err(GenerateError::Partial {
        existing: files.existing(),
        missing,
    })
}

/// As [`generate`], at a time the caller names: tests make what has expired.
pub(super) fn generate_at(
    options: &GenerateOptions,
    now: Timestamp,
) -> Result<Generated, GenerateError> {
    if !(1..=DAYS_MAX).contains(&options.days) {
        return Err(GenerateError::Days(options.days));
    }
    match options.replace {
        Replace::Server => renew(options, now),
        Replace::All => create(options, Existing::Replace, now),
        Replace::Nothing => {
            let existing = options.files.existing();
            if !existing.is_empty() {
                return Err(GenerateError::Exists(existing));
            }
            create(options, Existing::Keep, now)
        }
    }
}

fn create(
    options: &GenerateOptions,
    existing: Existing,
    now: Timestamp,
) -> Result<Generated, GenerateError> {
    let files = &options.files;
    let hosts = if options.hosts.is_empty() {
        own_hosts()
    } else {
        options.hosts.clone()
    };
    let (authority, ca) = Authority::create(now)?;
    let server = authority.issue(&hosts, days(options.days), now)?;
    let ca_pem = ca.certificate.pem();
    let content = [
        (&files.ca_key, ca.key_pem.as_str(), Access::Private),
        (&files.ca, &ca_pem, Access::Public),
        (&files.key, &server.key_pem, Access::Private),
        (&files.certificate, &chain(&server, &ca_pem), Access::Public),
    ];
    write(&content, existing)?;
    report(files, &Summary::of(ca.certificate.der())?, &server)
}

/// The CA travels along, so that clients which know only its pin can verify the server.
fn chain(server: &Issued, ca_pem: &str) -> String {
    server.certificate.pem() + ca_pem
}

/// All are written and synced before the first one appears, so a full disk changes nothing; the
/// first to appear decides which of two at once wins.
fn write(content: &[(&PathBuf, &str, Access)], existing: Existing) -> Result<(), GenerateError> {
    let mut staged = Vec::with_capacity(content.len());
    for &(path, text, access) in content {
        let folder = folder_of(path);
        DirBuilder::new()
            .recursive(true)
            .mode(0o755)
            .create(folder)
            .map_err(|error| unwritable(folder, error))?;
        staged.push(Staged::write(path, text, access).map_err(|error| unwritable(path, error))?);
    }
    for file in staged {
        let target = file.target().to_owned();
        file.publish(existing)
            .and_then(|()| sync_folder(folder_of(&target)))
            .map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => GenerateError::Exists(vec![target]),
                _ => unwritable(&target, error),
            })?;
    }
    Ok(())
}

fn report(
    files: &CertificateFiles,
    ca: &Summary,
    server: &Issued,
) -> Result<Generated, GenerateError> {
    let leaf = Summary::of(server.certificate.der())?;
    Ok(Generated {
        files: files.clone(),
        pin: ca.pin,
        expires: leaf.not_after,
        ca_expires: ca.not_after,
        names: leaf.names,
    })
}

fn unwritable(path: &Path, source: io::Error) -> GenerateError {
    GenerateError::Write {
        path: path.into(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt, time::Duration};

    use super::*;
    use crate::tls::testing::{Made, assert_strictly_valid};

    const HOSTS: &[&str] = &["localhost", "chat.example.org", "127.0.0.1", "::1"];

    #[test]
    fn the_server_lasts_as_told_and_the_ca_ten_years() {
        let now = Timestamp::now();
        let hour = Duration::from_secs(60 * 60);
        let made = Made::of(HOSTS, now);
        let (start, last) = (now.before(hour), now.after(days(DAYS_MAX)));
        assert!(made.generated.expires > last.before(2 * hour));
        assert!(made.generated.expires.since(start) < days(DAYS_MAX));
        let ten_years = made.generated.ca_expires.since(now);
        assert!((days(3651)..days(3653)).contains(&ten_years));
        let short = made.generate(|options| {
            options.days = 1;
            options.replace = Replace::All;
        });
        assert!(short.unwrap().expires.since(now) <= days(1));
        for bad in [0, DAYS_MAX + 1] {
            let refused = made.generate(|options| options.days = bad);
            assert!(matches!(refused, Err(GenerateError::Days(_))));
        }
    }

    #[test]
    fn keys_are_private_under_any_umask() {
        // Only loosens: tests that run beside this one name the modes they need.
        let before = rustix::process::umask(rustix::fs::Mode::empty());
        let made = Made::new();
        rustix::process::umask(before);
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode(&made.files().key), 0o600);
        assert_eq!(mode(&made.files().ca_key), 0o600);
        assert_eq!(mode(&made.files().ca), 0o644);
    }

    #[test]
    fn nothing_else_is_left_in_the_folder() {
        let made = Made::new();
        let mut names: Vec<_> = fs::read_dir(folder_of(&made.files().ca))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["ca.key", "ca.pem", "server.key", "server.pem"]);
    }

    #[test]
    fn what_is_there_is_not_overwritten_unasked() {
        let made = Made::new();
        for missing in [None, Some(&made.files().key), Some(&made.files().ca)] {
            if let Some(path) = missing {
                fs::remove_file(path).unwrap();
            }
            let before = fs::read_to_string(&made.files().certificate).unwrap();
            let error = made.generate(|_| ()).unwrap_err();
            let text = error.to_string();
            assert!(matches!(error, GenerateError::Exists(_)), "{text}");
            assert!(text.contains("server.pem") && text.contains("--renew"));
            assert_eq!(
                fs::read_to_string(&made.files().certificate).unwrap(),
                before
            );
        }
    }

    #[test]
    fn two_at_once_make_one_set() {
        let folder = tempfile::tempdir().unwrap();
        let files = CertificateFiles::in_folder(folder.path());
        let options = GenerateOptions::new(files.clone());
        let made = std::thread::scope(|scope| {
            let tries: Vec<_> = (0..8).map(|_| scope.spawn(|| generate(&options))).collect();
            tries
                .into_iter()
                .filter_map(|one| one.join().unwrap().ok())
                .count()
        });
        assert_eq!(made, 1);
        assert_strictly_valid(&files);
    }

    #[test]
    fn force_makes_everything_anew() {
        let made = Made::new();
        let before = made.content();
        let forced = made
            .generate(|options| options.replace = Replace::All)
            .unwrap();
        assert_ne!(forced.pin, made.generated.pin);
        for (before, after) in before.iter().zip(made.content()) {
            assert_ne!(before, &after);
        }
    }

    #[test]
    fn a_first_start_makes_all_files_or_none() {
        let folder = tempfile::tempdir().unwrap();
        let files = CertificateFiles::in_folder(&folder.path().join("new/certs"));
        let options = GenerateOptions::new(files.clone());
        assert!(generate_if_absent(&options).unwrap().is_some());
        assert!(generate_if_absent(&options).unwrap().is_none());
        fs::remove_file(&files.ca_key).unwrap();
        fs::remove_file(&files.ca).unwrap();
        assert!(generate_if_absent(&options).unwrap().is_none());
        fs::remove_file(&files.key).unwrap();
        let error = generate_if_absent(&options).unwrap_err();
        assert!(
            matches!(&error, GenerateError::Partial { missing, .. } if missing == &[files.key])
        );
        assert!(!files.ca.exists());
    }
}
