//! `netcomm connect`: chats.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;

use super::{block_on, user::known_name};
use crate::{
    client::{self, Options, Target, profile::DEFAULT_PROFILE},
    model::UserName,
    protocol::Cursors,
};

/// Talk to the others
///
/// Asks for what it was not told, and remembers server, user and session, so that the next start asks
/// nothing. Reconnects by itself and delivers what was typed meanwhile. Between pipes, lines go in and
/// out; the exit code says whether all of them were kept.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Server as HOST or HOST:PORT, or an invite link netcomm://…
    ///
    /// [default: the server of the last session, else 127.0.0.1:44444]
    #[arg(value_name = "TARGET", value_parser = client::target)]
    target: Option<Target>,

    /// CA certificate that the server's must come from, as gen-certs writes it to ca.pem
    ///
    /// [default: what was trusted there before, else this machine's certificate store]
    #[arg(long, value_name = "FILE", env = "NETCOMM_CA")]
    ca: Option<PathBuf>,

    /// User name
    #[arg(long, value_name = "NAME", env = "NETCOMM_USER", value_parser = known_name)]
    user: Option<UserName>,

    /// Make a new account
    #[arg(long)]
    register: bool,

    /// Read the password from the first line of this file instead of asking, or from the variable
    /// NETCOMM_PASSWORD
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,

    /// Use the session token in this file, or in the variable NETCOMM_TOKEN
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,

    /// Keep servers and accounts apart under this name
    #[arg(long, value_name = "NAME", default_value = DEFAULT_PROFILE, env = "NETCOMM_PROFILE")]
    profile: String,

    /// Chat in lines, not on the whole screen
    #[arg(long)]
    plain: bool,

    /// Take requests and print frames, one JSON object a line, for programs
    #[arg(long, conflicts_with = "plain")]
    json: bool,

    /// Be sent what came after these entries: a file with a JSON object like {"*": 12, "#ops": 340}
    #[arg(long, value_name = "FILE", requires = "json")]
    cursors: Option<PathBuf>,
}

/// Chats until the end.
///
/// # Errors
///
/// When what is needed was not said and cannot be asked, or something cannot be read, written or
/// trusted.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let cursors = args.cursors.as_deref().map(cursors).transpose()?;
    let options = Options {
        target: args.target,
        ca: args.ca,
        user: args.user,
        register: args.register,
        profile: args.profile,
        password_file: args.password_file,
        token_file: args.token_file,
        plain: args.plain,
    };
    if args.json {
        let cursors = cursors.unwrap_or_default();
        block_on(Box::pin(client::carry(options, cursors)))
    } else {
        block_on(Box::pin(client::run(options)))
    }
}

fn cursors(file: &Path) -> anyhow::Result<Cursors> {
    let context = || format!("cannot read the cursors in {}", file.display());
    let text = fs::read(file).with_context(context)?;
    serde_json::from_slice(&text).with_context(context)
}
