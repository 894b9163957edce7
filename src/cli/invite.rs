//! `netcomm invite`: links that let somebody make an account.

use std::{
    io::{self, Write},
    time::Duration,
};

use anyhow::bail;
use clap::Subcommand;
use humantime_serde::re::humantime;

use crate::{
    auth::InviteSecret,
    config::Config,
    hub::{Done, Operation},
    model::ServerRole,
    server::InviteLine,
};

use super::{
    operator::{self, DataFolder, Operator, Settings},
    role::server_role,
    table::{Form, Table, json_lines, moment},
};

/// The longest an invite may be good for: a year.
const LIFETIME_MAX: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Make, list and revoke invites, whether the server runs or not
///
/// An invite is a link: it says where the server is, how to know it, and lets one account be made.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: InviteCommand,
}

#[derive(Clone, Debug, Subcommand)]
enum InviteCommand {
    New(New),
    List(List),
    Revoke(Revoke),
}

/// Make an invite and print its link; whoever has the link can make one account
#[derive(Clone, Debug, clap::Args)]
struct New {
    /// What the account may do on the server as a whole
    #[arg(long, default_value = "member", value_parser = server_role())]
    role: ServerRole,
    /// How long it is good for, such as 1h or 7d [default: invites.lifetime in the settings]
    #[arg(long, value_name = "TIME", value_parser = lifetime)]
    expires: Option<Duration>,
}

/// List the invites that wait to be spent
#[derive(Clone, Debug, clap::Args)]
struct List {
    /// One JSON object a line, moments in milliseconds since 1970
    #[arg(long)]
    json: bool,
}

/// Make an invite good for nothing
#[derive(Clone, Debug, clap::Args)]
struct Revoke {
    /// Its number in the list
    id: u64,
}

/// Does it, and says what was done.
///
/// # Errors
///
/// When it was not done, and why.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let config = args.settings.load()?;
    match &args.command {
        InviteCommand::New(new) => new.run(&config),
        InviteCommand::List(list) => list.run(&config),
        InviteCommand::Revoke(revoke) => revoke.run(&config),
    }
}

impl New {
    fn run(&self, config: &Config) -> anyhow::Result<()> {
        operator::run(config, DataFolder::MayBeNew, async |operator| {
            self.make(operator, config).await
        })
    }

    async fn make(&self, mut operator: Operator, config: &Config) -> anyhow::Result<()> {
        let secret = InviteSecret::generate()?;
        let hash = secret.hash();
        // First of all the link: an invite that nobody can be told of is none.
        let link = operator.invite_link(config, secret).await?;
        let lifetime = self.expires.unwrap_or(config.invites.lifetime);
        let operation = Operation::Invite {
            hash,
            role: self.role,
            seconds: lifetime.as_secs(),
        };
        let Done::Invited { id } = operator.operate(operation).await? else {
            bail!("the invite was not made");
        };
        let mut out = io::stdout().lock();
        writeln!(out, "{}", link.reveal().as_str())?;
        drop(out);
        explain(id, self.role, lifetime);
        Ok(())
    }
}

/// For the one who reads it; a program that takes the link takes nothing else.
#[expect(
    clippy::print_stderr,
    reason = "the answer is on stdout, what it means here"
)]
fn explain(id: u64, role: ServerRole, lifetime: Duration) {
    eprintln!(
        "invite {id}: one account with role {}, within {}; hand the link over in private",
        role.as_str(),
        humantime::format_duration(lifetime)
    );
}

impl List {
    fn run(&self, config: &Config) -> anyhow::Result<()> {
        let invites = operator::run(config, DataFolder::InUse, async |mut operator: Operator| {
            operator.invites().await
        })?;
        let mut out = io::stdout().lock();
        match Form::of(self.json) {
            Form::Lines => json_lines(&mut out, &invites)?,
            Form::Table => table(&invites).write(&mut out)?,
        }
        Ok(())
    }
}

fn table(invites: &[InviteLine]) -> Table<4> {
    let mut table = Table::new(["INVITE", "ROLE", "MADE BY", "EXPIRES"]);
    for line in invites {
        let made_by = line.made_by.as_deref().unwrap_or("operator");
        let expires = moment(line.expires);
        table.row([
            line.id.to_string(),
            line.role.clone(),
            made_by.to_owned(),
            expires,
        ]);
    }
    table
}

impl Revoke {
    fn run(&self, config: &Config) -> anyhow::Result<()> {
        let operation = Operation::RevokeInvite { id: self.id };
        operator::run(config, DataFolder::InUse, async |mut operator: Operator| {
            operator.operate(operation).await
        })?;
        Ok(writeln!(
            io::stdout(),
            "invite {} is good for nothing now",
            self.id
        )?)
    }
}

fn lifetime(text: &str) -> Result<Duration, String> {
    let given = humantime::parse_duration(text)
        .map_err(|_| "write a number with its unit, such as 12h or 7d".to_owned())?;
    if (Duration::from_secs(60)..=LIFETIME_MAX).contains(&given) {
        Ok(given)
    } else {
        Err("an invite is good for one minute at least and 365 days at most".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_is_a_minute_to_a_year() {
        for (text, taken) in [
            ("1m", true),
            ("7d", true),
            ("365d", true),
            ("59s", false),
            ("366d", false),
            ("7", false),
            ("soon", false),
        ] {
            assert_eq!(lifetime(text).is_ok(), taken, "{text}");
        }
    }
}
