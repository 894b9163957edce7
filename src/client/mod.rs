//! The client: everything between the keyboard and the wire.
//!
//! The link does not know the screen, the screen does not know the link: [`core`] joins link,
//! [`state`], [`outbox`] and [`profile`], and a screen sits on it. Promises: nothing typed is lost or
//! sent twice, nothing said is missed or shown twice, and what others write cannot drive the terminal.

mod answered;
mod backoff;
pub mod command;
mod connection;
pub mod core;
mod doctor;
mod door;
#[cfg(test)]
mod fake;
mod frames;
mod heartbeat;
mod line;
mod link;
mod local;
pub mod outbox;
mod private;
pub mod profile;
mod prompt;
pub mod sanitize;
mod script;
mod start;
pub mod state;
pub mod tui;

pub use doctor::{Finding, examine};
pub(crate) use door::target;
pub use frames::carry;
#[cfg(test)]
pub(crate) use link::Arriving;
pub use link::{LinkState, Stop};
pub use script::{Form, Said, Script, run_script};
pub use start::{Missing, Options, Target, run};
