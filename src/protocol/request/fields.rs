//! What the requests say: one type a shape, shared where the shape is the same.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::model::{
    Address, Backscroll, Emoji, MessageId, Reason, RoomName, RoomRole, Seq, Text, TokenId,
    Topic as TopicText, UserName, Visibility,
};

use super::{
    super::words::{number, number_option, word, word_option},
    cursors::{self, Cursors},
};

/// No fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nothing {}

/// A password, token or invite secret: shown nowhere, wiped when dropped.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps what must not be shown.
    #[must_use]
    pub const fn new(secret: String) -> Self {
        Self(secret)
    }

    /// The secret itself, for the one who checks it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// See [`super::Verb::Register`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Register {
    /// The name to have.
    #[serde(with = "word")]
    pub user: UserName,
    /// The password to have.
    pub password: Secret,
    /// The secret of an invite, where the server asks for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite: Option<Secret>,
    /// What to call this session in the owner's list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

/// See [`super::Verb::Login`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Login {
    /// Whose account.
    #[serde(with = "word")]
    pub user: UserName,
    /// Its password.
    pub password: Secret,
    /// What to call this session in the owner's list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// Where the client stands.
    #[serde(
        default,
        deserialize_with = "cursors::read",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub cursors: Cursors,
}

/// See [`super::Verb::Resume`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resume {
    /// From an earlier login or registration.
    pub token: Secret,
    /// Where the client stands.
    #[serde(
        default,
        deserialize_with = "cursors::read",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub cursors: Cursors,
}

/// See [`super::Verb::Send`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Send {
    /// Where to.
    #[serde(with = "word")]
    pub to: Address,
    /// What.
    #[serde(with = "word")]
    pub text: Text,
    /// The client's name for it: sending the same again gives the first answer again.
    #[serde(with = "word")]
    pub message: MessageId,
    /// The message it answers.
    #[serde(
        with = "number_option",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub reply_to: Option<Seq>,
    /// Whether it is something the author does (`/me`).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub action: bool,
}

/// A change to an earlier message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OfMessage<T> {
    /// Where the message is.
    #[serde(rename = "in", with = "word")]
    pub conversation: Address,
    /// Which it is.
    #[serde(with = "number")]
    pub seq: Seq,
    /// The client's name for this change, so that asking again does nothing twice.
    #[serde(with = "word_option", default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
    /// The change.
    #[serde(flatten)]
    pub change: T,
}

/// The text a message gets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewText {
    /// From now on.
    #[serde(with = "word")]
    pub text: Text,
}

/// A reaction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WithEmoji {
    /// Exactly one character as a reader sees it.
    #[serde(with = "word")]
    pub emoji: Emoji,
}

/// Something about a room.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InRoom<T> {
    /// Which room.
    #[serde(with = "word")]
    pub room: RoomName,
    /// The client's name for this change, so that asking again does nothing twice.
    #[serde(with = "word_option", default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
    /// What.
    #[serde(flatten)]
    pub what: T,
}

/// Who will find a new room.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WithVisibility {
    /// Public when absent.
    #[serde(with = "word_option", default, skip_serializing_if = "Option::is_none")]
    pub visibility: Option<Visibility>,
}

/// A user.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WithUser {
    /// Whom it is about.
    #[serde(with = "word")]
    pub user: UserName,
}

/// See [`super::Verb::Topic`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Topic {
    /// May be empty.
    #[serde(with = "word")]
    pub topic: TopicText,
}

/// See [`super::Verb::Role`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SetRole {
    /// Whose.
    #[serde(with = "word")]
    pub user: UserName,
    /// From now on.
    #[serde(with = "word")]
    pub role: RoomRole,
}

/// A kick, ban or mute.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Moderate {
    /// Whom.
    #[serde(with = "word")]
    pub user: UserName,
    /// Why; shown to all.
    #[serde(with = "word_option", default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// How long a ban or mute lasts; for good when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
}

/// One thing about a room. Exactly one field is there.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// What it is called.
    #[serde(with = "word_option", default, skip_serializing_if = "Option::is_none")]
    pub name: Option<RoomName>,
    /// Who can find it.
    #[serde(with = "word_option", default, skip_serializing_if = "Option::is_none")]
    pub visibility: Option<Visibility>,
    /// How far back newcomers may read.
    #[serde(with = "word_option", default, skip_serializing_if = "Option::is_none")]
    pub backscroll: Option<Backscroll>,
    /// Seconds between two messages of one member; 0 is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slow_mode: Option<u64>,
    /// How long messages stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<Retention>,
    /// Whether it can be read only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived: Option<bool>,
}

/// How long messages stay; an absent bound is the server's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retention {
    /// Seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_for: Option<u64>,
    /// Entries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_last: Option<u64>,
}

/// See [`super::Verb::History`]. Without `before` and `after`: the newest page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// Of which conversation.
    #[serde(rename = "in", with = "word")]
    pub of: Address,
    /// Only entries before this one: the page that ends there.
    #[serde(
        with = "number_option",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub before: Option<Seq>,
    /// Only entries after this one: the page that begins there.
    #[serde(
        with = "number_option",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub after: Option<Seq>,
    /// How many at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// See [`super::Verb::Search`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Search {
    /// Words that must all be in the message, in any order and case: `"a phrase"` as it stands,
    /// `wor*` for every word that begins so. At most 1,024 bytes.
    pub words: String,
    /// Only in this conversation.
    #[serde(
        rename = "in",
        with = "word_option",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub conversation: Option<Address>,
    /// Only by this author.
    #[serde(with = "word_option", default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UserName>,
    /// Only before this time, in milliseconds since 1970-01-01 UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<i64>,
    /// Only after this time, in milliseconds since 1970-01-01 UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<i64>,
    /// The `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<u64>,
}

/// A list that comes by page.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Listing<T> {
    /// The last name of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// How many at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Of what.
    #[serde(flatten)]
    pub what: T,
}

/// A room whose members are asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Of {
    /// Which room.
    #[serde(with = "word")]
    pub room: RoomName,
}

/// See [`super::Verb::Read`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Read {
    /// In which conversation.
    #[serde(rename = "in", with = "word")]
    pub conversation: Address,
    /// Up to and with this entry; never moves back.
    #[serde(with = "number")]
    pub seq: Seq,
}

/// See [`super::Verb::Silence`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Silence {
    /// Which conversation.
    #[serde(rename = "in", with = "word")]
    pub conversation: Address,
    /// Whether it counts no mentions from now on.
    pub silent: bool,
}

/// Something about a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InConversation {
    /// Which.
    #[serde(rename = "in", with = "word")]
    pub conversation: Address,
}

/// See [`super::Verb::Away`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Away {
    /// Why one is away, at most 256 bytes; back when absent.
    #[serde(with = "word_option", default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Reason>,
}

/// See [`super::Verb::Password`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Password {
    /// The one in force.
    pub old: Secret,
    /// The one to be. All other sessions end.
    pub new: Secret,
}

/// See [`super::Verb::Revoke`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Revoke {
    /// Which session; all but this one when absent.
    #[serde(
        with = "number_option",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub session: Option<TokenId>,
}
