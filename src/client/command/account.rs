//! Commands about oneself and this client.

use crate::{
    model::TokenId,
    protocol::{Away, Nothing, Revoke, Verb, WithUser},
};

use super::{Action, Arguments, Context, Mistake, find};

type Read = Result<Action, Mistake>;

pub(super) fn away(arguments: &mut Arguments<'_>, _: &Context<'_>) -> Read {
    let text = arguments.reason()?;
    let text = match text {
        Some(text) => text,
        None => crate::model::Reason::parse("away").map_err(Mistake::new)?,
    };
    Ok(Action::Ask(Verb::Away(Away { text: Some(text) })))
}

pub(super) fn back(arguments: &mut Arguments<'_>, _: &Context<'_>) -> Read {
    arguments.end()?;
    Ok(Action::Ask(Verb::Away(Away { text: None })))
}

pub(super) fn block(arguments: &mut Arguments<'_>, _: &Context<'_>) -> Read {
    let user = arguments.user()?;
    arguments.end()?;
    Ok(Action::Ask(Verb::Block(WithUser { user })))
}

pub(super) fn unblock(arguments: &mut Arguments<'_>, _: &Context<'_>) -> Read {
    let user = arguments.user()?;
    arguments.end()?;
    Ok(Action::Ask(Verb::Unblock(WithUser { user })))
}

pub(super) fn blocks(arguments: &mut Arguments<'_>, _: &Context<'_>) -> Read {
    plain(arguments, Action::Ask(Verb::Blocks(Nothing {})))
}

pub(super) fn sessions(arguments: &mut Arguments<'_>, _: &Context<'_>) -> Read {
    plain(arguments, Action::Ask(Verb::Sessions(Nothing {})))
}

pub(super) fn offer(arguments: &mut Arguments<'_>, _: &Context<'_>) -> Read {
    plain(arguments, Action::Ask(Verb::Offer(Nothing {})))
}

pub(super) fn revoke(arguments: &mut Arguments<'_>, _: &Context<'_>) -> Read {
    let session = match arguments.word() {
        Some("others") => None,
        Some(word) => Some(word.parse().map(TokenId::new).map_err(|_| {
            Mistake::new(format_args!(
                "'{word}' is no session number; /sessions lists them"
            ))
        })?),
        None => return Err(Mistake::new("which session?")),
    };
    plain(arguments, Action::Ask(Verb::Revoke(Revoke { session })))
}

pub(super) fn password(arguments: &mut Arguments<'_>, _: &Context<'_>) -> Read {
    if arguments.peek().is_some() {
        // It would stand in the line history and on the screen.
        return Err(Mistake::new(
            "the passwords are asked for, never typed in the line",
        ));
    }
    Ok(Action::Password)
}

pub(super) fn retry(arguments: &mut Arguments<'_>, _: &Context<'_>) -> Read {
    plain(arguments, Action::Retry)
}

pub(super) fn logout(arguments: &mut Arguments<'_>, _: &Context<'_>) -> Read {
    plain(arguments, Action::Logout)
}

pub(super) fn quit(arguments: &mut Arguments<'_>, _: &Context<'_>) -> Read {
    plain(arguments, Action::Quit)
}

pub(super) fn help(arguments: &mut Arguments<'_>, _: &Context<'_>) -> Read {
    let Some(word) = arguments.word() else {
        return Ok(Action::Help(None));
    };
    let name = word.strip_prefix('/').unwrap_or(word);
    let spec = find(name).ok_or_else(|| Mistake::unknown(name))?;
    plain(arguments, Action::Help(Some(spec)))
}

fn plain(arguments: &Arguments<'_>, action: Action) -> Read {
    arguments.end()?;
    Ok(action)
}
