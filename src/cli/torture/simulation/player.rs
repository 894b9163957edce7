//! One life of a client: the real core on a journal on disk, and somebody who types.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{select, sync::mpsc, task::JoinSet};

use crate::{
    auth::ServerAddress,
    cli::torture::{checker::Event, entry},
    client::{
        core::{Account, Core, Credentials, Post, Update},
        profile::Profile,
        state::{Age, Change},
    },
    hub::simulated::Process,
    model::{Address, Emoji, MessageId, Seq, Text, UserName},
    protocol::{NewText, Nothing, OfMessage, Secret, Verb, WithEmoji},
    tls::Trust,
};

use super::{network::Network, story::Story, view::View};

const PASSWORD: &str = "seven rusty bicycles in the rain";
/// What a person wants at once, at most.
const WISHES_MAX: usize = 64;

/// What a person wants.
#[derive(Clone, Debug)]
pub(super) enum Wish {
    Say(Address, String),
    Change(Box<Verb>),
    Edit(Address, String),
    Delete(Address),
    React(Address),
    Read(Address),
    Retry,
    Close,
}

/// How a client stands, as far as can be seen from outside.
#[derive(Clone, Debug, Default)]
pub(super) struct Standing {
    pub(super) is_idle: bool,
    /// How far each conversation has come.
    pub(super) cursors: Vec<(Address, Seq)>,
}

/// A client that lives.
pub(super) struct Player {
    pub(super) process: Process,
    pub(super) wishes: mpsc::Sender<Wish>,
    standing: Arc<Mutex<Standing>>,
    tasks: JoinSet<()>,
}

/// Somebody with a client.
#[derive(Clone)]
pub(super) struct Person {
    pub(super) name: UserName,
    pub(super) member_of: Vec<String>,
}

impl Person {
    /// Starts a client on what its last life left in the folder.
    pub(super) fn start(
        &self,
        folder: &Path,
        life: u32,
        network: &Network,
        story: &Story,
    ) -> Player {
        let server = ServerAddress::parse("localhost").unwrap();
        let profile = Profile::in_folder(&folder.join(self.name.as_str()), "simulated").unwrap();
        let kept = profile.account(&server, &self.name).unwrap();
        let token = kept.token().unwrap();
        let account = Account {
            server,
            trust: Trust::System,
            user: self.name.clone(),
            profile,
            credentials: Some(token.map_or_else(register, Credentials::Token)),
        };
        let way = network.way(&self.name, &self.member_of);
        let core = Core::simulated(account, way).unwrap();
        let who = format!("{} on screen {life}", self.name);
        let mut view = View::new(&self.name, who, self.member_of.clone(), story.clone());
        let mut unnamed = BTreeSet::new();
        for (at, cursor) in kept.cursors().unwrap() {
            let at = Address::parse(&at).unwrap();
            view.knows(&at, cursor);
            unnamed.insert(at);
        }
        let (wishes, orders) = mpsc::channel(WISHES_MAX);
        let standing = Arc::new(Mutex::new(Standing::default()));
        let life = Life {
            me: self.name.clone(),
            core,
            view,
            unnamed,
            story: story.clone(),
            standing: Arc::clone(&standing),
        };
        let process = Process::default();
        let mut tasks = JoinSet::new();
        let own = process.clone();
        tasks.spawn(async move {
            own.run(life.run(orders)).await;
        });
        Player {
            process,
            wishes,
            standing,
            tasks,
        }
    }
}

impl Player {
    pub(super) fn standing(&self) -> Standing {
        let standing = self.standing.lock();
        standing.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether it has come to its end, by death or because it was closed.
    pub(super) fn has_ended(&self) -> bool {
        self.wishes.is_closed() || self.process.is_dead()
    }

    /// Lets go of everything that it had open.
    pub(super) async fn bury(mut self) {
        if self.process.is_dead() {
            self.tasks.abort_all();
        }
        while let Some(ended) = self.tasks.join_next().await {
            if let Err(error) = ended
                && error.is_panic()
            {
                std::panic::resume_unwind(error.into_panic());
            }
        }
    }
}

fn register() -> Credentials {
    Credentials::Register {
        password: Secret::new(PASSWORD.to_owned()),
        invite: None,
    }
}

struct Life {
    me: UserName,
    core: Core,
    view: View,
    /// What the last life had read, as long as the server has not said that one is still in it.
    unnamed: BTreeSet<Address>,
    story: Story,
    standing: Arc<Mutex<Standing>>,
}

impl Life {
    async fn run(mut self, mut orders: mpsc::Receiver<Wish>) {
        loop {
            self.note();
            select! {
                biased;
                wish = orders.recv() => match wish {
                    Some(Wish::Close) | None => return self.core.close().await,
                    Some(wish) => self.obey(wish),
                },
                update = self.core.next() => self.show(update),
            }
        }
    }

