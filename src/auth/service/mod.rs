//! The service that lets people in.

use std::{
    io,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::time::sleep;

use crate::{
    config::{Config, Limits, Passwords},
    model::{AccountId, UserName},
    store::{Credentials, PasswordHash, Reader, StoreError},
};

use super::{
    Cost, HashError, Identity, LoginError, Origin, Password, PasswordPolicy, Proven, RegisterError,
    Registrant, SecretToken, TokenSeed, audit,
    compare::{Against, Refusal},
    hash::{Scratch, Stored},
    hasher::{Hasher, Standing},
    lifetime::{Lifetime, Wall},
    throttle::{Attempt, Guess, Outcome, Place, Relation, Throttle, Verdict},
};

/// The longest name of a device that is kept, in characters: it is one column of a list.
const DEVICE_MAX: usize = 64;

/// No account has this id. Asked after in the place of one that is not there, so that looking for
/// an account costs the same whether there is one.
const NOBODY: AccountId = AccountId::new(0);

/// Why logins cannot be offered at all.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configured cost is of no use, or there is no randomness.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The system gives no threads.
    #[error("cannot start the threads that hash passwords: {0}")]
    Threads(#[from] io::Error),
}

/// Checks passwords and tokens, for all ways in: one limiter, one policy, one waiting line.
///
/// Owns the hashing threads and the limiter's counters. It reads the store and writes nothing:
/// what is to be stored, it hands back.
pub struct Auth {
    reader: Reader,
    policy: PasswordPolicy,
    cost: Cost,
    /// Compared with in the place of the hash of an account that is not there.
    nobodys: Stored,
    lifetime: Lifetime,
    wall: Wall,
    throttle: Mutex<Throttle>,
    hasher: Hasher,
}

impl Auth {
    /// Gets ready to let people in.
    ///
    /// # Errors
    ///
    /// When the configured cost is none argon2 knows, or the system gives no threads or no
    /// random numbers.
    pub fn new(reader: Reader, config: &Config) -> Result<Self, StartError> {
        let passwords = &config.passwords;
        let hasher = Hasher::new(passwords.concurrent.count(), passwords.waiting)?;
        Self::with(reader, config, hasher)
    }

    /// As [`Auth::new`], without threads.
    #[cfg(test)]
    pub(crate) fn simulated(reader: Reader, config: &Config) -> Result<Self, StartError> {
        Self::with(reader, config, Hasher::simulated())
    }

    fn with(reader: Reader, config: &Config, hasher: Hasher) -> Result<Self, StartError> {
        let passwords = &config.passwords;
        let cost = Cost::new(passwords.memory_kib, passwords.passes, passwords.lanes)?;
        Ok(Self {
            reader,
            policy: PasswordPolicy::new(passwords.min_length),
            nobodys: Stored::nobodys(&cost)?,
            cost,
            lifetime: Lifetime::new(&config.sessions),
            wall: Wall::new(),
            throttle: Mutex::new(Throttle::new(config.limits.registrations_per_hour)),
            hasher,
        })
    }

    /// Takes over the limits that can change while the server runs.
    pub fn reload(&self, limits: &Limits) {
        self.throttle()
            .limit_registrations(limits.registrations_per_hour);
    }

    /// Checks a password. Says the same, after the same work, whatever is wrong.
    ///
    /// Cancel safe: a check that nobody waits for counts as a wrong guess.
    ///
    /// # Errors
    ///
    /// [`LoginError::Refused`] when it does not let its owner in, [`LoginError::Busy`] when it
    /// could not be looked at, [`LoginError::Store`] when the account could not be read.
    pub async fn check_password(
        &self,
        name: &UserName,
        password: Password,
        peer: IpAddr,
    ) -> Result<Proven, LoginError> {
        let origin = Origin::of(peer);
        let credentials = self.reader.credentials(name.clone()).await?;
        let attempt = Attempt {
            name,
            origin,
            relation: self.relation(credentials.as_ref(), origin).await?,
            stored: credentials.as_ref().map(|found| &found.password),
        };
        let (counted, standing) = self.admit(&attempt).await?;
        let against = match (&counted.guess, credentials) {
            (None, _) => Against::nobody(&self.nobodys, Refusal::Limited),
            (Some(_), None) => Against::nobody(&self.nobodys, Refusal::Unknown),
            (Some(_), Some(credentials)) => Against::account(credentials, &self.nobodys),
        };
        let cost = self.cost.clone();
        let compare = move |scratch: &mut Scratch| against.compare(&password, &cost, scratch);
        let checked = match self.hasher.run(standing, compare).await {
            Ok(checked) => checked,
            Err(_) => Err(Refusal::Busy),
        };
        counted.settle(match &checked {
            Ok(_) => Outcome::Right,
            Err(Refusal::Busy) => Outcome::NotLookedAt,
            Err(_) => Outcome::Wrong,
        });
        match &checked {
            Ok(proven) => audit::login_ok(&proven.account().account, origin),
            Err(refusal) => audit::login_failed(name, origin, *refusal),
        }
        checked.map_err(Refusal::as_told)
    }

    /// Checks a password for a new account, and hashes it.
    ///
    /// # Errors
    ///
    /// [`RegisterError`]: not good enough, too many from this address, or no room to hash it.
    pub async fn prepare(
        &self,
        name: &UserName,
        password: Password,
        peer: IpAddr,
    ) -> Result<Registrant, RegisterError> {
        let origin = Origin::of(peer);
        let counted = self.throttle().register(self.wall.uptime(), origin);
        if let Err(wait) = counted {
            audit::register_limited(name, origin);
            let minutes = wait.as_secs().div_ceil(60);
            return Err(RegisterError::Limited { minutes });
        }
        let standing = self.standing(origin, Relation::Stranger);
        let password = self.hash(name, password, standing).await?;
        Ok(Registrant {
            name: name.clone(),
            password,
        })
    }

    /// Checks a password that somebody who is logged in wants from now on, and hashes it. That
    /// they know the old one is for [`check_password`](Self::check_password) to say.
    ///
    /// # Errors
    ///
    /// [`RegisterError`]: not good enough, or no room to hash it.
    pub async fn new_password(
        &self,
        name: &UserName,
        password: Password,
    ) -> Result<PasswordHash, RegisterError> {
        self.hash(name, password, Standing::Known).await
    }

    /// Makes a token for a device. It is good for nothing until it is stored.
    ///
    /// # Errors
    ///
    /// When the system gives no random numbers.
    pub fn new_token(
        &self,
        device: &str,
        peer: IpAddr,
    ) -> Result<(SecretToken, TokenSeed), HashError> {
        let token = SecretToken::generate()?;
        let seed = TokenSeed {
            hash: token.hash(),
            device: device
                .chars()
                .filter(|c| !c.is_control())
                .take(DEVICE_MAX)
                .collect(),
            prefix: Origin::of(peer).to_string(),
        };
        Ok((token, seed))
    }

    /// Says whose token this is: the only way to an [`Identity`].
    ///
    /// # Errors
    ///
    /// [`LoginError::Token`] when it is not stored, too old, or its account disabled;
    /// [`LoginError::Store`] when it could not be read.
    pub async fn identify(
        &self,
        token: &SecretToken,
        peer: IpAddr,
    ) -> Result<Identity, LoginError> {
        let origin = Origin::of(peer);
        let Some(found) = self.reader.token(token.hash()).await? else {
            audit::token_refused(None, origin, "no such token");
            return Err(LoginError::Token);
        };
        let now = self.wall.now();
        let refused = if found.owner.disabled {
            Some("account disabled")
        } else if self.lifetime.is_over(&found, now) {
            Some("expired")
        } else {
            None
        };
        if let Some(reason) = refused {
            audit::token_refused(Some(&found.owner.account), origin, reason);
            return Err(LoginError::Token);
        }
        audit::token_ok(&found.owner.account, origin);
        Ok(Identity {
            touch_due: self.lifetime.touch_due(&found, now),
            account: found.owner.account,
            role: found.owner.role,
            token: found.id,
        })
    }

    async fn relation(
        &self,
        credentials: Option<&Credentials>,
        origin: Origin,
    ) -> Result<Relation, StoreError> {
        let account = credentials.map_or(NOBODY, |found| found.record.account.id);
        let known = self.reader.known_prefix(account, origin.to_string());
        Ok(if known.await? {
            Relation::Known
        } else {
            Relation::Stranger
        })
    }

    /// Counts a guess, when it has its turn, and says what place in line it has; also when it will not
    /// be looked at.
    async fn admit(&self, attempt: &Attempt<'_>) -> Result<(Counted<'_>, Standing), LoginError> {
        let mut waiting = Waiting {
            auth: self,
            place: None,
        };
        loop {
            let standing = self.standing(attempt.origin, attempt.relation);
            let now = self.wall.uptime();
            let verdict = self.throttle().ask(now, attempt, &mut waiting.place);
            let (guess, standing) = match verdict {
                Verdict::Look(guess) => (Some(guess), standing),
                Verdict::Limited => (None, Standing::Limited),
                Verdict::Busy => return Err(LoginError::Busy),
                Verdict::Wait(pause) => {
                    sleep(pause).await;
                    continue;
                }
            };
            return Ok((Counted { auth: self, guess }, standing));
        }
    }

    fn standing(&self, origin: Origin, relation: Relation) -> Standing {
        match relation {
            Relation::Known => Standing::Known,
            Relation::Stranger => {
                let now = self.wall.uptime();
                Standing::Stranger(self.throttle().strikes(now, origin, relation))
            }
        }
    }

    async fn hash(
        &self,
        name: &UserName,
        password: Password,
        standing: Standing,
    ) -> Result<PasswordHash, RegisterError> {
        let (policy, cost, name) = (self.policy, self.cost.clone(), name.clone());
        let hash = move |scratch: &mut Scratch| {
            policy.check(&name, &password)?;
            Ok(PasswordHash::new(
                &Stored::new(&password, &cost, scratch)?.to_phc()?,
            ))
        };
        match self.hasher.run(standing, hash).await {
            Ok(hashed) => hashed,
            Err(_) => Err(RegisterError::Busy),
        }
    }

    fn throttle(&self) -> MutexGuard<'_, Throttle> {
        // Counters may be off by one after a panic; that is no reason to let nobody in.
        self.throttle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A guess that was counted, if it was; dropped before its end it stays a wrong one.
struct Counted<'a> {
    auth: &'a Auth,
    guess: Option<Guess>,
}

impl Counted<'_> {
    fn settle(mut self, outcome: Outcome) {
        self.finish(outcome);
    }

    fn finish(&mut self, outcome: Outcome) {
        if let Some(guess) = self.guess.take() {
            let now = self.auth.wall.uptime();
            self.auth.throttle().settle(now, &guess, outcome);
        }
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.finish(Outcome::Wrong);
    }
}

/// An attempt that may be waiting for its turn; dropped, it waits no longer.
struct Waiting<'a> {
    auth: &'a Auth,
    place: Option<Place>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.auth.throttle().leave(&mut self.place);
    }
}

/// Checks and hashes a password here and now, for the operator's commands. Takes a while.
///
/// # Errors
///
/// When the password is not good enough or the configured cost is none argon2 knows.
pub fn hash_password(
    name: &UserName,
    password: &Password,
    settings: &Passwords,
) -> Result<PasswordHash, RegisterError> {
    PasswordPolicy::new(settings.min_length).check(name, password)?;
    let cost = Cost::new(settings.memory_kib, settings.passes, settings.lanes)?;
    let stored = Stored::new(password, &cost, &mut Scratch::default())?;
    Ok(PasswordHash::new(&stored.to_phc()?))
}

#[cfg(test)]
mod tests;
