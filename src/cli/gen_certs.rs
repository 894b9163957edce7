//! `netcomm gen-certs`: makes a CA and the server's certificate, and says what to do next.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use crate::tls::{CertificateFiles, DAYS_MAX, GenerateOptions, Generated, Host, Replace, generate};

/// Make a certificate authority and a server certificate
///
/// Private keys are readable by you alone, and nothing that is there already is overwritten
/// unless you ask for it.
#[derive(Clone, Debug, clap::Args)]
pub struct GenCerts {
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
pub fn run(args: GenCerts) -> anyhow::Result<()> {
    let replace = if args.force {
        Replace::All
    } else if args.renew {
        Replace::Server
    } else {
        Replace::Nothing
    };
    let made = generate(&GenerateOptions {
        files: CertificateFiles::in_folder(&args.folder),
        hosts: args.names,
        days: args.days,
        replace,
    })?;
    report(&mut io::stdout().lock(), &made, replace)?;
    Ok(())
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
        writeln!(out, "  netcomm connect --ca {}", files.ca.display())?;
    }
    Ok(())
}
