//! `netcomm verify`: whether all data, or a backup of it, is whole.

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::bail;

use crate::store::{self, Store, Verified};

use super::operator::Settings;

/// Check that all data is whole, while the server runs or when it does not
///
/// Reads everything: that the file and its indexes are intact, that no log has a hole, and that
/// rooms, members, reactions and edited texts are what the logs say. Changes nothing. Exits with 1
/// when something is wrong, and says what.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    settings: Settings,
    /// A backup to check in place of the server's data
    file: Option<PathBuf>,
}

/// Checks, and says what was found.
///
/// # Errors
///
/// When what is to be checked cannot be read.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let found = match &args.file {
        Some(file) if !file.is_file() => bail!("{} is not a file", file.display()),
        Some(file) => store::verify_file(file)?,
        None => {
            let data = args.settings.load()?.server.data;
            if !Store::is_in(&data) {
                bail!("there is no server's data in {}", data.display());
            }
            store::verify(&data)?
        }
    };
    report(&mut io::stdout().lock(), &found)?;
    Ok(if found.faults.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn report(out: &mut impl Write, found: &Verified) -> io::Result<()> {
    for fault in &found.faults {
        writeln!(out, "{fault}")?;
    }
    let Verified {
        conversations,
        entries,
        faults,
    } = found;
    let counted = format!("{conversations} conversations with {entries} entries");
    match faults.len() {
        0 => writeln!(out, "{counted}: all is well"),
        1 => writeln!(out, "{counted}: 1 fault; restore a backup"),
        count => writeln!(out, "{counted}: {count} faults; restore a backup"),
    }
}
