//! The hub's turn, step by step: no thread, no channel, no clock but the test's.

mod attaching;
mod batches;
mod crowds;
mod reading;
mod simulation;
pub(super) mod waking;

use std::task::{Context, Waker};

use bytes::Bytes;
use tempfile::TempDir;

use crate::{
    auth::{Auth, Identity},
    chat::{Entry, Event, Style},
    config::{Config, Passwords},
    model::{Address, MessageId, RoomName, Seq, ServerRole, Text, Timestamp, UserName, Visibility},
    store::{
        Durability, Fingerprint, NewAccount, NewToken, PageLimits, PasswordHash, Reader,
        Registration, Store, StoreError, Tx,
    },
};

use super::{
    Ask, AttachError, Effects, Ended, Feed, Limits, Opened, Outcome, Step, Value, Want, core::Core,
    feed::SessionKey, job::Job,
};

const LIMITS: Limits = Limits {
    rooms_joined: 100,
    rooms_owned: 15,
    backlog_max: 100,
    log_texts: false,
};

/// A hub that turns when it is told to.
struct World {
    core: Core,
    reader: Reader,
    auth: Auth,
    folder: TempDir,
}

/// An attached session, and the number of its last request.
struct Session {
    feed: Feed,
    reader: Reader,
    requests: u64,
}

/// What a session found when it looked.
#[derive(Debug, Default)]
struct Look {
    opened: Vec<Opened>,
    /// How many entries came before each of them.
    opened_after: Vec<usize>,
    /// Address, place and text or kind of each entry.
    entries: Vec<String>,
    answers: Vec<(u64, Outcome)>,
    values: Vec<Value>,
    ended: Option<Ended>,
    /// How often it had to go to the store.
    from_store: usize,
}

impl World {
    fn new() -> Self {
        Self::with(LIMITS)
    }

    fn with(limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("data"), Durability::None).unwrap();
        Self::on(store, folder, limits)
    }

    fn on(store: Store, folder: TempDir, limits: Limits) -> Self {
        let passwords = Passwords {
            memory_kib: 1024,
            passes: 1,
            ..Passwords::default()
        };
        let config = Config {
            passwords,
            ..Config::default()
        };
        Self {
            reader: store.reader(),
            auth: Auth::new(store.reader(), &config).unwrap(),
            core: Core::new(store, limits),
            folder,
        }
    }

    /// Makes an account, with a token of its own for each session it will have.
    async fn account(&mut self, name: &str) -> Identity {
        let new = NewAccount {
            name: UserName::parse(name).unwrap(),
            password: PasswordHash::new("$argon2id$none"),
            role: ServerRole::Member,
        };
        let peer = [127, 0, 0, 1].into();
        let (token, seed) = self.auth.new_token("test", peer).unwrap();
        self.work(move |tx, _| {
            let Registration::Registered(record) = tx.register(&new, at(0))? else {
                panic!("{} is taken", new.name);
            };
            let token = NewToken {
                account: record.account.id,
                hash: seed.hash,
                device: seed.device.clone(),
                prefix: seed.prefix,
            };
            tx.insert_token(&token, Timestamp::now(), 9).map(drop)
        });
        self.auth.identify(&token, peer).await.unwrap()
    }

    /// The process dies between two turns, and another takes over what is stored.
    fn crash_and_return(self) -> Self {
        let Self {
            core, auth, folder, ..
        } = self;
        drop((core, auth));
        let store = Store::open(&folder.path().join("data"), Durability::None).unwrap();
        Self::on(store, folder, LIMITS)
    }

    /// One turn.
    fn step(&mut self, jobs: Vec<Job>) {
        self.core.step(jobs, at(1));
    }

    /// A turn of its own for one piece of work.
    fn work(
        &mut self,
        work: impl FnOnce(&Tx<'_>, &mut Effects) -> Result<(), StoreError> + Send + 'static,
    ) {
        self.step(vec![job_of(work)]);
    }

    fn try_attach(
        &mut self,
        identity: &Identity,
        cursors: &[(&str, u64)],
    ) -> Result<Session, AttachError> {
        let (reply, mut answer) = tokio::sync::oneshot::channel();
        let cursors = cursors
            .iter()
            .map(|(to, seq)| (address(to), Seq::new(*seq)));
        let identity = Box::new(identity.clone());
        self.step(vec![Job::Attach {
            identity,
            cursors: cursors.collect(),
            reply,
        }]);
        let feed = answer.try_recv().unwrap()?;
        let reader = self.reader.clone();
        Ok(Session {
            feed,
            reader,
            requests: 0,
        })
    }

    fn attach(&mut self, identity: &Identity, cursors: &[(&str, u64)]) -> Session {
        self.try_attach(identity, cursors).unwrap()
    }

    /// An account and a session of it that has looked once.
    async fn enter(&mut self, name: &str) -> Session {
        let identity = self.account(name).await;
        let mut session = self.attach(&identity, &[]);
        session.look().await;
        session
    }

    /// One request in a turn of its own. What the session had not looked at is passed over.
    async fn ask(&mut self, session: &mut Session, to: &str, want: Want) -> Outcome {
        let job = session.job(to, want);
        self.step(vec![job]);
        session.look().await.answer()
    }
}

