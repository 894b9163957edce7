//! What the tests of this folder share: a folder of certificates, and a handshake in memory.

use std::{process::Command, sync::Arc};

use rcgen::{BasicConstraints, Certificate, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{ServerConfig, pki_types::PrivateKeyDer, version::TLS13};
use tempfile::TempDir;
use tokio::io::{DuplexStream, duplex};
use tokio_rustls::{client, server};

use super::{
    AcceptError, CertificateFiles, ClientTls, ConnectError, GenerateError, GenerateOptions,
    Generated, LoadError, MinVersion, Pin, ServerTls, Trust, generate, generate::generate_at,
    provider,
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

    /// Makes certificates over these, with the usual options but for the change.
    pub(super) fn generate(
        &self,
        change: impl FnOnce(&mut GenerateOptions),
    ) -> Result<Generated, GenerateError> {
        let mut options = GenerateOptions::new(self.files().clone());
        change(&mut options);
        generate(&options)
    }

    /// CA, its key, the server's chain, its key.
    pub(super) fn content(&self) -> [String; 4] {
        let files = self.files();
        [&files.ca, &files.ca_key, &files.certificate, &files.key]
            .map(|path| std::fs::read_to_string(path).unwrap())
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

/// A certificate that nothing but a test would make, with its key.
pub(super) struct Odd {
    pub(super) certificate: Certificate,
    params: CertificateParams,
    key: KeyPair,
}

impl Odd {
    /// Signed by another one, or by itself; for `localhost` unless changed.
    pub(super) fn new(signer: Option<&Self>, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        change(&mut params);
        let certificate = match signer {
            None => params.self_signed(&key),
            Some(signer) => {
                params.signed_by(&key, &Issuer::from_params(&signer.params, &signer.key))
            }
        };
        Self {
            certificate: certificate.unwrap(),
            params,
            key,
        }
    }

    pub(super) fn ca() -> Self {
        Self::new(None, |params| {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        })
    }

    pub(super) fn pin(&self) -> Pin {
        Pin::of(self.certificate.der()).unwrap()
    }

    /// A client that trusts this certificate by its pin, and one that has it in a file.
    pub(super) fn trusted(&self) -> [Result<ClientTls, LoadError>; 2] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        std::fs::write(&file, self.certificate.pem()).unwrap();
        [Trust::Pin(self.pin()), Trust::CaFile(file)].map(ClientTls::new)
    }

    /// Handshakes as a server that checks nothing and sends the chain as it is.
    pub(super) async fn serve(
        &self,
        above: &[&Self],
        protocols: &[&[u8]],
        client: &ClientTls,
        host: &str,
    ) -> Result<client::TlsStream<DuplexStream>, ConnectError> {
        let chain = std::iter::once(self)
            .chain(above.iter().copied())
            .map(|odd| odd.certificate.der().clone())
            .collect();
        let key = PrivateKeyDer::try_from(self.key.serialize_der()).unwrap();
        let mut config = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        let (near, far) = duplex(64 * 1024);
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        tokio::join!(client.connect(near, host), acceptor.accept(far)).0
    }
}

/// Runs a program that must succeed, and returns what it said.
pub(super) fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{command:?}: {text}");
    text
}

/// OpenSSL's opinion, at its strictest.
pub(super) fn assert_strictly_valid(files: &CertificateFiles) {
    run(Command::new("openssl")
        .args(["verify", "-x509_strict", "-purpose", "sslserver", "-CAfile"])
        .args([&files.ca, &files.certificate]));
}
