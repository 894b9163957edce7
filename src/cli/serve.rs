//! `netcomm serve`: runs the server until it is told to stop.

use std::{
    env,
    io::{self, Write},
    net::SocketAddr,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tempfile::TempDir;
use tokio::{
    runtime, select,
    signal::unix::{SignalKind, signal},
};

use crate::{
    auth::{AUDIT, InviteSecret},
    config::Config,
    logging::Logging,
    model::{ServerRole, Timestamp},
    protocol::DEFAULT_PORT,
    server::{Home, Server},
    store::NewInvite,
    tls::{CertificateFiles, GenerateOptions, MinVersion, ServerTls, generate_if_absent},
};

/// Run the server
///
/// Stops in good order on SIGTERM or Ctrl-C: says goodbye, commits and answers what was taken. Reads
/// certificates and what else can change again on SIGHUP, without dropping anybody.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// File with the settings; without one the defaults hold
    #[arg(long, value_name = "FILE", env = "NETCOMM_CONFIG")]
    config: Option<PathBuf>,

    /// Check settings and certificates, say what is wrong, and do nothing else
    #[arg(long)]
    check: bool,

    /// Keep nothing: accounts and messages are gone when the server stops
    #[arg(long)]
    ephemeral: bool,

    /// What to log, such as `info` or `info,netcomm::server=debug`; stronger than the file
    #[arg(long, value_name = "FILTER", env = "NETCOMM_LOG")]
    log: Option<String>,
}

/// Runs the server until it is told to stop.
///
/// # Errors
///
/// When it cannot start, naming the setting, file or address; and when it broke down.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let config = args.load()?;
    if args.check {
        return check(&config, args.config.as_deref());
    }
    // A core dump would hold passwords and keys (ASVS 13.3).
    setrlimit(
        Resource::Core,
        Rlimit {
            current: Some(0),
            maximum: Some(0),
        },
    )
    .context("cannot turn core dumps off")?;
    let logging = Logging::start(&config.log)?;
    raise_descriptor_limit();
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?
        .block_on(Box::pin(serve(args, config, &logging)))
}

impl Args {
    fn load(&self) -> anyhow::Result<Config> {
        let mut config = Config::load(self.config.as_deref(), env::vars_os())?;
        if let Some(filter) = &self.log {
            config.log.filter.clone_from(filter);
        }
        Ok(config)
    }
}

/// As many connections as the system lets us have, not as few as it starts with.
fn raise_descriptor_limit() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        tracing::warn!(%error, limit = limit.current, "cannot raise the limit of open files");
    }
}

async fn serve(args: &Args, config: Config, logging: &Logging) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    make_certificates(&config)?;
    let mut scratch = None;
    let home = if args.ephemeral {
        let folder = tempfile::Builder::new().prefix("netcomm-").tempdir()?;
        Home::Ephemeral(scratch.insert(folder).path().to_owned())
    } else {
        Home::Kept(config.server.data.clone())
    };
    let server = Server::start(config.clone(), home)?;
    welcome(&server, &config, scratch.as_ref()).await?;
    loop {
        select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = hangup.recv() => reload(args, &server, logging).await,
            () = server.broken() => {
                server.stop().await;
                bail!("the server broke down; the log says why");
            }
        }
    }
    tracing::info!("stopping");
    server.stop().await;
    tracing::info!("stopped");
    Ok(())
}

fn make_certificates(config: &Config) -> anyhow::Result<()> {
    if !config.tls.generate {
        return Ok(());
    }
    let files = CertificateFiles {
        ca: config.tls.ca.clone(),
        ca_key: config.tls.ca.with_extension("key"),
        certificate: config.tls.certificate.clone(),
        key: config.tls.key.clone(),
    };
    if let Some(made) = generate_if_absent(&GenerateOptions::new(files))? {
        tracing::info!(ca = %made.files.ca.display(), pin = %made.pin, expires = %made.expires, "made certificates");
    }
    Ok(())
}

