//! Messages and what is done to them.

use std::time::Duration;

use crate::model::{Account, Emoji, Text};

use super::{
    super::{
        Conversation, Event, Mentions, Refusal, Room, Style, Target,
        policy::{Asker, Verb},
    },
    MENTIONS_MAX, REACTIONS_MAX, below,
};

pub(super) fn post(
    asker: Asker<'_>,
    text: &Text,
    style: Style,
    reply_to: Option<&Target>,
    mentions: &Mentions,
) -> Result<Event, Refusal> {
    asker.may(Verb::Post)?;
    if let Some(room) = asker.conversation.as_room() {
        wait_is_over(asker, room)?;
    }
    let reply_to = match reply_to {
        Some(target) => {
            author_of(asker, target)?;
            Some(target.seq)
        }
        None => None,
    };
    Ok(Event::Posted {
        text: text.clone(),
        style,
        reply_to,
        mentions: called(asker.conversation, &mentions.accounts)?,
        here: mentions.here && asker.may_call_here(),
    })
}

/// Those of the mentioned who are in the conversation, each once: a call must not reach those
/// who could not read what it is about.
fn called(conversation: &Conversation, mentioned: &[Account]) -> Result<Vec<Account>, Refusal> {
    let mut called: Vec<Account> = Vec::new();
    for account in mentioned {
        if conversation.is_member(account.id) && !called.iter().any(|one| one.id == account.id) {
            below(MENTIONS_MAX, called.len(), "mentions in a message")?;
            called.push(account.clone());
        }
    }
    Ok(called)
}

fn wait_is_over(asker: Asker<'_>, room: &Room) -> Result<(), Refusal> {
    let posted_at = room
        .members
        .get(&asker.actor.account.id)
        .and_then(|member| member.posted_at)
        // A post from the future: the clock went back, and nobody is to wait for it to catch up.
        .filter(|&at| at <= asker.now);
    let waited = posted_at.map_or(Duration::MAX, |at| asker.now.since(at));
    let wait = room.slow_mode.saturating_sub(waited);
    if wait.is_zero() || !asker.is_slowed(room) {
        Ok(())
    } else {
        Err(Refusal::SlowMode { wait })
    }
}

pub(super) fn edit(asker: Asker<'_>, target: &Target, text: &Text) -> Result<Event, Refusal> {
    asker.may(Verb::Edit)?;
    if author_of(asker, target)?.id != asker.actor.account.id {
        return Err(Refusal::NotAuthor);
    }
    Ok(Event::Edited {
        target: target.seq,
        text: text.clone(),
    })
}

pub(super) fn delete(asker: Asker<'_>, target: &Target) -> Result<Event, Refusal> {
    asker.may(Verb::Delete)?;
    if author_of(asker, target)?.id != asker.actor.account.id {
        asker.may(Verb::DeleteOthers)?;
    }
    Ok(Event::Deleted { target: target.seq })
}

pub(super) fn react(asker: Asker<'_>, target: &Target, emoji: &Emoji) -> Result<Event, Refusal> {
    asker.may(Verb::React)?;
    author_of(asker, target)?;
    if target.reacted {
        return Err(Refusal::AlreadyReacted);
    }
    below(
        REACTIONS_MAX,
        target.reactions,
        "different reactions to a message",
    )?;
    Ok(Event::Reacted {
        target: target.seq,
        emoji: emoji.clone(),
    })
}

pub(super) fn unreact(asker: Asker<'_>, target: &Target, emoji: &Emoji) -> Result<Event, Refusal> {
    asker.may(Verb::Unreact)?;
    author_of(asker, target)?;
    if !target.reacted {
        return Err(Refusal::NotReacted);
    }
    Ok(Event::Unreacted {
        target: target.seq,
        emoji: emoji.clone(),
    })
}

/// A message from before what the actor may read is none.
fn author_of<'a>(asker: Asker<'_>, target: &'a Target) -> Result<&'a Account, Refusal> {
    let readable = asker
        .conversation
        .may_read(asker.actor.account.id, target.seq);
    target
        .author
        .as_ref()
        .filter(|_| readable)
        .ok_or(Refusal::NoSuchMessage)
}
