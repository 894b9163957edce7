//! A server for simulations: the real one but for threads, TLS and sockets.

use std::{net::SocketAddr, path::Path, sync::Arc};

use arc_swap::ArcSwap;
use fastrand::Rng;
use tokio::io::DuplexStream;
use tokio_util::sync::CancellationToken;

use crate::{
    auth::Auth,
    config::{Config, Limits, Passwords},
    hub::{
        Hub,
        simulated::{Faults, Process},
    },
    store::{Durability, Store},
    tls::{CertificateFiles, MinVersion, ServerTls},
};

use super::{
    Buffers, Context,
    admission::Admissions,
    limits,
    native::{self, Accepted},
    tick,
};

/// A server that runs as long as its tasks are run.
#[derive(Clone)]
pub(crate) struct Machine {
    context: Arc<Context>,
    admissions: Admissions,
}

/// A server's own tasks.
pub(crate) struct Tasks<Hub, Tick> {
    pub(crate) hub: Hub,
    pub(crate) tick: Tick,
}

impl Machine {
    /// Starts on what is in the data folder.
    pub(crate) fn start(
        data: &Path,
        certificates: &CertificateFiles,
        faults: Faults,
        process: Process,
        random: &mut Rng,
    ) -> (
        Self,
        Tasks<impl Future<Output = ()> + Send + use<>, impl Future<Output = ()> + Send + use<>>,
    ) {
        let config = config();
        let store = Store::open(data, Durability::None).unwrap();
        let reader = store.reader().simulated(random.fork());
        let auth = Auth::simulated(reader.clone(), &config).unwrap();
        let searcher = store.search_index().unwrap().searcher();
        let (hub, turns) = Hub::simulated(store, limits(&config), faults, process, random.fork());
        let (certificate, key) = (certificates.certificate.clone(), certificates.key.clone());
        let context = Arc::new(Context {
            config: ArcSwap::from_pointee(config),
            hub,
            auth,
            reader,
            searcher,
            tls: ServerTls::load(certificate, key, MinVersion::Tls13).unwrap(),
            public_address: "localhost:44444".to_owned(),
            buffers: Buffers::default(),
            shutdown: CancellationToken::new(),
        });
        let tick = tick(Arc::clone(&context));
        let machine = Self {
            context,
            admissions: Admissions::default(),
        };
        (machine, Tasks { hub: turns, tick })
    }

    /// One connection, from hello to goodbye.
    pub(crate) fn converse(&self, stream: DuplexStream) -> impl Future<Output = ()> + Send + use<> {
        let peer = SocketAddr::from(([127, 0, 0, 1], 1));
        let limits = self.context.config().limits.clone();
        let admission = self.admissions.admit(peer.ip(), &limits, 0).unwrap();
        let context = Arc::clone(&self.context);
        native::converse(stream, Accepted::now(peer), context, admission)
    }

    /// Has all connections say goodbye. The hub goes on.
    pub(crate) fn say_goodbye(&self) {
        self.context.shutdown.cancel();
    }

    /// Has the hub stop once it has done what it was asked.
    pub(crate) async fn stop(&self) {
        self.context.hub.stop().await;
    }
}

/// Limits that nobody reaches, but for those that are reached while catching up.
fn config() -> Config {
    Config {
        limits: Limits {
            connections_per_address: 10_000,
            registrations_per_hour: 1_000,
            messages_burst: 5,
            messages_per_second: 20,
            backlog_max: 40,
            history_page_max: 15,
            ..Limits::default()
        },
        passwords: Passwords {
            memory_kib: 1024,
            passes: 1,
            ..Passwords::default()
        },
        ..Config::default()
    }
}
