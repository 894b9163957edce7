//! The values every layer speaks of: ids, names, texts, roles and time.
//!
//! Each is checked once, where it is made; a value that exists is legal, and nothing further in
//! checks it again. Knows nothing of the wire, the store or the rules.

mod account;
pub mod chance;
mod id;
mod name;
mod room;
#[cfg(test)]
pub(crate) mod simulated;
mod text;
mod time;

pub use account::{Account, ServerRole};
pub use id::{AccountId, ConversationId, InviteId, MessageId, Seq, TokenId};
pub use name::{Address, NameError, ROOM_NAME_MAX, RoomName, USER_NAME_MAX, UserName};
pub use room::{Backscroll, RoomRole, Visibility};
pub use text::{EMOJI_MAX, Emoji, REASON_MAX, Reason, TEXT_MAX, TOPIC_MAX, Text, TextError, Topic};
pub use time::Timestamp;
