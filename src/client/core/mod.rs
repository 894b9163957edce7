//! The client without a screen: link, state, outbox and profile joined.
//!
//! A screen calls its methods for what a person does and shows the [`Update`]s it gives. Promises:
//! what was accepted for sending is sent once the server can be reached, now or at a later start, and
//! once; cursors are kept, so that the next start shows what was missed and nothing twice.

mod answers;
mod asked;
mod login;
mod marks;
mod recall;
mod requests;
#[cfg(test)]
mod tests;
mod update;

use std::{
    collections::{HashMap, VecDeque},
    future::pending,
    mem,
    time::Duration,
};

use tokio::{
    select,
    time::{Instant, sleep_until},
};

use super::{
    link::{Dialer, Epoch, FIRST_REQUEST, Link, LinkEvent, LinkState, Order},
    outbox::Outbox,
    profile::{AccountFolder, Known, Profile, ProfileError},
    state::{Change, Held, State},
};
use crate::{
    auth::ServerAddress,
    model::{Address, Seq, UserName},
    protocol::{Cursors, Frame, Hello, Request, RequestId, Verb},
    tls::{ClientTls, Trust},
};

use asked::Asked;
pub use login::Credentials;
use marks::Marks;
pub use requests::{NotNow, Post};
pub use update::Update;

/// How long cursors may be ahead of what is on disk: what a kill would have shown again.
const SAVE_DELAY: Duration = Duration::from_millis(200);
/// Requests that wait for an answer or for the wire; a script that asks faster is told to wait.
const ASKED_MAX: usize = 256;

/// Who connects where, and how it is known.
#[derive(Clone, Debug)]
pub struct Account {
    /// Where.
    pub server: ServerAddress,
    /// Whom to trust there.
    pub trust: Trust,
    /// Who.
    pub user: UserName,
    /// What is remembered between two runs.
    pub profile: Profile,
    /// How to log in, when that is known already.
    pub credentials: Option<Credentials>,
}

/// The client without a screen.
pub struct Core {
    account: Account,
    folder: AccountFolder,
    state: State,
    outbox: Outbox,
    link: Option<Link>,
    /// What waits for room in the link's channel.
    orders: VecDeque<Order>,
    connected: bool,
    /// Whether where this run stands is kept for the next.
    keeps_cursors: bool,
    hello: Option<Box<Hello>>,
    epoch: Epoch,
    login: login::Progress,
    /// Whether the server has said that what is known here is not its history.
    is_unknown_history: bool,
    last_request: RequestId,
    asked: HashMap<RequestId, Asked>,
    marks: Marks,
    /// The next page of the last search.
    more: Option<Verb>,
    updates: VecDeque<Update>,
    /// Whether it was idle at the last look.
    was_idle: bool,
    saved: Cursors,
    save_at: Option<Instant>,
}

impl Core {
    /// Opens what is remembered of the account and starts to connect.
    ///
    /// # Errors
    ///
    /// When the account's folder cannot be used.
    pub fn start(account: Account, tls: ClientTls) -> Result<Self, ProfileError> {
        let server = account.server.clone();
        Self::over(account, Dialer::Tls { tls, server })
    }

    /// As [`Core::start`], over connections in memory.
    #[cfg(test)]
    pub(crate) fn simulated(
        account: Account,
        connect: Box<dyn FnMut() -> super::Arriving + Send>,
    ) -> Result<Self, ProfileError> {
        Self::over(account, Dialer::Memory(connect))
    }

    pub(super) fn over(account: Account, dialer: Dialer) -> Result<Self, ProfileError> {
        let folder = account.profile.account(&account.server, &account.user)?;
        let saved = folder.cursors()?;
        Ok(Self {
            state: State::new(saved.clone()),
            outbox: folder.outbox()?,
            link: Some(Link::start(dialer)),
            orders: VecDeque::new(),
            connected: false,
            keeps_cursors: true,
            hello: None,
            epoch: Epoch::default(),
            login: login::Progress::default(),
            is_unknown_history: false,
            last_request: FIRST_REQUEST,
            asked: HashMap::new(),
            marks: Marks::default(),
            more: None,
            updates: VecDeque::new(),
            was_idle: false,
            save_at: None,
            saved,
            folder,
            account,
        })
    }

    /// What is known of the chat.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// What was typed and is not answered yet.
    #[must_use]
    pub const fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// Who one is: as registered once logged in, as typed before.
    #[must_use]
    pub fn user(&self) -> &UserName {
        self.state.me().unwrap_or(&self.account.user)
    }

    /// Where the server is.
    #[must_use]
    pub const fn server(&self) -> &ServerAddress {
        &self.account.server
    }

    /// Whether the session stands.
    #[must_use]
    pub const fn is_connected(&self) -> bool {
        self.connected
    }

