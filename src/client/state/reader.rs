//! Whose state it is: which messages are theirs, and which call them. Pure.

use std::collections::BTreeSet;

use crate::{
    model::UserName,
    protocol::{EntryBody, EntryFrame},
};

/// Who reads, and whom they have blocked.
#[derive(Clone, Debug, Default)]
pub(super) struct Reader {
    pub(super) name: Option<UserName>,
    /// As the server last said; kept over a cut, as the server keeps it.
    pub(super) blocked: BTreeSet<UserName>,
}

impl Reader {
    /// Whether this is the reader.
    pub(super) fn is(&self, user: &UserName) -> bool {
        self.name.as_ref() == Some(user)
    }

    /// Whether it is a message of somebody else that still stands.
    pub(super) fn is_told(&self, entry: &EntryFrame) -> bool {
        matches!(entry.body, EntryBody::Posted { deleted: false, .. }) && !self.is(&entry.by)
    }

    /// Whether it is a message of somebody else that calls the reader. Nobody whom they have blocked
    /// can: the server counts no such mention.
    pub(super) fn is_called_by(&self, entry: &EntryFrame) -> bool {
        let EntryBody::Posted { mentions, here, .. } = &entry.body else {
            return false;
        };
        let is_meant = *here || mentions.iter().any(|user| self.is(user));
        is_meant && !self.is(&entry.by) && !self.blocked.contains(&entry.by)
    }
}
