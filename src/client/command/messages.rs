//! Commands that say something or act on what was said.

use crate::{
    client::core::Post,
    model::{Address, Text},
    protocol::{NewText, Nothing, OfMessage, Verb, WithEmoji},
};

use super::{Action, Arguments, Context, Mistake, arguments};

/// What `/history` shows unless told: a screenful.
const HISTORY_COUNT: u32 = 20;
/// The most `/history` shows at once.
const HISTORY_COUNT_MAX: u32 = 1000;

type Read = Result<Action, Mistake>;

pub(super) fn say(to: Address, text: &str) -> Read {
    let text = Text::parse(text).map_err(Mistake::new)?;
    Ok(Action::Send(Post::plain(to, text)))
}

pub(super) fn all(arguments: &mut Arguments<'_>, _: &Context<'_>) -> Read {
    say(Address::Everyone, arguments.rest())
}

pub(super) fn msg(arguments: &mut Arguments<'_>, _: &Context<'_>) -> Read {
    let to = Address::Direct(arguments.user()?);
    say(to, arguments.rest())
}

pub(super) fn me(arguments: &mut Arguments<'_>, context: &Context<'_>) -> Read {
    let to = context.current.clone();
    Ok(Action::Send(Post {
        action: true,
        ..Post::plain(to, arguments.text()?)
    }))
}

pub(super) fn reply(arguments: &mut Arguments<'_>, context: &Context<'_>) -> Read {
    let to = context.current.clone();
    let reply_to = Some(arguments.seq()?);
    Ok(Action::Send(Post {
        reply_to,
        ..Post::plain(to, arguments.text()?)
    }))
}

pub(super) fn edit(arguments: &mut Arguments<'_>, context: &Context<'_>) -> Read {
    let all = arguments.rest();
    let numbered = all
        .split_once(char::is_whitespace)
        .and_then(|(first, text)| Some((arguments::seq(first)?, text)));
    let (seq, text) = match (numbered, context.own_last) {
        (Some((seq, text)), _) => (seq, text),
        (None, Some(own)) => (own, all),
        (None, None) => return Err(Mistake::new("which message? give its number")),
    };
    let text = Text::parse(text.trim_start()).map_err(Mistake::new)?;
    Ok(change(Verb::Edit(of_message(
        context,
        seq,
        NewText { text },
    ))))
}

pub(super) fn delete(arguments: &mut Arguments<'_>, context: &Context<'_>) -> Read {
    let seq = arguments.seq_or_own(context)?;
    arguments.end()?;
    Ok(change(Verb::Delete(of_message(context, seq, Nothing {}))))
}

pub(super) fn react(arguments: &mut Arguments<'_>, context: &Context<'_>) -> Read {
    with_emoji(arguments, context, Verb::React)
}

pub(super) fn unreact(arguments: &mut Arguments<'_>, context: &Context<'_>) -> Read {
    with_emoji(arguments, context, Verb::Unreact)
}

fn with_emoji(
    arguments: &mut Arguments<'_>,
    context: &Context<'_>,
    verb: fn(OfMessage<WithEmoji>) -> Verb,
) -> Read {
    let seq = arguments.seq()?;
    let emoji = arguments.emoji()?;
    arguments.end()?;
    Ok(change(verb(of_message(context, seq, WithEmoji { emoji }))))
}

pub(super) fn history(arguments: &mut Arguments<'_>, _: &Context<'_>) -> Read {
    let count = match arguments.word() {
        None => HISTORY_COUNT,
        Some(word) => word
            .parse()
            .ok()
            .filter(|count| (1..=HISTORY_COUNT_MAX).contains(count))
            .ok_or_else(|| {
                Mistake::new(format_args!(
                    "'{word}' is no number from 1 to {HISTORY_COUNT_MAX}"
                ))
            })?,
    };
    arguments.end()?;
    Ok(Action::History { count })
}

pub(super) fn read(arguments: &mut Arguments<'_>, _: &Context<'_>) -> Read {
    arguments.end()?;
    Ok(Action::MarkRead)
}

fn of_message<T>(context: &Context<'_>, seq: crate::model::Seq, change: T) -> OfMessage<T> {
    OfMessage {
        conversation: context.current.clone(),
        seq,
        message: None,
        change,
    }
}

const fn change(verb: Verb) -> Action {
    Action::Change { verb, go: None }
}
