//! Commands about conversations and those who are in them.

use crate::{
    model::{Address, Backscroll, RoomName, RoomRole, Topic, Visibility},
    protocol::{
        Change, InRoom, Listing, Moderate, Nothing, Of, Retention, SetRole, Silence,
        Topic as SetTopic, Verb, WithUser, WithVisibility,
    },
};

use super::{
    Action, Arguments, Context, Mistake,
    arguments::{current_room, seconds},
};

type Read = Result<Action, Mistake>;

pub(super) fn to(arguments: &mut Arguments<'_>, _: &Context<'_>) -> Read {
    let address = arguments.address()?;
    arguments.end()?;
    Ok(Action::Go(address))
}

pub(super) fn rooms(arguments: &mut Arguments<'_>, _: &Context<'_>) -> Read {
    let after = arguments.peek().map(|_| arguments.room()).transpose()?;
    arguments.end()?;
    Ok(Action::Ask(Verb::Rooms(Listing {
        after: after.map(|room| room.to_string()),
        limit: None,
        what: Nothing {},
    })))
}

pub(super) fn join(arguments: &mut Arguments<'_>, _: &Context<'_>) -> Read {
    let room = arguments.room()?;
    arguments.end()?;
    Ok(Action::Change {
        go: Some(Address::Room(room.clone())),
        verb: Verb::Join(in_room(room, Nothing {})),
    })
}

pub(super) fn leave(arguments: &mut Arguments<'_>, context: &Context<'_>) -> Read {
    let room = arguments.room_or_current(context)?;
    arguments.end()?;
    let is_current = *context.current == Address::Room(room.clone());
    Ok(Action::Change {
        go: is_current.then_some(Address::Everyone),
        verb: Verb::Leave(in_room(room, Nothing {})),
    })
}

pub(super) fn create(arguments: &mut Arguments<'_>, _: &Context<'_>) -> Read {
    let room = arguments.room()?;
    let visibility = arguments
        .word()
        .map(|word| value(word, Visibility::parse, Visibility::ALL, Visibility::as_str))
        .transpose()?;
    arguments.end()?;
    Ok(Action::Change {
        go: Some(Address::Room(room.clone())),
        verb: Verb::Create(in_room(room, WithVisibility { visibility })),
    })
}

pub(super) fn members(arguments: &mut Arguments<'_>, context: &Context<'_>) -> Read {
    let room = arguments.room_or_current(context)?;
    arguments.end()?;
    Ok(Action::Ask(Verb::Members(Listing {
        after: None,
        limit: None,
        what: Of { room },
    })))
}

pub(super) fn who(arguments: &mut Arguments<'_>, _: &Context<'_>) -> Read {
    arguments.end()?;
    Ok(Action::Ask(Verb::Online(Listing::default())))
}

pub(super) fn silence(arguments: &mut Arguments<'_>, context: &Context<'_>) -> Read {
    let silent = match arguments.word() {
        None | Some("on") => true,
        Some("off") => false,
        Some(word) => return Err(Mistake::new(format_args!("'{word}' is neither on nor off"))),
    };
    arguments.end()?;
    Ok(Action::Ask(Verb::Silence(Silence {
        conversation: context.current.clone(),
        silent,
    })))
}

pub(super) fn topic(arguments: &mut Arguments<'_>, context: &Context<'_>) -> Read {
    let room = current_room(context)?;
    let topic = match arguments.rest() {
        "" => return Ok(Action::ShowTopic),
        "-" => Topic::default(),
        text => Topic::parse(text).map_err(Mistake::new)?,
    };
    Ok(change(Verb::Topic(in_room(room, SetTopic { topic }))))
}

pub(super) fn invite(arguments: &mut Arguments<'_>, context: &Context<'_>) -> Read {
    let user = arguments.user()?;
    let room = arguments.room_or_current(context)?;
    arguments.end()?;
    Ok(change(Verb::Invite(in_room(room, WithUser { user }))))
}

pub(super) fn kick(arguments: &mut Arguments<'_>, context: &Context<'_>) -> Read {
    let what = Moderate {
        user: arguments.user()?,
        reason: arguments.reason()?,
        seconds: None,
    };
    Ok(change(Verb::Kick(in_room(current_room(context)?, what))))
}

pub(super) fn ban(arguments: &mut Arguments<'_>, context: &Context<'_>) -> Read {
    for_a_time(arguments, context, Verb::Ban)
}

pub(super) fn mute(arguments: &mut Arguments<'_>, context: &Context<'_>) -> Read {
    for_a_time(arguments, context, Verb::Mute)
}

