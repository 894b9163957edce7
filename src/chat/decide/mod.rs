//! What a command adds to a conversation's log, or why it is refused.
//!
//! One command gives one entry. Whether the actor has the right is asked of `policy`; here is
//! decided whether what they ask makes sense, within the bounds named below.

mod member;
mod message;
mod setting;

use std::time::Duration;

use crate::model::{RoomName, Timestamp, Visibility};

use super::{Actor, Command, Conversation, Event, Refusal, policy::Asker};

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
        } => message::post(asker, text, *style, reply_to.as_ref(), mentions),
        Command::Edit { target, text } => message::edit(asker, target, text),
        Command::Delete { target } => message::delete(asker, target),
        Command::React { target, emoji } => message::react(asker, target, emoji),
        Command::Unreact { target, emoji } => message::unreact(asker, target, emoji),
        Command::Join => member::join(asker),
        Command::Leave => member::leave(asker),
        Command::Invite { account } => member::invite(asker, account),
        Command::SetTopic { topic } => setting::topic(asker, topic),
        Command::SetRole { account, role } => member::set_role(asker, account, *role),
        Command::Kick { account, reason } => member::kick(asker, account, reason),
        Command::Ban {
            account,
            reason,
            until,
        } => member::ban(asker, account, reason, *until),
        Command::Unban { account } => member::unban(asker, account),
        Command::Mute {
            account,
            reason,
            until,
        } => member::mute(asker, account, reason, *until),
        Command::Unmute { account } => member::unmute(asker, account),
        Command::Set(change) => setting::set(asker, change),
    }
}

/// The first entry of a room that does not exist yet. Anybody may make one.
#[must_use]
pub const fn create(name: RoomName, visibility: Visibility) -> Event {
    Event::Created { name, visibility }
}

/// Whether there is place for one more.
fn below(max: usize, there_are: usize, what: &'static str) -> Result<(), Refusal> {
    if there_are < max {
        return Ok(());
    }
    let max = u64::try_from(max).unwrap_or(u64::MAX);
    Err(Refusal::Limit { what, max })
}
