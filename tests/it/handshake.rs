//! Before a word of the protocol: who is let as far as hello, and for how long.

use std::{fs, io::BufReader, sync::Arc, time::Duration};

use netcomm::protocol::Code;
use rustls::{ClientConfig, RootCertStore, pki_types::ServerName};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, interval},
};
use tokio_rustls::TlsConnector;

use crate::harness::{Connection, DEADLINE, TestServer, within_deadline};

/// A short time for what is to run out in a test.
const SHORT: Duration = Duration::from_millis(300);

/// What a verified client that offers these protocols is told after its handshake.
async fn told_to(server: &TestServer, protocols: &[&[u8]]) -> Vec<u8> {
    let ca = fs::read(&server.config().tls.ca).unwrap();
    let mut roots = RootCertStore::empty();
    for certificate in rustls_pemfile::certs(&mut BufReader::new(ca.as_slice())) {
        roots.add(certificate.unwrap()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    let socket = TcpStream::connect(server.address()).await.unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let mut told = Vec::new();
    if let Ok(mut stream) = TlsConnector::from(Arc::new(config))
        .connect(name, socket)
        .await
    {
        drop(within_deadline("the end", stream.read_to_end(&mut told)).await);
    }
    told
}

#[tokio::test]
async fn only_who_names_the_protocol_is_told_anything() {
    let server = TestServer::start();
    let many: Vec<_> = (0..200).map(|n| format!("p{n}").into_bytes()).collect();
    let many: Vec<&[u8]> = many.iter().map(Vec::as_slice).collect();
    let refused: [&[&[u8]]; 5] = [&[], &[b"http/1.1"], &[b"irc"], &[b"netcomm/2"], &many];
    for protocols in refused {
        let told = told_to(&server, protocols).await;
        assert_eq!(told.len(), 0, "offered {} protocols", protocols.len());
    }
    server.connect().await;
}

/// All that a server sends to a plain connection before it closes that.
async fn answer_to_plain(server: &TestServer, bytes: &[u8]) -> Vec<u8> {
    let mut socket = TcpStream::connect(server.address()).await.unwrap();
    // The server may have closed already while this is written.
    drop(socket.write_all(bytes).await);
    let mut answer = Vec::new();
    drop(within_deadline("the end", socket.read_to_end(&mut answer)).await);
    answer
}

#[tokio::test]
async fn plain_text_on_the_port_gets_no_application_byte() {
    let server = TestServer::with(|config| config.limits.handshake_timeout = SHORT);
    let zeros = [0; 64 * 1024];
    let texts: [&[u8]; 4] = [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"NICK a\r\nUSER a 0 * :a\r\n",
        b"{\"type\":\"ping\",\"id\":1}\n",
        &zeros,
    ];
    for text in texts {
        let answer = answer_to_plain(&server, text).await;
        // At most a TLS alert record.
        assert!(answer.len() <= 7, "{answer:?}");
        assert!(answer.first().is_none_or(|&kind| kind == 21), "{answer:?}");
    }
}

#[tokio::test]
async fn a_silent_newcomer_is_closed_on_time() {
    let server = TestServer::with(|config| config.limits.handshake_timeout = SHORT);
    let start = Instant::now();
    assert_eq!(answer_to_plain(&server, b"").await.len(), 0);
    assert!(start.elapsed() >= SHORT);
}

#[tokio::test]
async fn the_time_to_log_in_is_in_all_and_not_from_byte_to_byte() {
    let server = TestServer::with(|config| config.limits.login_timeout = SHORT);
    let mut silent = server.connect().await;
    silent.closed_with(Code::Timeout).await;
    let mut trickling = server.connect().await;
    let mut beat = interval(SHORT / 20);
    let start = Instant::now();
    while trickling.write(b"{").await {
        beat.tick().await;
        assert!(start.elapsed() < DEADLINE);
    }
}

#[tokio::test]
async fn a_silent_newcomer_keeps_nobody_else_waiting() {
    let server = TestServer::start();
    let mut silent = Vec::new();
    for _ in 0..50 {
        silent.push(TcpStream::connect(server.address()).await.unwrap());
    }
    let mut alice = server.register("alice").await;
    alice.say("*", "hi").await;
}

#[tokio::test]
async fn one_address_gets_its_share_of_connections_and_a_place_given_back_is_free() {
    let server = TestServer::with(|config| config.limits.connections_per_address = 2);
    let first = server.connect().await;
    let _second = server.connect().await;
    assert!(
        Connection::open(server.address(), server.tls())
            .await
            .is_none()
    );
    drop(first);
    let again = async {
        while Connection::open(server.address(), server.tls())
            .await
            .is_none()
        {}
    };
    within_deadline("the place to be free", again).await;
}

#[tokio::test]
async fn who_has_not_logged_in_takes_no_place_from_who_has() {
    let server = TestServer::with(|config| config.limits.pre_login_connections = 1);
    let mut alice = server.register("alice").await;
    let mut bob = server.register("bob").await;
    let _newcomer = server.connect().await;
    assert!(
        Connection::open(server.address(), server.tls())
            .await
            .is_none()
    );
    alice.say("*", "still here").await;
    bob.say("*", "so am I").await;
}
