//! The command line: one file per subcommand, whose help text is its documentation.

pub mod backup;
pub mod connect;
pub mod export;
pub mod gen_certs;
pub mod invite;
mod operator;
mod password;
mod role;
pub mod script;
pub mod serve;
pub mod shell;
mod table;
pub mod torture;
pub mod user;
pub mod verify;

use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use tokio::runtime;

use crate::{client::Missing, config::ConfigError};

/// What was asked could not be done.
const FAILED: u8 = 1;
/// What was asked makes no sense: a wrong argument or setting.
const MISUSED: u8 = 2;

/// A private chat service in one binary: TLS always, accounts always, history always
///
/// Exit codes: 0 done, 1 failed, 2 misused.
#[derive(Debug, Parser)]
#[command(name = "netcomm", version, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Connect(Box<connect::Args>),
    GenCerts(gen_certs::Args),
    Serve(serve::Args),
    User(user::Args),
    Invite(invite::Args),
    Backup(backup::BackupArgs),
    Restore(backup::RestoreArgs),
    Verify(verify::Args),
    Export(export::Args),
    Send(script::SendArgs),
    Tail(script::TailArgs),
    History(script::HistoryArgs),
    Search(script::SearchArgs),
    Doctor(script::DoctorArgs),
    Completions(shell::CompletionsArgs),
    Man(shell::ManArgs),
    Torture(torture::Args),
}

/// Does what the command line says. The only caller is `main`.
#[must_use]
pub fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            complain(&error);
            ExitCode::from(if error.is::<ConfigError>() || error.is::<Missing>() {
                MISUSED
            } else {
                FAILED
            })
        }
    }
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Connect(args) => connect::run(*args),
        Command::GenCerts(args) => gen_certs::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Serve(args) => serve::run(&args).map(|()| ExitCode::SUCCESS),
        Command::User(args) => user::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Invite(args) => invite::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Backup(args) => backup::backup(&args).map(|()| ExitCode::SUCCESS),
        Command::Restore(args) => backup::restore(&args).map(|()| ExitCode::SUCCESS),
        Command::Verify(args) => verify::run(&args),
        Command::Export(args) => export::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Send(args) => script::send(args),
        Command::Tail(args) => script::tail(args),
        Command::History(args) => script::history(args),
        Command::Search(args) => script::search(args),
        Command::Doctor(args) => script::doctor(args),
        Command::Completions(args) => {
            shell::completions(&args);
            Ok(ExitCode::SUCCESS)
        }
        Command::Man(args) => shell::man(&args).map(|()| ExitCode::SUCCESS),
        Command::Torture(args) => torture::run(&args),
    }
}

/// What a client does, done.
fn block_on<T>(future: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let done = runtime.block_on(future);
    // A name that is still being looked up need not be waited for.
    runtime.shutdown_background();
    done
}

#[expect(
    clippy::print_stderr,
    reason = "what a person is to read when a command fails"
)]
fn complain(error: &anyhow::Error) {
    eprintln!("netcomm: {}", told(error));
}

/// The error and what caused it, each said once: some say their cause themselves.
fn told(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |mut told, cause| {
        let cause = cause.to_string();
        if !told.ends_with(&cause) {
            let colon = if told.is_empty() { "" } else { ": " };
            told.push_str(colon);
            told.push_str(&cause);
        }
        told
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        let cause = || std::io::Error::other("no such file");
        let silent = anyhow::Error::new(cause()).context("cannot read it");
        assert_eq!(told(&silent), "cannot read it: no such file");
        let says_it = anyhow::Error::new(cause()).context("cannot read it: no such file");
        assert_eq!(told(&says_it), "cannot read it: no such file");
    }

    #[test]
    fn a_user_is_named_with_or_without_the_sign_wherever_one_is_asked_for() {
        for line in [
            "connect --user @alice",
            "send --user @alice * hi",
            "search --user alice --by @bob word",
            "doctor --user @alice",
        ] {
            let words = std::iter::once("netcomm").chain(line.split(' '));
            let parsed = Cli::try_parse_from(words);
            assert!(parsed.is_ok(), "{line}: {parsed:?}");
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
