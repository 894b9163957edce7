//! Where addresses lead, so that the store need not be asked for every message.
//!
//! A room's name leads to it for ever, and two accounts have one direct conversation for ever. A user
//! name can change hands; whoever lets that happen calls [`Known::forget`].

use std::{collections::HashMap, hash::Hash};

use crate::{
    model::{AccountId, ConversationId, RoomName, UserName},
    store::{StoreError, Tx},
};

/// The most of each kind that are kept: more than are talked to in a minute, and some hundred
/// kilobytes. When there are more, all are looked up anew.
const KNOWN_MAX: usize = 4096;

/// What the store has said. Only what is there: what is not may come to be at any time.
#[derive(Debug, Default)]
pub(super) struct Known {
    rooms: HashMap<RoomName, ConversationId>,
    users: HashMap<UserName, AccountId>,
    /// By the lower and the higher account.
    directs: HashMap<(AccountId, AccountId), ConversationId>,
}

impl Known {
    /// After a transaction that was not committed, and when a user name has changed hands.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    pub(super) fn room(
        &mut self,
        tx: &Tx<'_>,
        name: &RoomName,
    ) -> Result<Option<ConversationId>, StoreError> {
        look_up(&mut self.rooms, name, || tx.room_id(name))
    }

    pub(super) fn user(
        &mut self,
        tx: &Tx<'_>,
        name: &UserName,
    ) -> Result<Option<AccountId>, StoreError> {
        look_up(&mut self.users, name, || {
            Ok(tx.account_by_name(name)?.map(|record| record.account.id))
        })
    }

    pub(super) fn direct(
        &mut self,
        tx: &Tx<'_>,
        one: AccountId,
        other: AccountId,
    ) -> Result<Option<ConversationId>, StoreError> {
        let pair = (one.min(other), one.max(other));
        look_up(&mut self.directs, &pair, || tx.direct_id(one, other))
    }
}

fn look_up<K: Clone + Eq + Hash, V: Copy>(
    known: &mut HashMap<K, V>,
    key: &K,
    ask: impl FnOnce() -> Result<Option<V>, StoreError>,
) -> Result<Option<V>, StoreError> {
    if let Some(value) = known.get(key) {
        return Ok(Some(*value));
    }
    let found = ask()?;
    if let Some(value) = found {
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.insert(key.clone(), value);
    }
    Ok(found)
}
