//! `netcomm send`, `tail`, `history`, `search`, `doctor`: for scripts and for a quick look.

use std::{path::PathBuf, process::ExitCode};

use super::{block_on, user::known_name};
use crate::{
    auth::ServerAddress,
    client::{self, Form, Missing, Options, Said, Script, Target, profile::DEFAULT_PROFILE},
    model::{Address, MessageId, Timestamp, UserName},
    protocol,
};

/// As whom, and where.
#[derive(Clone, Debug, clap::Args)]
pub struct Who {
    /// Server as HOST or HOST:PORT
    ///
    /// [default: the server of the last session]
    #[arg(long, value_name = "SERVER", env = "NETCOMM_SERVER", value_parser = ServerAddress::parse)]
    server: Option<ServerAddress>,

    /// CA certificate that the server's must come from
    ///
    /// [default: what was trusted there before, else this machine's certificate store]
    #[arg(long, value_name = "FILE", env = "NETCOMM_CA")]
    ca: Option<PathBuf>,

    /// User name
    ///
    /// [default: the user of the last session there]
    #[arg(long, value_name = "NAME", env = "NETCOMM_USER", value_parser = known_name)]
    user: Option<UserName>,

    /// Read the password from the first line of this file, or from the variable NETCOMM_PASSWORD
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,

    /// Use the session token in this file, or in the variable NETCOMM_TOKEN
    ///
    /// [default: the token of the last session]
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,

    /// Keep servers and accounts apart under this name
    #[arg(long, value_name = "NAME", default_value = DEFAULT_PROFILE, env = "NETCOMM_PROFILE")]
    profile: String,
}

impl Who {
    fn options(self) -> Options {
        Options {
            target: self.server.map(Target::Server),
            ca: self.ca,
            user: self.user,
            register: false,
            profile: self.profile,
            password_file: self.password_file,
            token_file: self.token_file,
            plain: true,
        }
    }
}

/// As what to show what is read, as whom, and where.
#[derive(Clone, Debug, clap::Args)]
pub struct Reading {
    /// Print frames
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    who: Who,
}

impl Reading {
    fn run(self, script: impl FnOnce(Form) -> Script) -> anyhow::Result<ExitCode> {
        let form = if self.json { Form::Json } else { Form::Text };
        run(self.who, script(form))
    }
}

/// Say something and wait until the server has kept it
///
/// Exit codes: 0 it is kept, 1 it is not or nobody knows, 2 misused. What failed is not sent later.
#[derive(Clone, Debug, clap::Args)]
pub struct SendArgs {
    /// Conversation: '*', '#room' or '@user'
    #[arg(value_name = "TO", value_parser = Address::parse)]
    to: Address,

    /// Text; without it each line of standard input is a message
    #[arg(value_name = "TEXT")]
    text: Option<String>,

    /// Make one message of all of standard input
    #[arg(long, conflicts_with = "text")]
    whole: bool,

    /// Name the message: sent again under the same name, it is said once
    ///
    /// For scripts that run again when they do not know how they ended. 1 to 64 printable ASCII
    /// characters without space. Goes with TEXT or --whole.
    #[arg(long, value_name = "NAME", value_parser = MessageId::parse)]
    id: Option<MessageId>,

    #[command(flatten)]
    who: Who,
}

/// Show what is said in a conversation, as it is said
///
/// Reconnects by itself. Exit codes: 0 the reader has seen enough, 1 failed, 2 misused.
#[derive(Clone, Debug, clap::Args)]
pub struct TailArgs {
    /// Conversation: '*', '#room' or '@user'
    #[arg(value_name = "OF", value_parser = Address::parse)]
    of: Address,

    /// Begin with what was said this long ago, like 2h or 30m
    #[arg(long, value_name = "TIME", value_parser = ago)]
    since: Option<Timestamp>,

    #[command(flatten)]
    reading: Reading,
}

/// Show what was said last in a conversation
///
/// Exit codes: 0 done, 1 failed, 2 misused.
#[derive(Clone, Debug, clap::Args)]
pub struct HistoryArgs {
    /// Conversation: '*', '#room' or '@user'
    #[arg(value_name = "OF", value_parser = Address::parse)]
    of: Address,

