//! NetComm: a private chat service in one binary. TLS always, accounts always, history always.

pub mod auth;
pub mod chat;
pub mod cli;
pub mod client;
pub mod config;
pub mod hub;
pub mod logging;
pub mod model;
pub mod protocol;
pub mod server;
pub mod store;
pub mod tls;
