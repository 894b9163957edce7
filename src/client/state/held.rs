//! One entry as it is held: a message reads as later entries have left it.

use crate::{
    model::{Emoji, Seq, UserName},
    protocol::{EntryBody, EntryFrame, Reaction},
};

/// Names kept for one reaction; the count goes on beyond them.
const REACTION_NAMES_MAX: usize = 16;

/// An entry that is held, amended by what came after it.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    entry: EntryFrame,
    /// What stands in the entry already includes everything up to here.
    as_of: Seq,
    /// The newest edit that was taken in.
    edited_by: Seq,
}

impl Held {
    pub(super) const fn new(entry: EntryFrame, as_of: Seq) -> Self {
        Self {
            entry,
            as_of,
            edited_by: Seq::ZERO,
        }
    }

    /// The entry; a message with the text and the reactions it has now.
    #[must_use]
    pub const fn entry(&self) -> &EntryFrame {
        &self.entry
    }

    /// Takes in a later entry about this message. Says whether it reads differently now.
    pub(super) fn amend(&mut self, later: &EntryFrame) -> bool {
        let EntryBody::Posted {
            text,
            edited,
            deleted,
            reactions,
            ..
        } = &mut self.entry.body
        else {
            return false;
        };
        if later.seq <= self.as_of || *deleted {
            return false;
        }
        match &later.body {
            EntryBody::Edited { text: new, .. } if later.seq > self.edited_by => {
                self.edited_by = later.seq;
                *edited = Some(later.at);
                // From history, the text of an edit that was itself edited is not there.
                new.is_some() && {
                    *text = new.clone();
                    true
                }
            }
            EntryBody::Deleted { .. } => {
                *deleted = true;
                *text = None;
                reactions.clear();
                true
            }
            EntryBody::Reacted { emoji, .. } => add(reactions, emoji, &later.by),
            EntryBody::Unreacted { emoji, .. } => remove(reactions, emoji, &later.by),
            _ => false,
        }
    }
}

/// The message an entry is about, if it amends one.
pub(super) const fn target(body: &EntryBody) -> Option<Seq> {
    match body {
        EntryBody::Edited { target, .. }
        | EntryBody::Deleted { target }
        | EntryBody::Reacted { target, .. }
        | EntryBody::Unreacted { target, .. } => Some(*target),
        _ => None,
    }
}

/// A reaction stands once per user, however often it is told.
fn add(reactions: &mut Vec<Reaction>, emoji: &Emoji, by: &UserName) -> bool {
    match reactions.iter_mut().find(|known| known.emoji == *emoji) {
        Some(known) if known.users.contains(by) => return false,
        Some(known) => {
            known.count = known.count.saturating_add(1);
            if known.users.len() < REACTION_NAMES_MAX {
                known.users.push(by.clone());
            }
        }
        None => reactions.push(Reaction {
            emoji: emoji.clone(),
            count: 1,
            users: vec![by.clone()],
        }),
    }
    true
}

fn remove(reactions: &mut Vec<Reaction>, emoji: &Emoji, by: &UserName) -> bool {
    let Some(known) = reactions.iter_mut().find(|known| known.emoji == *emoji) else {
        return false;
    };
    let named = known.users.iter().position(|user| user == by);
    let all_named = u64::try_from(known.users.len()) == Ok(known.count);
    match named {
        Some(at) => drop(known.users.remove(at)),
        // Everybody is named, and they are not among them.
        None if all_named => return false,
        None => {}
    }
    known.count = known.count.saturating_sub(1);
    reactions.retain(|known| known.count > 0);
    true
}
