//! What lasts: accounts, logs and what they amount to, in one SQLite file in the data folder.
//!
//! One [`Store`] writes, on the hub's thread: a [`Tx`] that has committed is on the disk. Any number
//! of [`Reader`]s read what is committed, from any task. `serve --ephemeral` and tests use the very
//! same code with [`Durability::None`] in a temporary folder: a second implementation in memory would
//! be a second set of promises to keep, and what is tested would not be what runs. Nothing here
//! decides what may happen; that is `chat`.

mod account;
mod append;
#[cfg(test)]
mod arbitrary;
mod backup;
mod connection;
mod conversation;
mod deletion;
mod detail;
mod ends;
mod error;
mod export;
#[cfg(test)]
mod fixture;
mod folder;
mod held;
mod history;
mod invite;
mod listing;
mod membership;
mod page;
mod position;
mod projection;
mod query;
mod reader;
mod retention;
mod row;
mod schema;
mod search;
mod secret;
mod sql;
mod token;
mod tx;
mod unread;
mod verify;
mod writer;

use crate::model::ConversationId;

pub use account::{AccountRecord, Credentials, LoginOutcome, NewAccount, Registration};
pub use append::Sent;
pub use backup::{Present, back_up, restore};
pub use deletion::NameAfterwards;
pub use error::StoreError;
pub use export::{Log, LogName, Snapshot};
pub use invite::{InviteRecord, NewInvite};
pub use listing::{AccountListing, MemberListing, Mute, RoomListing};
pub use membership::{Invitation, Membership, Place, RoomCount, Seat};
pub use page::{Body, Digest, Kept, Page, PageLimits, Reaction};
pub use reader::Reader;
pub use retention::{Retention, Trimmed};
pub use search::{Followed, Found, Hit, Index, Query, Readable, Searcher, Words};
pub use secret::{Fingerprint, PasswordHash, SecretHash};
pub use token::{NewToken, TokenListing, TokenRecord};
pub use tx::Tx;
pub use verify::{Verified, verify, verify_file};
pub use writer::{Durability, Store};

/// The broadcast; made by the first migration.
pub const EVERYONE: ConversationId = ConversationId::new(1);
