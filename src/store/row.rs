//! How an event is written to columns and read back: the one file that knows both.

use std::{borrow::Cow, time::Duration};

use crate::{
    chat::{Event, Style},
    model::{
        Account, AccountId, Backscroll, Emoji, Reason, RoomName, RoomRole, Seq, Text, TextError,
        Timestamp, Topic, Visibility,
    },
};

use super::{StoreError, detail::Detail};

/// An event as columns: what queries ask for, and the rest as one JSON object.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Columns<'a> {
    pub(super) text: Option<Cow<'a, str>>,
    pub(super) target: Option<Seq>,
    pub(super) reply_to: Option<Seq>,
    pub(super) detail: Detail,
}

impl<'a> Columns<'a> {
    fn text(text: &'a Text) -> Self {
        Self {
            text: Some(text.as_str().into()),
            ..Self::default()
        }
    }

    fn target(target: Seq) -> Self {
        Self {
            target: Some(target),
            ..Self::default()
        }
    }

    fn of(self, target: Seq) -> Self {
        Self {
            target: Some(target),
            ..self
        }
    }

    fn with(self, detail: Detail) -> Self {
        Self { detail, ..self }
    }
}

/// Takes an event apart. Its kind is kept beside the columns.
pub(super) fn columns(event: &Event) -> Columns<'_> {
    let detail = Detail::default();
    let bare = Columns::default();
    match event {
        Event::Posted {
            text,
            style,
            reply_to,
            mentions,
            here,
        } => Columns {
            reply_to: *reply_to,
            ..Columns::text(text).with(Detail {
                action: *style == Style::Action,
                mentions: mentions.iter().map(|account| account.id.get()).collect(),
                here: *here,
                ..detail
            })
        },
        Event::Edited { target, text } => Columns::text(text).of(*target),
        Event::Deleted { target } => Columns::target(*target),
        Event::Reacted { target, emoji } | Event::Unreacted { target, emoji } => {
            Columns::target(*target).with(detail.word(emoji.as_str()))
        }
        Event::Joined | Event::Left | Event::Archived | Event::Unarchived => bare,
        Event::Invited { account } | Event::Unbanned { account } | Event::Unmuted { account } => {
            bare.with(detail.account(account))
        }
        Event::RoleSet { account, role } => bare.with(detail.account(account).word(role.as_str())),
        Event::Kicked { account, reason } => {
            bare.with(detail.account(account).word(reason.as_str()))
        }
        Event::Banned {
            account,
            reason,
            until,
        }
        | Event::Muted {
            account,
            reason,
            until,
        } => bare.with(detail.account(account).word(reason.as_str()).until(*until)),
        Event::Created { name, visibility } => {
            bare.with(detail.name(name.as_str()).word(visibility.as_str()))
        }
        Event::TopicSet { topic } => bare.with(detail.word(topic.as_str())),
        Event::Renamed { name } => bare.with(detail.name(name.as_str())),
        Event::VisibilitySet { visibility } => bare.with(detail.word(visibility.as_str())),
        Event::BackscrollSet { backscroll } => bare.with(detail.word(backscroll.as_str())),
        Event::SlowModeSet { wait } => bare.with(detail.wait(*wait)),
        Event::RetentionSet {
            keep_for,
            keep_last,
        } => bare.with(detail.keep(*keep_for, *keep_last)),
    }
}

/// An event as it is found: its kind beside its columns.
#[derive(Debug)]
pub(super) struct Stored<'a> {
    pub(super) kind: &'a str,
    pub(super) columns: Columns<'a>,
}

