//! A new password from the one who types it, or from a file; never from an argument.

use std::{
    fs::File,
    io::{self, IsTerminal, Read},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use zeroize::Zeroizing;

use crate::auth::{PASSWORD_MAX, Password};

/// Where a new password comes from.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct PasswordSource {
    /// File whose first line is the password, `-` for standard input; without it you are asked
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

impl PasswordSource {
    /// Reads it; on a terminal it is asked for twice, and not shown.
    ///
    /// # Errors
    ///
    /// When it cannot be read, is longer than any password, or was typed in two ways.
    pub(super) fn read(&self) -> anyhow::Result<Password> {
        match self.password_file.as_deref() {
            Some(path) if path != Path::new("-") => {
                let file = File::open(path)
                    .with_context(|| format!("cannot read the password from {}", path.display()))?;
                first_line(file)
            }
            None if io::stdin().is_terminal() => ask_twice(),
            None | Some(_) => first_line(io::stdin().lock()),
        }
    }
}

fn ask_twice() -> anyhow::Result<Password> {
    let first = Zeroizing::new(rpassword::prompt_password("New password: ")?);
    let second = Zeroizing::new(rpassword::prompt_password("Again: ")?);
    if first != second {
        bail!("the two passwords are not the same; nothing was changed");
    }
    Ok(Password::new((*first).clone())?)
}

fn first_line(from: impl Read) -> anyhow::Result<Password> {
    // One more than may be, and a line's end: what is too long is then seen to be.
    let most = u64::try_from(PASSWORD_MAX + 3).unwrap_or(u64::MAX);
    let mut text = Zeroizing::new(String::with_capacity(PASSWORD_MAX + 3));
    from.take(most)
        .read_to_string(&mut text)
        .context("cannot read the password; it must be UTF-8")?;
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        bail!("the password is empty");
    }
    Ok(Password::new(line.to_owned())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_the_first_line_without_its_end() {
        for (text, readable) in [
            ("secret words\n", true),
            ("secret words\r\nmore\n", true),
            ("secret words", true),
            ("\n", false),
            ("", false),
        ] {
            assert_eq!(first_line(text.as_bytes()).is_ok(), readable, "{text:?}");
        }
        assert!(first_line("x".repeat(PASSWORD_MAX).as_bytes()).is_ok());
        let long = first_line("x".repeat(PASSWORD_MAX + 1).as_bytes());
        assert!(long.unwrap_err().to_string().contains("longer than 1024"));
    }
}
