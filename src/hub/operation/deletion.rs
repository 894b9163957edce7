//! Accounts deleted by the operator: what they leave behind, as entries that every reader sees.

use crate::{
    chat::{Entry, Event},
    model::{Account, ConversationId, Timestamp, UserName},
    store::{self, NameAfterwards, StoreError, Tx},
};

use super::{Done, LastOwner, NotDone, Progress, account};
use crate::hub::{Effects, Ended};

/// Messages that one step takes back: a few milliseconds of the hub's time.
const ERASED_AT_ONCE: usize = 200;

/// Takes back the next messages of an account, as if their author had deleted each.
pub(super) fn erase(
    tx: &Tx<'_>,
    effects: &mut Effects,
    user: &UserName,
    after: Progress,
    now: Timestamp,
) -> Result<Done, NotDone> {
    let author = account::find(tx, user)?;
    let messages = tx.messages_of(author.id, after.parts(), ERASED_AT_ONCE)?;
    for &(conversation, target) in &messages {
        append(
            tx,
            effects,
            &author,
            conversation,
            Event::Deleted { target },
            now,
        )?;
    }
    let up_to = messages.last();
    Ok(Done::Erased {
        up_to: up_to.map_or(after, |&(conversation, seq)| {
            Progress::new(conversation, seq)
        }),
        count: messages.len(),
    })
}

/// Takes an account out of its rooms, ends its sessions, and deletes it.
pub(super) fn delete(
    tx: &Tx<'_>,
    effects: &mut Effects,
    user: &UserName,
    (name, last_owner): (NameAfterwards, LastOwner),
    now: Timestamp,
) -> Result<(), NotDone> {
    let account = account::find(tx, user)?;
    account::may_go(tx, &account, last_owner)?;
    for membership in tx.memberships(account.id)? {
        if let store::Place::Room(_) = membership.place {
            append(
                tx,
                effects,
                &account,
                membership.conversation,
                Event::Left,
                now,
            )?;
        }
    }
    tx.delete_account(account.id, name, now)?;
    effects.end_all(account.id, None, Ended::Disabled);
    if let Some(shown) = tx.shown_name(account.id)? {
        effects.rename(account.name, shown);
    }
    Ok(())
}

fn append(
    tx: &Tx<'_>,
    effects: &mut Effects,
    author: &Account,
    conversation: ConversationId,
    event: Event,
    now: Timestamp,
) -> Result<(), StoreError> {
    let entry = Entry {
        conversation,
        seq: tx.head(conversation)?.next(),
        at: now,
        author: author.clone(),
        message: None,
        event,
    };
    tx.append(&entry, None, &[])?;
    effects.wrote(entry);
    Ok(())
}
