//! The floor: the least that a server can do that delivers lines over TLS.
//!
//! A connection's first line names its group; from then on whatever it sends is copied to all in
//! the group, itself included. Nothing is parsed, checked or kept.

use std::{
    collections::HashMap,
    future::poll_fn,
    io::{self, Write},
    mem::MaybeUninit,
    path::PathBuf,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::ready,
};

use netcomm::tls::{MinVersion, ServerTls};
use tokio::{
    io::{AsyncRead, AsyncWriteExt, ReadBuf},
    net::{TcpListener, TcpSocket, TcpStream},
    select,
    sync::Notify,
    task::JoinSet,
};
use tokio_rustls::server::TlsStream;

/// What a client is told once it is in its group; NetComm's clients wait for the same line.
const CURRENT: &[u8] = b"{\"type\":\"current\"}\n";
const READ_CHUNK: usize = 4 * 1024;
const LISTEN_BACKLOG: u32 = 1024;

/// What waits to be written to one connection.
#[derive(Default)]
struct Pending {
    bytes: Mutex<Vec<u8>>,
    wake: Notify,
}

impl Pending {
    fn add(&self, lines: &[u8]) {
        self.bytes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(lines);
        self.wake.notify_one();
    }

    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut *self.bytes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[derive(Default)]
struct Group(Mutex<Vec<Arc<Pending>>>);

impl Group {
    fn members(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Pending>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn say(&self, lines: &[u8]) {
        for member in self.members().iter() {
            member.add(lines);
        }
    }

    fn leave(&self, gone: &Arc<Pending>) {
        self.members().retain(|member| !Arc::ptr_eq(member, gone));
    }
}

type Groups = Arc<Mutex<HashMap<Vec<u8>, Arc<Group>>>>;

/// Serves until it is killed.
pub(crate) async fn serve(certificate: PathBuf, key: PathBuf) -> anyhow::Result<()> {
    let acceptor = ServerTls::load(certificate, key, MinVersion::Tls13)?.acceptor();
    let socket = TcpSocket::new_v4()?;
    socket.bind(([127, 0, 0, 1], 0).into())?;
    let listener: TcpListener = socket.listen(LISTEN_BACKLOG)?;
    writeln!(io::stdout(), "listening    {}", listener.local_addr()?)?;
    let groups = Groups::default();
    let mut connections = JoinSet::new();
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        let (acceptor, groups) = (acceptor.clone(), Arc::clone(&groups));
        connections.spawn(async move {
            // The states of the handshake are large and short-lived: boxed, they are gone with it.
            if let Ok(stream) = Box::pin(acceptor.accept(socket)).await {
                // A client that goes ends its connection; that is all there is to it.
                drop(Box::pin(connection(stream, groups)).await);
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(mut stream: TlsStream<TcpStream>, groups: Groups) -> io::Result<()> {
    let mut input = Vec::new();
    let first = loop {
        if let Some(lines) = whole_lines(&mut input) {
            break lines;
        }
        if fill(&mut stream, &mut input).await? == 0 {
            return Ok(());
        }
    };
    let group = Arc::clone(
        groups
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(first)
            .or_default(),
    );
    let pending = Arc::new(Pending::default());
    pending.add(CURRENT);
    group.members().push(Arc::clone(&pending));
    let ended = converse(&mut stream, &mut input, &group, &pending).await;
    group.leave(&pending);
    ended
}

async fn converse(
    stream: &mut TlsStream<TcpStream>,
    input: &mut Vec<u8>,
    group: &Group,
    pending: &Pending,
) -> io::Result<()> {
    loop {
        select! {
            read = fill(stream, input) => {
                if read? == 0 {
                    return Ok(());
                }
                if let Some(lines) = whole_lines(input) {
                    group.say(&lines);
                }
            }
            () = pending.wake.notified() => {
                let bytes = pending.take();
                stream.write_all(&bytes).await?;
                stream.flush().await?;
            }
        }
    }
}

/// Takes all whole lines out; what is left is the beginning of the next.
fn whole_lines(input: &mut Vec<u8>) -> Option<Vec<u8>> {
    let end = input.iter().rposition(|&byte| byte == b'\n')? + 1;
    let rest = input.split_off(end);
    Some(std::mem::replace(input, rest))
}

/// Holds no memory while it waits. Cancel safe.
async fn fill(stream: &mut TlsStream<TcpStream>, input: &mut Vec<u8>) -> io::Result<usize> {
    poll_fn(|cx| {
        let mut chunk = [MaybeUninit::<u8>::uninit(); READ_CHUNK];
        let mut chunk = ReadBuf::uninit(&mut chunk);
        ready!(Pin::new(&mut *stream).poll_read(cx, &mut chunk))?;
        input.extend_from_slice(chunk.filled());
        Ok(chunk.filled().len()).into()
    })
    .await
}
