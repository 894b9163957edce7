//! A new server certificate from the CA that is there: clients notice nothing.

use std::fs;

use rcgen::{KeyPair, PublicKeyData};

use super::{
    CertificateFiles, GenerateError, GenerateOptions, Generated, chain,
    issue::{Authority, days},
    report,
    staged::{Access, Existing},
    write,
};
use crate::{
    model::Timestamp,
    tls::{
        LoadError, load,
        names::{Host, own_hosts},
        pin::Pin,
        summary::Summary,
    },
};

pub(super) fn renew(options: &GenerateOptions, now: Timestamp) -> Result<Generated, GenerateError> {
    let files = &options.files;
    let (authority, ca, ca_pem) = existing_authority(files, now)?;
    let hosts = if options.hosts.is_empty() {
        hosts_before(files)
    } else {
        options.hosts.clone()
    };
    let server = authority.issue(&hosts, days(options.days), now)?;
    let content = [
        (&files.key, server.key_pem.as_str(), Access::Private),
        (&files.certificate, &chain(&server, &ca_pem), Access::Public),
    ];
    write(&content, Existing::Replace)?;
    report(files, &ca, &server)
}

fn existing_authority(
    files: &CertificateFiles,
    now: Timestamp,
) -> Result<(Authority, Summary, String), GenerateError> {
    let (certificate, ca) = load::ca_certificates(&files.ca)
        .map_err(GenerateError::NoCa)?
        .swap_remove(0);
    let key = load::private_key(&files.ca_key).map_err(GenerateError::NoCa)?;
    let key = KeyPair::try_from(&key)?;
    if Pin::of_public_key(&key.subject_public_key_info()) != ca.pin {
        return Err(GenerateError::CaMismatch {
            ca: files.ca.clone(),
            ca_key: files.ca_key.clone(),
        });
    }
    if now >= ca.not_after {
        return Err(GenerateError::CaExpired {
            ca: files.ca.clone(),
            on: ca.not_after,
        });
    }
    let authority = Authority::resume(&certificate, key, &ca)?;
    let pem = fs::read_to_string(&files.ca).map_err(|source| {
        GenerateError::NoCa(LoadError::Read {
            path: files.ca.clone(),
            source,
        })
    })?;
    Ok((authority, ca, pem))
}

/// A renewed certificate is for what the old one was for, unless told otherwise.
fn hosts_before(files: &CertificateFiles) -> Vec<Host> {
    let before: Vec<Host> = load::certificates(&files.certificate)
        .ok()
        .and_then(|chain| Summary::of(chain.first()?).ok())
        .map(|leaf| {
            leaf.names
                .iter()
                .filter_map(|name| name.parse().ok())
                .collect()
        })
        .unwrap_or_default();
    if before.is_empty() {
        own_hosts()
    } else {
        before
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::{
        Replace,
        testing::{Made, assert_strictly_valid},
    };

    const HOSTS: &[&str] = &["localhost", "chat.example.org", "127.0.0.1", "::1"];

    #[test]
    fn renewing_keeps_the_ca_and_the_names() {
        let made = Made::of(HOSTS, Timestamp::now());
        let before = made.content();
        let renewed = made
            .generate(|options| options.replace = Replace::Server)
            .unwrap();
        let after = made.content();
        assert_eq!(before[..2], after[..2]);
        assert_ne!(before[2], after[2]);
        assert_ne!(before[3], after[3]);
        assert_eq!(renewed.pin, made.generated.pin);
        assert_eq!(renewed.names, HOSTS);
        assert_strictly_valid(made.files());
    }

    #[test]
    fn a_renewed_server_does_not_outlive_its_ca() {
        let made = Made::of(HOSTS, Timestamp::now().before(days(3600)));
        let renewed = made
            .generate(|options| options.replace = Replace::Server)
            .unwrap();
        assert_eq!(renewed.expires, renewed.ca_expires);
        assert_strictly_valid(made.files());
        let old = Made::of(HOSTS, Timestamp::now().before(days(4000)));
        let error = old
            .generate(|options| options.replace = Replace::Server)
            .unwrap_err();
        assert!(matches!(error, GenerateError::CaExpired { .. }), "{error}");
    }

    #[test]
    fn renewing_needs_the_ca_and_its_own_key() {
        let (made, other) = (Made::new(), Made::new());
        let renew = || made.generate(|options| options.replace = Replace::Server);
        fs::copy(&other.files().ca_key, &made.files().ca_key).unwrap();
        assert!(matches!(renew(), Err(GenerateError::CaMismatch { .. })));
        fs::remove_file(&made.files().ca_key).unwrap();
        assert!(matches!(renew(), Err(GenerateError::NoCa(_))));
    }
}
