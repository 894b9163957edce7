//! From a command line to a chat: where, whom to trust, who, and how to get in.

use std::{
    env, fs,
    io::{self, IsTerminal},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use jiff::tz::TimeZone;

use super::{
    core::{Account, Core, Credentials},
    door::{Door, Question, Said},
    line::{self, Console, Desk, Signals, View},
    profile::{Known, Profile},
    prompt::{self, Asker, NoAnswer, SignedIn, Wish},
    tui::{self, Settings},
};
use crate::{
    auth::{InviteLink, ServerAddress},
    model::{Timestamp, UserName},
    protocol::Secret,
    tls::{ClientTls, Trust},
};

/// The longest secret read from a file.
const SECRET_MAX: usize = 4096;
/// A token may come from the environment, never from an argument.
const TOKEN_VARIABLE: &str = "NETCOMM_TOKEN";
/// So may a password.
const PASSWORD_VARIABLE: &str = "NETCOMM_PASSWORD";

/// Where to connect.
#[derive(Clone, Debug)]
pub enum Target {
    /// A server.
    Server(ServerAddress),
    /// What somebody was given who has no account yet.
    Invite(InviteLink),
}

/// What the command line says.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where; what was used last when absent.
    pub target: Option<Target>,
    /// Whom to trust, when that is a file.
    pub ca: Option<PathBuf>,
    /// Who.
    pub user: Option<UserName>,
    /// Whether to make an account.
    pub register: bool,
    /// Which set of servers and accounts.
    pub profile: String,
    /// Where the password stands.
    pub password_file: Option<PathBuf>,
    /// Where a token stands.
    pub token_file: Option<PathBuf>,
    /// Whether to chat in lines even where a whole screen could be had.
    pub plain: bool,
}

/// Something was not said, and there is nobody to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Missing(pub(crate) &'static str);

