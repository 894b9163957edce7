//! How the operator's commands reach what they work on: the server while it runs, else the store.
//!
//! The lock of the data folder decides which. Both ways perform the very same
//! [`Operation`].

mod connection;

use std::{
    env,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use tokio::{runtime, time::sleep};

use crate::{
    auth::{InviteLink, InviteSecret, ServerAddress},
    config::Config,
    hub::{Done, Operation},
    logging::Logging,
    model::UserName,
    server::{ControlAnswer, ControlRequest, InviteLine, LINES_MAX, Online, UserLine},
    store::{Durability, Store, StoreError},
    tls::{MinVersion, Pin, ServerTls},
};

use self::connection::Connection;

/// How long to wait for a server that is just starting or stopping, or for another command.
const REACH_TIMEOUT: Duration = Duration::from_secs(5);
/// How often to look meanwhile.
const RETRY_INTERVAL: Duration = Duration::from_millis(50);

/// Which settings a command goes by.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Settings {
    /// File with the server's settings: they say where its data is
    #[arg(long, value_name = "FILE", env = "NETCOMM_CONFIG", global = true)]
    config: Option<PathBuf>,
}

impl Settings {
    /// Reads them as the server does.
    ///
    /// # Errors
    ///
    /// When a setting is wrong, with file, line and key.
    pub(super) fn load(&self) -> anyhow::Result<Config> {
        Ok(Config::load(self.config.as_deref(), env::vars_os())?)
    }
}

/// Whether a command may be the first to use a data folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DataFolder {
    /// It may: what it makes is there when the server starts.
    MayBeNew,
    /// It may not: without data there is nothing to be done.
    InUse,
}

/// What the operator's commands talk to.
#[derive(Debug)]
pub(super) enum Operator {
    /// A server that runs.
    Running(Connection),
    /// The store of a server that does not run, held by us as long as this lives.
    Stopped(Box<Store>),
}

/// Runs an operator's command to its end.
///
/// # Errors
///
/// The command's, or when the data can be reached neither way.
pub(super) fn run<T>(
    config: &Config,
    data: DataFolder,
    command: impl AsyncFnOnce(Operator) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?
        .block_on(async {
            let operator = Operator::reach(&config.server.data, data).await?;
            // The audit trail is where the server's log is, when that is a file; the server writes
            // its own.
            let _log = match operator {
                Operator::Stopped(_) if config.log.file.is_some() => {
                    Some(Logging::start(&config.log)?)
                }
                Operator::Stopped(_) | Operator::Running(_) => None,
            };
            Box::pin(command(operator)).await
        })
}

impl Operator {
    async fn reach(folder: &Path, data: DataFolder) -> anyhow::Result<Self> {
        if data == DataFolder::InUse && !Store::is_in(folder) {
            bail!(
                "there is no server's data in {}; is that the right --config?",
                folder.display()
            );
        }
        let started = Instant::now();
        loop {
            if let Some(connection) = Connection::open(folder).await? {
                return Ok(Self::Running(connection));
            }
            match Store::open(folder, Durability::Full) {
                Ok(store) => return Ok(Self::Stopped(Box::new(store))),
                Err(StoreError::Locked { .. }) if started.elapsed() < REACH_TIMEOUT => {
                    sleep(RETRY_INTERVAL).await;
                }
                Err(StoreError::Locked { path }) => bail!(
                    "{} is in use by a netcomm that does not answer; is the server stopping, or \
                     is it a restore?",
                    path.display()
                ),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Has it done.
    ///
    /// # Errors
    ///
    /// When it was not done, and why.
    pub(super) async fn operate(&mut self, operation: Operation) -> anyhow::Result<Done> {
        match self {
            Self::Stopped(store) => Ok(operation.perform_alone(store)?),
            Self::Running(connection) => {
                match connection
                    .ask(&ControlRequest::Operate { operation })
                    .await?
                {
                    ControlAnswer::Done { what } => Ok(what),
                    other => connection::unexpected(other),
                }
            }
        }
    }

    /// All users, by name.
    ///
    /// # Errors
    ///
    /// When they cannot be read.
    pub(super) async fn users(&mut self) -> anyhow::Result<Vec<UserLine>> {
        let mut all: Vec<UserLine> = Vec::new();
        loop {
            let after = all.last().map(|line| line.user.clone());
            let page = self.user_page(after).await?;
            let last = page.len() < LINES_MAX;
            all.extend(page);
            if last {
                return Ok(all);
            }
        }
    }

    async fn user_page(&mut self, after: Option<String>) -> anyhow::Result<Vec<UserLine>> {
        match self {
            Self::Stopped(store) => {
                let after = after.map(|name| UserName::parse(&name)).transpose()?;
                let page = store.reader().account_listings(after, LINES_MAX).await?;
                let line = |listing| UserLine::new(listing, Online::No);
                Ok(page.iter().map(line).collect())
            }
            Self::Running(connection) => {
                match connection.ask(&ControlRequest::Users { after }).await? {
                    ControlAnswer::Users { users } => Ok(users),
                    other => connection::unexpected(other),
                }
            }
        }
    }

    /// The invites that wait to be spent, the oldest first.
    ///
    /// # Errors
    ///
    /// When they cannot be read.
    pub(super) async fn invites(&mut self) -> anyhow::Result<Vec<InviteLine>> {
        let connection = match self {
            Self::Stopped(store) => {
                let invites = store.reader().invites().await?;
                return Ok(invites.iter().map(InviteLine::from).collect());
            }
            Self::Running(connection) => connection,
        };
        let mut all: Vec<InviteLine> = Vec::new();
        loop {
            let after = all.last().map_or(0, |line| line.id);
            match connection.ask(&ControlRequest::Invites { after }).await? {
                ControlAnswer::Invites { invites } if invites.len() < LINES_MAX => {
                    all.extend(invites);
                    return Ok(all);
                }
                ControlAnswer::Invites { invites } => all.extend(invites),
                other => return connection::unexpected(other),
            }
        }
    }

    /// The link that hands an invite over: the server says where it is and how it is known, or
    /// else its settings and certificate do.
    ///
    /// # Errors
    ///
    /// When there is no certificate, no CA in its file, or no address to connect to.
    pub(super) async fn invite_link(
        &mut self,
        config: &Config,
        secret: InviteSecret,
    ) -> anyhow::Result<InviteLink> {
        let (address, pin) = match self {
            Self::Stopped(_) => (config.public_address(), pin(config)?),
            Self::Running(connection) => match connection.ask(&ControlRequest::Where {}).await? {
                ControlAnswer::Where { address, pin } => (address, Pin::parse(&pin)?),
                other => return connection::unexpected(other),
            },
        };
        let server = ServerAddress::parse(&address)
            .context("set server.public_address to the host:port that users connect to")?;
        Ok(InviteLink {
            server,
            pin,
            secret,
        })
    }
}

fn pin(config: &Config) -> anyhow::Result<Pin> {
    let tls = &config.tls;
    let loaded = ServerTls::load(tls.certificate.clone(), tls.key.clone(), MinVersion::Tls13)
        .context("an invite link carries the pin of the CA: run netcomm gen-certs, or start the server once")?;
    loaded.pin().with_context(|| {
        format!(
            "there can be no invite link: {} does not end with the CA, so there is no pin",
            tls.certificate.display()
        )
    })
}
