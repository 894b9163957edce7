//! The wire, `netcomm/1`: JSON objects, one a line, over TLS. Types and framing, nothing about why.
//!
//! Frames hold data that is checked as it is read; what it leads to is decided elsewhere. Nothing a
//! peer sends makes this module panic or allocate more than the frame limit. `docs/protocol.md` is
//! its description for those who write clients.
#![deny(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    clippy::as_conversions
)]

mod answer;
mod code;
mod entry;
mod frame;
mod framing;
mod request;
mod words;

pub use answer::{Answer, HistoryEnd, MemberLine, RoomLine, Sent, SessionLine, UserLine, Welcome};
pub use code::Code;
pub use entry::{EntryBody, EntryFrame, Reaction};
pub use frame::{
    ConversationFrame, Failure, Frame, Hello, Hit, InviteOffer, Limits, Positions, PresenceFrame,
    Unread,
};
pub use framing::{FrameBuffer, FramingError};
pub use request::{
    Away, Change, Cursors, History, InConversation, InRoom, Listing, Login, Malformed, Moderate,
    NewText, Nothing, Of, OfMessage, Password, Read, Register, Request, RequestId, Resume,
    Retention, Revoke, Search, Secret, Send, SetRole, Silence, Topic, Verb, WithEmoji, WithUser,
    WithVisibility,
};

/// What client and server agree on in the TLS handshake (ALPN, RFC 7301).
pub const ALPN: &[u8] = b"netcomm/1";
/// The version the first frame announces.
pub const VERSION: u32 = 1;
/// The port where nothing else is said.
pub const DEFAULT_PORT: u16 = 44444;
/// The longest frame of a logged-in session with its newline: a text of 16 KiB fits however it is
/// escaped, and one WebSocket message carries it.
pub const FRAME_MAX: usize = 64 * 1024;
/// The longest frame before login: credentials, an invite and a few hundred cursors are less.
pub const FRAME_MAX_BEFORE_LOGIN: usize = 4 * 1024;

#[cfg(test)]
mod tests;
