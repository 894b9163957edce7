//! The server: listens, keeps what connections share, and starts and stops as one.

mod admission;
mod control;
mod indexer;
mod listener;
mod native;
mod pace;
#[cfg(test)]
pub(crate) mod simulated;
#[cfg(any(test, fuzzing))]
mod stage;
mod sweep;

use std::{io, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use arc_swap::{ArcSwap, Guard};
use tokio::{
    net::{TcpListener, TcpSocket},
    task::JoinSet,
    time::{interval, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use zeroize::Zeroizing;

use crate::{
    auth::{AUDIT, Auth, InviteLink, InviteSecret, LinkError, ServerAddress},
    config::Config,
    hub::{self, Hub, HubThread},
    model::{Timestamp, chance},
    protocol::Frame,
    store::{Durability, Index, Reader, Searcher, Store, StoreError},
    tls::{LoadError, MinVersion, Pin, ServerTls},
};

pub use control::{
    ANSWER_MAX, CONTROL_SOCKET, ControlAnswer, ControlRequest, InviteLine, LINES_MAX, Online,
    REQUEST_TIMEOUT, UserLine,
};
pub use native::write_entry;
#[cfg(fuzzing)]
pub use stage::Stage;

use self::{admission::Admissions, control::Control, native::Buffers};

/// How many connections may wait to be accepted: a restart brings all clients back at once.
const LISTEN_BACKLOG: u32 = 1024;
/// How long connections get to take their goodbye. With the second the hub may take after that, the
/// server is gone within five.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(3);
/// How long before its end a certificate is complained about at each start and reload.
const EXPIRY_NOTICE: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How far a clock may have been put back without a word: what a time service corrects.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(60);
/// How often values that have gathered are told.
const TICK_INTERVAL: Duration = Duration::from_secs(1);
/// Clients are asked to come back after this long, and as much again by chance.
const RETRY_AFTER: Duration = Duration::from_millis(1000);

/// What all connections share.
pub(crate) struct Context {
    config: ArcSwap<Config>,
    hub: Hub,
    auth: Auth,
    reader: Reader,
    searcher: Searcher,
    tls: ServerTls,
    public_address: String,
    buffers: Buffers,
    shutdown: CancellationToken,
}

impl Context {
    fn config(&self) -> Guard<Arc<Config>> {
        self.config.load()
    }

    fn going_away(&self) -> Frame {
        let most = u64::try_from(RETRY_AFTER.as_millis()).unwrap_or(u64::MAX);
        let jitter = u64::from(chance::number().unwrap_or_default()) % most.max(1);
        Frame::GoingAway {
            retry_ms: most + jitter,
        }
    }
}

impl Context {
    /// The link by which an invite is handed over.
    fn invite_link(&self, secret: &InviteSecret) -> Result<Zeroizing<String>, NoLink> {
        let pin = self.tls.pin().ok_or(NoLink::Pin)?;
        let server = ServerAddress::parse(&self.public_address)?;
        Ok(InviteLink {
            server,
            pin,
            secret: secret.clone(),
        }
        .reveal())
    }
}

/// Why there can be no invite links.
#[derive(Debug, thiserror::Error)]
pub enum NoLink {
    /// There is nothing to make a pin of.
    #[error(
        "there can be no invite link: the certificate file does not end with the CA, so there is no pin"
    )]
    Pin,
    /// The address is none.
    #[error("there can be no invite link (server.public_address): {0}")]
    Address(#[from] LinkError),
}

/// Why the server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Certificate or key.
    #[error(transparent)]
    Tls(#[from] LoadError),
    /// The data folder.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The password hasher.
    #[error(transparent)]
    Auth(#[from] crate::auth::StartError),
    /// An address to listen on.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why not.
        error: io::Error,
    },
    /// The hub's thread.
    #[error("cannot start the hub's thread: {0}")]
    Thread(io::Error),
    /// The socket for the operator's commands.
    #[error(
        "cannot make {}: {error}; the system may allow no path longer than about 100 bytes, so try a shorter server.data",
        .path.display()
    )]
    Control {
        /// Where it was to be.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
}

/// A running server. To be ended by [`Server::stop`].
pub struct Server {
    context: Arc<Context>,
    addresses: Vec<SocketAddr>,
    listeners: JoinSet<()>,
    connections: TaskTracker,
    hub_thread: HubThread,
}

/// Where a server keeps what it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Home {
    /// In this folder, for good.
    Kept(PathBuf),
    /// In this folder, which is thrown away; nothing waits for the disk.
    Ephemeral(PathBuf),
}

impl Server {
    /// Starts listening, on the runtime it is called from. When this returns, clients can connect.
    ///
    /// # Errors
    ///
    /// [`StartError`], naming the file, folder or address.
    pub fn start(config: Config, home: Home) -> Result<Self, StartError> {
        let tls = load_tls(&config)?;
        announce(&tls);
        let (folder, durability) = match home {
            Home::Kept(folder) => (folder, Durability::Full),
            Home::Ephemeral(folder) => (folder, Durability::None),
        };
        let store = Store::open(&folder, durability)?;
        doubt_clock(store.newest_entry()?);
        let control = Control::open(&folder).map_err(|error| StartError::Control {
            path: folder.join(CONTROL_SOCKET),
            error,
        })?;
        let mut sockets = Vec::new();
        for &address in &config.server.listen {
            let socket = listen(address).map_err(|error| StartError::Listen { address, error })?;
            sockets.push(socket);
        }
        let public_address = match (&config.server.public_address, sockets.first()) {
            (None, Some(socket)) => socket.local_addr().map(|address| address.to_string()),
            _ => Ok(config.public_address()),
        }
        .unwrap_or_default();
        let reader = store.reader();
        let index = store.search_index()?;
        let auth = Auth::new(reader.clone(), &config)?;
        let (hub, hub_thread) = Hub::start(store, limits(&config)).map_err(StartError::Thread)?;
        let context = Arc::new(Context {
            public_address,
            config: ArcSwap::from_pointee(config),
            hub,
            auth,
            reader,
            searcher: index.searcher(),
            tls,
            buffers: Buffers::default(),
            shutdown: CancellationToken::new(),
        });
        Ok(Self::listen(context, sockets, control, index, hub_thread))
    }