impl Session {
    fn job(&mut self, to: &str, want: Want) -> Job {
        self.named(to, want, None)
    }

    /// A request with a message id; the mark tells requests under one id apart.
    fn named(&mut self, to: &str, want: Want, message: Option<(&str, u8)>) -> Job {
        self.requests += 1;
        let (message, mark) = message.map_or((None, 0), |(id, mark)| (Some(id), mark));
        let ask = Ask {
            to: address(to),
            message: message.map(|id| MessageId::parse(id).unwrap()),
            fingerprint: Fingerprint::new([mark; 16]),
            want,
        };
        Job::Asks(self.feed.key(), vec![(self.requests, ask)])
    }

    fn key(&self) -> SessionKey {
        self.feed.key()
    }

    /// Takes all there is, as a session does.
    async fn look(&mut self) -> Look {
        let news = self.feed.take();
        let mut look = Look {
            answers: news.answers,
            values: news.values.into(),
            ended: news.ended,
            ..Look::default()
        };
        let mut out = Vec::new();
        loop {
            match self.feed.copy(encode, &mut out, 1024) {
                Step::Done => break,
                Step::Full => look.write(&mut out),
                Step::Run(run) => {
                    assert!(out.is_empty(), "a run comes first");
                    look.write(&mut run.to_vec());
                }
                Step::Opened(opened) => {
                    look.write(&mut out);
                    look.opened_after.push(look.entries.len());
                    look.opened.push(*opened);
                }
                Step::Store {
                    conversation,
                    address,
                    after,
                    up_to,
                } => {
                    look.write(&mut out);
                    look.from_store += 1;
                    let limits = PageLimits {
                        rows: 7,
                        bytes: 4096,
                    };
                    let page = self.reader.entries(conversation, after, up_to, limits);
                    for kept in page.await.unwrap().entries {
                        look.entries.push(format!("{address} {} stored", kept.seq));
                        self.feed.has_read(conversation, kept.seq);
                    }
                }
            }
        }
        look.write(&mut out);
        look
    }

    /// Takes what has come as one run.
    fn run(&mut self) -> Bytes {
        self.feed.take();
        match self.feed.copy(encode, &mut Vec::new(), 1024) {
            Step::Run(run) => run,
            other => panic!("{other:?} is no run"),
        }
    }

    /// Whether the hub has left a wake-up.
    fn is_woken(&self) -> bool {
        let cx = Context::from_waker(Waker::noop());
        self.feed.poll_woken(&cx).is_ready()
    }
}

impl Look {
    fn write(&mut self, out: &mut Vec<u8>) {
        let text = String::from_utf8(std::mem::take(out)).unwrap();
        self.entries.extend(text.lines().map(str::to_owned));
    }

    /// The last answer.
    fn answer(mut self) -> Outcome {
        self.answers.pop().unwrap().1
    }

    /// The places of the entries, which must all be of one conversation.
    fn seqs(&self, of: &str) -> Vec<u64> {
        let places = self.entries.iter().map(|line| {
            let mut words = line.split(' ');
            assert_eq!(words.next(), Some(of), "{line}");
            words.next().unwrap().parse().unwrap()
        });
        places.collect()
    }
}

fn job_of(
    work: impl FnOnce(&Tx<'_>, &mut Effects) -> Result<(), StoreError> + Send + 'static,
) -> Job {
    Job::Work(Box::new(move |tx, effects| {
        work(tx, effects)?;
        Ok(Box::new(|| {}))
    }))
}

fn encode(entry: &Entry, address: &Address, out: &mut Vec<u8>) {
    let what = match &entry.event {
        Event::Posted { text, .. } => text.as_str(),
        other => other.kind(),
    };
    out.extend_from_slice(format!("{address} {} {what}\n", entry.seq).as_bytes());
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1000)
}

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

fn user(name: &str) -> UserName {
    UserName::parse(name).unwrap()
}

fn post(text: &str) -> Want {
    Want::Post {
        text: Text::parse(text).unwrap(),
        style: Style::Plain,
        reply_to: None,
    }
}

const fn create(visibility: Visibility) -> Want {
    Want::Create { visibility }
}

fn kick(name: &str) -> Want {
    Want::Kick {
        user: user(name),
        reason: crate::model::Reason::default(),
    }
}

fn seq_of(outcome: Outcome) -> u64 {
    outcome.unwrap().seq.get()
}

fn room(name: &str) -> RoomName {
    RoomName::parse(name).unwrap()
}