impl Stored<'_> {
    /// Puts the event together again; nothing when it is a message or an edit whose text is gone.
    pub(super) fn event(
        &self,
        mut accounts: impl FnMut(AccountId) -> Result<Account, StoreError>,
    ) -> Result<Option<Event>, StoreError> {
        match self.kind {
            "posted" | "edited" if self.columns.text.is_none() => Ok(None),
            "posted" => self.posted(&mut accounts).map(Some),
            "edited" | "deleted" | "reacted" | "unreacted" => self.amendment().map(Some),
            "invited" | "role" | "kicked" | "banned" | "unbanned" | "muted" | "unmuted" => {
                let account = self.need(self.columns.detail.account_id(), "account")?;
                self.about(accounts(account)?).map(Some)
            }
            _ => self.about_room().map(Some),
        }
    }

    fn posted(
        &self,
        accounts: &mut impl FnMut(AccountId) -> Result<Account, StoreError>,
    ) -> Result<Event, StoreError> {
        let detail = &self.columns.detail;
        let mentions = detail.mentions.iter().copied().map(AccountId::new);
        Ok(Event::Posted {
            text: self.text()?,
            style: if detail.action {
                Style::Action
            } else {
                Style::Plain
            },
            reply_to: self.columns.reply_to,
            mentions: mentions.map(accounts).collect::<Result<_, _>>()?,
            here: detail.here,
        })
    }

    fn amendment(&self) -> Result<Event, StoreError> {
        let target = self.need(self.columns.target, "target")?;
        let emoji = || self.legal(Emoji::parse(self.word()));
        Ok(match self.kind {
            "edited" => Event::Edited {
                target,
                text: self.text()?,
            },
            "deleted" => Event::Deleted { target },
            "reacted" => Event::Reacted {
                target,
                emoji: emoji()?,
            },
            "unreacted" => Event::Unreacted {
                target,
                emoji: emoji()?,
            },
            _ => return Err(self.unknown()),
        })
    }

    fn about(&self, account: Account) -> Result<Event, StoreError> {
        let reason = || self.legal(Reason::parse(self.word()));
        let until = self.columns.detail.until.map(Timestamp::from_millis);
        Ok(match self.kind {
            "invited" => Event::Invited { account },
            "role" => Event::RoleSet {
                account,
                role: self.need(RoomRole::parse(self.word()), "role")?,
            },
            "kicked" => Event::Kicked {
                account,
                reason: reason()?,
            },
            "banned" => Event::Banned {
                account,
                reason: reason()?,
                until,
            },
            "unbanned" => Event::Unbanned { account },
            "muted" => Event::Muted {
                account,
                reason: reason()?,
                until,
            },
            "unmuted" => Event::Unmuted { account },
            _ => return Err(self.unknown()),
        })
    }

    fn about_room(&self) -> Result<Event, StoreError> {
        let detail = &self.columns.detail;
        let visibility = || self.need(Visibility::parse(self.word()), "visibility");
        Ok(match self.kind {
            "created" => Event::Created {
                name: self.name()?,
                visibility: visibility()?,
            },
            "joined" => Event::Joined,
            "left" => Event::Left,
            "topic" => Event::TopicSet {
                topic: self.legal(Topic::parse(self.word()))?,
            },
            "renamed" => Event::Renamed { name: self.name()? },
            "visibility" => Event::VisibilitySet {
                visibility: visibility()?,
            },
            "backscroll" => Event::BackscrollSet {
                backscroll: self.need(Backscroll::parse(self.word()), "backscroll")?,
            },
            "slow_mode" => Event::SlowModeSet {
                wait: Duration::from_millis(self.need(detail.wait, "wait")?),
            },
            "retention" => Event::RetentionSet {
                keep_for: detail.keep_for.map(Duration::from_millis),
                keep_last: detail.keep_last,
            },
            "archived" => Event::Archived,
            "unarchived" => Event::Unarchived,
            _ => return Err(self.unknown()),
        })
    }

    fn word(&self) -> &str {
        self.columns.detail.word.as_deref().unwrap_or_default()
    }

    fn text(&self) -> Result<Text, StoreError> {
        self.legal(Text::parse(
            self.columns.text.as_deref().unwrap_or_default(),
        ))
    }

    fn name(&self) -> Result<RoomName, StoreError> {
        let name = self.columns.detail.name.as_deref().unwrap_or_default();
        self.need(RoomName::parse(name).ok(), "name")
    }

    fn need<T>(&self, found: Option<T>, what: &str) -> Result<T, StoreError> {
        found.ok_or_else(|| {
            StoreError::corrupt(format!(
                "an entry of kind '{}' without its {what}",
                self.kind
            ))
        })
    }

    fn legal<T>(&self, parsed: Result<T, TextError>) -> Result<T, StoreError> {
        parsed.map_err(|error| {
            StoreError::corrupt(format!("an entry of kind '{}': {error}", self.kind))
        })
    }

    fn unknown(&self) -> StoreError {
        StoreError::corrupt(format!("an entry of kind '{}'", self.kind))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::{
        model::UserName,
        store::{arbitrary, fixture::account},
    };

    use super::*;

    proptest! {
        #[test]
        fn every_event_reads_back_as_it_was_written(
            event in arbitrary::event()
        ) {
            let written = columns(&event);
            let detail = Detail::from_column(written.detail.to_column().as_deref()).unwrap();
            let stored = Stored { kind: event.kind(), columns: Columns { detail, ..written } };
            let read = stored.event(|id| Ok(account(id.get(), &format!("user-{id}"))));
            prop_assert_eq!(read.unwrap(), Some(event));
        }

        #[test]
        fn no_row_makes_reading_panic(kind in "[a-z_]{0,12}", text in "\\PC{0,9}", word in "\\PC{0,9}") {
            let columns = Columns {
                text: Some(text.into()),
                detail: Detail::default().word(&word),
                ..Columns::default()
            };
            let name = UserName::parse("user").unwrap();
            let stored = Stored { kind: &kind, columns };
            let _event = stored.event(|id| Ok(Account { id, name: name.clone() }));
        }
    }
}
