//! Makes certificates: a CA of one's own, and a server's certificate signed by it.
//!
//! Promises: a private key is 0600 from the first moment, nothing is overwritten unasked, and a
//! set of files that is only partly there is left alone and named.

use std::{
    fs::{self, DirBuilder},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use rcgen::{KeyPair, PublicKeyData};

use super::{
    issue::{Authority, Issued, days},
    load::{self, LoadError},
    names::{Host, own_hosts},
    pin::{Pin, PinError},
    staged::{Access, Existing, Staged, folder_of, sync_folder},
    summary::Summary,
};
use crate::model::Timestamp;

/// The longest life of a server's certificate, in days: what public CAs give, and verifiers accept.
pub const DAYS_MAX: u16 = 397;

/// The four files of a server and its CA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The CA's certificate, for everybody who connects.
    pub ca: PathBuf,
    /// The CA's private key, needed only to renew.
    pub ca_key: PathBuf,
    /// The server's chain: its certificate, then the CA's.
    pub certificate: PathBuf,
    /// The server's private key.
    pub key: PathBuf,
}

impl CertificateFiles {
    /// The files by their usual names in a folder.
    #[must_use]
    pub fn in_folder(folder: &Path) -> Self {
        Self {
            ca: folder.join("ca.pem"),
            ca_key: folder.join("ca.key"),
            certificate: folder.join("server.pem"),
            key: folder.join("server.key"),
        }
    }

    fn all(&self) -> [&PathBuf; 4] {
        [&self.ca, &self.ca_key, &self.certificate, &self.key]
    }

    /// Those that are there, a dangling link or a folder included: nothing is written over them.
    fn existing(&self) -> Vec<PathBuf> {
        self.all()
            .into_iter()
            .filter(|path| path.symlink_metadata().is_ok())
            .cloned()
            .collect()
    }
}

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

