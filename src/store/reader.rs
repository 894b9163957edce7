//! Reading from any task: a few read-only connections, each call one snapshot of the database.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use crate::model::{Account, AccountId, ConversationId, RoomName, Seq, Timestamp, UserName};

use super::{
    AccountListing, AccountRecord, Credentials, Invitation, InviteRecord, MemberListing,
    Membership, Page, PageLimits, Retention, RoomListing, SecretHash, StoreError, TokenListing,
    TokenRecord, account, connection, conversation, history, invite, listing, membership, position,
    retention, token,
};

/// So many reads at once; more wait their turn. A read is short and two cores are soon busy.
const READERS_MAX: usize = 4;

/// Reads what is committed. Cheap to clone.
///
/// Cancel safe: a read that nobody waits for any more runs to its end and is thrown away.
#[derive(Clone, Debug)]
pub struct Reader {
    pool: Arc<Pool>,
}

#[derive(Debug)]
struct Pool {
    database: PathBuf,
    permits: Arc<Semaphore>,
    /// Connections that nobody reads with just now. Held for a push or a pop.
    idle: Mutex<Vec<Connection>>,
    /// In a simulation there are no threads, and reading takes as long as chance will have it.
    #[cfg(test)]
    simulated: Option<Mutex<fastrand::Rng>>,
}

impl Reader {
    pub(super) fn new(database: &Path) -> Self {
        Self {
            pool: Arc::new(Pool {
                database: database.to_owned(),
                permits: Arc::new(Semaphore::new(READERS_MAX)),
                idle: Mutex::default(),
                #[cfg(test)]
                simulated: None,
            }),
        }
    }

    /// A reader of the same database for a simulation: on the task that reads, after a while.
    #[cfg(test)]
    pub(crate) fn simulated(&self, random: fastrand::Rng) -> Self {
        let mut reader = Self::new(&self.pool.database);
        if let Some(pool) = Arc::get_mut(&mut reader.pool) {
            pool.simulated = Some(Mutex::new(random));
        }
        reader
    }

