//! Logins against a real store, with a cost that suits tests.

use std::{
    net::Ipv4Addr,
    num::NonZeroUsize,
    sync::{Arc, mpsc},
    time::Duration,
};

use tempfile::TempDir;
use tracing_subscriber::fmt::MakeWriter;

use crate::{
    auth::{AUDIT, PasswordRefusal},
    config::Concurrency,
    model::{ServerRole, Timestamp, TokenId},
    store::{Durability, NewToken, Registration, Store},
};

use super::*;

const GOOD: &str = "correct horse battery staple";
const HOME: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));
const AWAY: IpAddr = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1));

struct World {
    auth: Auth,
    store: Store,
    _folder: TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("data"), Durability::None).unwrap();
        Self {
            auth: Auth::new(store.reader(), &config(1)).unwrap(),
            store,
            _folder: folder,
        }
    }

    /// Registers as a session would, and gives the account's id.
    async fn register(&mut self, who: &str) -> AccountId {
        let registrant = self.auth.prepare(&name(who), password(GOOD), HOME).await;
        let new = registrant.unwrap().with_role(ServerRole::Member);
        let tx = self.store.begin().unwrap();
        let Registration::Registered(record) = tx.register(&new, Timestamp::now()).unwrap() else {
            panic!("{who} is taken");
        };
        tx.commit().unwrap();
        record.account.id
    }

    fn store_token(&mut self, account: AccountId, peer: IpAddr, at: Timestamp) -> SecretToken {
        let (token, seed) = self.auth.new_token("laptop", peer).unwrap();
        let tx = self.store.begin().unwrap();
        let new = NewToken {
            account,
            hash: seed.hash,
            device: seed.device,
            prefix: seed.prefix,
        };
        tx.insert_token(&new, at, 32).unwrap();
        tx.commit().unwrap();
        token
    }

    fn disable(&mut self, account: AccountId) {
        let tx = self.store.begin().unwrap();
        tx.set_disabled(account, true).unwrap();
        tx.commit().unwrap();
    }

    async fn login(&self, who: &str, typed: &str, peer: IpAddr) -> Result<Proven, LoginError> {
        self.auth
            .check_password(&name(who), password(typed), peer)
            .await
    }

    fn strikes(&self, peer: IpAddr) -> u64 {
        let now = self.auth.wall.uptime();
        let mut throttle = self.auth.throttle();
        throttle.strikes(now, Origin::of(peer), Relation::Stranger)
    }

    /// What was hashed since the last time this was asked.
    async fn hashed(&self) -> Vec<[u32; 3]> {
        let take = |scratch: &mut Scratch| std::mem::take(&mut scratch.hashed);
        self.auth.hasher.run(Standing::Known, take).await.unwrap()
    }
}

/// What was logged.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    fn all(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// One thread, so that what it has hashed can be asked for.
fn config(passes: u32) -> Config {
    Config {
        passwords: Passwords {
            memory_kib: 1024,
            passes,
            concurrent: Concurrency::Exactly(NonZeroUsize::MIN),
            ..Passwords::default()
        },
        ..Config::default()
    }
}

fn name(who: &str) -> UserName {
    UserName::parse(who).unwrap()
}

fn password(typed: &str) -> Password {
    Password::new(typed.to_owned()).unwrap()
}

#[tokio::test]
async fn a_registered_user_logs_in_and_is_identified_by_the_stored_token() {
    let mut world = World::new();
    let alice = world.register("Alice").await;
    let proven = world.login("alice", GOOD, HOME).await.unwrap();
    assert_eq!(proven.account().account.id, alice);
    assert!(proven.rehashed().is_none());
    let token = world.store_token(alice, HOME, Timestamp::now());
    let identity = world.auth.identify(&token, HOME).await.unwrap();
    assert_eq!(identity.account().id, alice);
    assert_eq!(identity.account().name.as_str(), "Alice");
    assert_eq!(identity.role(), ServerRole::Member);
    assert_eq!(identity.token(), TokenId::new(1));
    assert!(!identity.touch_due());
}

