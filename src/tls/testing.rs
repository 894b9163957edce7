//! What the tests of this folder share: a folder of certificates, and a handshake in memory.

use tempfile::TempDir;
use tokio::io::{DuplexStream, duplex};
use tokio_rustls::{client, server};

use super::{
    AcceptError, CertificateFiles, ClientTls, ConnectError, GenerateOptions, Generated, MinVersion,
    ServerTls, Trust, generate::generate_at,
};
use crate::model::Timestamp;

/// Certificates in a folder that goes away with it.
pub(super) struct Made {
    _folder: TempDir,
    pub(super) generated: Generated,
}

impl Made {
    pub(super) fn new() -> Self {
        Self::of(&["localhost", "127.0.0.1"], Timestamp::now())
    }

    pub(super) fn of(hosts: &[&str], now: Timestamp) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = GenerateOptions {
            hosts: hosts.iter().map(|host| host.parse().unwrap()).collect(),
            ..GenerateOptions::new(CertificateFiles::in_folder(folder.path()))
        };
        let generated = generate_at(&options, now).unwrap();
        Self {
            _folder: folder,
            generated,
        }
    }

    pub(super) fn files(&self) -> &CertificateFiles {
        &self.generated.files
    }

    pub(super) fn server(&self) -> ServerTls {
        let files = self.files();
        ServerTls::load(
            files.certificate.clone(),
            files.key.clone(),
            MinVersion::Tls13,
        )
        .unwrap()
    }

    pub(super) fn by_file(&self) -> ClientTls {
        ClientTls::new(Trust::CaFile(self.files().ca.clone())).unwrap()
    }

    pub(super) fn by_pin(&self) -> ClientTls {
        ClientTls::new(Trust::Pin(self.generated.pin)).unwrap()
    }
}

pub(super) type Handshake = (
    Result<client::TlsStream<DuplexStream>, ConnectError>,
    Result<server::TlsStream<DuplexStream>, AcceptError>,
);

/// Both sides of a handshake, as far as it gets.
pub(super) async fn handshake(server: &ServerTls, client: &ClientTls, host: &str) -> Handshake {
    let (near, far) = duplex(64 * 1024);
    let acceptor = server.acceptor();
    tokio::join!(client.connect(near, host), acceptor.accept(far))
}
