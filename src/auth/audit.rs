//! The audit trail of logins: one event is one line, under one target.
//!
//! Says more than the peer is told, and never a password or a token. What a peer has chosen, such
//! as a name, is a field; the logger escapes it.

use tracing::{field::display, info, warn};

use super::{Origin, compare::Refusal};
use crate::model::{Account, UserName};

/// The target by which the audit trail is filtered and sent elsewhere.
pub const AUDIT: &str = "netcomm::audit";

pub(super) fn login_ok(account: &Account, origin: Origin) {
    let Account { id, name } = account;
    info!(target: AUDIT, event = "login_ok", user = %name, account = %id, peer = %origin);
}

pub(super) fn login_failed(name: &UserName, origin: Origin, why: Refusal) {
    let event = match why {
        Refusal::Limited => "login_limited",
        Refusal::Busy => "login_busy",
        Refusal::Unknown | Refusal::Password(_) | Refusal::Disabled | Refusal::Unreadable => {
            "login_failed"
        }
    };
    let reason = why.as_str();
    warn!(target: AUDIT, event, user = %name, peer = %origin, reason);
}

pub(super) fn register_limited(name: &UserName, origin: Origin) {
    warn!(target: AUDIT, event = "register_limited", user = %name, peer = %origin);
}

pub(super) fn token_ok(account: &Account, origin: Origin) {
    let Account { id, name } = account;
    info!(target: AUDIT, event = "token_ok", user = %name, account = %id, peer = %origin);
}

pub(super) fn token_refused(account: Option<&Account>, origin: Origin, reason: &'static str) {
    let user = account.map(|account| display(&account.name));
    warn!(target: AUDIT, event = "token_refused", user, peer = %origin, reason);
}
