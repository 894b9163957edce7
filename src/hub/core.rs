//! The hub's turn, without a thread or a channel in it.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

use crate::{
    auth::Identity,
    model::{Address, Seq, ServerRole, Timestamp},
    store::{Membership, Store, StoreError},
};

use super::{
    Limits, Refused,
    batch::Batch,
    feed::{Departures, Feed, SessionKey, Value},
    job::{AttachError, Effect, Effects, Finish, Job, Online},
    presence::Presence,
    resume::{self, Cursor},
    turn::Turn,
    world::World,
};

/// How long to leave a store alone that could not be opened again.
const REOPEN_INTERVAL: Duration = Duration::from_secs(1);

/// The state of the chat and the store it is kept in. Owned by the hub's thread.
pub(super) struct Core {
    store: Store,
    world: World,
    presence: Presence,
    departures: Departures,
    limits: Limits,
    reopened: Option<Instant>,
}

/// What a transaction will mean once it is committed.
#[derive(Default)]
struct Outcome {
    batch: Batch,
    effects: Effects,
    finishes: Vec<Finish>,
}

/// A turn between its two halves.
pub(super) struct Committed {
    outcome: Outcome,
    rest: Vec<Job>,
    now: Timestamp,
}

impl Core {
    pub(super) fn new(store: Store, limits: Limits) -> Self {
        Self {
            store,
            world: World::default(),
            presence: Presence::default(),
            departures: Departures::default(),
            limits,
            reopened: None,
        }
    }

    pub(super) fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Does all jobs: first what writes, in one transaction; then the rest, which so sees it all.
    pub(super) fn step(&mut self, jobs: Vec<Job>, now: Timestamp) {
        let committed = self.commit(jobs, now);
        self.show(committed);
    }

    /// The first half: decides what writes and commits it. Nobody sees anything of it yet.
    pub(super) fn commit(&mut self, jobs: Vec<Job>, now: Timestamp) -> Committed {
        for key in self.departures.take() {
            self.detach(key);
        }
        let (writes, rest): (Vec<_>, Vec<_>) = jobs
            .into_iter()
            .partition(|job| matches!(job, Job::Asks(..) | Job::Work(_)));
        let outcome = if writes.is_empty() {
            Outcome::default()
        } else {
            self.write(writes, now)
        };
        Committed { outcome, rest, now }
    }

    /// The second half: applies what was committed, shows it and answers; then does the rest.
    pub(super) fn show(&mut self, Committed { outcome, rest, now }: Committed) {
        self.take_place(outcome, now);
        for job in rest {
            self.after_the_commit(job, now);
        }
        self.world.wake_crowds(Some(now));
    }

    /// Whether somebody has yet to be woken for what is there: to be done within
    /// [`CROWD_INTERVAL`](super::crowd::CROWD_INTERVAL), by the next turn or without one.
    pub(super) fn is_quiet(&self) -> bool {
        self.world.is_quiet()
    }

    /// Wakes whoever has yet to be woken.
    pub(super) fn wake_crowds(&mut self) {
        self.world.wake_crowds(None);
    }

    /// What is to be shown of it: nothing when it was not committed.
    fn write(&mut self, writes: Vec<Job>, now: Timestamp) -> Outcome {
        let asked: Vec<_> = writes
            .iter()
            .filter_map(|job| match job {
                Job::Asks(key, asks) => Some(asks.iter().map(|(request, _)| (*key, *request))),
                _ => None,
            })
            .flatten()
            .collect();
        let mut outcome = Outcome::default();
        outcome.batch.written.reserve(asked.len());
        // A panic in here is a defect in the rules or the store. It voids the transaction, and with
        // it only what was asked in this batch.
        let transact = AssertUnwindSafe(|| self.transact(writes, now, &mut outcome));
        match catch_unwind(transact) {
            Ok(Ok(())) => return outcome,
            Ok(Err(error)) => self.void(outcome, &asked, &error),
            Err(_) => self.void(
                outcome,
                &asked,
                &"a panic, which is a defect: please report it",
            ),
        }
        Outcome::default()
    }

    fn take_place(&mut self, outcome: Outcome, now: Timestamp) {
        outcome.batch.deliver(&mut self.world, &self.limits, now);
        for effect in outcome.effects.list {
            self.take_effect(effect);
        }
        for finish in outcome.finishes {
            finish();
        }
    }

    /// Refuses the whole batch; the state is as before.
    fn void(&mut self, outcome: Outcome, asked: &[(SessionKey, u64)], error: &dyn fmt::Display) {
        tracing::error!(%error, refused = asked.len(), "cannot write; nothing was kept");
        outcome.batch.forget(&mut self.world);
        for (key, request) in asked {
            if let Some(session) = self.world.sessions.get(key) {
                let refused = Err(Refused::Unavailable);
                session.slip.answer(vec![(*request, refused)]);
            }
        }
    }

    fn transact(
        &mut self,
        writes: Vec<Job>,
        now: Timestamp,
        outcome: &mut Outcome,
    ) -> Result<(), StoreError> {
        self.mend()?;
        let tx = self.store.begin()?;
        for job in writes {
            let mut turn = Turn {
                tx: &tx,
                world: &mut self.world,
                limits: &self.limits,
                batch: &mut outcome.batch,
                now,
            };
            match job {
                Job::Asks(key, asks) => turn.asks(key, &asks)?,
                Job::Work(work) => {
                    outcome.finishes.push(work(&tx, &mut outcome.effects)?);
                    let mut effects = outcome.effects.list.iter();
                    if effects.any(|effect| matches!(effect, Effect::Rename { .. })) {
                        turn.world.known.forget();
                    }
                    for entry in outcome.effects.written.drain(..) {
                        turn.adopt(entry)?;
                    }
                }
                Job::Attach { .. }
                | Job::Typing { .. }
                | Job::Away { .. }
                | Job::Online { .. }
                | Job::TokensOnline { .. }
                | Job::TokensAttached { .. }
                | Job::Tick => {}
            }
        }
        tx.commit()
    }

