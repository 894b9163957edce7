//! The rules of conversation, and nothing else: what is in one, who may do what, and what follows.
//!
//! Pure: no clock, no randomness, no I/O, no async. `decide` says what a command adds to a
//! conversation's log or why it is refused; `Conversation::apply` takes an entry into the state and
//! cannot fail. Replaying a log gives the state.

mod apply;
mod command;
mod conversation;
mod decide;
mod entry;
mod mention;
mod policy;
mod refusal;
#[cfg(test)]
mod tests;

pub use command::{Actor, Command, Mentions, Setting, Target};
pub use conversation::{Audience, Conversation, Kind, Member, Room};
pub use decide::{
    KEEP_FOR_MIN, KEEP_LAST_MIN, MEMBERS_MAX, MENTIONS_MAX, REACTIONS_MAX, SLOW_MODE_MAX, create,
    decide,
};
pub use entry::{Entry, Event, Style};
pub use mention::{Named, named_in};
pub use policy::HERE_MEMBERS_MAX;
pub use refusal::Refusal;