/// Connects and chats until the end.
///
/// # Errors
///
/// [`Missing`] where there is no terminal to ask at; else what cannot be read, written or trusted.
pub async fn run(options: Options) -> anyhow::Result<ExitCode> {
    let door = Door::new(options)?;
    let on_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    if on_terminal && !door.options().plain {
        let settings = Settings::load()?;
        tui::run(door, settings).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let (console, output) = Console::open().context("cannot use standard input and output")?;
    let zone = TimeZone::system();
    let now = jiff::Timestamp::from_millisecond(Timestamp::now().as_millis()).ok();
    let today = now.map(|now| now.to_zoned(zone.clone()).date());
    let mut desk = Desk {
        console,
        output,
        signals: Signals::new().context("cannot watch for signals")?,
        view: View::new(zone, today),
    };
    match enter(door, &mut desk).await? {
        Some(core) => Ok(line::run(*core, desk).await),
        None => {
            desk.output.finish().await;
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Everything up to the first line of the chat; nothing when whoever was asked left.
async fn enter(mut door: Door, desk: &mut Desk) -> anyhow::Result<Option<Box<Core>>> {
    while let Some(question) = door.question() {
        match ask(question, &door, desk).await {
            Ok(said) => door.take(said)?,
            Err(NoAnswer::Left) => return Ok(None),
            Err(NoAnswer::NoTerminal) => {
                return Err(Missing(
                    "no user name: run it on a terminal to be asked, or give --user",
                )
                .into());
            }
        }
    }
    let Some((account, tls)) = door.account()? else {
        return Ok(None);
    };
    if account.credentials.is_some() {
        return Ok(Some(Box::new(Core::start(account, tls)?)));
    }
    if !desk.console.is_terminal() {
        return Err(Missing("no password: run it on a terminal to be asked, or give --password-file or NETCOMM_PASSWORD").into());
    }
    let wish = Wish {
        register: door.registers(),
        invite: door.secret(),
    };
    Ok(match prompt::sign_in(account, &tls, &wish, desk).await? {
        SignedIn::Yes(core) => Some(core),
        SignedIn::No => None,
    })
}

async fn ask(question: Question, door: &Door, desk: &mut Desk) -> Result<Said, NoAnswer> {
    let suggested = door.suggested(question);
    let words = match question {
        Question::Place => "Invite link or server",
        Question::User => "User name",
    };
    if question == Question::Place && !desk.console.is_terminal() {
        // Whoever cannot be asked is where a first chat is.
        let suggested = suggested.unwrap_or_default();
        return question.read(&suggested).map_err(|_| NoAnswer::NoTerminal);
    }
    let parse = |text: &str| question.read(text);
    Asker::new(desk)
        .value(words, suggested.as_deref(), parse)
        .await
}

/// A server, and whom to trust there.
pub(super) struct Place {
    pub(super) server: ServerAddress,
    pub(super) trust: Trust,
    user: Option<UserName>,
    profile: Profile,
}

/// Where to go without asking anybody.
pub(super) fn place(options: &Options) -> anyhow::Result<Place> {
    let profile = Profile::open(&options.profile)?;
    let (server, invite) = match options.target.clone() {
        Some(Target::Server(server)) => (server, None),
        Some(Target::Invite(invite)) => (invite.server.clone(), Some(invite)),
        None => {
            let missing = Missing("no server: say which, or run netcomm connect once");
            (profile.last_server()?.ok_or(missing)?, None)
        }
    };
    let known = profile.known(&server)?;
    let trust = trust(options, invite.as_ref(), known.as_ref())?;
    Ok(Place {
        server,
        trust,
        user: known.and_then(|known| known.user),
        profile,
    })
}

/// The account a script acts as: what is known of it must be enough to get in.
pub(super) fn known(options: &Options) -> anyhow::Result<(Account, ClientTls)> {
    let place = place(options)?;
    let user = options.user.clone().or(place.user);
    let tls = ClientTls::new(place.trust.clone())?;
    let mut account = Account {
        server: place.server,
        trust: place.trust,
        user: user.ok_or(Missing("no user: give --user, or run netcomm connect once"))?,
        profile: place.profile,
        credentials: None,
    };
    account.credentials = credentials(options, None, &account)?;
    if account.credentials.is_none() {
        let text = "no session: run netcomm connect once, or give --token-file or --password-file";
        return Err(Missing(text).into());
    }
    Ok((account, tls))
}

/// What was said now, else what was trusted before, else what the machine trusts.
pub(super) fn trust(
    options: &Options,
    invite: Option<&InviteLink>,
    known: Option<&Known>,
) -> anyhow::Result<Trust> {
    if let Some(path) = &options.ca {
        let path = fs::canonicalize(path)
            .with_context(|| format!("cannot find the CA file {}", path.display()))?;
        return Ok(Trust::CaFile(path));
    }
    Ok(match (invite, known) {
        (Some(invite), _) => Trust::Pin(invite.pin),
        (None, Some(known)) => known.trust.clone(),
        (None, None) => Trust::System,
    })
}

/// How to get in without asking anybody, if that is known.
pub(super) fn credentials(
    options: &Options,
    invite: Option<&InviteLink>,
    account: &Account,
) -> anyhow::Result<Option<Credentials>> {
    if let Some(token) = secret(options.token_file.as_deref(), TOKEN_VARIABLE)? {
        return Ok(Some(Credentials::Token(token)));
    }
    // Whoever follows the same invite link twice has an account by then.
    if !options.register
        && let Some(token) = account
            .profile
            .account(&account.server, &account.user)?
            .token()?
    {
        return Ok(Some(Credentials::Token(token)));
    }
    let password = secret(options.password_file.as_deref(), PASSWORD_VARIABLE)?;
    Ok(password.map(|password| {
        if options.register || invite.is_some() {
            let invite = invite.map(secret_of);
            Credentials::Register { password, invite }
        } else {
            Credentials::Password(password)
        }
    }))
}

pub(super) fn secret_of(invite: &InviteLink) -> Secret {
    Secret::new(invite.secret.reveal().as_str().to_owned())
}

/// The first line of a file, else what a variable holds.
fn secret(file: Option<&Path>, variable: &str) -> anyhow::Result<Option<Secret>> {
    let Some(path) = file else {
        let value = env::var(variable).ok().filter(|value| !value.is_empty());
        return Ok(value.map(Secret::new));
    };
    let context = || format!("cannot read {}", path.display());
    let text = fs::read_to_string(path).with_context(context)?;
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() || line.len() > SECRET_MAX {
        let problem = "its first line is no password or token";
        return Err(io::Error::other(problem)).with_context(context);
    }
    Ok(Some(Secret::new(line.to_owned())))
}
