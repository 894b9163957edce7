//! `netcomm user`: the operator's view of accounts, and hand on them.

use std::io::{self, Write};

use anyhow::bail;
use clap::{Subcommand, ValueEnum};

use crate::{
    auth::hash_password,
    config::Config,
    hub::{Done, LastOwner, Operation, Progress},
    model::{NameError, ServerRole, UserName},
    server::UserLine,
    store::NameAfterwards,
};

use super::{
    operator::{self, DataFolder, Operator, Settings},
    password::PasswordSource,
    role::server_role,
    table::{Form, Table, json_lines, moment},
};

/// Make, list and change accounts, whether the server runs or not
///
/// A server that runs acts on it at once: who is disabled, deleted or given another password is
/// logged out everywhere.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: UserCommand,
}

#[derive(Clone, Debug, Subcommand)]
enum UserCommand {
    Add(Add),
    List(List),
    Passwd(Passwd),
    Role(SetRole),
    Disable(Disable),
    Enable(Enable),
    Delete(Delete),
}

/// Make an account
#[derive(Clone, Debug, clap::Args)]
struct Add {
    /// What it is to be called: a letter, then letters, digits, '_' or '-', at most 32
    #[arg(value_parser = UserName::parse_new)]
    name: UserName,
    /// What it may do on the server as a whole
    #[arg(long, default_value = "member", value_parser = server_role())]
    role: ServerRole,
    #[command(flatten)]
    password: PasswordSource,
}

/// List the accounts: role, state, when made, last logged in to and last seen
#[derive(Clone, Debug, clap::Args)]
struct List {
    /// One JSON object a line, moments in milliseconds since 1970
    #[arg(long)]
    json: bool,
}

/// Give an account another password, and log it out everywhere
#[derive(Clone, Debug, clap::Args)]
struct Passwd {
    /// Whose
    #[arg(value_parser = known_name)]
    name: UserName,
    #[command(flatten)]
    password: PasswordSource,
}

/// Give an account another role on the server
#[derive(Clone, Debug, clap::Args)]
struct SetRole {
    /// Whose
    #[arg(value_parser = known_name)]
    name: UserName,
    /// What it may do on the server as a whole
    #[arg(value_parser = server_role())]
    role: ServerRole,
    #[command(flatten)]
    force: Force,
}

/// Bar an account from logging in, and log it out everywhere
#[derive(Clone, Debug, clap::Args)]
struct Disable {
    /// Which
    #[arg(value_parser = known_name)]
    name: UserName,
    #[command(flatten)]
    force: Force,
}

/// Let an account log in again
#[derive(Clone, Debug, clap::Args)]
struct Enable {
    /// Which
    #[arg(value_parser = known_name)]
    name: UserName,
}

