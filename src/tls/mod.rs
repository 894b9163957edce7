//! Certificates, and the TLS configuration of server and client made from them.
//!
//! Promises: TLS 1.3 unless the operator allows 1.2, post-quantum key exchange preferred, only
//! peers that speak [`ALPN`], and no way to connect without verifying the server. Knows nothing of
//! what travels inside.

mod client;
mod generate;
mod load;
mod names;
mod pin;
mod server;
mod summary;
#[cfg(test)]
mod testing;

use std::sync::Arc;

use rustls::crypto::{
    CryptoProvider,
    aws_lc_rs::{self, kx_group},
};

pub use client::{ClientTls, ConnectError, Negotiated, Trust};
pub use generate::{
    CertificateFiles, DAYS_MAX, GenerateError, GenerateOptions, Generated, Replace, generate,
    generate_if_absent,
};
pub use load::LoadError;
pub use names::{Host, HostError, own_hosts};
pub use pin::{PIN_LEN, Pin, PinError};
pub use server::{AcceptError, MinVersion, ServerTls, TlsAcceptor};

/// The protocol's name in the TLS handshake (ALPN): peers that do not name it are refused, so that
/// no other protocol's traffic can be replayed here (ALPACA).
pub const ALPN: &[u8] = b"netcomm/1";

/// Named explicitly: which cryptography is in use must not depend on what else is compiled in.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(CryptoProvider {
        kx_groups: vec![
            kx_group::X25519MLKEM768,
            kx_group::X25519,
            kx_group::SECP256R1,
            kx_group::SECP384R1,
        ],
        ..aws_lc_rs::default_provider()
    })
}
