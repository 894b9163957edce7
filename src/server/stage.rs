//! A server without a network: sessions over streams in memory, for tests and for the fuzzer.
//!
//! Compiled for those two alone. What it leaves out is the listener, TLS and the operator's socket;
//! everything behind them is the real thing.

use std::{error::Error, net::SocketAddr, path::Path, sync::Arc};

use arc_swap::ArcSwap;
use tokio::{
    io::{AsyncRead, AsyncWrite, DuplexStream, duplex},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use crate::{
    auth::Auth,
    config::Config,
    hub::{Hub, HubThread},
    store::{Durability, Store},
    tls::{CertificateFiles, GenerateOptions, MinVersion, ServerTls, generate},
};

use super::{
    Context,
    admission::Admissions,
    limits, native,
    native::{Accepted, Buffers},
};

/// What sessions share, and the sessions that run.
#[cfg_attr(
    not(fuzzing),
    expect(unreachable_pub, reason = "the fuzzer is another crate")
)]
pub struct Stage {
    pub(super) context: Arc<Context>,
    pub(super) sessions: JoinSet<()>,
    admissions: Admissions,
    hub_thread: HubThread,
}

#[cfg_attr(
    not(fuzzing),
    expect(unreachable_pub, reason = "the fuzzer is another crate")
)]
impl Stage {
    /// A server that keeps what it is told, and its certificates, in this folder.
    ///
    /// # Errors
    ///
    /// Whatever keeps a server from starting.
    pub fn open(folder: &Path, config: Config) -> Result<Self, Box<dyn Error>> {
        let files = CertificateFiles::in_folder(folder);
        if !files.key.exists() {
            let mut options = GenerateOptions::new(files.clone());
            options.hosts = vec!["localhost".parse()?];
            generate(&options)?;
        }
        let store = Store::open(&folder.join("data"), Durability::None)?;
        let reader = store.reader();
        let auth = Auth::new(reader.clone(), &config)?;
        let searcher = store.search_index()?.searcher();
        let (hub, hub_thread) = Hub::start(store, limits(&config))?;
        let tls = ServerTls::load(files.certificate, files.key, MinVersion::Tls13)?;
        let context = Arc::new(Context {
            config: ArcSwap::from_pointee(config),
            hub,
            auth,
            reader,
            searcher,
            tls,
            public_address: "localhost:44444".to_owned(),
            buffers: Buffers::default(),
            shutdown: CancellationToken::new(),
        });
        Ok(Self {
            context,
            sessions: JoinSet::new(),
            admissions: Admissions::default(),
            hub_thread,
        })
    }

    /// The other end of a new connection, over a pipe that holds so many bytes. `None` when the
    /// server turns it away.
    pub fn pipe(&mut self, bytes: usize) -> Option<DuplexStream> {
        let (near, far) = duplex(bytes);
        self.serve(far).then_some(near)
    }

    /// Serves a connection over this stream; says whether the server did not turn it away.
    pub fn serve<S>(&mut self, stream: S) -> bool
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + Sync + 'static,
    {
        let peer = SocketAddr::from(([127, 0, 0, 1], 1));
        let limits = self.context.config().limits.clone();
        let Ok(admission) = self.admissions.admit(peer.ip(), &limits, 0) else {
            return false;
        };
        let context = Arc::clone(&self.context);
        let accepted = Accepted::now(peer);
        self.sessions
            .spawn(native::converse(stream, accepted, context, admission));
        true
    }

    /// Waits until all sessions have ended, which is for their peers to see to, and closes the
    /// store.
    ///
    /// # Errors
    ///
    /// When a session or the hub has panicked.
    pub async fn close(mut self) -> Result<(), Box<dyn Error>> {
        while let Some(ended) = self.sessions.join_next().await {
            ended?;
        }
        self.context.hub.stop().await;
        let joined = tokio::task::spawn_blocking(|| self.hub_thread.join()).await?;
        joined.map_err(|_| "the hub has panicked".into())
    }
}
