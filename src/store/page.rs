//! What reading a log gives: a page of entries, each as it reads now.

use crate::{
    chat::Event,
    model::{Account, ConversationId, Emoji, MessageId, Seq, Timestamp},
};

/// What an entry takes in a page besides its texts: names, ids, times.
pub(super) const ENTRY_OVERHEAD: usize = 128;

/// The most a page may hold; it holds one entry at least when there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageLimits {
    /// So many entries.
    pub rows: usize,
    /// So many bytes of text and what goes with it.
    pub bytes: usize,
}

/// A stretch of a log without holes, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The entries, oldest first.
    pub entries: Vec<Kept>,
    /// The oldest entry that is kept at all; a page that was to begin before it begins with a gap.
    pub start: Seq,
    /// The newest entry when the page was read: all up to it is in the page's digests.
    pub head: Seq,
}

/// An entry as it reads now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The log it stands in.
    pub conversation: ConversationId,
    /// Its place there.
    pub seq: Seq,
    /// When the server took it.
    pub at: Timestamp,
    /// Who did it.
    pub author: Account,
    /// The author's name for it, where they gave one.
    pub message: Option<MessageId>,
    /// What happened.
    pub body: Body,
}

/// What is left of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// All of it; a message with the text it has now.
    Event {
        /// What happened.
        event: Event,
        /// What came of it later.
        digest: Digest,
    },
    /// A message was posted here, and its text was deleted.
    DeletedPost,
    /// That message was edited here; this text is gone: replaced by a later edit, or deleted.
    DeletedEdit {
        /// The message.
        target: Seq,
    },
}

/// What later entries have made of a message, up to the page's head.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Digest {
    /// When its text was last changed, if it was.
    pub edited_at: Option<Timestamp>,
    /// Its reactions, the oldest first.
    pub reactions: Vec<Reaction>,
}

/// One reaction to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reaction {
    /// Which.
    pub emoji: Emoji,
    /// Who put it, the first first.
    pub by: Vec<Account>,
}

impl Kept {
    /// About what it takes on the wire: the texts in it, and a flat sum for the rest.
    pub(super) fn size(&self) -> usize {
        let Body::Event { event, digest } = &self.body else {
            return ENTRY_OVERHEAD;
        };
        let text = match event {
            Event::Posted { text, mentions, .. } => text.as_str().len() + 40 * mentions.len(),
            Event::Edited { text, .. } => text.as_str().len(),
            _ => 0,
        };
        let reactions: usize = digest
            .reactions
            .iter()
            .map(|reaction| 40 * (1 + reaction.by.len()))
            .sum();
        ENTRY_OVERHEAD + text + reactions
    }
}