/// Delete an account for good: it is logged out and leaves its rooms
#[derive(Clone, Debug, clap::Args)]
struct Delete {
    /// Which
    #[arg(value_parser = known_name)]
    user: UserName,
    /// What becomes of its name
    #[arg(long, value_name = "WHAT", default_value = "reserved")]
    name: NameChoice,
    /// What becomes of its messages
    #[arg(long, value_name = "WHAT", default_value = "keep")]
    messages: MessagesChoice,
    #[command(flatten)]
    force: Force,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum NameChoice {
    /// Nobody may have it again
    Reserved,
    /// Anybody may register it
    Freed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum MessagesChoice {
    /// They stay, under 'deleted-' and a number
    Keep,
    /// Their texts go; that there were messages can still be seen
    Remove,
}

#[derive(Clone, Copy, Debug, clap::Args)]
struct Force {
    /// Do it even if no owner is left who can log in
    #[arg(long)]
    force: bool,
}

impl From<Force> for LastOwner {
    fn from(force: Force) -> Self {
        if force.force {
            Self::MayGo
        } else {
            Self::Stays
        }
    }
}

/// Does it, and says what was done.
///
/// # Errors
///
/// When it was not done, and why.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let config = args.settings.load()?;
    match &args.command {
        UserCommand::Add(add) => add.run(&config),
        UserCommand::List(list) => list.run(&config),
        UserCommand::Passwd(passwd) => passwd.run(&config),
        UserCommand::Role(SetRole { name, role, force }) => {
            let operation = Operation::SetRole {
                user: name.clone(),
                role: *role,
                last_owner: (*force).into(),
            };
            change(&config, operation)?;
            say(&format!("{name} is {} now", role.as_str()))
        }
        UserCommand::Disable(Disable { name, force }) => {
            let operation = Operation::Disable {
                user: name.clone(),
                last_owner: (*force).into(),
            };
            change(&config, operation)?;
            say(&format!("{name} cannot log in any more"))
        }
        UserCommand::Enable(Enable { name }) => {
            change(&config, Operation::Enable { user: name.clone() })?;
            say(&format!("{name} can log in again"))
        }
        UserCommand::Delete(delete) => delete.run(&config),
    }
}

impl Add {
    fn run(&self, config: &Config) -> anyhow::Result<()> {
        let password = self.password.read()?;
        let operation = Operation::Add {
            user: self.name.clone(),
            password: hash_password(&self.name, &password, &config.passwords)?,
            role: self.role,
        };
        operator::run(
            config,
            DataFolder::MayBeNew,
            async |mut operator: Operator| operator.operate(operation).await,
        )?;
        say(&format!(
            "{} can log in now, as {}",
            self.name,
            self.role.as_str()
        ))
    }
}

impl Passwd {
    fn run(&self, config: &Config) -> anyhow::Result<()> {
        let password = self.password.read()?;
        let operation = Operation::SetPassword {
            user: self.name.clone(),
            password: hash_password(&self.name, &password, &config.passwords)?,
        };
        change(config, operation)?;
        say(&format!(
            "{} has another password, and is logged out everywhere",
            self.name
        ))
    }
}

impl List {
    fn run(&self, config: &Config) -> anyhow::Result<()> {
        let users = operator::run(config, DataFolder::InUse, async |mut operator: Operator| {
            operator.users().await
        })?;
        let mut out = io::stdout().lock();
        match Form::of(self.json) {
            Form::Lines => json_lines(&mut out, &users)?,
            Form::Table => table(&users).write(&mut out)?,
        }
        Ok(())
    }
}

fn table(users: &[UserLine]) -> Table<6> {
    let columns = [
        "USER",
        "ROLE",
        "STATE",
        "CREATED",
        "LAST LOGIN",
        "LAST SEEN",
    ];
    let mut table = Table::new(columns);
    for line in users {
        let seen = match (line.online, line.last_seen) {
            (true, _) => "online".to_owned(),
            (false, seen) => moment_or_never(seen),
        };
        let (user, role, state) = (&line.user, &line.role, &line.state);
        let (created, login) = (moment(line.created), moment_or_never(line.last_login));
        table.row([
            user.clone(),
            role.clone(),
            state.clone(),
            created,
            login,
            seen,
        ]);
    }
    table
}

fn moment_or_never(at: Option<i64>) -> String {
    at.map_or_else(|| "-".to_owned(), moment)
}

impl Delete {
    fn run(&self, config: &Config) -> anyhow::Result<()> {
        operator::run(config, DataFolder::InUse, async |operator| {
            self.step_by_step(operator).await
        })?;
        say(&format!("{} is deleted", self.user))
    }

    /// The messages first, while there is a name to find them by; and before them the way in, so
    /// that no more come.
    async fn step_by_step(&self, mut operator: Operator) -> anyhow::Result<()> {
        let (user, last_owner) = (self.user.clone(), self.force.into());
        if self.messages == MessagesChoice::Remove {
            let disable = Operation::Disable {
                user: user.clone(),
                last_owner,
            };
            operator.operate(disable).await?;
            let mut after = Progress::default();
            loop {
                let erase = Operation::EraseMessages {
                    user: user.clone(),
                    after,
                };
                match operator.operate(erase).await? {
                    Done::Erased { count: 0, .. } => break,
                    Done::Erased { up_to, .. } => after = up_to,
                    Done::Done | Done::Invited { .. } => bail!("the messages were not removed"),
                }
            }
        }
        let name = match self.name {
            NameChoice::Reserved => NameAfterwards::Reserved,
            NameChoice::Freed => NameAfterwards::Freed,
        };
        let delete = Operation::Delete {
            user,
            name,
            last_owner,
        };
        operator.operate(delete).await.map(drop)
    }
}

fn change(config: &Config, operation: Operation) -> anyhow::Result<()> {
    operator::run(config, DataFolder::InUse, async |mut operator: Operator| {
        operator.operate(operation).await.map(drop)
    })
}

fn say(what: &str) -> anyhow::Result<()> {
    Ok(writeln!(io::stdout(), "{what}")?)
}

/// Reads the name of somebody who has an account, as `name` or as `@name`.
pub(super) fn known_name(text: &str) -> Result<UserName, NameError> {
    UserName::parse(text.strip_prefix('@').unwrap_or(text))
}