#[tokio::test]
async fn unknown_wrong_disabled_and_limited_are_one_answer_after_one_hash() {
    let mut world = World::new();
    world.register("alice").await;
    let bob = world.register("bob").await;
    world.disable(bob);
    world.register("carol").await;
    for _ in 0..5 {
        world.login("carol", "wrong", AWAY).await.unwrap_err();
    }
    world.hashed().await;
    for (who, typed) in [
        ("nobody-here", GOOD),
        ("alice", "wrong"),
        ("bob", GOOD),
        ("bob", "wrong"),
        ("carol", GOOD),
        ("carol", "wrong"),
    ] {
        let error = world.login(who, typed, AWAY).await.unwrap_err();
        assert!(
            matches!(error, LoginError::Refused { .. }),
            "{who}: {error}"
        );
        assert_eq!(world.hashed().await, [[1024, 1, 1]], "{who} {typed}");
    }
}

#[tokio::test]
async fn a_wrong_guess_names_the_account_for_its_owner_to_be_told() {
    let mut world = World::new();
    let alice = world.register("alice").await;
    let guessed = |error| match error {
        LoginError::Refused { guessed } => guessed,
        other => panic!("{other}"),
    };
    let wrong = world.login("alice", "wrong", AWAY).await.unwrap_err();
    assert_eq!(guessed(wrong), Some(alice));
    let unknown = world.login("zoe", "wrong", AWAY).await.unwrap_err();
    assert_eq!(guessed(unknown), None);
}

#[tokio::test]
async fn the_owner_gets_in_at_home_while_strangers_have_used_up_every_guess() {
    let mut world = World::new();
    let alice = world.register("alice").await;
    world.store_token(alice, HOME, Timestamp::now());
    for n in 0..60 {
        let attempt = Attempt {
            name: &name("alice"),
            origin: Origin::of(IpAddr::V4(Ipv4Addr::new(100, n, 0, 1))),
            relation: Relation::Stranger,
            stored: None,
        };
        let mut throttle = world.auth.throttle();
        let now = world.auth.wall.uptime() + Duration::from_secs(3 * u64::from(n));
        if let Verdict::Look(guess) = throttle.ask(now, &attempt, &mut None) {
            throttle.settle(now, &guess, Outcome::Wrong);
        }
    }
    let limited = world.login("alice", GOOD, AWAY).await.unwrap_err();
    assert!(matches!(limited, LoginError::Refused { guessed: None }));
    world.login("alice", GOOD, HOME).await.unwrap();
}

#[tokio::test]
async fn raising_the_cost_gives_a_new_hash_at_the_next_login() {
    let mut world = World::new();
    world.register("alice").await;
    world.auth = Auth::new(world.store.reader(), &config(2)).unwrap();
    let proven = world.login("alice", GOOD, HOME).await.unwrap();
    let new = proven.rehashed().unwrap().as_str().to_owned();
    assert!(new.starts_with("$argon2id$v=19$m=1024,t=2,p=1$"), "{new}");
    let stored = Stored::parse(&new).unwrap();
    assert!(stored.matches(&password(GOOD), &mut Scratch::default()));
}

#[tokio::test]
async fn a_token_that_is_unknown_too_old_or_of_a_disabled_account_identifies_nobody() {
    let mut world = World::new();
    let alice = world.register("alice").await;
    let bob = world.register("bob").await;
    let now = Timestamp::now();
    let month = Duration::from_secs(30 * 24 * 60 * 60);
    let unknown = SecretToken::generate().unwrap();
    let idle = world.store_token(alice, HOME, now.before(month));
    let barred = world.store_token(bob, HOME, now);
    world.disable(bob);
    for token in [unknown, idle, barred] {
        let error = world.auth.identify(&token, HOME).await.unwrap_err();
        assert!(matches!(error, LoginError::Token), "{error}");
    }
}

#[tokio::test]
async fn a_token_unused_for_a_while_is_to_be_touched() {
    let mut world = World::new();
    let alice = world.register("alice").await;
    let yesterday = Timestamp::now().before(Duration::from_secs(86_400));
    let token = world.store_token(alice, HOME, yesterday);
    assert!(world.auth.identify(&token, HOME).await.unwrap().touch_due());
}

