//! Coming, going and being kept out; roles.

use crate::model::{Account, Reason, RoomRole, Timestamp};

use super::{
    super::{
        Event, Refusal,
        policy::{Asker, Verb},
    },
    MEMBERS_MAX, below,
};

pub(super) fn join(asker: Asker<'_>) -> Result<Event, Refusal> {
    let room = asker.may_join()?;
    below(MEMBERS_MAX, room.members.len(), "members of a room")?;
    Ok(Event::Joined)
}

pub(super) fn leave(asker: Asker<'_>) -> Result<Event, Refusal> {
    let room = asker.may_in_room(Verb::Leave)?;
    if room.members.len() > 1 && room.is_only_owner(asker.actor.account.id) {
        return Err(Refusal::LastOwner);
    }
    Ok(Event::Left)
}

pub(super) fn invite(asker: Asker<'_>, account: &Account) -> Result<Event, Refusal> {
    let room = asker.may_in_room(Verb::Invite)?;
    if room.members.contains_key(&account.id) {
        return Err(Refusal::TargetAlreadyMember);
    }
    if room.is_banned(account.id, asker.now) {
        return Err(Refusal::TargetBanned);
    }
    if !room.invited.contains_key(&account.id) {
        let expected = room.members.len() + room.invited.len();
        below(
            MEMBERS_MAX,
            expected,
            "members of a room, with those invited",
        )?;
    }
    Ok(Event::Invited {
        account: account.clone(),
    })
}

pub(super) fn set_role(
    asker: Asker<'_>,
    account: &Account,
    role: RoomRole,
) -> Result<Event, Refusal> {
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

pub(super) fn kick(asker: Asker<'_>, account: &Account, reason: &Reason) -> Result<Event, Refusal> {
    has_a_lower_member(asker, Verb::Kick, account)?;
    Ok(Event::Kicked {
        account: account.clone(),
        reason: reason.clone(),
    })
}

/// Also of those who are no members, so that they cannot become any.
pub(super) fn ban(
    asker: Asker<'_>,
    account: &Account,
    reason: &Reason,
    until: Option<Timestamp>,
) -> Result<Event, Refusal> {
    asker.may(Verb::Ban)?;
    asker.outranks(account.id)?;
    Ok(Event::Banned {
        account: account.clone(),
        reason: reason.clone(),
        until,
    })
}

pub(super) fn mute(
    asker: Asker<'_>,
    account: &Account,
    reason: &Reason,
    until: Option<Timestamp>,
) -> Result<Event, Refusal> {
    has_a_lower_member(asker, Verb::Mute, account)?;
    Ok(Event::Muted {
        account: account.clone(),
        reason: reason.clone(),
        until,
    })
}

pub(super) fn unban(asker: Asker<'_>, account: &Account) -> Result<Event, Refusal> {
    let room = asker.may_in_room(Verb::Unban)?;
    if !room.is_banned(account.id, asker.now) {
        return Err(Refusal::NotUnder { what: "banned" });
    }
    Ok(Event::Unbanned {
        account: account.clone(),
    })
}

pub(super) fn unmute(asker: Asker<'_>, account: &Account) -> Result<Event, Refusal> {
    let room = asker.may_in_room(Verb::Unmute)?;
    if !room.is_muted(account.id, asker.now) {
        return Err(Refusal::NotUnder { what: "muted" });
    }
    asker.outranks(account.id)?;
    Ok(Event::Unmuted {
        account: account.clone(),
    })
}

fn has_a_lower_member(asker: Asker<'_>, verb: Verb, account: &Account) -> Result<(), Refusal> {
    let room = asker.may_in_room(verb)?;
    if !room.members.contains_key(&account.id) {
        return Err(Refusal::TargetNotMember);
    }
    asker.outranks(account.id)
}
