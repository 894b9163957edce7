//! `netcomm backup` and `netcomm restore`: a copy of all data, taken and put back.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use anyhow::Context;

use crate::store::{Present, back_up, restore as put_back};

use super::operator::Settings;

/// Copy all data to a file, while the server runs or when it does not
///
/// The copy holds every message that was acknowledged before the command was given, all accounts and
/// all rooms. Keep it as safe as the data itself. Certificates and settings are not in it: copy the
/// folder certs and the file server.toml once, with the backup.
#[derive(Clone, Debug, clap::Args)]
pub struct BackupArgs {
    #[command(flatten)]
    settings: Settings,
    /// File to make; one that is there is never written over
    file: PathBuf,
}

/// Put a backup in the place of the data, while no server runs
///
/// The backup is checked first, as by netcomm verify. Accounts, passwords, sessions and messages are
/// then as they were when the backup was made; whoever was logged out since is logged in again.
#[derive(Clone, Debug, clap::Args)]
pub struct RestoreArgs {
    #[command(flatten)]
    settings: Settings,
    /// File made by netcomm backup
    file: PathBuf,
    /// Even if there is data: it is moved aside, into a folder beside it
    #[arg(long)]
    force: bool,
}

/// Makes a backup.
///
/// # Errors
///
/// When the file is there, or cannot be written, or the data cannot be read.
pub fn backup(args: &BackupArgs) -> anyhow::Result<()> {
    let data = args.settings.load()?.server.data;
    let bytes = back_up(&data, &args.file)?;
    let file = args.file.display();
    Ok(writeln!(
        io::stdout(),
        "{file}: {bytes} bytes, written and on the disk"
    )?)
}

/// Puts a backup back.
///
/// # Errors
///
/// When the backup is damaged, there is data that is to stay, or a server runs.
pub fn restore(args: &RestoreArgs) -> anyhow::Result<()> {
    let data = args.settings.load()?.server.data;
    let present = if args.force {
        Present::MovedAside
    } else {
        Present::Stays
    };
    let aside = put_back(&args.file, &data, present)
        .with_context(|| format!("{} was not restored", args.file.display()))?;
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{} is restored into {}; start the server",
        args.file.display(),
        data.display()
    )?;
    if let Some(aside) = aside {
        writeln!(
            out,
            "the data that was there is in {}; delete it when it is not needed",
            aside.display()
        )?;
    }
    Ok(())
}