#[tokio::test]
async fn a_poor_password_is_refused_before_it_is_hashed() {
    let world = World::new();
    let error = world
        .auth
        .prepare(&name("alice"), password("password"), HOME)
        .await
        .unwrap_err();
    let RegisterError::Password(PasswordRefusal::Guessable { .. }) = error else {
        panic!("{error}");
    };
    assert!(world.hashed().await.is_empty());
}

#[tokio::test]
async fn registrations_from_one_address_are_limited_and_the_wait_is_said() {
    let world = World::new();
    let prepare = |peer| {
        let auth = &world.auth;
        async move { auth.prepare(&name("alice"), password(GOOD), peer).await }
    };
    for _ in 0..30 {
        prepare(AWAY).await.unwrap();
    }
    let error = prepare(AWAY).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "too many registrations from your address; try again in 2 min"
    );
    prepare(HOME).await.unwrap();
    world.auth.reload(&Limits {
        registrations_per_hour: 1000,
        ..Limits::default()
    });
    let error = prepare(AWAY).await.unwrap_err();
    assert!(matches!(error, RegisterError::Limited { minutes: 1 }));
}

#[tokio::test]
async fn a_login_nobody_waits_for_stays_a_guess() {
    let mut world = World::new();
    world.register("alice").await;
    // The one thread is kept busy, so that no login can hear what came of it.
    let (go, going) = mpsc::channel::<()>();
    let held = world
        .auth
        .hasher
        .run(Standing::Known, move |_| going.recv().is_err());
    let mut held = std::pin::pin!(held);
    for guesses in 1..=5 {
        let counted = async {
            while world.strikes(AWAY) < guesses {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            biased;
            _ = &mut held => panic!("not held"),
            () = counted => {}
            _ = world.login("alice", GOOD, AWAY) => panic!("nobody hung up"),
        }
    }
    drop(go);
    held.await.unwrap();
    assert_eq!(world.strikes(AWAY), 5);
    let limited = world.login("alice", GOOD, AWAY).await.unwrap_err();
    assert!(matches!(limited, LoginError::Refused { guessed: None }));
}

#[tokio::test]
async fn the_audit_trail_says_what_the_peer_is_not_told_and_no_secret() {
    let mut world = World::new();
    let lines = Lines::default();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(lines.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let alice = world.register("alice").await;
    world.login("alice", GOOD, HOME).await.unwrap();
    for _ in 0..6 {
        world
            .login("alice", "wr0ng-password", AWAY)
            .await
            .unwrap_err();
    }
    world
        .login("bob", "wr0ng-password", HOME)
        .await
        .unwrap_err();
    let token = world.store_token(alice, HOME, Timestamp::now());
    world.auth.identify(&token, HOME).await.unwrap();
    world.disable(alice);
    world.auth.identify(&token, HOME).await.unwrap_err();

    let trail = lines.all();
    let peer = "peer=192.0.2.7";
    for (count, parts) in [
        (1, ["login_ok", "user=alice", peer, "account=1"]),
        (
            5,
            [
                "login_failed",
                "user=alice",
                "peer=198.51.100.1",
                "wrong password",
            ],
        ),
        (
            1,
            [
                "login_limited",
                "user=alice",
                "peer=198.51.100.1",
                "too many",
            ],
        ),
        (1, ["login_failed", "user=bob", peer, "no such account"]),
        (1, ["token_ok", "user=alice", peer, "account=1"]),
        (1, ["token_refused", "user=alice", peer, "account disabled"]),
    ] {
        let matching = trail
            .lines()
            .filter(|line| line.contains(AUDIT) && parts.iter().all(|part| line.contains(part)));
        assert_eq!(matching.count(), count, "{parts:?} in\n{trail}");
    }
    for secret in [GOOD, "wr0ng-password", &token.reveal()] {
        assert!(!trail.contains(secret), "{secret} in\n{trail}");
    }
}

#[test]
fn the_operators_commands_hash_by_the_same_policy() {
    let hash = |typed| hash_password(&name("alice"), &password(typed), &config(1).passwords);
    let stored = Stored::parse(hash(GOOD).unwrap().as_str()).unwrap();
    assert!(stored.matches(&password(GOOD), &mut Scratch::default()));
    assert!(hash("password").is_err());
}
