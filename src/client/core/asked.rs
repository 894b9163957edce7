//! What an answer is awaited for.

use crate::{
    model::{Address, MessageId},
    protocol::{EntryFrame, Hit, Verb},
};

/// What a request on its way was for.
#[derive(Debug)]
pub(super) enum Asked {
    /// Something from the outbox.
    Item(MessageId),
    /// Entries that are missing.
    Hole {
        of: Address,
        entries: Vec<EntryFrame>,
    },
    /// Earlier entries that a person wants to see.
    Past {
        verb: Verb,
        of: Address,
        entries: Vec<EntryFrame>,
    },
    /// A person's question.
    Question { verb: Verb, hits: Vec<Hit> },
    /// Something nobody waits for.
    Quiet(Verb),
}
