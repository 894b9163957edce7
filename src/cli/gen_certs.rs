//! `netcomm gen-certs`: makes a CA and the server's certificate, and says what to do next.

use std::{
    io::{self, Write},
    net::Ipv4Addr,
    path::PathBuf,
};

use crate::tls::{CertificateFiles, DAYS_MAX, GenerateOptions, Generated, Host, Replace, generate};

/// Make a certificate authority and a server certificate
///
/// Private keys are readable by you alone, and nothing that is there already is overwritten
/// unless you ask for it.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Folder to write ca.pem, ca.key, server.pem and server.key to
    #[arg(long, value_name = "FOLDER", default_value = "certs")]
    folder: PathBuf,

    /// DNS name or address that clients connect by; may be given several times
    ///
    /// [default: localhost, 127.0.0.1, ::1, this machine's name and addresses; with --renew: as
    /// before]
    #[arg(long = "name", value_name = "HOST", value_delimiter = ',')]
    names: Vec<Host>,

    /// Days the server certificate is good for; at most 397
    #[arg(long, default_value_t = DAYS_MAX, value_parser = clap::value_parser!(u16).range(1..=i64::from(DAYS_MAX)))]
    days: u16,

    /// Replace only the server's certificate and key; the authority, and so every client, stays
    #[arg(long)]
    renew: bool,

    /// Replace everything; every client then needs the new ca.pem or a new invite link
    #[arg(long, conflicts_with = "renew")]
    force: bool,
}

/// Makes the certificates and prints what was made and the next command.
///
/// # Errors
///
/// When a file is in the way or cannot be written, with what to do about it.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let options = args.options();
    let made = generate(&options)?;
    report(&mut io::stdout().lock(), &made, options.replace)?;
    Ok(())
}

impl Args {
    fn options(&self) -> GenerateOptions {
        GenerateOptions {
            files: CertificateFiles::in_folder(&self.folder),
            hosts: self.names.clone(),
            days: self.days,
            replace: if self.force {
                Replace::All
            } else if self.renew {
                Replace::Server
            } else {
                Replace::Nothing
            },
        }
    }
}

fn report(out: &mut impl Write, made: &Generated, replace: Replace) -> io::Result<()> {
    let files = &made.files;
    if replace != Replace::Server {
        writeln!(out, "authority    {}", files.ca.display())?;
        writeln!(out, "  valid to   {}", made.ca_expires)?;
        writeln!(
            out,
            "  key        {} (keep it to renew)",
            files.ca_key.display()
        )?;
    }
    writeln!(out, "certificate  {}", files.certificate.display())?;
    writeln!(out, "  valid to   {}", made.expires)?;
    writeln!(out, "  key        {}", files.key.display())?;
    writeln!(out, "  for        {}", made.names.join(", "))?;
    writeln!(out, "CA pin       {}", made.pin)?;
    writeln!(out)?;
    match replace {
        Replace::Server => {
            writeln!(out, "A server that runs takes it on SIGHUP; else start it:")?;
        }
        Replace::All | Replace::Nothing => writeln!(out, "Next, start the server:")?,
    }
    writeln!(out, "  netcomm serve --config config/server.toml")?;
    if replace != Replace::Server {
        writeln!(out, "and connect to it:")?;
        writeln!(
            out,
            "  netcomm connect --ca {}{}",
            files.ca.display(),
            host(made)
        )?;
    }
    Ok(())
}

/// What `connect` must be told: nothing when the certificate is for its default, 127.0.0.1.
fn host(made: &Generated) -> String {
    let default = Ipv4Addr::LOCALHOST.to_string();
    match made.names.first() {
        Some(first) if !made.names.contains(&default) => format!(" {first}"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct CommandLine {
        #[command(flatten)]
        args: Args,
    }

    fn parse(args: &[&str]) -> Result<Args, String> {
        CommandLine::try_parse_from([&["gen-certs"], args].concat())
            .map(|line| line.args)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn nonsense_is_refused_with_its_reason() {
        for (args, reason) in [
            (&["--days", "398"][..], "398 is not in 1..=397"),
            (&["--days", "0"], "0 is not in 1..=397"),
            (&["--name", "a:1"], "'a:1' is neither a DNS name nor"),
            (&["--renew", "--force"], "cannot be used with"),
        ] {
            let error = parse(args).unwrap_err();
            assert!(error.contains(reason), "{args:?}: {error}");
        }
    }

    #[test]
    fn the_answer_names_the_files_and_the_next_commands() {
        let folder = tempfile::tempdir().unwrap();
        let certs = folder.path().to_str().unwrap();
        let args = parse(&["--folder", certs, "--name", "chat.example.org,::1"]).unwrap();
        let made = generate(&args.options()).unwrap();
        let mut out = Vec::new();
        report(&mut out, &made, Replace::Nothing).unwrap();
        let text = String::from_utf8(out).unwrap();
        for part in [
            "for        chat.example.org, ::1\n",
            &format!("CA pin       {}\n", made.pin),
            "\n  netcomm serve --config config/server.toml\n",
            &format!("\n  netcomm connect --ca {certs}/ca.pem chat.example.org\n"),
        ] {
            assert!(text.contains(part), "no {part:?} in {text}");
        }
    }

    #[test]
    fn a_second_run_changes_nothing_and_says_how_to_go_on() {
        let folder = tempfile::tempdir().unwrap();
        let args = |more: &[&str]| {
            let folder = folder.path().to_str().unwrap();
            parse(&[&["--folder", folder], more].concat()).unwrap()
        };
        run(&args(&[])).unwrap();
        let error = run(&args(&[])).unwrap_err().to_string();
        assert!(
            error.contains("--renew") && error.contains("--force"),
            "{error}"
        );
        run(&args(&["--renew"])).unwrap();
        run(&args(&["--force"])).unwrap();
    }
}
