//! What a command adds to a conversation's log, or why it is refused.
//!
//! One command gives one entry. Whether the actor has the right is asked of `policy`; here is
//! decided whether what they ask makes sense, within the bounds named below.

use std::time::Duration;

use crate::model::{Account, Emoji, RoomName, RoomRole, Text, Timestamp, Visibility};

use super::{
    Actor, Command, Conversation, Event, Mentions, Refusal, Room, Setting, Style, Target,
    policy::{Asker, Verb},
};

/// The most members a room has, with those who are invited: a member list still fits a few frames.
pub const MEMBERS_MAX: usize = 5_000;
/// The most different reactions a message has: what a line or two can show.
pub const REACTIONS_MAX: usize = 20;
/// The most accounts a message calls by name: more is what `@here` is for.
pub const MENTIONS_MAX: usize = 50;
/// The longest slow mode: beyond it the room is better archived.
pub const SLOW_MODE_MAX: Duration = Duration::from_secs(60 * 60);
/// The least time a room keeps messages: a reader who was cut off gets back to them.
pub const KEEP_FOR_MIN: Duration = Duration::from_secs(60 * 60);
/// The fewest entries a room keeps: what a screen shows.
pub const KEEP_LAST_MIN: u64 = 10;

/// Says what `command` adds to the log of `conversation`, when `actor` gives it at `now`.
///
/// # Errors
///
/// The [`Refusal`] to tell the actor; nothing is to be changed then.
pub fn decide(
    conversation: &Conversation,
    actor: &Actor,
    command: &Command,
    now: Timestamp,
) -> Result<Event, Refusal> {
    let asker = Asker {
        conversation,
        actor,
        now,
    };
    match command {
        Command::Create { .. } => Err(asker.may_not_create()),
        Command::Post {
            text,
            style,
            reply_to,
            mentions,
        } => post(asker, text, *style, reply_to.as_ref(), mentions),
        Command::Edit { target, text } => edit(asker, target, text),
        Command::Delete { target } => delete(asker, target),
        Command::React { target, emoji } => react(asker, target, emoji),
        Command::Unreact { target, emoji } => unreact(asker, target, emoji),
        Command::Join => join(asker),
        Command::Leave => leave(asker),
        Command::Invite { account } => invite(asker, account),
        Command::SetTopic { topic } => {
            asker.may(Verb::SetTopic)?;
            Ok(Event::TopicSet {
                topic: topic.clone(),
            })
        }
        Command::SetRole { account, role } => set_role(asker, account, *role),
        Command::Kick { account, reason } => {
            moderate_member(asker, Verb::Kick, account)?;
            Ok(Event::Kicked {
                account: account.clone(),
                reason: reason.clone(),
            })
        }
        Command::Ban {
            account,
            reason,
            until,
        } => {
            asker.may(Verb::Ban)?;
            asker.outranks(account.id)?;
            Ok(Event::Banned {
                account: account.clone(),
                reason: reason.clone(),
                until: *until,
            })
        }
        Command::Unban { account } => unban(asker, account),
        Command::Mute {
            account,
            reason,
            until,
        } => {
            moderate_member(asker, Verb::Mute, account)?;
            Ok(Event::Muted {
                account: account.clone(),
                reason: reason.clone(),
                until: *until,
            })
        }
        Command::Unmute { account } => unmute(asker, account),
        Command::Set(setting) => set(asker, setting),
    }
}

/// The first entry of a room that does not exist yet. Anybody may make one.
#[must_use]
pub const fn create(name: RoomName, visibility: Visibility) -> Event {
    Event::Created { name, visibility }
}

