//! What crosses the control socket: one request and one answer a line.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{
    hub::{Done, Operation},
    store::{AccountListing, InviteRecord},
};

/// The longest request, in bytes; the longest there is takes a tenth.
pub(super) const REQUEST_MAX: usize = 4 * 1024;
/// The longest answer, in bytes: a page of [`LINES_MAX`] lines is less.
pub const ANSWER_MAX: usize = 256 * 1024;
/// The most lines of a list in one answer.
pub const LINES_MAX: usize = 500;
/// How long the next request, or the way of an answer, may take.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// What the operator asks of a server that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case", deny_unknown_fields)]
pub enum ControlRequest {
    /// Do something.
    Operate {
        /// What.
        operation: Operation,
    },
    /// Which users are there?
    Users {
        /// By name, from after this one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<String>,
    },
    /// Which invites wait to be spent?
    Invites {
        /// From after this one.
        #[serde(default)]
        after: u64,
    },
    /// Where is the server, and how is it known?
    Where {},
}

/// What the server answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum ControlAnswer {
    /// It was done.
    Done {
        /// What.
        what: Done,
    },
    /// Users by name; all of them when they are fewer than [`LINES_MAX`].
    Users {
        /// So many at most.
        users: Vec<UserLine>,
    },
    /// Invites, the oldest first; all of them when they are fewer than [`LINES_MAX`].
    Invites {
        /// So many at most.
        invites: Vec<InviteLine>,
    },
    /// What an invite link says beside the invite.
    Where {
        /// `host:port`.
        address: String,
        /// Of the CA.
        pin: String,
    },
    /// Nothing was done.
    Refused {
        /// Why, as a sentence.
        text: String,
    },
}

/// A user in a list. Moments are in milliseconds since 1970-01-01 UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserLine {
    /// The user name.
    pub user: String,
    /// The role on the server.
    pub role: String,
    /// `active` or `disabled`.
    pub state: String,
    /// When the account was made.
    pub created: i64,
    /// When one of its sessions was last used, to the hour; absent when it has none.
    pub last_seen: Option<i64>,
    /// When somebody last logged in to it, with the password or by making it.
    pub last_login: Option<i64>,
    /// Whether a session is attached.
    pub online: bool,
}

impl UserLine {
    /// What the store says of an account, and whether it is online.
    #[must_use]
    pub fn new(listing: &AccountListing, online: Online) -> Self {
        let record = &listing.record;
        Self {
            user: record.account.name.to_string(),
            role: record.role.as_str().to_owned(),
            state: if record.disabled {
                "disabled"
            } else {
                "active"
            }
            .to_owned(),
            created: record.created.as_millis(),
            last_seen: listing.last_seen.map(|seen| seen.as_millis()),
            last_login: listing.last_login.map(|login| login.as_millis()),
            online: online == Online::Yes,
        }
    }
}

/// Whether an account has a session attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Online {
    /// It has.
    Yes,
    /// It has none.
    No,
}

/// An invite in a list. Moments are in milliseconds since 1970-01-01 UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteLine {
    /// What it is revoked by.
    pub id: u64,
    /// The role of the account that is made with it.
    pub role: String,
    /// Who made it; absent when the operator did.
    pub made_by: Option<String>,
    /// From when on it is good for nothing.
    pub expires: i64,
}

impl From<&InviteRecord> for InviteLine {
    fn from(invite: &InviteRecord) -> Self {
        let made_by = invite.made_by.as_ref();
        Self {
            id: invite.id.get(),
            role: invite.role.as_str().to_owned(),
            made_by: made_by.map(|account| account.name.to_string()),
            expires: invite.expires.as_millis(),
        }
    }
}
