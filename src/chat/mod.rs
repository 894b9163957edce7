//! The rules of conversation, and nothing else: what is in one, who may do what, and what follows.
//!
//! Pure: no clock, no randomness, no I/O, no async. `decide` says what a command adds to a
//! conversation's log or why it is refused; `Conversation::apply` takes an entry into the state and
//! cannot fail. Replaying a log gives the state.

mod command;
mod conversation;
mod entry;
mod refusal;

pub use command::{Actor, Command, Mentions, Setting, Target};
pub use conversation::{Conversation, Kind, Member, Room};
pub use entry::{Entry, Event, Style};
pub use refusal::Refusal;
