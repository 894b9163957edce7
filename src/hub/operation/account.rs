//! Accounts made and changed by the operator.

use crate::{
    model::{Account, ServerRole, Timestamp, UserName},
    store::{NewAccount, PasswordHash, Registration, Tx},
};

use super::{LastOwner, NotDone};
use crate::hub::{Effects, Ended};

pub(super) fn add(
    tx: &Tx<'_>,
    user: &UserName,
    password: &PasswordHash,
    role: ServerRole,
    now: Timestamp,
) -> Result<(), NotDone> {
    let new = NewAccount {
        name: user.clone(),
        password: password.clone(),
        role,
    };
    match tx.register(&new, now)? {
        Registration::Registered(_) => Ok(()),
        Registration::NameTaken => Err(NotDone::NameTaken(user.clone())),
    }
}

pub(super) fn set_password(
    tx: &Tx<'_>,
    effects: &mut Effects,
    user: &UserName,
    password: &PasswordHash,
) -> Result<(), NotDone> {
    let id = find(tx, user)?.id;
    tx.set_password(id, password)?;
    tx.revoke_tokens(id, None)?;
    effects.end_all(id, None, Ended::PasswordChanged);
    Ok(())
}

pub(super) fn set_role(
    tx: &Tx<'_>,
    effects: &mut Effects,
    user: &UserName,
    role: ServerRole,
    last_owner: LastOwner,
) -> Result<(), NotDone> {
    let account = find(tx, user)?;
    if role != ServerRole::Owner {
        may_go(tx, &account, last_owner)?;
    }
    tx.set_role(account.id, role)?;
    effects.role(account.id, role);
    Ok(())
}

pub(super) fn disable(
    tx: &Tx<'_>,
    effects: &mut Effects,
    user: &UserName,
    last_owner: LastOwner,
) -> Result<(), NotDone> {
    let account = find(tx, user)?;
    may_go(tx, &account, last_owner)?;
    tx.set_disabled(account.id, true)?;
    tx.revoke_tokens(account.id, None)?;
    effects.end_all(account.id, None, Ended::Disabled);
    Ok(())
}

pub(super) fn enable(tx: &Tx<'_>, user: &UserName) -> Result<(), NotDone> {
    Ok(tx.set_disabled(find(tx, user)?.id, false)?)
}

pub(super) fn find(tx: &Tx<'_>, user: &UserName) -> Result<Account, NotDone> {
    let found = tx.account_by_name(user)?;
    found
        .map(|record| record.account)
        .ok_or_else(|| NotDone::NoSuchUser(user.clone()))
}

/// Refuses to leave the server without an owner who can log in, unless that is what is wanted.
pub(super) fn may_go(tx: &Tx<'_>, account: &Account, last_owner: LastOwner) -> Result<(), NotDone> {
    let owner = tx
        .account(account.id)?
        .is_some_and(|found| found.role == ServerRole::Owner && !found.disabled);
    match last_owner {
        LastOwner::Stays if owner && !tx.has_other_owner(account.id)? => {
            Err(NotDone::LastOwner(account.name.clone()))
        }
        LastOwner::Stays | LastOwner::MayGo => Ok(()),
    }
}
