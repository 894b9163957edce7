//! Makes the CA's and the server's certificates, in memory.
//!
//! Promises: what strict verifiers ask for (RFC 5280 and the CA/Browser rules): key ids, critical
//! key usage, all names as alternatives, at most 397 days for the server, never longer than its CA.

use std::time::Duration;

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType, SerialNumber,
    date_time_ymd,
};
use rustls::pki_types::CertificateDer;
use zeroize::Zeroizing;

use crate::{
    model::Timestamp,
    tls::{names::Host, summary::Summary},
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a CA lasts: ten years, two of which at least have a leap day.
const CA_LIFETIME: Duration = Duration::from_secs(3652 * 24 * 60 * 60);
/// How far certificates reach back, for peers whose clocks are slow.
const CLOCK_SKEW: Duration = Duration::from_secs(60 * 60);
/// The longest common name X.509 allows.
const COMMON_NAME_MAX: usize = 64;

/// A certificate and its key, as PEM.
pub(super) struct Issued {
    pub(super) certificate: Certificate,
    pub(super) key_pem: Zeroizing<String>,
}

/// A CA that can sign: the new one, or the one in the files.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    not_before: Timestamp,
    not_after: Timestamp,
}

impl Authority {
    /// Makes a CA that may sign servers and nothing further down.
    pub(super) fn create(now: Timestamp) -> Result<(Self, Issued), rcgen::Error> {
        let serial = random_serial()?;
        // Part of the serial: two CAs must not have one name, or people and verifiers mix them up.
        let name = format!(
            "NetComm CA {}",
            data_encoding::HEXLOWER.encode(&serial[..4])
        );
        let not_before = now.before(CLOCK_SKEW);
        let not_after = not_before.after(CA_LIFETIME);
        let mut params = params(serial, &name, not_before, not_after);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate()?;
        let issued = Issued {
            certificate: params.self_signed(&key)?,
            key_pem: Zeroizing::new(key.serialize_pem()),
        };
        let authority = Self {
            issuer: Issuer::new(params, key),
            not_before,
            not_after,
        };
        Ok((authority, issued))
    }

    /// Takes up a CA made earlier.
    pub(super) fn resume(
        certificate: &CertificateDer<'_>,
        key: KeyPair,
        summary: &Summary,
    ) -> Result<Self, rcgen::Error> {
        Ok(Self {
            issuer: Issuer::from_ca_cert_der(certificate, key)?,
            not_before: summary.not_before,
            not_after: summary.not_after,
        })
    }

    /// Makes a server's certificate for these hosts.
    pub(super) fn issue(
        &self,
        hosts: &[Host],
        lifetime: Duration,
        now: Timestamp,
    ) -> Result<Issued, rcgen::Error> {
        let not_before = now.before(CLOCK_SKEW).max(self.not_before);
        // Both ends count as valid, so the last second belongs to the day after.
        let last = not_before.after(lifetime).before(Duration::from_secs(1));
        let name = hosts
            .iter()
            .map(Host::to_string)
            .find(|name| name.len() <= COMMON_NAME_MAX)
            .unwrap_or_else(|| "NetComm server".to_owned());
        let mut params = params(
            random_serial()?,
            &name,
            not_before,
            last.min(self.not_after),
        );
        params.subject_alt_names = hosts.iter().map(alternative).collect::<Result<_, _>>()?;
        params.is_ca = IsCa::ExplicitNoCa; // rcgen writes the key id only if this is said
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        Ok(Issued {
            certificate: params.signed_by(&key, &self.issuer)?,
            key_pem: Zeroizing::new(key.serialize_pem()),
        })
    }
}

/// So many whole days.
pub(super) fn days(count: u16) -> Duration {
    DAY * u32::from(count)
}

fn params(
    serial: [u8; 16],
    common_name: &str,
    not_before: Timestamp,
    not_after: Timestamp,
) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    let epoch = date_time_ymd(1970, 1, 1);
    let since_epoch = |moment: Timestamp| moment.since(Timestamp::from_millis(0));
    params.not_before = epoch + since_epoch(not_before);
    params.not_after = epoch + since_epoch(not_after);
    params
}

fn alternative(host: &Host) -> Result<SanType, rcgen::Error> {
    Ok(match host {
        Host::Dns(name) => SanType::DnsName(name.as_str().try_into()?),
        Host::Address(address) => SanType::IpAddress(*address),
    })
}

/// 126 random bits: positive as RFC 5280 demands, and never shortened by a leading zero byte.
fn random_serial() -> Result<[u8; 16], rcgen::Error> {
    let mut serial = [0; 16];
    getrandom::fill(&mut serial).map_err(|_| rcgen::Error::RingUnspecified)?;
    serial[0] = (serial[0] & 0x7f) | 0x40;
    Ok(serial)
}

#[cfg(test)]
mod tests {
    use std::{path::Path, process::Command};

    use super::*;
    use crate::tls::testing::{Made, assert_strictly_valid, run};

    const HOSTS: &[&str] = &["localhost", "chat.example.org", "127.0.0.1", "::1"];

    /// A handshake of Python's own client and server, over memory, with its strictest checks.
    const PYTHON_HANDSHAKE: &str = r"
import ssl, sys
ca, certificate, key, host = sys.argv[1:]
trusting = ssl.create_default_context(cafile=ca)
trusting.verify_flags |= ssl.VERIFY_X509_STRICT
serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
serving.load_cert_chain(certificate, key)
up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
client = trusting.wrap_bio(down, up, server_hostname=host)
server = serving.wrap_bio(up, down, server_side=True)
for _ in range(4):
    for side in client, server:
        try: side.do_handshake()
        except ssl.SSLWantReadError: pass
assert client.version() == 'TLSv1.3'
";

    #[test]
    fn openssl_accepts_the_certificate_at_its_strictest() {
        let made = Made::of(HOSTS, Timestamp::now());
        assert_strictly_valid(made.files());
    }

    #[test]
    fn python_connects_to_every_name() {
        let made = Made::of(HOSTS, Timestamp::now());
        for host in HOSTS {
            let files = made.files();
            run(Command::new("python3")
                .args(["-c", PYTHON_HANDSHAKE])
                .args([&files.ca, &files.certificate, &files.key])
                .arg(host));
        }
    }

    #[test]
    fn certificates_say_what_they_are_for() {
        let made = Made::of(HOSTS, Timestamp::now());
        let read = |path: &Path| {
            run(Command::new("openssl")
                .args(["x509", "-noout", "-text", "-in"])
                .arg(path))
        };
        let (ca, server) = (read(&made.files().ca), read(&made.files().certificate));
        for part in [
            "CA:TRUE, pathlen:0",
            "Key Usage: critical\n                Certificate Sign, CRL Sign\n",
            "Subject Key Identifier",
        ] {
            assert!(ca.contains(part), "no {part:?} in {ca}");
        }
        for part in [
            "Subject: CN = localhost",
            "CA:FALSE",
            "Key Usage: critical\n                Digital Signature\n",
            "TLS Web Server Authentication",
            "Authority Key Identifier",
            "Subject Key Identifier",
            "DNS:localhost, DNS:chat.example.org, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1",
        ] {
            assert!(server.contains(part), "no {part:?} in {server}");
        }
    }
}
