//! What a client asks.

mod cursors;
mod fields;
mod reading;
#[cfg(test)]
mod tests;

use serde::{
    Deserialize, Serialize,
    de::{Error, MapAccess, value::MapAccessDeserializer},
};

use super::Code;
use reading::{NO_SUCH_TYPE, at_once, step_by_step};

pub use cursors::Cursors;
pub use fields::{
    Away, Change, History, InConversation, InRoom, Listing, Login, Moderate, NewText, Nothing, Of,
    OfMessage, Password, Read, Register, Resume, Retention, Revoke, Search, Secret, Send, SetRole,
    Silence, Topic, WithEmoji, WithUser, WithVisibility,
};

/// The client's number for a request; the answer carries it.
pub type RequestId = u64;

/// One request: what is asked and the number its answer will carry.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Request {
    /// The client's number for it.
    pub id: RequestId,
    /// What is asked.
    #[serde(flatten)]
    pub verb: Verb,
}

/// A line that is no request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The request's number; absent when the line has none, and then the connection ends.
    pub id: Option<RequestId>,
    /// [`Code::BadFrame`] when there is no number, and only then.
    pub code: Code,
    /// What was wrong, as a sentence.
    pub text: String,
}

macro_rules! verbs {
    ($($(#[$doc:meta])* $word:literal = $variant:ident($data:ty)),+ $(,)?) => {
        /// What is asked. The variant's word is the frame's `type`.
        #[derive(Clone, Debug, PartialEq, Serialize)]
        #[serde(tag = "type")]
        pub enum Verb {
            $($(#[$doc])* #[serde(rename = $word)] $variant($data),)+
        }

        impl Verb {
            /// Every word there is.
            pub const WORDS: &[&str] = &[$($word),+];

            /// The frame's `type`.
            #[must_use]
            pub const fn word(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $word,)+
                }
            }

            fn read<'de, A: MapAccess<'de>>(word: &str, fields: A) -> Result<Self, A::Error> {
                let fields = MapAccessDeserializer::new(fields);
                match word {
                    $($word => <$data>::deserialize(fields).map(Self::$variant),)+
                    _ => Err(A::Error::custom(NO_SUCH_TYPE)),
                }
            }
        }
    };
}

verbs! {
    /// Make an account and log in as it.
    "register" = Register(Register),
    /// Log in with a password.
    "login" = Login(Login),
    /// Log in with a token and go on where the cursors stand.
    "resume" = Resume(Resume),
    /// Say goodbye; the server closes the connection.
    "quit" = Quit(Nothing),
    /// Ask whether the other end is there.
    "ping" = Ping(Nothing),
    /// Answer to the server's ping. The only request that is not answered.
    "pong" = Pong(Nothing),
    /// Say something.
    "send" = Send(Send),
    /// Change one's own message.
    "edit" = Edit(OfMessage<NewText>),
    /// Take a message back.
    "delete" = Delete(OfMessage<Nothing>),
    /// Put a reaction to a message.
    "react" = React(OfMessage<WithEmoji>),
    /// Take a reaction back.
    "unreact" = Unreact(OfMessage<WithEmoji>),
    /// Read earlier entries.
    "history" = History(History),
    /// Look for words.
    "search" = Search(Search),
    /// Make a room.
    "create" = Create(InRoom<WithVisibility>),
    /// Become a member of a room.
    "join" = Join(InRoom<Nothing>),
    /// Be a member no more.
    "leave" = Leave(InRoom<Nothing>),
    /// Ask a user into a room.
    "invite" = Invite(InRoom<WithUser>),
    /// Say what a room is about.
    "topic" = Topic(InRoom<Topic>),
    /// Give a member a role.
    "role" = Role(InRoom<SetRole>),
    /// Put a member out.
    "kick" = Kick(InRoom<Moderate>),
    /// Put a user out and keep them out.
    "ban" = Ban(InRoom<Moderate>),
    /// Lift a ban.
    "unban" = Unban(InRoom<WithUser>),
    /// Let a member read but not write.
    "mute" = Mute(InRoom<Moderate>),
    /// Lift a mute.
    "unmute" = Unmute(InRoom<WithUser>),
    /// Change one thing about a room.
    "set" = Set(InRoom<Change>),
    /// List a room's members.
    "members" = Members(Listing<Of>),
    /// List the rooms one may know of.
    "rooms" = Rooms(Listing<Nothing>),
    /// List who is online.
    "online" = Online(Listing<Nothing>),
    /// Say how far one has read.
    "read" = Read(Read),
    /// Have a conversation count no mentions, or again.
    "silence" = Silence(Silence),
    /// Say that one is typing.
    "typing" = Typing(InConversation),
    /// Say that one is away, or back.
    "away" = Away(Away),
    /// Take no direct messages from a user, and count no mentions by them.
    "block" = Block(WithUser),
    /// Take them again.
    "unblock" = Unblock(WithUser),
    /// List whom one has blocked.
    "blocks" = Blocks(Nothing),
    /// Change one's password.
    "password" = Password(Password),
    /// List one's sessions.
    "sessions" = Sessions(Nothing),
    /// End one of one's sessions, or all others.
    "revoke" = Revoke(Revoke),
    /// End this session: its token is worth nothing afterwards.
    "logout" = Logout(Nothing),
    /// Make an invite link for somebody without an account.
    "offer" = Offer(Nothing),
}

impl Request {
    /// Reads one line.
    ///
    /// # Errors
    ///
    /// [`Malformed`], with the code and sentence for the answer. Unknown fields are ignored.
    pub fn parse(line: &[u8]) -> Result<Self, Malformed> {
        // Once for the whole line, and not again for each string in it.
        let Ok(line) = std::str::from_utf8(line) else {
            return Err(Malformed::frame("the line is not UTF-8"));
        };
        // Most clients say what a request is before anything else, and one look is enough. What was
        // wrong with a line is found out step by step, so that it does not depend on its order.
        at_once(line).map_or_else(|| step_by_step(line), Ok)
    }

    /// The line to send, with its newline.
    #[must_use]
    #[expect(
        clippy::expect_used,
        reason = "plain data with string keys always serialises"
    )]
    pub fn encode(&self) -> Vec<u8> {
        let mut line = serde_json::to_vec(self).expect("a request is plain data");
        line.push(b'\n');
        line
    }
}

impl Malformed {
    fn frame(text: impl Into<String>) -> Self {
        Self {
            id: None,
            code: Code::BadFrame,
            text: text.into(),
        }
    }

    fn request(id: RequestId, code: Code, text: impl Into<String>) -> Self {
        Self {
            id: Some(id),
            code,
            text: text.into(),
        }
    }
}
