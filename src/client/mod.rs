//! The client: everything between the keyboard and the wire.

pub mod command;
pub mod sanitize;
pub mod state;