    fn note(&self) {
        let known = self.core.state().conversations();
        let cursors = known.map(|known| (known.address().clone(), known.cursor()));
        *self.standing() = Standing {
            is_idle: self.core.is_idle(),
            cursors: cursors.collect(),
        };
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn obey(&mut self, wish: Wish) {
        match wish {
            Wish::Say(to, text) => {
                let text = Text::parse(&text).unwrap();
                let message = self
                    .core
                    .send(Post::plain(to.clone(), text.clone()))
                    .unwrap();
                self.asked("says", &to, &message, Some(text));
            }
            Wish::Change(verb) => self.change(*verb),
            Wish::Edit(at, text) => {
                let text = Text::parse(&text).unwrap();
                self.change_own(&at, |of| Verb::Edit(of(NewText { text })));
            }
            Wish::Delete(at) => self.change_own(&at, |of| Verb::Delete(of(Nothing {}))),
            Wish::React(at) => {
                let emoji = Emoji::parse("👍").unwrap();
                self.change_own(&at, |of| Verb::React(of(WithEmoji { emoji })));
            }
            Wish::Read(at) => self.core.mark_read(&at),
            Wish::Retry => self.core.retry(),
            Wish::Close => {}
        }
    }

    fn change_own<T>(
        &mut self,
        at: &Address,
        make: impl FnOnce(&dyn Fn(T) -> OfMessage<T>) -> Verb,
    ) {
        let known = self.core.state().conversation(at);
        let Some(seq) = known.and_then(|known| known.last_by(&self.me)) else {
            return;
        };
        let verb = make(&|change| OfMessage {
            conversation: at.clone(),
            seq,
            message: None,
            change,
        });
        self.change(verb);
    }

    fn change(&mut self, verb: Verb) {
        let word = verb.word();
        let text = match &verb {
            Verb::Edit(of) => Some(of.change.text.clone()),
            _ => None,
        };
        let message = self.core.change(verb).unwrap();
        let items = self.core.outbox().items();
        let item = items.iter().find(|item| item.message == message);
        let at = item.unwrap().conversation.clone();
        self.asked(word, &at, &message, text);
    }

    fn asked(&self, what: &str, at: &Address, message: &MessageId, text: Option<Text>) {
        let me = &self.me;
        let message = message.as_str().to_owned();
        self.story.tell(format!("{me} {what} {message} in {at}"));
        let place = entry::place(me, at);
        let text = text.map(|text| text.as_str().to_owned());
        self.story.asked(
            me.as_str(),
            Event::Sent {
                message,
                place,
                text,
            },
        );
    }

    fn show(&mut self, update: Update) {
        match update {
            Update::Changed(Change::Entry {
                conversation,
                seq,
                age: Age::New | Age::Missed,
            }) => {
                let known = self.core.state().conversation(&conversation);
                if let Some(held) = known.and_then(|known| known.held(seq)) {
                    self.view.entry(held.entry());
                }
            }
            Update::Changed(Change::Gap {
                conversation,
                from,
                to,
            }) => self.view.gap(&conversation, from, to),
            Update::Changed(Change::Conversation(at)) => {
                self.unnamed.remove(&at);
                if !self.view.has_seen(&at) {
                    self.view.begins(&at, u64::MAX);
                }
            }
            Update::Changed(Change::Current) => {
                // One was put out of these meanwhile; who comes back reads on from there.
                for at in std::mem::take(&mut self.unnamed) {
                    self.view.begins(&at, u64::MAX);
                }
            }
            Update::Changed(Change::Gone(at)) => self.view.begins(&at, u64::MAX),
            Update::Refused(item) => {
                self.core.dismiss(&item.message);
            }
            Update::NeedsLogin {
                refused: Some(failure),
                ..
            } => {
                let me = &self.me;
                self.story
                    .tell(format!("{me} is turned away: {}", failure.text));
                self.core
                    .sign_in(Credentials::Password(Secret::new(PASSWORD.to_owned())));
            }
            Update::NeedsLogin { refused: None, .. } => self.core.sign_in(register()),
            Update::Warning(text) => panic!("{}: {text}", self.me),
            _ => {}
        }
    }
}