    /// After a failed write the store is not trusted until it has been opened again and checked.
    fn mend(&mut self) -> Result<(), StoreError> {
        if !self.store.is_suspect() {
            return Ok(());
        }
        if self
            .reopened
            .is_some_and(|tried| tried.elapsed() < REOPEN_INTERVAL)
        {
            return Err(StoreError::Suspect);
        }
        self.reopened = Some(Instant::now());
        self.store.reopen()?;
        tracing::warn!("the store was opened again and is whole; writing goes on");
        Ok(())
    }

    fn take_effect(&mut self, effect: Effect) {
        match effect {
            Effect::EndAll { account, keep, why } => self.world.end_sessions(account, keep, why),
            Effect::EndOne {
                account,
                token,
                why,
            } => self.world.end_session(account, token, why),
            Effect::Role { account, role } => self.world.set_role(account, role),
            Effect::Rename { from, to } => self.world.rename(&from, &to),
            Effect::Tell {
                account,
                except,
                value,
            } => {
                self.world.tell_account(account, except, &value);
            }
        }
    }

    fn after_the_commit(&mut self, job: Job, now: Timestamp) {
        match job {
            Job::Attach {
                identity,
                cursors,
                reply,
            } => {
                let attached = self.attach(&identity, &cursors);
                // The feed of one that has gone meanwhile is dropped here, and so departs.
                drop(reply.send(attached));
            }
            Job::Typing { key, to } => Presence::typing(&self.world, key, &to),
            Job::Away { key, text } => self.presence.away(&mut self.world, key, text),
            Job::Online { reply } => {
                // Nobody is left to be told when the asker has gone.
                drop(reply.send(self.online()));
            }
            Job::TokensOnline { account, reply } => {
                let sessions = self.world.of_account(account);
                drop(reply.send(sessions.map(|session| session.token).collect()));
            }
            Job::TokensAttached { reply } => {
                let sessions = self.world.sessions.values();
                drop(reply.send(sessions.map(|session| session.token).collect()));
            }
            Job::Tick => {
                self.presence.flush(&self.world);
                self.world.expire(now);
            }
            Job::Asks(..) | Job::Work(_) => {}
        }
    }

    fn detach(&mut self, key: SessionKey) {
        if let Some(gone) = self.world.leave(key) {
            self.presence.gone(&self.world, &gone);
        }
    }

    fn online(&self) -> Vec<Online> {
        let sessions = self.world.accounts.values().filter_map(|keys| keys.first());
        let mut online: Vec<_> = sessions
            .filter_map(|key| self.world.sessions.get(key))
            .map(|session| Online {
                account: session.actor.account.clone(),
                away: self.world.away.get(&session.actor.account.id).cloned(),
            })
            .collect();
        online.sort_by(|a, b| a.account.name.cmp(&b.account.name));
        online
    }

    /// Takes the backlog and the live subscription of a session at one point: between two
    /// transactions.
    fn attach(
        &mut self,
        identity: &Identity,
        cursors: &[(Address, Seq)],
    ) -> Result<Feed, AttachError> {
        let read = Self::read_for(&mut self.store, identity, cursors).map_err(|error| {
            tracing::error!(%error, "cannot read what a session is to be told at login");
            AttachError::Unavailable
        })?;
        let read = read.ok_or(AttachError::Revoked)?;
        let backlog_max = self.limits.backlog_max;
        let mut starts = Vec::with_capacity(read.memberships.len());
        for (membership, cursor) in read.memberships {
            resume::is_not_ahead(&membership, cursor.as_ref(), identity.account())?;
            let from = resume::start(&membership, cursor, backlog_max);
            starts.push((membership, from));
        }
        let (key, slip) = self.world.enter(identity, read.role);
        for (membership, from) in starts {
            self.world.read(key, membership, from);
        }
        for (room, by) in read.invitations {
            slip.value(Value::Invited { room, by });
        }
        self.presence.came(&self.world, key);
        Ok(Feed::new(key, slip, self.departures.clone()))
    }

    /// Nothing when the token was revoked, or the account disabled, since it was looked at: whoever
    /// did that has ended the sessions of that moment, and this one was not among them.
    fn read_for(
        store: &mut Store,
        identity: &Identity,
        cursors: &[(Address, Seq)],
    ) -> Result<Option<ToldAtLogin>, StoreError> {
        let tx = store.snapshot()?;
        let account = identity.account();
        let Some(owner) = tx.token_owner(identity.token())? else {
            return Ok(None);
        };
        let mut told = ToldAtLogin {
            role: owner.role,
            memberships: Vec::new(),
            invitations: Vec::new(),
        };
        told.memberships = resume::known(&tx, account, cursors)?;
        for invitation in tx.invitations(account.id)? {
            told.invitations.push((invitation.room, invitation.by));
        }
        Ok(Some(told))
    }
}

struct ToldAtLogin {
    role: ServerRole,
    memberships: Vec<(Membership, Option<Cursor>)>,
    invitations: Vec<(crate::model::RoomName, crate::model::Account)>,
}
