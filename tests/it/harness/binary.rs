//! The real program, as a process.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio},
};

use netcomm::{
    config::Config,
    protocol::Frame,
    tls::{ClientTls, Trust},
};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::{
    Client, Connection,
    server::{make_certificates, settings},
};

/// The program.
pub(crate) const NETCOMM: &str = env!("CARGO_BIN_EXE_netcomm");

/// A folder with all that one server needs: settings, certificates, data, log.
pub(crate) struct Site {
    folder: TempDir,
    config: Config,
}

/// A server process. Killed when dropped.
pub(crate) struct Running {
    child: Child,
    _stdout: BufReader<ChildStdout>,
    /// What it printed before it was ready for connections.
    pub(crate) printed: Vec<String>,
    address: SocketAddr,
    tls: ClientTls,
}

impl Site {
    /// As an operator would set one up, but for the settings that make tests quick.
    pub(crate) fn new(change: impl FnOnce(&mut Config)) -> Self {
        let site = Self::bare(change);
        make_certificates(&site.config);
        site
    }

    /// Without certificates.
    pub(crate) fn bare(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = settings(folder.path());
        change(&mut config);
        let site = Self { folder, config };
        site.write_settings();
        site
    }

    fn write_settings(&self) {
        fs::write(
            self.path("server.toml"),
            toml::to_string(&self.config).unwrap(),
        )
        .unwrap();
    }

    /// Changes the settings; a running server does not know yet.
    pub(crate) fn configure(&mut self, change: impl FnOnce(&mut Config)) {
        change(&mut self.config);
        self.write_settings();
    }

    pub(crate) const fn config(&self) -> &Config {
        &self.config
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What the servers of this site have logged so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// The program, told nothing by the environment of the test.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.untold(NETCOMM);
        command.args(arguments);
        command
    }

    /// Any program, told nothing by the environment of the test.
    pub(crate) fn untold(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let ours = std::env::vars_os().map(|(name, _)| name);
        for name in ours.filter(|name| name.to_string_lossy().starts_with("NETCOMM")) {
            command.env_remove(name);
        }
        command.current_dir(self.folder.path());
        command
    }

    /// Runs `serve` with more arguments to its end.
    pub(crate) fn serve(&self, arguments: &[&str]) -> Output {
        let serve = ["serve", "--config", "server.toml"];
        let mut command = self.command(&serve);
        command.args(arguments).output().unwrap()
    }

    /// Starts a server and waits until it can be connected to.
    pub(crate) fn start(&self) -> Running {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.path("log"))
            .unwrap();
        let mut child = self
            .command(&["serve", "--config", "server.toml"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut printed = Vec::new();
        while !printed
            .last()
            .is_some_and(|line: &String| line.contains("connect"))
        {
            let mut line = String::new();
            if stdout.read_line(&mut line).unwrap() == 0 {
                drop(child.kill());
                panic!("the server did not start: {printed:?}\n{}", self.log());
            }
            printed.push(line.trim_end().to_owned());
        }
        let address = printed
            .iter()
            .find_map(|line| line.strip_prefix("listening"))
            .unwrap()
            .trim()
            .parse()
            .unwrap();
        Running {
            child,
            _stdout: stdout,
            printed,
            address,
            tls: ClientTls::new(Trust::CaFile(self.config.tls.ca.clone())).unwrap(),
        }
    }
}

impl Running {
    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) const fn tls(&self) -> &ClientTls {
        &self.tls
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Waits for its end.
    pub(crate) fn exit(mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// As a power cut would, but for what the system has written already.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// A connection that was said hello to, or nothing when the server is gone.
    pub(crate) async fn try_connect(&self) -> Option<Connection> {
        self.connect_at(self.address).await
    }

    /// As [`try_connect`](Self::try_connect), through whatever stands at another address.
    pub(crate) async fn connect_at(&self, address: SocketAddr) -> Option<Connection> {
        let mut connection = Connection::open(address, &self.tls).await?;
        let hello = connection.frame().await?;
        matches!(hello, Frame::Hello(_)).then_some(connection)
    }

    pub(crate) async fn connect(&self) -> Connection {
        self.try_connect().await.unwrap()
    }

    pub(crate) async fn register(&self, name: &str) -> Client {
        Client::register(self.connect().await, name).await
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already, which is no harm.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