fn for_a_time(
    arguments: &mut Arguments<'_>,
    context: &Context<'_>,
    verb: fn(InRoom<Moderate>) -> Verb,
) -> Read {
    let what = Moderate {
        user: arguments.user()?,
        seconds: arguments.seconds(),
        reason: arguments.reason()?,
    };
    Ok(change(verb(in_room(current_room(context)?, what))))
}

pub(super) fn unban(arguments: &mut Arguments<'_>, context: &Context<'_>) -> Read {
    with_user(arguments, context, Verb::Unban)
}

pub(super) fn unmute(arguments: &mut Arguments<'_>, context: &Context<'_>) -> Read {
    with_user(arguments, context, Verb::Unmute)
}

fn with_user(
    arguments: &mut Arguments<'_>,
    context: &Context<'_>,
    verb: fn(InRoom<WithUser>) -> Verb,
) -> Read {
    let user = arguments.user()?;
    arguments.end()?;
    Ok(change(verb(in_room(
        current_room(context)?,
        WithUser { user },
    ))))
}

pub(super) fn role(arguments: &mut Arguments<'_>, context: &Context<'_>) -> Read {
    let user = arguments.user()?;
    let word = arguments.word().unwrap_or_default();
    let role = value(word, RoomRole::parse, RoomRole::ALL, RoomRole::as_str)?;
    arguments.end()?;
    Ok(change(Verb::Role(in_room(
        current_room(context)?,
        SetRole { user, role },
    ))))
}

pub(super) fn rename(arguments: &mut Arguments<'_>, context: &Context<'_>) -> Read {
    let name = Some(arguments.room()?);
    arguments.end()?;
    set_to(
        context,
        Change {
            name,
            ..Change::default()
        },
    )
}

pub(super) fn slow(arguments: &mut Arguments<'_>, context: &Context<'_>) -> Read {
    let wait = match arguments.word() {
        Some("off") => 0,
        word => word.and_then(seconds).ok_or_else(|| no_time(word))?,
    };
    arguments.end()?;
    set_to(
        context,
        Change {
            slow_mode: Some(wait),
            ..Change::default()
        },
    )
}

pub(super) fn archive(arguments: &mut Arguments<'_>, context: &Context<'_>) -> Read {
    arguments.end()?;
    set_to(
        context,
        Change {
            archived: Some(true),
            ..Change::default()
        },
    )
}

pub(super) fn unarchive(arguments: &mut Arguments<'_>, context: &Context<'_>) -> Read {
    arguments.end()?;
    set_to(
        context,
        Change {
            archived: Some(false),
            ..Change::default()
        },
    )
}

pub(super) fn set(arguments: &mut Arguments<'_>, context: &Context<'_>) -> Read {
    let mut what = Change::default();
    let key = arguments.word().unwrap_or_default();
    let word = arguments.word().unwrap_or_default();
    arguments.end()?;
    match key {
        "visibility" => {
            let known = value(word, Visibility::parse, Visibility::ALL, Visibility::as_str)?;
            what.visibility = Some(known);
        }
        "backscroll" => {
            let known = value(word, Backscroll::parse, Backscroll::ALL, Backscroll::as_str)?;
            what.backscroll = Some(known);
        }
        "keep" => what.retention = Some(retention(word)?),
        _ => {
            return Err(Mistake::new(format_args!(
                "'{key}' is none of visibility, backscroll, keep"
            )));
        }
    }
    set_to(context, what)
}

/// `90d`, a number of entries, or `default`.
fn retention(word: &str) -> Result<Retention, Mistake> {
    let keep_for = seconds(word);
    let keep_last = word.parse().ok().filter(|&count: &u64| count > 0);
    if keep_for.is_none() && keep_last.is_none() && word != "default" {
        return Err(Mistake::new(format_args!(
            "'{word}' is neither a time like 90d, nor a number of entries, nor default"
        )));
    }
    Ok(Retention {
        keep_for,
        keep_last,
    })
}

fn value<T: Copy>(
    word: &str,
    parse: fn(&str) -> Option<T>,
    known: &[T],
    name: fn(T) -> &'static str,
) -> Result<T, Mistake> {
    parse(word).ok_or_else(|| {
        let names: Vec<_> = known.iter().map(|&value| name(value)).collect();
        Mistake::new(format_args!("'{word}' is none of {}", names.join(", ")))
    })
}

fn no_time(word: Option<&str>) -> Mistake {
    let word = word.unwrap_or_default();
    Mistake::new(format_args!("'{word}' is no time like 30s, 10m or 2h"))
}

fn set_to(context: &Context<'_>, what: Change) -> Read {
    Ok(change(Verb::Set(in_room(current_room(context)?, what))))
}

const fn in_room<T>(room: RoomName, what: T) -> InRoom<T> {
    InRoom {
        room,
        message: None,
        what,
    }
}

const fn change(verb: Verb) -> Action {
    Action::Change { verb, go: None }
}
