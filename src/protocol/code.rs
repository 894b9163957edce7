//! What a client's program can tell errors apart by.

use serde::{Deserialize, Serialize};

/// Why a request was refused or a connection ends. Stable: a code never changes its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// The line is no JSON object in UTF-8 with an `id` and no key twice. The connection ends.
    BadFrame,
    /// The line is longer than the limit. The connection ends.
    FrameTooLong,
    /// A field is missing, of the wrong type or not allowed to hold that.
    BadRequest,
    /// There is no such request type.
    UnknownType,
    /// The client asks for another version of the protocol than the server speaks.
    UnknownVersion,
    /// Log in first.
    NotLoggedIn,
    /// One login a connection.
    AlreadyLoggedIn,
    /// Unknown user, wrong password, disabled account or too many tries: one answer for all.
    LoginRefused,
    /// The token is unknown, expired or revoked: log in with the password.
    TokenRefused,
    /// Too much is going on; the same request will do later.
    Busy,
    /// Too many tries from this address or account; the same request will do later.
    Throttled,
    /// No account can be made that way on this server.
    RegistrationClosed,
    /// The invite is unknown, spent, expired or revoked.
    InviteRefused,
    /// Somebody has that user name.
    NameTaken,
    /// The user name may not be registered.
    NameRefused,
    /// The password breaks the rules; the sentence says which.
    PasswordRefused,
    /// No such room or user, or none that the asker may know of.
    NotFound,
    /// There is one already.
    Exists,
    /// Only members may.
    NotMember,
    /// The role is too low.
    Forbidden,
    /// Banned or muted.
    Banned,
    /// The room is archived.
    Archived,
    /// Slow mode.
    SlowDown,
    /// The message does not exist (any more).
    NoSuchMessage,
    /// One of the two has blocked the other.
    Blocked,
    /// A limit is reached; the sentence names it.
    Limit,
    /// It makes no sense now: joined already, not banned, the last owner, …
    Conflict,
    /// The account has used this message id for something else.
    MessageIdReused,
    /// The server cannot write just now. Nothing was kept; the same request will do later.
    Unavailable,
    /// The session was revoked or the account disabled. The connection ends.
    SessionEnded,
    /// The peer took too long. The connection ends.
    Timeout,
    /// Something went wrong inside the server; its log says what.
    Internal,
}
