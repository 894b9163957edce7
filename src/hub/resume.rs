//! Where a session goes on: the cursors of its client, held against the logs.

use crate::{
    model::{Account, Address, Seq},
    store::{Membership, StoreError, Tx},
};

use super::{job::AttachError, place::Place, world::From};

/// How far a client has come in a conversation.
pub(super) struct Cursor {
    seen: Seq,
    /// What the client calls it, when that is an earlier name.
    was: Option<Address>,
}

/// The conversations of an account, each with the client's cursor if it has one.
pub(super) fn known(
    tx: &Tx<'_>,
    account: &Account,
    cursors: &[(Address, Seq)],
) -> Result<Vec<(Membership, Option<Cursor>)>, StoreError> {
    let mut known = Vec::new();
    for membership in tx.memberships(account.id)? {
        let (place, _) = Place::of_membership(&membership.place, account);
        let cursor = cursors
            .iter()
            .find(|(at, _)| place.is_called(at, &account.name));
        let cursor = match cursor {
            Some((_, seen)) => Some(Cursor {
                seen: *seen,
                was: None,
            }),
            None => former_name(tx, cursors, &membership)?,
        };
        known.push((membership, cursor));
    }
    Ok(known)
}

/// Refuses a client that has seen more than there is.
pub(super) fn is_not_ahead(
    membership: &Membership,
    cursor: Option<&Cursor>,
    account: &Account,
) -> Result<(), AttachError> {
    match cursor {
        Some(cursor) if cursor.seen > membership.head => {
            let (place, side) = Place::of_membership(&membership.place, account);
            Err(AttachError::CursorAhead {
                conversation: place.seen_from(side),
                cursor: cursor.seen,
                head: membership.head,
            })
        }
        _ => Ok(()),
    }
}

/// Where a session starts to read: after its cursor, or at the head when it has none; never before
/// what it may read, and never so far back that the backlog is longer than `backlog_max`.
pub(super) fn start(membership: &Membership, cursor: Option<Cursor>, backlog_max: u64) -> From {
    let head = membership.head;
    let Some(Cursor { seen, was }) = cursor else {
        return From {
            next: head.next(),
            was: None,
            gap: None,
        };
    };
    let wanted = seen.next();
    let earliest = Seq::new(head.get().saturating_sub(backlog_max)).next();
    let next = wanted.max(membership.start).max(earliest);
    let gap = (next > wanted).then(|| (wanted, next.previous()));
    From { next, was, gap }
}

/// A cursor for a room under a name it had before it was renamed.
fn former_name(
    tx: &Tx<'_>,
    cursors: &[(Address, Seq)],
    membership: &Membership,
) -> Result<Option<Cursor>, StoreError> {
    for (address, seq) in cursors {
        if let Address::Room(name) = address
            && tx.room_id(name)? == Some(membership.conversation)
        {
            return Ok(Some(Cursor {
                seen: *seq,
                was: Some(address.clone()),
            }));
        }
    }
    Ok(None)
}