    /// What a login by this name is checked against.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn credentials(&self, name: UserName) -> Result<Option<Credentials>, StoreError> {
        self.read(move |connection| account::credentials(connection, &name))
            .await
    }

    /// The account with this id, unless it was deleted.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn account(&self, id: AccountId) -> Result<Option<AccountRecord>, StoreError> {
        self.read(move |connection| account::by_id(connection, id))
            .await
    }

    /// The account of this name, whatever the case.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn account_by_name(
        &self,
        name: UserName,
    ) -> Result<Option<AccountRecord>, StoreError> {
        self.read(move |connection| account::by_name(connection, &name))
            .await
    }

    /// Accounts by name, from after `after`.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn accounts(
        &self,
        after: Option<UserName>,
        limit: usize,
    ) -> Result<Vec<AccountRecord>, StoreError> {
        self.read(move |connection| account::page(connection, after.as_ref(), limit))
            .await
    }

    /// Accounts by name, from after `after`, and when each was last seen.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn account_listings(
        &self,
        after: Option<UserName>,
        limit: usize,
    ) -> Result<Vec<AccountListing>, StoreError> {
        self.read(move |connection| listing::accounts(connection, after.as_ref(), limit))
            .await
    }

    /// Whom an account blocks, by name.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn blocks(&self, account: AccountId) -> Result<Vec<Account>, StoreError> {
        self.read(move |connection| position::blocks(connection, account))
            .await
    }

    /// The token with this hash.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn token(&self, hash: SecretHash) -> Result<Option<TokenRecord>, StoreError> {
        self.read(move |connection| token::by_hash(connection, hash))
            .await
    }

    /// An account's tokens, the oldest first.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn tokens_of(&self, account: AccountId) -> Result<Vec<TokenListing>, StoreError> {
        self.read(move |connection| token::of_account(connection, account))
            .await
    }

    /// Whether a live token of the account was asked for from this network.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn known_prefix(
        &self,
        account: AccountId,
        prefix: String,
    ) -> Result<bool, StoreError> {
        self.read(move |connection| token::known_prefix(connection, account, &prefix))
            .await
    }

    /// The invites not spent yet, too old or not.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn invites(&self) -> Result<Vec<InviteRecord>, StoreError> {
        self.read(invite::list).await
    }

    /// The entries after `after` up to and with `up_to`, oldest first, as many as the limits allow.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn entries(
        &self,
        conversation: ConversationId,
        after: Seq,
        up_to: Seq,
        limits: PageLimits,
    ) -> Result<Page, StoreError> {
        self.read(move |connection| history::after(connection, conversation, after, up_to, limits))
            .await
    }

    /// The newest entries before `before` and not before `from`, given oldest first.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn entries_before(
        &self,
        conversation: ConversationId,
        before: Seq,
        from: Seq,
        limits: PageLimits,
    ) -> Result<Page, StoreError> {
        self.read(move |connection| history::before(connection, conversation, before, from, limits))
            .await
    }

    /// Every conversation of an account: the broadcast, its direct ones, the rooms it is in.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn memberships(&self, account: AccountId) -> Result<Vec<Membership>, StoreError> {
        self.read(move |connection| membership::memberships(connection, account))
            .await
    }

    /// One conversation of an account, if it is a member there.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn membership(
        &self,
        account: AccountId,
        conversation: ConversationId,
    ) -> Result<Option<Membership>, StoreError> {
        self.read(move |connection| membership::membership(connection, account, conversation))
            .await
    }

    /// The rooms an account was asked into and has not joined.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn invitations(&self, account: AccountId) -> Result<Vec<Invitation>, StoreError> {
        self.read(move |connection| membership::invitations(connection, account))
            .await
    }

    /// The room of this name, or that was called so before it was renamed.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn room_id(&self, name: RoomName) -> Result<Option<ConversationId>, StoreError> {
        self.read(move |connection| conversation::room_id(connection, &name))
            .await
    }

    /// The rooms that `viewer` may know of, by name, from after `after`.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn rooms(
        &self,
        viewer: AccountId,
        after: Option<RoomName>,
        limit: usize,
    ) -> Result<Vec<RoomListing>, StoreError> {
        self.read(move |connection| listing::rooms(connection, viewer, after.as_ref(), limit))
            .await
    }

    /// A room's members by name, from after `after`.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn members(
        &self,
        conversation: ConversationId,
        after: Option<UserName>,
        limit: usize,
    ) -> Result<Vec<MemberListing>, StoreError> {
        self.read(move |connection| {
            listing::members(connection, conversation, after.as_ref(), limit)
        })
        .await
    }

    /// The conversations that have kept something for longer than the rules allow.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn overdue(
        &self,
        server: Retention,
        now: Timestamp,
    ) -> Result<Vec<ConversationId>, StoreError> {
        self.read(move |connection| retention::overdue(connection, server, now))
            .await
    }

    /// Runs one read on a thread that may block, in one snapshot.
    async fn read<T: Send + 'static>(
        &self,
        what: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let pool = Arc::clone(&self.pool);
        #[cfg(test)]
        if pool.simulated.is_some() {
            pool.linger().await;
            let found = pool.read(what);
            pool.linger().await;
            return found;
        }
        let permit = Arc::clone(&pool.permits)
            .acquire_owned()
            .await
            .map_err(|_| StoreError::Closed)?;
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            pool.read(what)
        })
        .await
        .map_err(|_| StoreError::Closed)?
    }
}

impl Pool {
    #[cfg(test)]
    async fn linger(&self) {
        let millis = self.simulated.as_ref().map_or(0, |random| {
            let mut random = random.lock().unwrap_or_else(PoisonError::into_inner);
            random.u64(0..4) * random.u64(0..3)
        });
        tokio::time::sleep(std::time::Duration::from_millis(millis)).await;
    }

    fn read<T>(
        &self,
        what: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let connection = idle.map_or_else(|| connection::to_read(&self.database), Ok)?;
        let snapshot = connection.unchecked_transaction()?;
        let found = what(&snapshot)?;
        drop(snapshot);
        // After an error the connection is not kept: the next read starts from a fresh one.
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(connection);
        Ok(found)
    }
}
