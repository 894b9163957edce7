//! What the tests speak with: servers that come and go with the test, and clients that say what
//! people do and keep everything they saw.
//!
//! A client checks on the fly that what it is sent is dense and comes once; a test needs to ask
//! only for what it is about. Whatever is waited for has a deadline.

mod binary;
mod client;
mod connection;
mod cutter;
mod expected;
mod piped;
mod seen;
mod server;
mod terminal;

use std::time::Duration;

pub(crate) use binary::{NETCOMM, Running, Site};
pub(crate) use client::{Client, Lost};
pub(crate) use connection::Connection;
pub(crate) use cutter::Cutter;
pub(crate) use expected::{Expected, joined, kicked, left, posted};
pub(crate) use piped::{Ended, run, start};
pub(crate) use server::TestServer;
pub(crate) use terminal::{Terminal, Terminals};

/// How long anything may take that is to happen at all: generous, as test machines are busy.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// Every account's password in these tests.
pub(crate) const PASSWORD: &str = "seven rusty bicycles in the rain";

/// Waits for what must happen.
pub(crate) async fn within_deadline<F: Future>(what: &str, future: F) -> F::Output {
    match tokio::time::timeout(DEADLINE, future).await {
        Ok(output) => output,
        Err(_) => panic!("waited {DEADLINE:?} in vain: {what}"),
    }
}
