//! `/search` and its filters.

use jiff::{civil::Date, tz::TimeZone};

use crate::{
    model::{Address, UserName},
    protocol::{Search, Verb},
};

use super::{Action, Arguments, Context, Mistake};

pub(super) fn search(
    arguments: &mut Arguments<'_>,
    context: &Context<'_>,
) -> Result<Action, Mistake> {
    let mut search = Search {
        words: String::new(),
        conversation: None,
        by: None,
        before: None,
        after: None,
        page: None,
    };
    let mut words = Vec::new();
    while let Some(word) = arguments.word() {
        match word.split_once(':') {
            Some(("in", address)) => {
                search.conversation = Some(Address::parse(address).map_err(Mistake::new)?);
            }
            Some(("by", user)) => {
                let user = user.strip_prefix('@').unwrap_or(user);
                search.by = Some(UserName::parse(user).map_err(Mistake::new)?);
            }
            Some(("before", date)) => search.before = Some(midnight(date, context.zone)?),
            // From the day itself on: after the last millisecond of the day before.
            Some(("after", date)) => search.after = Some(midnight(date, context.zone)? - 1),
            _ => words.push(word),
        }
    }
    if words.is_empty() {
        return Err(Mistake::new("which words?"));
    }
    search.words = words.join(" ");
    Ok(Action::Ask(Verb::Search(search)))
}

pub(super) fn more(arguments: &mut Arguments<'_>, _: &Context<'_>) -> Result<Action, Mistake> {
    arguments.end()?;
    Ok(Action::More)
}

/// When a day begins, in milliseconds since the epoch.
fn midnight(date: &str, zone: &TimeZone) -> Result<i64, Mistake> {
    date.parse::<Date>()
        .and_then(|day| day.to_zoned(zone.clone()))
        .map(|start| start.timestamp().as_millisecond())
        .map_err(|_| Mistake::new(format_args!("'{date}' is no date like 2026-01-31")))
}