/// Why certificates were not made. Nothing was replaced then.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// Some or all files are there already.
    #[error(
        "{} already there: nothing was changed; for a new server certificate from the same CA use netcomm gen-certs --renew, \
         to replace all of them (every client then needs the new CA) --force",
        list(.0)
    )]
    Exists(Vec<PathBuf>),
    /// Some of the files a server needs are there, others not.
    #[error(
        "{} there but {} missing: put the missing back; netcomm gen-certs --renew makes a server certificate \
         from the CA that is there, --force makes all anew",
        list(.existing),
        list(.missing)
    )]
    Partial {
        /// Files that are there.
        existing: Vec<PathBuf>,
        /// Files that are not.
        missing: Vec<PathBuf>,
    },
    /// No CA to renew from.
    #[error("cannot renew without the CA: {0}; netcomm gen-certs without --renew makes one")]
    NoCa(#[source] LoadError),
    /// The files do not hold one CA.
    #[error("cannot renew: {ca_key} is not the key of {ca}")]
    CaMismatch {
        /// The CA's certificate.
        ca: PathBuf,
        /// The key that is not its.
        ca_key: PathBuf,
    },
    /// The CA is past its last day.
    #[error(
        "cannot renew: the CA {ca} expired on {on}; make a new one with netcomm gen-certs --force"
    )]
    CaExpired {
        /// The CA's certificate.
        ca: PathBuf,
        /// When it ended.
        on: Timestamp,
    },
    /// A life no verifier accepts.
    #[error("a server's certificate lasts 1 to {DAYS_MAX} days, not {0}")]
    Days(u16),
    /// A file or folder cannot be written.
    #[error("cannot write {path}: {source}")]
    Write {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The certificate library refused.
    #[error("cannot make the certificate: {0}")]
    Issue(#[from] rcgen::Error),
    /// What was made cannot be read back.
    #[error("cannot read back the new certificate: {0}")]
    ReadBack(#[from] PinError),
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

fn renew(options: &GenerateOptions, now: Timestamp) -> Result<Generated, GenerateError> {
    let files = &options.files;
    let (authority, ca, ca_pem) = existing_authority(files, now)?;
    let hosts = if options.hosts.is_empty() {
        hosts_before(files)
    } else {
        options.hosts.clone()
    };
    let server = authority.issue(&hosts, days(options.days), now)?;
    let content = [
        (&files.key, server.key_pem.as_str(), Access::Private),
        (&files.certificate, &chain(&server, &ca_pem), Access::Public),
    ];
    write(&content, Existing::Replace)?;
    report(files, &ca, &server)
}

fn existing_authority(
    files: &CertificateFiles,
    now: Timestamp,
) -> Result<(Authority, Summary, String), GenerateError> {
    let (certificate, ca) = load::ca_certificates(&files.ca)
        .map_err(GenerateError::NoCa)?
        .swap_remove(0);
    let key = load::private_key(&files.ca_key).map_err(GenerateError::NoCa)?;
    let key = KeyPair::try_from(&key)?;
    if Pin::of_public_key(&key.subject_public_key_info()) != ca.pin {
        return Err(GenerateError::CaMismatch {
            ca: files.ca.clone(),
            ca_key: files.ca_key.clone(),
        });
    }
    if now >= ca.not_after {
        return Err(GenerateError::CaExpired {
            ca: files.ca.clone(),
            on: ca.not_after,
        });
    }
    let authority = Authority::resume(&certificate, key, &ca)?;
    let pem = fs::read_to_string(&files.ca).map_err(|source| {
        GenerateError::NoCa(LoadError::Read {
            path: files.ca.clone(),
            source,
        })
    })?;
    Ok((authority, ca, pem))
}

/// A renewed certificate is for what the old one was for, unless told otherwise.
fn hosts_before(files: &CertificateFiles) -> Vec<Host> {
    let before: Vec<Host> = load::certificates(&files.certificate)
        .ok()
        .and_then(|chain| Summary::of(chain.first()?).ok())
        .map(|leaf| {
            leaf.names
                .iter()
                .filter_map(|name| name.parse().ok())
                .collect()
        })
        .unwrap_or_default();
    if before.is_empty() {
        own_hosts()
    } else {
        before
    }
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

fn list(paths: &[PathBuf]) -> String {
    let names: Vec<_> = paths
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    match names.as_slice() {
        [one] => format!("{one} is"),
        many => format!("{} are", many.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use std::{os::unix::fs::PermissionsExt, process::Command, time::Duration};

    use super::*;
    use crate::tls::testing::Made;

    const HOSTS: &[&str] = &["localhost", "chat.example.org", "127.0.0.1", "::1"];

    /// A handshake of Python's own client and server, over memory, with its strictest checks.
    const PYTHON_HANDSHAKE: &str = r"
import ssl, sys
ca, certificate, key, host = sys.argv[1:]
trusting = ssl.create_default_context(cafile=ca)
trusting.verify_flags |= ssl.VERIFY_X509_STRICT
serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
serving.load_cert_chain(certificate, key)
up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
client = trusting.wrap_bio(down, up, server_hostname=host)
server = serving.wrap_bio(up, down, server_side=True)
for _ in range(4):
    for side in client, server:
        try: side.do_handshake()
        except ssl.SSLWantReadError: pass
assert client.version() == 'TLSv1.3'
";

    fn generate_with(
        made: &Made,
        change: impl FnOnce(&mut GenerateOptions),
    ) -> Result<Generated, GenerateError> {
        let mut options = GenerateOptions::new(made.files().clone());
        change(&mut options);
        generate(&options)
    }

    fn run(command: &mut Command) -> String {
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success(), "{command:?}: {text}");
        text
    }

    fn content(files: &CertificateFiles) -> Vec<String> {
        let read = |path: &PathBuf| fs::read_to_string(path).unwrap();
        files.all().into_iter().map(read).collect()
    }

    fn assert_strictly_valid(files: &CertificateFiles) {
        run(Command::new("openssl")
            .args(["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile"])
            .args([&files.ca, &files.certificate]));
    }

    #[test]
    fn openssl_accepts_the_certificate_at_its_strictest() {
        let made = Made::of(HOSTS, Timestamp::now());
        assert_strictly_valid(made.files());
    }

    #[test]
    fn python_connects_to_every_name() {
        let made = Made::of(HOSTS, Timestamp::now());
        for host in HOSTS {
            let files = made.files();
            run(Command::new("python3")
                .args(["-c", PYTHON_HANDSHAKE])
                .args([&files.ca, &files.certificate, &files.key])
                .arg(host));
        }
    }

    #[test]
    fn certificates_say_what_they_are_for() {
        let made = Made::of(HOSTS, Timestamp::now());
        let read = |path: &Path| {
            run(Command::new("openssl")
                .args(["x509", "-noout", "-text", "-in"])
                .arg(path))
        };
        let (ca, server) = (read(&made.files().ca), read(&made.files().certificate));
        for part in [
            "CA:TRUE, pathlen:0",
            "Key Usage: critical\n                Certificate Sign, CRL Sign\n",
            "Subject Key Identifier",
        ] {
            assert!(ca.contains(part), "no {part:?} in {ca}");
        }
        for part in [
            "Subject: CN = localhost",
            "CA:FALSE",
            "Key Usage: critical\n                Digital Signature\n",
            "TLS Web Server Authentication",
            "Authority Key Identifier",
            "Subject Key Identifier",
            "DNS:localhost, DNS:chat.example.org, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1",
        ] {
            assert!(server.contains(part), "no {part:?} in {server}");
        }
    }

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
        let short = generate_with(&made, |options| {
            options.days = 1;
            options.replace = Replace::All;
        });
        assert!(short.unwrap().expires.since(now) <= days(1));
        for bad in [0, DAYS_MAX + 1] {
            let refused = generate_with(&made, |options| options.days = bad);
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
            let error = generate_with(&made, |_| ()).unwrap_err();
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
    fn renewing_keeps_the_ca_and_the_names() {
        let made = Made::of(HOSTS, Timestamp::now());
        let before = content(made.files());
        let renewed = generate_with(&made, |options| options.replace = Replace::Server).unwrap();
        let after = content(made.files());
        assert_eq!(before[..2], after[..2]);
        assert_ne!(before[2], after[2]);
        assert_ne!(before[3], after[3]);
        assert_eq!(renewed.pin, made.generated.pin);
        assert_eq!(renewed.names, HOSTS);
        assert_strictly_valid(made.files());
    }

    #[test]
    fn a_renewed_server_does_not_outlive_its_ca() {
        let made = Made::of(HOSTS, Timestamp::now().before(days(3600)));
        let renewed = generate_with(&made, |options| options.replace = Replace::Server).unwrap();
        assert_eq!(renewed.expires, renewed.ca_expires);
        assert_strictly_valid(made.files());
        let old = Made::of(HOSTS, Timestamp::now().before(days(4000)));
        let error = generate_with(&old, |options| options.replace = Replace::Server).unwrap_err();
        assert!(matches!(error, GenerateError::CaExpired { .. }), "{error}");
    }

    #[test]
    fn renewing_needs_the_ca_and_its_own_key() {
        let (made, other) = (Made::new(), Made::new());
        let renew = || generate_with(&made, |options| options.replace = Replace::Server);
        fs::copy(&other.files().ca_key, &made.files().ca_key).unwrap();
        assert!(matches!(renew(), Err(GenerateError::CaMismatch { .. })));
        fs::remove_file(&made.files().ca_key).unwrap();
        assert!(matches!(renew(), Err(GenerateError::NoCa(_))));
    }

    #[test]
    fn force_makes_everything_anew() {
        let made = Made::new();
        let before = content(made.files());
        let forced = generate_with(&made, |options| options.replace = Replace::All).unwrap();
        assert_ne!(forced.pin, made.generated.pin);
        for (before, after) in before.iter().zip(content(made.files())) {
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
