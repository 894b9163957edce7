//! `netcomm completions` and `netcomm man`: what a package puts beside the binary.

use std::{fs, io, path::PathBuf};

use anyhow::Context;
use clap::CommandFactory;
use clap_complete::{Shell, generate};

use super::Cli;

/// Print the completions for a shell
///
/// For example: netcomm completions bash > ~/.local/share/bash-completion/completions/netcomm
#[derive(Clone, Debug, clap::Args)]
pub struct CompletionsArgs {
    /// Which shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// Write the manual pages into a folder
///
/// For example: netcomm man ~/.local/share/man/man1
#[derive(Clone, Debug, clap::Args)]
pub struct ManArgs {
    /// Where; made when it is not there
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// Prints completions.
pub fn completions(args: &CompletionsArgs) {
    generate(
        args.shell,
        &mut Cli::command(),
        "netcomm",
        &mut io::stdout(),
    );
}

/// Writes manual pages.
///
/// # Errors
///
/// When the folder cannot be made or written.
pub fn man(args: &ManArgs) -> anyhow::Result<()> {
    let context = || format!("cannot write manual pages to {}", args.folder.display());
    fs::create_dir_all(&args.folder).with_context(context)?;
    clap_mangen::generate_to(Cli::command(), &args.folder).with_context(context)
}
