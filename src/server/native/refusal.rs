//! Where every refusal becomes a code of the wire.

use std::time::Duration;

use crate::{
    chat::Refusal,
    hub::{AttachError, Ended, Kept, Refused, RegisterError},
    protocol::{Answer, Code, Failure, Frame, FramingError, Malformed, RequestId, Sent},
    server::NoLink,
    store::StoreError,
};

/// A refusal as the wire says it, without the request it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refuse {
    pub(super) code: Code,
    pub(super) text: String,
    pub(super) retry_ms: Option<u64>,
}

impl Refuse {
    pub(super) fn new(code: Code, text: impl Into<String>) -> Self {
        Self {
            code,
            text: text.into(),
            retry_ms: None,
        }
    }

    /// The same request will do after about that long.
    pub(super) fn after(self, wait: Duration) -> Self {
        let retry_ms = u64::try_from(wait.as_millis()).ok();
        Self { retry_ms, ..self }
    }

    /// The answer to a request.
    pub(super) fn to(self, id: RequestId) -> Frame {
        let Self {
            code,
            text,
            retry_ms,
        } = self;
        Frame::Error(Failure {
            id: Some(id),
            code,
            text,
            retry_ms,
        })
    }

    /// Whether a secret was guessed, and not rightly.
    pub(super) const fn says_a_guess_was_wrong(&self) -> bool {
        matches!(
            self.code,
            Code::LoginRefused | Code::TokenRefused | Code::InviteRefused
        )
    }

    /// The end of a connection.
    pub(super) fn fatal(self) -> Frame {
        let Self {
            code,
            text,
            retry_ms,
        } = self;
        Frame::Error(Failure {
            id: None,
            code,
            text,
            retry_ms,
        })
    }
}

impl From<Refusal> for Refuse {
    fn from(refusal: Refusal) -> Self {
        let code = match &refusal {
            Refusal::NoSuchConversation => Code::NotFound,
            Refusal::RoomExists => Code::Exists,
            Refusal::NotMember => Code::NotMember,
            Refusal::RoomsOnly | Refusal::TooFew { .. } => Code::BadRequest,
            Refusal::NeedsRoomRole { .. }
            | Refusal::NeedsServerRole { .. }
            | Refusal::TargetOutranks
            | Refusal::NotAuthor => Code::Forbidden,
            Refusal::AlreadyMember
            | Refusal::TargetNotMember
            | Refusal::TargetAlreadyMember
            | Refusal::LastOwner
            | Refusal::NotUnder { .. }
            | Refusal::TargetBanned
            | Refusal::AlreadyReacted
            | Refusal::NotReacted => Code::Conflict,
            Refusal::Banned { .. } | Refusal::Muted { .. } => Code::Banned,
            Refusal::Archived => Code::Archived,
            Refusal::SlowMode { .. } => Code::SlowDown,
            Refusal::NoSuchMessage => Code::NoSuchMessage,
            Refusal::Limit { .. } => Code::Limit,
            Refusal::Blocked => Code::Blocked,
        };
        let refuse = Self::new(code, refusal.to_string());
        match refusal {
            Refusal::SlowMode { wait } => refuse.after(wait),
            _ => refuse,
        }
    }
}

impl From<Refused> for Refuse {
    fn from(refused: Refused) -> Self {
        let code = match refused {
            Refused::Rule(refusal) => return refusal.into(),
            Refused::NoSuchUser => Code::NotFound,
            Refused::MessageIdReused => Code::MessageIdReused,
            Refused::Unavailable => Code::Unavailable,
        };
        Self::new(code, refused.to_string())
    }
}

impl From<RegisterError> for Refuse {
    fn from(error: RegisterError) -> Self {
        let code = match error {
            RegisterError::NameTaken => Code::NameTaken,
            RegisterError::Invite => Code::InviteRefused,
            RegisterError::Unavailable(_) => Code::Unavailable,
        };
        Self::new(code, error.to_string())
    }
}

impl From<AttachError> for Refuse {
    fn from(error: AttachError) -> Self {
        let code = match error {
            AttachError::CursorAhead { .. } => Code::Conflict,
            AttachError::Revoked => Code::TokenRefused,
            AttachError::Unavailable => Code::Unavailable,
        };
        Self::new(code, error.to_string())
    }
}

impl From<StoreError> for Refuse {
    /// The log is told what failed, the peer only that it did.
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "cannot read the store");
        Self::new(
            Code::Unavailable,
            "the server cannot read its store just now; try again later",
        )
    }
}

impl From<NoLink> for Refuse {
    fn from(error: NoLink) -> Self {
        Self::new(Code::Unavailable, error.to_string())
    }
}

impl From<FramingError> for Refuse {
    fn from(error: FramingError) -> Self {
        Self::new(Code::FrameTooLong, error.to_string())
    }
}

impl From<Ended> for Refuse {
    fn from(ended: Ended) -> Self {
        let text = match ended {
            Ended::Revoked => "this session was ended by you or the operator; log in again",
            Ended::PasswordChanged => "the password was changed; log in again",
            Ended::Disabled => "this account was disabled by the operator",
            Ended::Expired => "this login has lasted as long as one may; log in again",
        };
        Self::new(Code::SessionEnded, text)
    }
}

/// The answer to a line that is no request, and whether the connection ends with it.
pub(super) fn malformed(malformed: Malformed) -> (Frame, bool) {
    let Malformed { id, code, text } = malformed;
    let fatal = id.is_none();
    let frame = Frame::Error(Failure {
        id,
        code,
        text,
        retry_ms: None,
    });
    (frame, fatal)
}

/// The answer to what the hub was asked.
pub(super) fn outcome(id: RequestId, outcome: Result<Kept, Refused>) -> Frame {
    match outcome {
        Ok(Kept { to, seq, at }) => Frame::Ok(Answer {
            id,
            sent: Some(Sent {
                conversation: to,
                seq,
                at,
            }),
            ..Answer::default()
        }),
        Err(refused) => Refuse::from(refused).to(id),
    }
}
