//! The tortured server: this very program, started, killed and started again.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, bail};

/// Settings that keep a test of durability from being a test of patience.
const SETTINGS: &str = r#"
[limits]
connections_per_address = 1000
registrations_per_hour = 1000
messages_burst = 1000
messages_per_second = 10000
[passwords]
memory_kib = 8192
passes = 1
[log]
filter = "warn"
"#;

/// A server in a folder of its own. Killed when dropped.
pub(super) struct Server {
    folder: PathBuf,
    address: SocketAddr,
    child: Option<Child>,
    disk: Disk,
}

/// What the disk does when the server is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disk {
    /// It keeps what was written.
    Honest,
    /// It forgets everything since the server was started: what the checker must notice.
    Forgetful,
}

impl Server {
    /// Prepares a server in an empty folder, on a port that is free now.
    pub(super) fn new(folder: &Path, disk: Disk) -> anyhow::Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let at = |name: &str| folder.join(name).display().to_string();
        let settings = format!(
            "[server]\nlisten = [\"{address}\"]\ndata = \"{}\"\n[tls]\nca = \"{}\"\ncertificate = \"{}\"\nkey = \"{}\"\n{SETTINGS}",
            at("data"),
            at("ca.pem"),
            at("server.pem"),
            at("server.key"),
        );
        fs::write(folder.join("server.toml"), settings)?;
        Ok(Self {
            folder: folder.to_owned(),
            address,
            child: None,
            disk,
        })
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn ca(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// Starts it and waits until it listens.
    pub(super) fn start(&mut self) -> anyhow::Result<()> {
        if self.disk == Disk::Forgetful && self.folder.join("data").exists() {
            copy(&self.folder.join("data"), &self.folder.join("remembered"))?;
        }
        let log = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.folder.join("log"))?;
        let mut child = Command::new(std::env::current_exe()?)
            .args(["serve", "--config"])
            .arg(self.folder.join("server.toml"))
            .stdout(Stdio::piped())
            .stderr(log)
            .stdin(Stdio::null())
            .spawn()
            .context("cannot start the server")?;
        let out = child.stdout.take().context("the server has no output")?;
        self.child = Some(child);
        let mut lines = BufReader::new(out).lines();
        while let Some(line) = lines.next().transpose()? {
            if line.trim_start().starts_with("netcomm") || line.starts_with("To chat") {
                return Ok(());
            }
        }
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        bail!("the server did not start; its log:\n{log}")
    }

    /// Kills it as a crash would.
    pub(super) fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        let remembered = self.folder.join("remembered");
        if self.disk == Disk::Forgetful && remembered.exists() {
            fs::remove_dir_all(self.folder.join("data"))?;
            copy(&remembered, &self.folder.join("data"))?;
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(error) = self.kill() {
            tracing::error!(%error, "cannot end the server");
        }
    }
}

/// Copies the files of a folder to another that only we can read, as the server wants it.
fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    fs::DirBuilder::new().mode(0o700).create(to)?;
    for file in fs::read_dir(from)? {
        let file = file?;
        if file.file_type()?.is_file() {
            fs::copy(file.path(), to.join(file.file_name()))?;
        }
    }
    Ok(())
}
