//! What the core gives a screen.

use std::time::Duration;

use crate::{
    client::{link::LinkState, outbox::Item, state::Change},
    protocol::{Answer, Failure, Hello, Hit, Verb, Welcome},
};

/// Something a screen may want to show.
#[derive(Debug)]
pub enum Update {
    /// The link stands differently.
    Link(LinkState),
    /// Somebody must say how to log in: [`super::Core::sign_in`].
    NeedsLogin {
        /// What the server said of itself, if it is there.
        hello: Option<Box<Hello>>,
        /// Why what was known is not enough.
        refused: Option<Failure>,
    },
    /// The session has begun.
    LoggedIn(Box<Welcome>),
    /// The chat has changed.
    Changed(Change),
    /// The server will not have what was typed; it stays in the outbox until it is dismissed.
    Refused(Item),
    /// What was typed goes out later, as the server asked.
    Postponed {
        /// What.
        item: Item,
        /// In the server's words.
        reason: String,
        /// How long from now.
        wait: Duration,
    },
    /// A question was answered.
    Answer {
        /// The question.
        verb: Verb,
        /// The answer.
        answer: Box<Answer>,
        /// What was found, if it was a search.
        hits: Vec<Hit>,
    },
    /// A question was not answered.
    Failed {
        /// The question.
        verb: Verb,
        /// Why, as a sentence.
        reason: String,
    },
    /// All that was missed has come, and all that was typed or asked is answered.
    Idle,
    /// The session was ended for good, as asked.
    LoggedOut,
    /// Something about this machine that the user should know.
    Warning(String),
}
