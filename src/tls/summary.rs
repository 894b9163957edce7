//! What netcomm wants to know of a certificate: names, dates, pin, and whether it is a CA.

use std::net::{Ipv4Addr, Ipv6Addr};

use rustls::pki_types::CertificateDer;
use x509_parser::{extensions::GeneralName, parse_x509_certificate, prelude::X509Certificate};

use super::pin::{Pin, PinError};
use crate::model::Timestamp;

/// The facts of one certificate. Says nothing about whether it is to be trusted.
#[derive(Clone, Debug)]
pub(super) struct Summary {
    /// DNS names and addresses it is good for, safe to print.
    pub(super) names: Vec<String>,
    pub(super) not_before: Timestamp,
    pub(super) not_after: Timestamp,
    /// May sign other certificates.
    pub(super) is_ca: bool,
    pub(super) pin: Pin,
}

impl Summary {
    pub(super) fn of(certificate: &CertificateDer<'_>) -> Result<Self, PinError> {
        let (_, parsed) = parse_x509_certificate(certificate).map_err(|_| PinError::Certificate)?;
        let moment = |seconds: i64| Timestamp::from_millis(seconds.saturating_mul(1000));
        Ok(Self {
            names: names(&parsed),
            not_before: moment(parsed.validity().not_before.timestamp()),
            not_after: moment(parsed.validity().not_after.timestamp()),
            is_ca: parsed.is_ca(),
            pin: Pin::of_public_key(parsed.public_key().raw),
        })
    }
}

fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(alternatives)) = certificate.subject_alternative_name() else {
        return Vec::new();
    };
    alternatives
        .value
        .general_names
        .iter()
        .filter_map(|name| match name {
            // Escaped: a hostile server's certificate must not drive the terminal it is shown on.
            GeneralName::DNSName(name) => Some(name.escape_debug().to_string()),
            GeneralName::IPAddress(bytes) => address(bytes),
            _ => None,
        })
        .collect()
}

fn address(bytes: &[u8]) -> Option<String> {
    if let Ok(octets) = <[u8; 4]>::try_from(bytes) {
        return Some(Ipv4Addr::from(octets).to_string());
    }
    let octets = <[u8; 16]>::try_from(bytes).ok()?;
    Some(Ipv6Addr::from(octets).to_string())
}
