//! What the server says when a request was done.

use serde::{Deserialize, Serialize};

use crate::model::{
    Address, Reason, RoomName, RoomRole, Seq, ServerRole, Timestamp, TokenId, Topic, UserName,
    Visibility,
};

use super::{
    Positions, RequestId, Secret,
    words::{number, word, word_option},
};

/// What the server says when a request was done. Which fields are there depends on the request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The request's.
    pub id: RequestId,
    /// To everything that adds an entry: where it stands.
    #[serde(flatten, default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<Sent>,
    /// To `register`, `login` and `resume`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub welcome: Option<Welcome>,
    /// To `history`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<HistoryEnd>,
    /// To `search`: the `page` to ask for next; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<u64>,
    /// To `rooms`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rooms: Option<Vec<RoomLine>>,
    /// To `members`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<MemberLine>>,
    /// To `online` and `blocks`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users: Option<Vec<UserLine>>,
    /// To `sessions`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sessions: Option<Vec<SessionLine>>,
    /// To a listing: whether there is more after the last name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more: Option<bool>,
    /// To `read`: how far the account has read now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<Positions>,
    /// To `offer`: the link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
}

/// Where an entry stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The conversation.
    #[serde(rename = "in", with = "word")]
    pub conversation: Address,
    /// Its place there.
    #[serde(with = "number")]
    pub seq: Seq,
    /// When the server took it.
    #[serde(with = "number")]
    pub at: Timestamp,
}

/// What a session is told when it is logged in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Welcome {
    /// The account's name, as registered.
    #[serde(with = "word")]
    pub user: UserName,
    /// What it may do on the server.
    #[serde(with = "word")]
    pub role: ServerRole,
    /// The number of this session in the owner's list.
    #[serde(with = "number")]
    pub session: TokenId,
    /// What `resume` takes next time. Not there after `resume` itself: the token stays the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Secret>,
    /// How often the login of this account has failed since it last succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_logins: Option<u64>,
}

/// The end of a history page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEnd {
    /// How many entries the page had.
    pub count: u64,
    /// The first entry that is kept and may be read.
    #[serde(with = "number")]
    pub start: Seq,
    /// The newest entry.
    #[serde(with = "number")]
    pub head: Seq,
    /// Whether there are more in the direction asked for.
    pub more: bool,
}

/// A room in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomLine {
    /// What it is called.
    #[serde(with = "word")]
    pub room: RoomName,
    /// What it is about.
    #[serde(with = "word")]
    pub topic: Topic,
    /// Who can find it.
    #[serde(with = "word")]
    pub visibility: Visibility,
    /// How many are in it.
    pub members: u64,
    /// Whether the asker is.
    pub joined: bool,
}

/// A member in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberLine {
    /// Who.
    #[serde(with = "word")]
    pub user: UserName,
    /// What they may do.
    #[serde(with = "word")]
    pub role: RoomRole,
    /// Whether a session of theirs is connected.
    pub online: bool,
}

/// A user in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserLine {
    /// Who.
    #[serde(with = "word")]
    pub user: UserName,
    /// Why they are away, if they are.
    #[serde(with = "word_option", default, skip_serializing_if = "Option::is_none")]
    pub away: Option<Reason>,
}

/// A session in its owner's list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionLine {
    /// What `revoke` takes.
    #[serde(with = "number")]
    pub session: TokenId,
    /// What the client called itself.
    pub device: String,
    /// Since when.
    #[serde(with = "number")]
    pub created: Timestamp,
    /// When it last logged in.
    #[serde(with = "number")]
    pub last_used: Timestamp,
    /// Whether it is the asker's own.
    pub this: bool,
    /// Whether it is connected.
    pub online: bool,
}
