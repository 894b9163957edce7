//! A logged-in connection: requests in, feed out, until one side has enough.

use std::{mem, net::IpAddr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::Instant,
};
use tracing::Span;

use crate::{
    auth::Identity,
    hub::{Ask, Feed, News, Opened, Step},
    model::{Address, ConversationId, Seq},
    protocol::{Frame, Request},
    server::{Context, pace::Pace},
    store::PageLimits,
};

use super::{
    end::End,
    event::{self, Event, Others},
    refusal,
    requests::Input,
    saying,
    wire::{WRITE_BUFFER_MAX, Wire},
};

/// How much of a backlog is read from the store at once: about one write buffer.
const BACKLOG_PAGE: PageLimits = PageLimits {
    rows: 200,
    bytes: 48 * 1024,
};
/// How often a session that stays connected says that its token is in use, so that it does not
/// expire as idle meanwhile.
const TOUCH_INTERVAL: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a session that is told to go may still take over answers that are due.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(2);

/// A logged-in connection.
pub(super) struct Session<'a, S> {
    pub(super) wire: &'a mut Wire<S>,
    pub(super) context: Arc<Context>,
    pub(super) identity: Identity,
    pub(super) peer: IpAddr,
    pub(super) span: Span,
    pub(super) feed: Feed,
    /// Read, but not to be done before all earlier requests are answered.
    pub(super) held: Option<Request>,
    /// To be put to the hub together.
    pub(super) asks: Vec<(u64, Ask)>,
    pub(super) in_flight: usize,
    pub(super) pace: Pace,
    pub(super) room_pace: Pace,
    pub(super) question_pace: Pace,
    heard: Instant,
    pinged: bool,
    touched: Instant,
    catching_up: bool,
    pub(super) leaving: Option<Instant>,
    pub(super) others: Others,
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin> Session<'a, S> {
    pub(super) fn new(
        wire: &'a mut Wire<S>,
        context: Arc<Context>,
        (peer, span): (IpAddr, Span),
        (identity, feed): (Identity, Feed),
    ) -> Self {
        let now = Instant::now();
        let ping_at = now + context.config().limits.ping_interval;
        let others = Others::new(context.shutdown.clone(), ping_at, feed.bell());
        Self {
            wire,
            context,
            identity,
            peer,
            span,
            feed,
            held: None,
            asks: Vec::new(),
            in_flight: 0,
            pace: Pace::new(now.into_std()),
            room_pace: Pace::new(now.into_std()),
            question_pace: Pace::new(now.into_std()),
            heard: now,
            pinged: false,
            touched: now,
            catching_up: true,
            leaving: None,
            others,
        }
    }

    /// Runs until the connection is to be closed, and says why.
    pub(super) async fn run(&mut self) -> End {
        loop {
            match self.turn().await {
                Ok(()) => {}
                Err(end) => return end,
            }
        }
    }

    async fn turn(&mut self) -> Result<(), End> {
        let input = self.requests().await?;
        let asked = self.in_flight;
        loop {
            self.catch_up().await?;
            if self.leaving.is_some() && self.in_flight == 0 {
                return Err(End::GoingAway);
            }
            if input == Input::Held {
                // Who is not listened to is not silent.
                self.heard = Instant::now();
                self.pinged = false;
                if self.in_flight < asked {
                    return Ok(());
                }
            }
            self.wire.release();
            let wire = (input == Input::Wanted).then_some(&mut *self.wire);
            let is_leaving = self.leaving.is_some();
            match event::next(&self.feed, &mut self.others, is_leaving, wire).await {
                // No reason to look for a request: the peer has said nothing since, and one that is held
                // waits for an answer, which is seen above, or for time.
                Event::News => continue,
                Event::Shutdown => {
                    let deadline = Instant::now() + LEAVE_TIMEOUT;
                    self.leaving = Some(deadline);
                    self.others.hurry_timer(deadline);
                    self.wire.push(&self.context.going_away());
                }
                Event::Time => self.tend().await?,
                Event::Read(read) => {
                    if read? == 0 {
                        return Err(End::Left);
                    }
                    self.heard = Instant::now();
                    self.pinged = false;
                }
            }
            return Ok(());
        }
    }

    /// Brings the peer up to date: first entries, then answers, so that whoever has an answer has
    /// everything before it.
    pub(super) async fn catch_up(&mut self) -> Result<(), End> {
        let News {
            answers,
            values,
            ended,
        } = self.feed.take();
        if let Some(ended) = ended {
            return Err(End::Ended(ended));
        }
        loop {
            let output = self.wire.output();
            match self
                .feed
                .copy(saying::encode_live, output, WRITE_BUFFER_MAX)
            {
                Step::Done => break,
                Step::Full => self.wire.flush().await?,
                Step::Run(run) => self.wire.put_first(run).await?,
                Step::Opened(opened) => self.open(&opened).await?,
                Step::Store {
                    conversation,
                    address,
                    after,
                    up_to,
                } => {
                    self.read_store(conversation, &address, after, up_to)
                        .await?;
                }
            }
        }
        for (id, outcome) in answers {
            self.in_flight = self.in_flight.saturating_sub(1);
            self.wire.push(&refusal::outcome(id, outcome));
        }
        for value in values {
            self.wire.push(&saying::value(value));
        }
        if mem::take(&mut self.catching_up) {
            self.wire.push(&Frame::Current {});
        }
        self.wire.flush().await?;
        Ok(())
    }

    async fn open(&mut self, opened: &Opened) -> Result<(), End> {
        self.wire.push(&saying::opened(opened));
        if let Some(gap) = saying::gap(opened) {
            self.wire.push(&gap);
        }
        if self.wire.output().len() >= WRITE_BUFFER_MAX {
            self.wire.flush().await?;
        }
        Ok(())
    }

    async fn read_store(
        &mut self,
        conversation: ConversationId,
        address: &Address,
        after: Seq,
        up_to: Seq,
    ) -> Result<(), End> {
        let reader = &self.context.reader;
        let page = reader
            .entries(conversation, after, up_to, BACKLOG_PAGE)
            .await?;
        let first = page
            .entries
            .first()
            .map_or_else(|| up_to.next(), |entry| entry.seq);
        if first > after.next() {
            let (from, to) = (after.next(), first.previous());
            self.wire.push(&Frame::Gap {
                conversation: address.clone(),
                from,
                to,
            });
            self.feed.has_read(conversation, to);
        }
        for entry in &page.entries {
            self.wire
                .push(&Frame::Entry(saying::stored(entry, address)));
            self.feed.has_read(conversation, entry.seq);
        }
        Ok(())
    }

    /// Sees to what time brings: a ping for a silent peer, the end for a dead one.
    async fn tend(&mut self) -> Result<(), End> {
        let now = Instant::now();
        if now >= self.touched + TOUCH_INTERVAL {
            self.touched = now;
            self.context.hub.touch(self.identity.token()).await;
        }
        if self.leaving.is_some_and(|deadline| now >= deadline) {
            return Err(End::GoingAway);
        }
        let limits = &self.context.config().limits;
        let (ping_at, dead_at) = (
            self.heard + limits.ping_interval,
            self.heard + limits.dead_after,
        );
        if now >= dead_at {
            return Err(End::Silent);
        }
        if now >= ping_at && !self.pinged {
            self.pinged = true;
            self.wire.push(&Frame::Ping {});
        }
        let next = if self.pinged { dead_at } else { ping_at };
        let next = self.leaving.map_or(next, |deadline| next.min(deadline));
        self.others.set_timer(next);
        Ok(())
    }
}
