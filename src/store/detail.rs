//! The part of an event that no query asks for, as one small JSON object in a column.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::{Account, AccountId, Timestamp};

/// What an event says beyond its columns. Accounts stand by their ids: names are looked up when
/// read, so that a deleted account's name is gone from old entries too.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Detail {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) account: Option<u64>,
    /// A topic, reason, reaction, role or any other single word or line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) word: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) until: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) wait: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) keep_for: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) keep_last: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) mentions: Vec<u64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) here: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) action: bool,
}

impl Detail {
    pub(super) fn account(self, account: &Account) -> Self {
        Self {
            account: Some(account.id.get()),
            ..self
        }
    }

    pub(super) fn word(self, word: &str) -> Self {
        Self {
            word: Some(word.to_owned()),
            ..self
        }
    }

    pub(super) fn name(self, name: &str) -> Self {
        Self {
            name: Some(name.to_owned()),
            ..self
        }
    }

    pub(super) fn until(self, until: Option<Timestamp>) -> Self {
        Self {
            until: until.map(Timestamp::as_millis),
            ..self
        }
    }

    pub(super) fn wait(self, wait: Duration) -> Self {
        Self {
            wait: Some(millis(wait)),
            ..self
        }
    }

    pub(super) fn keep(self, keep_for: Option<Duration>, keep_last: Option<u64>) -> Self {
        Self {
            keep_for: keep_for.map(millis),
            keep_last,
            ..self
        }
    }

    pub(super) fn account_id(&self) -> Option<AccountId> {
        self.account.map(AccountId::new)
    }

    /// As the column holds it: nothing when there is nothing to say.
    pub(super) fn to_column(&self) -> Option<String> {
        if *self == Self::default() {
            return None;
        }
        #[expect(
            clippy::expect_used,
            reason = "numbers, strings and flags always have a JSON form"
        )]
        Some(serde_json::to_string(self).expect("plain values serialize"))
    }

    pub(super) fn from_column(column: Option<&str>) -> Result<Self, serde_json::Error> {
        column.map_or_else(|| Ok(Self::default()), serde_json::from_str)
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
