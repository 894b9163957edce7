//! How many instructions a message costs on its way: exact, and the same on a busy machine.
//!
//! Each step is run under `valgrind --tool=callgrind`, some times and then some times more; the
//! difference is what the step costs, without start and end. The counts are the same in every run,
//! so that two commits can be compared: `cargo bench --bench instructions`.

use std::{
    env, fs,
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    pin::Pin,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use anyhow::{Context as _, bail};
use netcomm::{
    chat::{self, Actor, Conversation, Entry, Event, Mentions, Style},
    model::{
        Account, AccountId, Address, ConversationId, MessageId, RoomName, Seq, ServerRole, Text,
        Timestamp, UserName, Visibility,
    },
    protocol::{EntryBody, EntryFrame, FRAME_MAX, Frame, FrameBuffer, Request},
    store::{Durability, Fingerprint, NewAccount, PasswordHash, Registration, Store},
    tls::{CertificateFiles, ClientTls, GenerateOptions, MinVersion, ServerTls, Trust, generate},
};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex};

/// How often a step is run: the difference of the two counts is divided by their difference.
const FEW: u64 = 100;
const MANY: u64 = 1100;
/// How many entries leave in one write on a busy server.
const LINES_A_WRITE: usize = 40;
/// How many messages one transaction takes on a busy server.
const MESSAGES_A_COMMIT: u64 = 50;
const STEPS: [&str; 6] = ["frame", "parse", "decide", "keep", "encode", "write"];

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    match args.as_slice() {
        [step, times] if STEPS.contains(&step.as_str()) => run(step, times.parse()?),
        _ => compare(),
    }
}

fn compare() -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "| step | instructions a message |\n| --- | --- |")?;
    for step in STEPS {
        let each = (count(step, MANY)? - count(step, FEW)?) / (MANY - FEW);
        let each = match step {
            "write" => each / u64::try_from(LINES_A_WRITE)?,
            _ => each,
        };
        writeln!(out, "| {step} | {each} |")?;
    }
    Ok(())
}

/// Runs a step in a process of its own and reads what callgrind has counted.
fn count(step: &str, times: u64) -> anyhow::Result<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe()?)
        .args([step, &times.to_string()])
        .stdout(Stdio::null())
        .output()
        .context("cannot start valgrind")?;
    let said = String::from_utf8_lossy(&output.stderr);
    let counted = said
        .lines()
        .find_map(|line| line.split_once("Collected : "));
    let Some((_, number)) = counted else {
        bail!("callgrind has counted nothing: {said}");
    };
    Ok(number.trim().parse()?)
}

fn run(step: &str, times: u64) -> anyhow::Result<()> {
    match step {
        "frame" => frame(times),
        "parse" => parse(times),
        "decide" => decide(times),
        "keep" => keep(times),
        "encode" => encode(times),
        _ => tokio::runtime::Builder::new_current_thread()
            .build()?
            .block_on(write(times)),
    }
}

fn text() -> anyhow::Result<Text> {
    Ok(Text::parse(
        &"a hundred bytes of what people say. ".repeat(3)[..100],
    )?)
}

fn request() -> anyhow::Result<String> {
    Ok(format!(
        "{{\"id\":12,\"type\":\"send\",\"to\":\"#general\",\"message\":\"m00000012\",\"text\":\"{}\"}}",
        text()?.as_str()
    ))
}

/// A line out of what was received.
fn frame(times: u64) -> anyhow::Result<()> {
    let received = request()? + "\n";
    let mut buffer = FrameBuffer::default();
    for _ in 0..times {
        buffer.extend(std::hint::black_box(received.as_bytes()));
        let line = buffer.next_line(FRAME_MAX)?;
        std::hint::black_box(line.context("the line is whole")?);
    }
    Ok(())
}

/// A request out of a line.
fn parse(times: u64) -> anyhow::Result<()> {
    let line = request()?;
    for _ in 0..times {
        let request = Request::parse(std::hint::black_box(line.as_bytes()));
        std::hint::black_box(request.map_err(|malformed| anyhow::anyhow!(malformed.text))?);
    }
    Ok(())
}

/// Whether it may be said, in a room of a thousand.
fn decide(times: u64) -> anyhow::Result<()> {
    let (id, name) = (ConversationId::new(2), RoomName::parse("general")?);
    let mut room = Conversation::room(id, name.clone(), Visibility::Public);
    let mut add = |number: u64, event: Event| {
        let author = account(number)?;
        let entry = Entry {
            conversation: id,
            seq: room.head.next(),
            at: Timestamp::from_millis(1),
            author,
            message: None,
            event,
        };
        room.apply(&entry);
        anyhow::Ok(())
    };
    add(1, chat::create(name, Visibility::Public))?;
    for number in 2..=1000 {
        add(number, Event::Joined)?;
    }
    let actor = Actor {
        account: account(500)?,
        role: ServerRole::Member,
    };
    let command = chat::Command::Post {
        text: text()?,
        style: Style::Plain,
        reply_to: None,
        mentions: Mentions::default(),
    };
    for _ in 0..times {
        let decided = chat::decide(&room, &actor, &command, Timestamp::from_millis(9));
        std::hint::black_box(decided?);
    }
    Ok(())
}