    /// How many entries
    #[arg(long, short = 'n', value_name = "COUNT", default_value_t = 50)]
    count: usize,

    #[command(flatten)]
    reading: Reading,
}

/// Show the messages that hold all of the words
///
/// Exit codes: 0 done, 1 failed, 2 misused.
#[derive(Clone, Debug, clap::Args)]
pub struct SearchArgs {
    /// Words; the last may be the beginning of one
    #[arg(value_name = "WORD", required = true)]
    words: Vec<String>,

    /// Only in this conversation
    #[arg(long = "in", value_name = "OF", value_parser = Address::parse)]
    conversation: Option<Address>,

    /// Only by this user
    #[arg(long, value_name = "USER", value_parser = known_name)]
    by: Option<UserName>,

    /// How many messages at most
    #[arg(long, short = 'n', value_name = "COUNT", default_value_t = 50)]
    count: usize,

    #[command(flatten)]
    reading: Reading,
}

/// Find out what is wrong between this machine and a server
///
/// Exit codes: 0 nothing is wrong, 1 something is, 2 misused.
#[derive(Clone, Debug, clap::Args)]
pub struct DoctorArgs {
    /// Server as HOST or HOST:PORT, or an invite link netcomm://…
    ///
    /// [default: the server of the last session]
    #[arg(value_name = "HOST", value_parser = client::target)]
    host: Option<Target>,

    #[command(flatten)]
    who: Who,
}

/// Says something.
///
/// # Errors
///
/// When the server has not answered that it is kept.
pub fn send(args: SendArgs) -> anyhow::Result<ExitCode> {
    let what = match (args.text, args.whole, args.id) {
        (Some(text), _, id) => Said::Text { text, id },
        (None, true, id) => Said::Whole { id },
        (None, false, None) => Said::Lines,
        (None, false, Some(_)) => {
            return Err(Missing("--id names one message: give TEXT or --whole with it").into());
        }
    };
    run(args.who, Script::Send { to: args.to, what })
}

/// Shows what is said.
///
/// # Errors
///
/// When the conversation cannot be read.
pub fn tail(args: TailArgs) -> anyhow::Result<ExitCode> {
    let (of, since) = (args.of, args.since);
    args.reading.run(|form| Script::Tail { of, since, form })
}

/// Shows what was said.
///
/// # Errors
///
/// When the conversation cannot be read.
pub fn history(args: HistoryArgs) -> anyhow::Result<ExitCode> {
    let (of, count) = (args.of, args.count);
    args.reading.run(|form| Script::History { of, count, form })
}

/// Shows what was found.
///
/// # Errors
///
/// When the server cannot be asked.
pub fn search(args: SearchArgs) -> anyhow::Result<ExitCode> {
    let search = protocol::Search {
        words: args.words.join(" "),
        conversation: args.conversation,
        by: args.by,
        before: None,
        after: None,
        page: None,
    };
    let count = args.count;
    args.reading.run(|form| Script::Search {
        search,
        count,
        form,
    })
}

/// Says what is wrong.
///
/// # Errors
///
/// When it is not known which server is meant.
#[expect(clippy::print_stdout, reason = "what was found is the answer")]
pub fn doctor(args: DoctorArgs) -> anyhow::Result<ExitCode> {
    let mut options = args.who.options();
    options.target = args.host.or(options.target);
    let findings = block_on(async move { client::examine(&options).await })?;
    let mut code = ExitCode::SUCCESS;
    for finding in findings {
        match finding.result {
            Ok(text) => println!("ok     {:11} {text}", finding.what),
            Err(text) => {
                println!("wrong  {:11} {text}", finding.what);
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}

fn run(who: Who, script: Script) -> anyhow::Result<ExitCode> {
    block_on(Box::pin(client::run_script(who.options(), script)))
}

/// That long ago.
fn ago(text: &str) -> Result<Timestamp, String> {
    let length: jiff::SignedDuration = text
        .parse()
        .map_err(|_| "a length of time is like 90s, 30m, 2h or '1h 30m'".to_owned())?;
    Ok(Timestamp::now().before(length.unsigned_abs()))
}