/// Tells the one who has started the server what to do next.
async fn welcome(
    server: &Server,
    config: &Config,
    scratch: Option<&TempDir>,
) -> anyhow::Result<()> {
    let mut text = String::new();
    for address in server.addresses() {
        text.push_str(&format!("listening    {address}\n"));
    }
    text.push_str(&format!("CA file      {}\n", config.tls.ca.display()));
    if let Some(pin) = server.pin() {
        text.push_str(&format!("CA pin       {pin}\n"));
    }
    let data = scratch.map_or(config.server.data.as_path(), TempDir::path);
    let kept = if scratch.is_some() {
        " (thrown away when the server stops)"
    } else {
        ""
    };
    text.push_str(&format!("data         {}{kept}\n", data.display()));
    if let Some(link) = owner_invite(server, config).await? {
        text.push_str(&format!("owner invite {link}\n"));
    }
    text.push_str(&format!(
        "\nTo chat, in another terminal:\n  {}\n",
        next_command(server, config)
    ));
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

/// While there is no account, a link that makes its first user the owner.
async fn owner_invite(server: &Server, config: &Config) -> anyhow::Result<Option<String>> {
    let hub = server.hub();
    if hub.write(|tx, _| tx.has_accounts()).await? {
        return Ok(None);
    }
    let secret = InviteSecret::generate()?;
    let link = match server.invite_link(&secret) {
        Ok(link) => link,
        Err(error) => {
            tracing::warn!(%error, "no owner invite");
            return Ok(None);
        }
    };
    let expires = Timestamp::now().after(config.invites.lifetime);
    let (hash, role) = (secret.hash(), ServerRole::Owner);
    let invite = NewInvite {
        hash,
        role,
        made_by: None,
        expires,
    };
    hub.write(move |tx, _| tx.insert_invite(&invite)).await?;
    Ok(Some(link.to_string()))
}

fn next_command(server: &Server, config: &Config) -> String {
    let default = SocketAddr::from(([127, 0, 0, 1], DEFAULT_PORT)).to_string();
    let target = match server.public_address() {
        address if address == default => String::new(),
        address => format!(" {address}"),
    };
    let program = env::args().next().unwrap_or_else(|| "netcomm".to_owned());
    format!("{program} connect --ca {}{target}", config.tls.ca.display())
}

/// Takes over what can change. Whatever is wrong with it, the server goes on as before.
async fn reload(args: &Args, server: &Server, logging: &Logging) {
    let config = match args.load() {
        Ok(config) => config,
        Err(error) => {
            tracing::error!(
                error = format!("{error:#}"),
                "settings not taken over; the old ones hold"
            );
            return;
        }
    };
    if let Err(error) = logging.set_filter(&config.log.filter) {
        tracing::error!(%error, "log filter not taken over");
    }
    match server.reload(&config).await {
        Ok(needs_restart) => {
            for warning in config.warnings() {
                tracing::warn!("{warning}");
            }
            tracing::info!(target: AUDIT, event = "config_loaded", ?needs_restart);
        }
        Err(error) => tracing::error!(%error, "certificate not taken over; the old one serves on"),
    }
}

fn check(config: &Config, file: Option<&Path>) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    for warning in config.warnings() {
        writeln!(out, "warning: {warning}")?;
    }
    let tls = &config.tls;
    let absent = [&tls.ca, &tls.certificate, &tls.key]
        .iter()
        .all(|file| !file.exists());
    if tls.generate && absent {
        writeln!(out, "certificates: none yet; the first start makes them")?;
    } else {
        let loaded = ServerTls::load(tls.certificate.clone(), tls.key.clone(), MinVersion::Tls13)?;
        writeln!(
            out,
            "certificate: good until {}, for {}",
            loaded.expires(),
            loaded.names().join(", ")
        )?;
    }
    let name = file.map_or_else(
        || "the defaults".to_owned(),
        |file| file.display().to_string(),
    );
    writeln!(out, "{name}: ok")?;
    Ok(())
}