    /// Whether all that was missed has come and all that was typed or asked is answered.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.is_connected()
            && self.state.is_current()
            && self.outbox.unsent() == 0
            && self.asked.is_empty()
            && self.marks.is_empty()
            && self.updates.is_empty()
    }

    /// Waits for something to show.
    ///
    /// Cancel safe: what has come and was not given is given by the next call.
    pub async fn next(&mut self) -> Update {
        loop {
            if let Some(update) = self.updates.pop_front() {
                return update;
            }
            self.pump();
            self.save_if_due();
            let is_idle = self.is_idle();
            if is_idle && !mem::replace(&mut self.was_idle, is_idle) {
                return Update::Idle;
            }
            self.was_idle = is_idle;
            let wake = [self.save_at, self.outbox.postponed_until()];
            let wake = wake.into_iter().flatten().min();
            let step = self.step(wake).await;
            match step {
                Step::Event(event) => self.take(event),
                Step::Ended => self.link = None,
                Step::Ordered | Step::Woken => {}
            }
        }
    }

    async fn step(&mut self, wake: Option<Instant>) -> Step {
        let Some(link) = &mut self.link else {
            at(wake).await;
            return Step::Woken;
        };
        select! {
            // What is ordered is soon gone, what happens need not end, and what time brings is
            // looked after in any case.
            biased;
            permit = link.orders.reserve(), if !self.orders.is_empty() => {
                if let (Ok(permit), Some(order)) = (permit, self.orders.pop_front()) {
                    permit.send(order);
                }
                Step::Ordered
            }
            event = link.events.recv() => event.map_or(Step::Ended, Step::Event),
            () = at(wake) => Step::Woken,
        }
    }

    /// Keeps the cursors, says goodbye and ends.
    pub async fn close(mut self) {
        self.save();
        if let Some(link) = self.link.take() {
            link.close().await;
        }
    }

    fn take(&mut self, event: LinkEvent) {
        match event {
            LinkEvent::State(state) => {
                if !matches!(state, LinkState::Connected { .. }) {
                    self.cut_off();
                }
                self.updates.push_back(Update::Link(state));
            }
            LinkEvent::Hello(hello, epoch) => self.greeted(hello, epoch),
            LinkEvent::LoggedIn(welcome) => self.let_in(welcome),
            LinkEvent::LoginRefused(failure) => self.turned_away(failure),
            LinkEvent::SessionEnded(failure) => self.ended(failure),
            LinkEvent::Frame(frame) => self.frame(*frame),
        }
    }

    fn frame(&mut self, frame: Frame) {
        match frame {
            Frame::Ok(answer) => self.answered(answer),
            Frame::Error(failure) => self.failed(failure),
            Frame::Past { id, entry } => self.collect(id, entry),
            Frame::Hit(hit) => self.found(hit),
            frame => {
                let changes = self.state.apply(frame);
                self.changed(changes);
            }
        }
    }

    /// Passes changes on; an entry of one's own is the answer to what was typed.
    fn changed(&mut self, changes: Vec<Change>) {
        for change in changes {
            if let Change::Entry {
                conversation, seq, ..
            } = &change
            {
                self.recognise(conversation, *seq);
            }
            self.updates.push_back(Update::Changed(change));
        }
        if self.save_at.is_none() {
            self.save_at = Some(Instant::now() + SAVE_DELAY);
        }
    }

    fn recognise(&mut self, conversation: &Address, seq: Seq) {
        let known = self.state.conversation(conversation);
        let Some(entry) = known.and_then(|known| known.held(seq)).map(Held::entry) else {
            return;
        };
        if let Some(message) = &entry.message
            && Some(&entry.by) == self.state.me()
        {
            self.outbox.done(message);
        }
    }

    fn cut_off(&mut self) {
        if !mem::take(&mut self.connected) {
            return;
        }
        self.orders
            .retain(|order| !matches!(order, Order::Request(..)));
        self.outbox.cut_off();
        self.state.cut_off();
        self.marks = Marks::default();
        for (_, asked) in self.asked.drain() {
            if let Asked::Question { verb, .. } | Asked::Past { verb, .. } = asked {
                let reason = "the connection was lost before the answer came; ask again".to_owned();
                self.updates.push_back(Update::Failed { verb, reason });
            }
        }
    }

    /// Sends what may be sent.
    fn pump(&mut self) {
        if !self.connected {
            return;
        }
        let now = Instant::now();
        while self.asked.len() < ASKED_MAX {
            let Some(item) = self.outbox.next(now) else {
                break;
            };
            let (verb, message) = (item.verb.clone(), item.message.clone());
            self.request(verb, Asked::Item(message));
        }
        for history in self.state.wanted() {
            let asked = Asked::Hole {
                of: history.of.clone(),
                entries: Vec::new(),
            };
            self.request(Verb::History(history), asked);
        }
        self.send_marks();
    }

    fn request(&mut self, verb: Verb, asked: Asked) {
        let id = self.last_request;
        self.last_request += 1;
        self.asked.insert(id, asked);
        let request = Request { id, verb };
        self.orders.push_back(Order::Request(request, self.epoch));
    }

    fn save_if_due(&mut self) {
        if self.save_at.is_some_and(|at| at <= Instant::now()) {
            self.save();
        }
    }

    fn save(&mut self) {
        self.save_at = None;
        let cursors = self.state.cursors();
        if cursors == self.saved || !self.keeps_cursors {
            return;
        }
        match self.folder.keep_cursors(&cursors) {
            Ok(()) => self.saved = cursors,
            Err(error) => self.warn(&error),
        }
    }

    fn warn(&mut self, error: &ProfileError) {
        self.updates.push_back(Update::Warning(error.to_string()));
    }
}

/// What [`Core::next`] woke up for.
enum Step {
    Event(LinkEvent),
    Ordered,
    Ended,
    Woken,
}

/// Never comes when there is no deadline.
async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => pending().await,
    }
}