/// Into the store, in transactions of some: appended and committed.
fn keep(times: u64) -> anyhow::Result<()> {
    let folder = tempfile::Builder::new()
        .permissions(fs::Permissions::from_mode(0o700))
        .tempdir()?;
    let mut store = Store::open(folder.path(), Durability::None)?;
    let tx = store.begin()?;
    let new = NewAccount {
        name: UserName::parse("alice")?,
        password: PasswordHash::new("nobody logs in here"),
        role: ServerRole::Member,
    };
    let Registration::Registered(record) = tx.register(&new, Timestamp::from_millis(1))? else {
        bail!("alice is there already");
    };
    let name = RoomName::parse("general")?;
    let conversation = tx.create_room(&name, Visibility::Public)?;
    let mut entry = Entry {
        conversation,
        seq: Seq::FIRST,
        at: Timestamp::from_millis(1),
        author: record.account,
        message: None,
        event: chat::create(name, Visibility::Public),
    };
    tx.append(&entry, None, &[])?;
    tx.commit()?;
    entry.event = posted()?;
    for first in (0..times).step_by(usize::try_from(MESSAGES_A_COMMIT)?) {
        let tx = store.begin()?;
        for number in first..first + MESSAGES_A_COMMIT {
            let message = MessageId::parse(&format!("m{number:08}"))?;
            entry.seq = entry.seq.next();
            entry.message = Some(message);
            tx.append(&entry, Some(Fingerprint::new([0; 16])), &[])?;
        }
        tx.commit()?;
    }
    Ok(())
}

fn posted() -> anyhow::Result<Event> {
    Ok(Event::Posted {
        text: text()?,
        style: Style::Plain,
        reply_to: None,
        mentions: Vec::new(),
        here: false,
    })
}

/// The line for an entry; once for all who read it.
fn encode(times: u64) -> anyhow::Result<()> {
    let mut line = Vec::new();
    for _ in 0..times {
        line.clear();
        entry()?.encode(&mut line);
        std::hint::black_box(&line);
    }
    Ok(())
}

/// A batch of lines through TLS, for one reader; the peer's side is not counted.
async fn write(times: u64) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let files = CertificateFiles {
        ca: folder.path().join("ca.pem"),
        ca_key: folder.path().join("ca.key"),
        certificate: folder.path().join("server.pem"),
        key: folder.path().join("server.key"),
    };
    generate(&GenerateOptions::new(files.clone()))?;
    let client = ClientTls::new(Trust::CaFile(files.ca))?;
    let server = ServerTls::load(files.certificate, files.key, MinVersion::Tls13)?.acceptor();
    let (near, far) = duplex(64 * 1024);
    let handshaken = Arc::new(AtomicBool::new(false));
    let far = Swallowing(far, Arc::clone(&handshaken));
    let (client, server) = tokio::join!(client.connect(near, "localhost"), server.accept(far));
    let (_client, mut server) = (client?, server?);
    handshaken.store(true, Ordering::Relaxed);
    let mut line = Vec::new();
    entry()?.encode(&mut line);
    let mut output = Vec::new();
    for _ in 0..times {
        output.clear();
        for _ in 0..LINES_A_WRITE {
            output.extend_from_slice(std::hint::black_box(&line));
        }
        server.write_all(&output).await?;
        server.flush().await?;
    }
    Ok(())
}

fn entry() -> anyhow::Result<Frame> {
    Ok(Frame::Entry(EntryFrame {
        conversation: Address::parse("#general")?,
        seq: Seq::new(123_456),
        at: Timestamp::from_millis(1_764_000_000_000),
        by: UserName::parse("alice")?,
        message: Some(MessageId::parse("m00000012")?),
        body: EntryBody::Posted {
            text: Some(text()?),
            action: false,
            reply_to: None,
            mentions: Vec::new(),
            here: false,
            edited: None,
            deleted: false,
            reactions: Vec::new(),
        },
    }))
}

fn account(number: u64) -> anyhow::Result<Account> {
    Ok(Account {
        id: AccountId::new(number),
        name: UserName::parse(&format!("user{number}"))?,
    })
}

/// A stream that, once told, takes what is written to it and keeps nothing.
struct Swallowing(DuplexStream, Arc<AtomicBool>);

impl AsyncRead for Swallowing {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, into)
    }
}

impl AsyncWrite for Swallowing {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.1.load(Ordering::Relaxed) {
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
