//! What a client asks.

mod cursors;
mod fields;
#[cfg(test)]
mod tests;

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, IgnoredAny, MapAccess, Visitor},
};
use smallvec::SmallVec;

use super::{Code, VERSION, words::Borrowed};

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

            fn read(word: &str, line: &str) -> Option<Result<Self, serde_json::Error>> {
                match word {
                    $($word => Some(serde_json::from_str::<$data>(line).map(Self::$variant)),)+
                    _ => None,
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

/// What every request has.
#[derive(Default)]
struct Head<'a> {
    id: Option<RequestId>,
    word: Option<Cow<'a, str>>,
    /// The version of the protocol that the client wants, if it says.
    protocol: Option<u64>,
}

/// The most keys a request may have; the longest has six.
const KEYS_MAX: usize = 32;
/// Nearly all have no more than so many.
const KEYS_USUAL: usize = 8;

const ID_RULE: &str = "'id' is a whole number from 0 to 18446744073709551615";
const TYPE_RULE: &str = "'type' is a string";
const PROTOCOL_RULE: &str = "'protocol' is a whole number";

/// Reads the head of a request and refuses a key that stands twice: two readers of such a line
/// could take it for two different requests.
impl<'de> Deserialize<'de> for Head<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Head<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Head<'de>, A::Error> {
                let mut head = Head::default();
                let mut keys: SmallVec<[Cow<'de, str>; KEYS_USUAL]> = SmallVec::new();
                while let Some(Borrowed(key)) = map.next_key()? {
                    if keys.contains(&key) {
                        return Err(A::Error::custom(format_args!(
                            "the key {key:?} stands twice"
                        )));
                    }
                    if keys.len() >= KEYS_MAX {
                        let text = format_args!("a request has at most {KEYS_MAX} keys");
                        return Err(A::Error::custom(text));
                    }
                    let wrong = |what| move |_| A::Error::custom(what);
                    match key.as_ref() {
                        "id" => {
                            let id = map.next_value().map_err(wrong(ID_RULE))?;
                            head.id = Some(id);
                        }
                        "type" => {
                            let word: Borrowed<'de> = map.next_value().map_err(wrong(TYPE_RULE))?;
                            head.word = Some(word.0);
                        }
                        "protocol" => {
                            let version = map.next_value().map_err(wrong(PROTOCOL_RULE))?;
                            head.protocol = Some(version);
                        }
                        _ => drop(map.next_value::<IgnoredAny>()?),
                    }
                    keys.push(key);
                }
                Ok(head)
            }
        }

        from.deserialize_map(Object)
    }
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
        let head: Head<'_> = serde_json::from_str(line).map_err(|error| {
            if error.is_data() && line.trim_ascii_start().starts_with('{') {
                Malformed::frame(sentence(&error))
            } else {
                Malformed::frame("the line is no JSON object")
            }
        })?;
        let id = match (head.id, head.word.as_deref()) {
            (Some(id), _) => id,
            // It is not answered, so it needs none.
            (None, Some("pong")) => 0,
            (None, _) => return Err(Malformed::frame("the request has no 'id'")),
        };
        let Some(word) = head.word else {
            return Err(Malformed::request(
                id,
                Code::BadRequest,
                "the request has no 'type'",
            ));
        };
        if head
            .protocol
            .is_some_and(|version| version != u64::from(VERSION))
        {
            let text = format!("this server speaks version {VERSION} of the protocol");
            return Err(Malformed::request(id, Code::UnknownVersion, text));
        }
        match Verb::read(&word, line) {
            Some(Ok(verb)) => Ok(Self { id, verb }),
            Some(Err(error)) => Err(Malformed::request(id, Code::BadRequest, sentence(&error))),
            None => {
                let text = "there is no such request type";
                Err(Malformed::request(id, Code::UnknownType, text))
            }
        }
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

/// What was wrong, without where in the line: lines are short.
fn sentence(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line ") {
        Some((what, _)) => what.to_owned(),
        None => text,
    }
}
