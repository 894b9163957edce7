//! What a room is about and how it works.

use std::time::Duration;

use crate::model::Topic;

use super::{
    super::{
        Event, Refusal, Setting,
        policy::{Asker, Verb},
    },
    KEEP_FOR_MIN, KEEP_LAST_MIN, SLOW_MODE_MAX,
};

pub(super) fn topic(asker: Asker<'_>, topic: &Topic) -> Result<Event, Refusal> {
    asker.may(Verb::SetTopic)?;
    Ok(Event::TopicSet {
        topic: topic.clone(),
    })
}

pub(super) fn set(asker: Asker<'_>, change: &Setting) -> Result<Event, Refusal> {
    match change {
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
