//! What a screen had kept of the chat, taken in again.

use super::{Core, NotNow};
use crate::{
    client::state::Purpose,
    model::{Address, Seq},
    protocol::{ConversationFrame, EntryFrame, Frame, History},
};

/// Entries before a message that are fetched with it, so that it does not stand alone.
const AROUND_BEFORE: u64 = 50;
/// Entries fetched with a message.
const AROUND_COUNT: u32 = 100;

impl Core {
    /// Takes in what was kept of a conversation, before the server was heard. It leads to no update.
    pub(in crate::client) fn recall(
        &mut self,
        mut facts: ConversationFrame,
        entries: Vec<EntryFrame>,
    ) {
        let address = facts.conversation.clone();
        if self.state.is_current() {
            // What the server has not named by now, one is not in.
            return self.recall_past(&address, entries);
        }
        if self.state.conversation(&address).is_some() {
            // The server was heard already, and knows better.
            return self.recall_past(&address, entries);
        }
        // The entries may have been kept after the facts were.
        let newest = entries.last().map_or(Seq::ZERO, |entry| entry.seq);
        let cursor = self.saved.get(&address.to_string()).copied().map(Seq::new);
        facts.head = facts.head.max(newest).max(cursor.unwrap_or_default());
        self.state.apply(Frame::Conversation(facts));
        self.recall_past(&address, entries);
    }

    /// Takes in what was kept of the past of a conversation. It leads to no update.
    pub(in crate::client) fn recall_past(&mut self, of: &Address, entries: Vec<EntryFrame>) {
        self.state.page(of, entries, None, Purpose::Past);
    }

    /// Asks for a message and what is around it; the entries come as changes.
    ///
    /// # Errors
    ///
    /// When it cannot be asked now.
    pub fn around(&mut self, of: &Address, seq: Seq) -> Result<(), NotNow> {
        self.can_ask()?;
        let after = seq.get().saturating_sub(AROUND_BEFORE);
        self.request_past(History {
            of: of.clone(),
            before: None,
            after: Some(Seq::new(after)),
            limit: Some(AROUND_COUNT),
        });
        Ok(())
    }

    /// Leaves where the next run of a screen begins as it is: what a script reads, nobody has seen.
    pub(in crate::client) const fn keep_no_cursors(&mut self) {
        self.keeps_cursors = false;
    }

    /// The folder of the account.
    pub(in crate::client) const fn folder(&self) -> &crate::client::profile::AccountFolder {
        &self.folder
    }
}
