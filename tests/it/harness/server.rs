//! A server in the test's own process, on a port of the system's choice.

use std::{net::SocketAddr, path::Path};

use netcomm::{
    config::{Config, Limits, Passwords, Registration},
    protocol::Frame,
    server::{Home, Server},
    tls::{CertificateFiles, ClientTls, GenerateOptions, Trust, generate},
};
use tempfile::TempDir;

use super::{Client, Connection};

/// A server that is there for one test.
pub(crate) struct TestServer {
    server: Server,
    config: Config,
    tls: ClientTls,
    folder: TempDir,
}

/// Settings under which tests neither wait nor are held back: the cheapest hashes, and limits far
/// away.
pub(super) fn settings(folder: &Path) -> Config {
    let mut config = Config {
        limits: Limits {
            connections_per_address: 10_000,
            pre_login_connections: 10_000,
            registrations_per_hour: 100_000,
            messages_burst: 100_000,
            messages_per_second: 100_000,
            ..Limits::default()
        },
        passwords: Passwords {
            memory_kib: 1024,
            passes: 1,
            lanes: 1,
            ..Passwords::default()
        },
        ..Config::default()
    };
    config.server.registration = Registration::Open;
    config.server.listen = vec![SocketAddr::from(([127, 0, 0, 1], 0))];
    config.server.data = folder.join("data");
    config.tls.ca = folder.join("ca.pem");
    config.tls.certificate = folder.join("server.pem");
    config.tls.key = folder.join("server.key");
    config
}

/// Makes the certificates that the settings name.
pub(super) fn make_certificates(config: &Config) {
    let files = CertificateFiles {
        ca: config.tls.ca.clone(),
        ca_key: config.tls.ca.with_extension("key"),
        certificate: config.tls.certificate.clone(),
        key: config.tls.key.clone(),
    };
    let hosts = vec!["127.0.0.1".parse().unwrap()];
    let options = GenerateOptions {
        hosts,
        ..GenerateOptions::new(files)
    };
    generate(&options).unwrap();
}

impl TestServer {
    /// Runs on the test's runtime. Nothing it does waits for the disk.
    pub(crate) fn start() -> Self {
        Self::with(|_| {})
    }

    /// As [`start`](Self::start), with other settings.
    pub(crate) fn with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = settings(folder.path());
        make_certificates(&config);
        change(&mut config);
        Self::run(config, folder)
    }

    fn run(config: Config, folder: TempDir) -> Self {
        let home = Home::Ephemeral(config.server.data.clone());
        let server = Server::start(config.clone(), home).unwrap();
        let tls = ClientTls::new(Trust::CaFile(config.tls.ca.clone())).unwrap();
        Self {
            server,
            config,
            tls,
            folder,
        }
    }

    /// Stops in good order and starts again with the same data, at another port.
    pub(crate) async fn restart(self) -> Self {
        self.server.stop().await;
        Self::run(self.config, self.folder)
    }

    /// The server itself.
    pub(crate) const fn inside(&self) -> &Server {
        &self.server
    }

    pub(crate) const fn config(&self) -> &Config {
        &self.config
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.addresses()[0]
    }

    pub(crate) const fn tls(&self) -> &ClientTls {
        &self.tls
    }

    /// A connection that has said nothing yet and was said hello to.
    pub(crate) async fn connect(&self) -> Connection {
        let connection = Connection::open(self.address(), &self.tls).await;
        Self::greeted(connection.unwrap()).await
    }

    /// As [`connect`](Self::connect), with little room for what the client does not read.
    pub(crate) async fn connect_narrow(&self) -> Connection {
        let connection = Connection::open_narrow(self.address(), &self.tls).await;
        Self::greeted(connection.unwrap()).await
    }

    async fn greeted(mut connection: Connection) -> Connection {
        match connection.frame().await {
            Some(Frame::Hello(_)) => connection,
            other => panic!("expected hello, got {other:?}"),
        }
    }

    /// Makes an account, and is logged in as it.
    pub(crate) async fn register(&self, name: &str) -> Client {
        Client::register(self.connect().await, name).await
    }

    /// Another session of an account that is there.
    pub(crate) async fn login(&self, name: &str) -> Client {
        Client::login(self.connect().await, name).await
    }
}
