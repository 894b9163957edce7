//! The tests of the whole: one binary, so that there is one link step.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod accounts;
mod connect;
mod crowd;
mod delivery;
mod documents;
mod durability;
mod example_client;
mod framing;
mod handshake;
mod harness;
mod logs;
mod operation;
mod operator;
mod rooms;
mod scripts;
mod terminal;
mod tidy;
mod torture;
