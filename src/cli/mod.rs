//! The command line: one file per subcommand, whose help text is its documentation.

pub mod gen_certs;
pub mod invite;
mod operator;
mod password;
mod role;
pub mod serve;
mod table;
pub mod torture;
pub mod user;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::ConfigError;

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
    GenCerts(gen_certs::Args),
    Serve(serve::Args),
    User(user::Args),
    Invite(invite::Args),
    Torture(torture::Args),
}

/// Does what the command line says. The only caller is `main`.
#[must_use]
pub fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            complain(&error);
            ExitCode::from(if error.is::<ConfigError>() {
                MISUSED
            } else {
                FAILED
            })
        }
    }
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::GenCerts(args) => gen_certs::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Serve(args) => serve::run(&args).map(|()| ExitCode::SUCCESS),
        Command::User(args) => user::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Invite(args) => invite::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Torture(args) => torture::run(&args),
    }
}

#[expect(
    clippy::print_stderr,
    reason = "what a person is to read when a command fails"
)]
fn complain(error: &anyhow::Error) {
    eprintln!("netcomm: {error:#}");
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
