//! Sessions over streams in memory: what they share, and the other ends of them.

mod ends;
mod requests;

use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream},
    time::{advance, pause, timeout},
};

use crate::{
    config::{Config, Limits, Passwords},
    protocol::{Answer, Code, Failure, Frame},
};

use super::*;

/// How long anything may take that is to happen at all. Longer than any time limit that is passed
/// over while the clock stands still.
const DEADLINE: Duration = Duration::from_secs(3600);
const PASSWORD: &str = "seven rusty bicycles in the rain";

/// A server without a network, in a folder of its own.
struct Stage {
    server: super::super::stage::Stage,
    _folder: TempDir,
}

/// The other end of a session.
struct Peer(BufReader<DuplexStream>);

impl Stage {
    fn new(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config {
            limits: Limits {
                messages_burst: 1000,
                registrations_per_hour: 1000,
                ..Limits::default()
            },
            passwords: Passwords {
                memory_kib: 1024,
                passes: 1,
                ..Passwords::default()
            },
            ..Config::default()
        };
        change(&mut config);
        Self {
            server: super::super::stage::Stage::open(folder.path(), config).unwrap(),
            _folder: folder,
        }
    }

    /// A connection over a pipe that holds so many bytes.
    fn pipe(&mut self, bytes: usize) -> Peer {
        Peer(BufReader::new(self.server.pipe(bytes).unwrap()))
    }

    /// As [`pipe`](Self::pipe), and was said hello to.
    async fn connect_over(&mut self, bytes: usize) -> Peer {
        let mut peer = self.pipe(bytes);
        assert!(matches!(peer.frame().await, Some(Frame::Hello(_))));
        peer
    }

    async fn connect(&mut self) -> Peer {
        self.connect_over(64 * 1024).await
    }

    /// An account, logged in, and its token.
    async fn register(&mut self, name: &str) -> (Peer, String) {
        let mut peer = self.connect().await;
        let token = peer.register(name).await;
        (peer, token)
    }

    async fn resume(&mut self, token: &str) -> Peer {
        let mut peer = self.connect().await;
        let resume = json!({"type": "resume", "id": 0, "token": token});
        peer.enter(resume).await;
        peer
    }

    /// Keeps the hub from doing anything until the sender is dropped.
    fn stop_the_hub(&mut self) -> std::sync::mpsc::Sender<()> {
        let (resume, stopped) = std::sync::mpsc::channel::<()>();
        let hub = self.server.context.hub.clone();
        self.server.sessions.spawn(async move {
            let waiting = hub.write(move |_, _| {
                assert!(stopped.recv().is_err(), "nobody says anything");
                Ok(())
            });
            assert!(waiting.await.is_ok());
        });
        resume
    }
}

impl Peer {
    async fn write(&mut self, bytes: &[u8]) {
        let writing = timeout(DEADLINE, self.0.write_all(bytes)).await;
        writing.unwrap().unwrap();
    }

    async fn send(&mut self, lines: &[Value]) {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        self.write(text.as_bytes()).await;
    }

    async fn frame(&mut self) -> Option<Frame> {
        let mut line = Vec::new();
        let read = timeout(DEADLINE, self.0.read_until(b'\n', &mut line)).await;
        let length = read.unwrap().unwrap();
        (length > 0).then(|| Frame::parse(&line).unwrap().unwrap())
    }

    /// The next answer; entries and values are passed over, pings answered.
    async fn answer(&mut self) -> Result<Answer, Failure> {
        loop {
            match self.frame().await.unwrap() {
                Frame::Ok(answer) => return Ok(answer),
                Frame::Error(failure) => return Err(failure),
                Frame::Ping {} => self.send(&[json!({"type": "pong"})]).await,
                _ => {}
            }
        }
    }

    /// The place of the next entry; what is no entry is passed over.
    async fn entry(&mut self) -> u64 {
        loop {
            if let Frame::Entry(entry) = self.frame().await.unwrap() {
                return entry.seq.get();
            }
        }
    }

    async fn enter(&mut self, request: Value) -> Option<String> {
        self.send(&[request]).await;
        let welcome = self.answer().await.unwrap().welcome.unwrap();
        while !matches!(self.frame().await, Some(Frame::Current {})) {}
        welcome.token.map(|token| token.expose().to_owned())
    }

    async fn register(&mut self, name: &str) -> String {
        let request = json!({"type": "register", "id": 0, "user": name, "password": PASSWORD});
        self.enter(request).await.unwrap()
    }

    /// Everything until the session closes its side.
    async fn rest(mut self) -> Vec<Frame> {
        let mut rest = Vec::new();
        while let Some(frame) = self.frame().await {
            rest.push(frame);
        }
        rest
    }
}

fn say(id: u64, text: &str) -> Value {
    json!({"type": "send", "id": id, "to": "*", "text": text, "message": format!("m{id}")})
}

fn code_of(frame: Option<&Frame>) -> Option<Code> {
    match frame {
        Some(Frame::Error(failure)) => Some(failure.code),
        _ => None,
    }
}

/// Has alice say thirty long things, and reads the answers.
async fn talk(alice: &mut Peer) {
    let text = "x".repeat(4000);
    let lines: Vec<_> = (1..=30).map(|id| say(id, &text)).collect();
    alice.send(&lines).await;
    for _ in 1..=30 {
        alice.answer().await.unwrap();
    }
}
