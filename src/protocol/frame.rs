//! What the server says.

use serde::{Deserialize, Serialize};

use crate::model::{
    Address, Reason, RoomName, RoomRole, Seq, Text, Timestamp, Topic, UserName, Visibility,
};

use super::{
    Answer, Code, EntryFrame, RequestId,
    words::{number, word, word_option},
};

/// One frame from the server; the variant's name is its `type`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Frame {
    /// The first frame of a connection.
    Hello(Hello),
    /// The request was done.
    Ok(Answer),
    /// The request was refused; without an `id`: the connection ends.
    Error(Failure),
    /// Something happened in a conversation.
    Entry(EntryFrame),
    /// An entry asked for by the `history` request with this `id`; its `ok` follows the last.
    Past {
        /// The request's.
        id: RequestId,
        /// The entry, as it stands now.
        #[serde(flatten)]
        entry: EntryFrame,
    },
    /// A message found by the `search` request with this `id`; its `ok` follows the last.
    Hit(Hit),
    /// Entries between the cursor and now are too many to be sent unasked.
    Gap {
        /// In which conversation.
        #[serde(rename = "in", with = "word")]
        conversation: Address,
        /// The first that is left out.
        #[serde(with = "number")]
        from: Seq,
        /// The last that is left out.
        #[serde(with = "number")]
        to: Seq,
    },
    /// The session reads this conversation from now on.
    Conversation(ConversationFrame),
    /// The account was asked into a room.
    Invited(InviteOffer),
    /// Everything up to the login has been sent; what follows is live.
    Current {},
    /// The account has read this far (told to its other sessions).
    Read(Positions),
    /// Somebody came, went or is away.
    Presence(PresenceFrame),
    /// Somebody is typing.
    Typing {
        /// Where.
        #[serde(rename = "in", with = "word")]
        conversation: Address,
        /// Who.
        #[serde(with = "word")]
        by: UserName,
    },
    /// Answer with `pong`.
    Ping {},
    /// The server stops; connect again after about this long.
    GoingAway {
        /// Milliseconds.
        retry_ms: u64,
    },
    /// Something the account's owner should know, as a sentence.
    Notice {
        /// The sentence.
        text: String,
    },
}

impl Frame {
    /// The line to send, with its newline.
    #[expect(
        clippy::expect_used,
        reason = "plain data with string keys always serialises"
    )]
    pub fn encode(&self, out: &mut Vec<u8>) {
        serde_json::to_writer(&mut *out, self).expect("a frame is plain data");
        out.push(b'\n');
    }

    /// Reads one line of a server.
    ///
    /// # Errors
    ///
    /// When it is no frame of this version. A frame whose `type` is unknown is `None`: a later
    /// server may say more.
    pub fn parse(line: &[u8]) -> Result<Option<Self>, serde_json::Error> {
        #[derive(Deserialize)]
        struct Head<'a> {
            #[serde(borrow, rename = "type")]
            word: std::borrow::Cow<'a, str>,
        }
        const WORDS: &[&str] = &[
            "hello",
            "ok",
            "error",
            "entry",
            "past",
            "hit",
            "gap",
            "conversation",
            "invited",
            "current",
            "read",
            "presence",
            "typing",
            "ping",
            "going_away",
            "notice",
        ];
        let head: Head<'_> = serde_json::from_slice(line)?;
        if WORDS.contains(&head.word.as_ref()) {
            serde_json::from_slice(line).map(Some)
        } else {
            Ok(None)
        }
    }
}

/// The first frame of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The version of this protocol.
    pub protocol: u32,
    /// The program and its version.
    pub software: String,
    /// What the operator calls the server.
    pub name: String,
    /// How accounts are made: `open`, `invite` or `closed`.
    pub registration: String,
    /// What the server's clock says.
    #[serde(with = "number")]
    pub at: Timestamp,
    /// What the server takes.
    pub limits: Limits,
}

/// What the server takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// The longest frame after login, in bytes with its newline.
    pub frame: usize,
    /// The longest frame before login, in bytes with its newline.
    pub frame_before_login: usize,
    /// The longest text, in bytes of UTF-8.
    pub text: usize,
    /// The most entries of one history page.
    pub history_page: u32,
    /// The most entries of one conversation that a resume sends unasked.
    pub backlog: u64,
}

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The request's; absent when the connection ends with this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<RequestId>,
    /// For programs.
    pub code: Code,
    /// For people.
    pub text: String,
    /// How long to wait before the same request may do, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_ms: Option<u64>,
}

/// A conversation the session reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConversationFrame {
    /// What its reader would type.
    #[serde(rename = "in", with = "word")]
    pub conversation: Address,
    /// What the client's cursor called it, when it is called something else now.
    #[serde(with = "word_option", default, skip_serializing_if = "Option::is_none")]
    pub was: Option<Address>,
    /// The newest entry.
    #[serde(with = "number")]
    pub head: Seq,
    /// The first entry that is kept and may be read.
    #[serde(with = "number")]
    pub start: Seq,
    /// What the account may do in the room.
    #[serde(with = "word_option", default, skip_serializing_if = "Option::is_none")]
    pub role: Option<RoomRole>,
    /// What the room is about.
    #[serde(with = "word_option", default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<Topic>,
    /// Who can find the room.
    #[serde(with = "word_option", default, skip_serializing_if = "Option::is_none")]
    pub visibility: Option<Visibility>,
    /// How far the account has read, and what that leaves.
    #[serde(flatten)]
    pub unread: Unread,
    /// Whether it counts no mentions.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub silent: bool,
    /// Whether the room can be read only.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub archived: bool,
}

/// How far an account has read in a conversation, and what that leaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unread {
    /// Up to and with this entry.
    #[serde(with = "number")]
    pub read: Seq,
    /// Messages after it.
    pub unread: u64,
    /// Mentions after it.
    pub mentions: u64,
}

/// How far the account has read in one conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Positions {
    /// Which.
    #[serde(rename = "in", with = "word")]
    pub conversation: Address,
    /// How far, and what that leaves.
    #[serde(flatten)]
    pub unread: Unread,
}

/// A room the account was asked into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteOffer {
    /// Which.
    #[serde(with = "word")]
    pub room: RoomName,
    /// By whom, when that is known still.
    #[serde(with = "word_option", default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UserName>,
}

/// Who is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresenceFrame {
    /// Who.
    #[serde(with = "word")]
    pub user: UserName,
    /// Whether a session of theirs is connected.
    pub online: bool,
    /// Why they are away, if they are.
    #[serde(with = "word_option", default, skip_serializing_if = "Option::is_none")]
    pub away: Option<Reason>,
}

/// A message that was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hit {
    /// The request's.
    pub id: RequestId,
    /// Where.
    #[serde(rename = "in", with = "word")]
    pub conversation: Address,
    /// Its place there.
    #[serde(with = "number")]
    pub seq: Seq,
    /// When it was said.
    #[serde(with = "number")]
    pub at: Timestamp,
    /// By whom.
    #[serde(with = "word")]
    pub by: UserName,
    /// Its text now.
    #[serde(with = "word")]
    pub text: Text,
    /// What matched: pairs of first byte and length in the text's UTF-8.
    pub marks: Vec<(u32, u32)>,
}