    fn listen(
        context: Arc<Context>,
        sockets: Vec<TcpListener>,
        control: Control,
        index: Index,
        hub_thread: HubThread,
    ) -> Self {
        let connections = TaskTracker::new();
        let admissions = Admissions::default();
        let addresses = sockets
            .iter()
            .filter_map(|socket| socket.local_addr().ok())
            .collect();
        let mut listeners = JoinSet::new();
        for socket in sockets {
            let (context, admissions) = (Arc::clone(&context), admissions.clone());
            listeners.spawn(listener::accept(
                socket,
                context,
                admissions,
                connections.clone(),
            ));
        }
        listeners.spawn(control.serve(Arc::clone(&context)));
        listeners.spawn(tick(Arc::clone(&context)));
        listeners.spawn(sweep::run(Arc::clone(&context)));
        listeners.spawn(indexer::follow(index, Arc::clone(&context)));
        Self {
            context,
            addresses,
            listeners,
            connections,
            hub_thread,
        }
    }

    /// Where it listens, with the port the system gave where the configuration says 0.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The pin of the CA that vouches for the server, when its certificate file has it.
    #[must_use]
    pub fn pin(&self) -> Option<Pin> {
        self.context.tls.pin()
    }

    /// The link by which an invite is handed over.
    ///
    /// # Errors
    ///
    /// [`NoLink`], when there is no pin or no address for it.
    pub fn invite_link(&self, secret: &InviteSecret) -> Result<Zeroizing<String>, NoLink> {
        self.context.invite_link(secret)
    }

    /// The `host:port` that clients connect to, as far as the server knows.
    #[must_use]
    pub fn public_address(&self) -> &str {
        &self.context.public_address
    }

    /// The hub, for the operator's commands.
    #[must_use]
    pub fn hub(&self) -> Hub {
        self.context.hub.clone()
    }

    /// What is committed, for the operator's commands.
    #[must_use]
    pub fn reader(&self) -> Reader {
        self.context.reader.clone()
    }

    /// Takes over certificates and what else can change while running. Says which keys wait for the
    /// next start.
    ///
    /// # Errors
    ///
    /// When the certificate or key cannot be used; then all stays as it was.
    pub async fn reload(&self, new: &Config) -> Result<Vec<String>, LoadError> {
        self.context.tls.reload()?;
        announce(&self.context.tls);
        let reload = self.context.config().reloaded(new);
        self.context.auth.reload(&reload.config.limits);
        self.context.hub.set_limits(limits(&reload.config)).await;
        self.context.config.store(Arc::new(reload.config));
        Ok(reload.needs_restart)
    }

    /// Waits until the hub has stopped by itself, which it only does when it is broken.
    pub async fn broken(&self) {
        self.context.hub.stopped().await;
    }

    /// Says goodbye to all, lets what was taken be committed and answered, and closes the store.
    /// Takes less than five seconds.
    pub async fn stop(mut self) {
        self.context.shutdown.cancel();
        while self.listeners.join_next().await.is_some() {}
        self.connections.close();
        if timeout(DRAIN_TIMEOUT, self.connections.wait())
            .await
            .is_err()
        {
            tracing::warn!(
                left = self.connections.len(),
                "connections did not take their goodbye"
            );
        }
        self.context.hub.stop().await;
        let thread = self.hub_thread;
        match tokio::task::spawn_blocking(move || thread.join()).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) | Err(_) => tracing::error!("the hub had panicked"),
        }
    }
}

async fn tick(context: Arc<Context>) {
    let mut interval = interval(TICK_INTERVAL);
    loop {
        tokio::select! {
            biased;
            () = context.shutdown.cancelled() => return,
            _ = interval.tick() => context.hub.tick().await,
        }
    }
}

fn load_tls(config: &Config) -> Result<ServerTls, LoadError> {
    let least = if config.tls.allow_tls12 {
        MinVersion::Tls12
    } else {
        MinVersion::Tls13
    };
    ServerTls::load(
        config.tls.certificate.clone(),
        config.tls.key.clone(),
        least,
    )
}

/// Says which certificate serves from now on, and in time that it ends.
fn announce(tls: &ServerTls) {
    let (expires, names) = (tls.expires(), tls.names());
    tracing::info!(target: AUDIT, event = "certificate_loaded", %expires, ?names);
    if expires < Timestamp::now().after(EXPIRY_NOTICE) {
        tracing::warn!(%expires, "the certificate ends soon; run netcomm gen-certs --renew, then send SIGHUP");
    }
}

/// Says when the clock stands before what was stored by it. Nothing is ordered by time, but tokens and
/// invites would last for longer, and people read the wrong times.
fn doubt_clock(newest: Option<Timestamp>) {
    let now = Timestamp::now();
    if let Some(newest) = newest.filter(|newest| *newest > now.after(CLOCK_TOLERANCE)) {
        tracing::warn!(%now, %newest, "the clock stands before the newest entry; set it right");
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(LISTEN_BACKLOG)
}

fn limits(config: &Config) -> hub::Limits {
    let number = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    hub::Limits {
        rooms_joined: number(config.limits.rooms_joined),
        rooms_owned: number(config.limits.rooms_created),
        backlog_max: number(config.limits.backlog_max),
        log_texts: config.log.texts,
    }
}