fn post(
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
            at_most(MENTIONS_MAX, called.len(), "mentions in a message")?;
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

fn edit(asker: Asker<'_>, target: &Target, text: &Text) -> Result<Event, Refusal> {
    asker.may(Verb::Edit)?;
    if author_of(asker, target)?.id != asker.actor.account.id {
        return Err(Refusal::NotAuthor);
    }
    Ok(Event::Edited {
        target: target.seq,
        text: text.clone(),
    })
}

fn delete(asker: Asker<'_>, target: &Target) -> Result<Event, Refusal> {
    asker.may(Verb::Delete)?;
    if author_of(asker, target)?.id != asker.actor.account.id {
        asker.may(Verb::DeleteOthers)?;
    }
    Ok(Event::Deleted { target: target.seq })
}

fn react(asker: Asker<'_>, target: &Target, emoji: &Emoji) -> Result<Event, Refusal> {
    asker.may(Verb::React)?;
    author_of(asker, target)?;
    if target.reacted {
        return Err(Refusal::AlreadyReacted);
    }
    at_most(
        REACTIONS_MAX,
        target.reactions,
        "different reactions to a message",
    )?;
    Ok(Event::Reacted {
        target: target.seq,
        emoji: emoji.clone(),
    })
}

fn unreact(asker: Asker<'_>, target: &Target, emoji: &Emoji) -> Result<Event, Refusal> {
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

fn join(asker: Asker<'_>) -> Result<Event, Refusal> {
    let room = asker.may_join()?;
    at_most(MEMBERS_MAX, room.members.len(), "members of a room")?;
    Ok(Event::Joined)
}

fn leave(asker: Asker<'_>) -> Result<Event, Refusal> {
    let room = asker.may_in_room(Verb::Leave)?;
    if room.members.len() > 1 && room.is_only_owner(asker.actor.account.id) {
        return Err(Refusal::LastOwner);
    }
    Ok(Event::Left)
}

fn invite(asker: Asker<'_>, account: &Account) -> Result<Event, Refusal> {
    let room = asker.may_in_room(Verb::Invite)?;
    if room.members.contains_key(&account.id) {
        return Err(Refusal::TargetAlreadyMember);
    }
    if room.is_banned(account.id, asker.now) {
        return Err(Refusal::TargetBanned);
    }
    if !room.invited.contains_key(&account.id) {
        let expected = room.members.len() + room.invited.len();
        at_most(
            MEMBERS_MAX,
            expected,
            "members of a room, with those invited",
        )?;
    }
    Ok(Event::Invited {
        account: account.clone(),
    })
}

fn set_role(asker: Asker<'_>, account: &Account, role: RoomRole) -> Result<Event, Refusal> {
    let room = asker.may_in_room(Verb::SetRole)?;
    if !room.members.contains_key(&account.id) {
        return Err(Refusal::TargetNotMember);
    }
    if role < RoomRole::Owner && room.is_only_owner(account.id) {
        return Err(Refusal::LastOwner);
    }
    Ok(Event::RoleSet {
        account: account.clone(),
        role,
    })
}

fn moderate_member(asker: Asker<'_>, verb: Verb, account: &Account) -> Result<(), Refusal> {
    let room = asker.may_in_room(verb)?;
    if !room.members.contains_key(&account.id) {
        return Err(Refusal::TargetNotMember);
    }
    asker.outranks(account.id)
}

fn unban(asker: Asker<'_>, account: &Account) -> Result<Event, Refusal> {
    let room = asker.may_in_room(Verb::Unban)?;
    if !room.is_banned(account.id, asker.now) {
        return Err(Refusal::NotUnder { what: "banned" });
    }
    Ok(Event::Unbanned {
        account: account.clone(),
    })
}

fn unmute(asker: Asker<'_>, account: &Account) -> Result<Event, Refusal> {
    let room = asker.may_in_room(Verb::Unmute)?;
    if !room.is_muted(account.id, asker.now) {
        return Err(Refusal::NotUnder { what: "muted" });
    }
    asker.outranks(account.id)?;
    Ok(Event::Unmuted {
        account: account.clone(),
    })
}

fn set(asker: Asker<'_>, setting: &Setting) -> Result<Event, Refusal> {
    match setting {
        Setting::Name(name) => {
            asker.may(Verb::Rename)?;
            Ok(Event::Renamed { name: name.clone() })
        }
        Setting::Visibility(visibility) => {
            asker.may(Verb::SetVisibility)?;
            Ok(Event::VisibilitySet {
                visibility: *visibility,
            })
        }
        Setting::Backscroll(backscroll) => {
            asker.may(Verb::SetBackscroll)?;
            Ok(Event::BackscrollSet {
                backscroll: *backscroll,
            })
        }
        Setting::SlowMode(wait) => {
            asker.may(Verb::SetSlowMode)?;
            slow_mode(*wait)
        }
        Setting::Retention {
            keep_for,
            keep_last,
        } => {
            asker.may(Verb::SetRetention)?;
            retention(*keep_for, *keep_last)
        }
        Setting::Archived(true) => {
            asker.may(Verb::Archive)?;
            Ok(Event::Archived)
        }
        Setting::Archived(false) => {
            asker.may(Verb::Unarchive)?;
            Ok(Event::Unarchived)
        }
    }
}

fn slow_mode(wait: Duration) -> Result<Event, Refusal> {
    if wait > SLOW_MODE_MAX {
        return Err(Refusal::Limit {
            what: "seconds of slow mode",
            max: SLOW_MODE_MAX.as_secs(),
        });
    }
    Ok(Event::SlowModeSet { wait })
}

fn retention(keep_for: Option<Duration>, keep_last: Option<u64>) -> Result<Event, Refusal> {
    if keep_for.is_some_and(|time| time < KEEP_FOR_MIN) {
        return Err(Refusal::TooFew {
            what: "seconds to keep messages",
            min: KEEP_FOR_MIN.as_secs(),
        });
    }
    if keep_last.is_some_and(|entries| entries < KEEP_LAST_MIN) {
        return Err(Refusal::TooFew {
            what: "entries to keep",
            min: KEEP_LAST_MIN,
        });
    }
    Ok(Event::RetentionSet {
        keep_for,
        keep_last,
    })
}

/// Whether there is place for one more.
fn at_most(max: usize, there_are: usize, what: &'static str) -> Result<(), Refusal> {
    if there_are < max {
        return Ok(());
    }
    let max = u64::try_from(max).unwrap_or(u64::MAX);
    Err(Refusal::Limit { what, max })
}
