//! The task that holds a link together: dials, holds a session, waits, and begins again.

use std::{pin::pin, time::Duration};

use tokio::{
    select,
    sync::mpsc,
    time::{Instant, interval, sleep_until},
};

use super::{
    Dialer, Epoch, LinkEvent, LinkState, Order, Stop,
    dialer::{DialError, Dialled},
    session::Session,
};
use crate::{
    client::{
        backoff::{Backoff, chance},
        heartbeat::{Clocks, TICK_INTERVAL},
    },
    model::Timestamp,
    protocol::{Failure, Verb},
};

/// A session that lasted this long was a success: the next failure is a first one.
const STABLE_AFTER: Duration = Duration::from_secs(10);

/// Why a connection is no more.
pub(super) enum End {
    /// The owner has no more use for the link.
    Closed,
    /// It may not be tried again.
    Stopped(Stop),
    /// It is to be tried again.
    Lost {
        reason: String,
        /// How long the server wants to be left alone.
        hint: Option<Duration>,
    },
    /// Nobody is logged in: without a login there is nothing to connect for.
    LoggedOut,
}

impl End {
    pub(super) fn lost(reason: impl Into<String>) -> Self {
        Self::Lost {
            reason: reason.into(),
            hint: None,
        }
    }

    /// As the server said.
    pub(super) fn told(failure: Failure) -> Self {
        Self::Lost {
            reason: failure.text,
            hint: failure.retry_ms.map(Duration::from_millis),
        }
    }
}

/// The link's task, and the one owner of its connection.
pub(super) struct Task {
    dialer: Dialer,
    outside: Outside,
    backoff: Backoff,
    epoch: Epoch,
}

/// The link's side of the two channels.
pub(super) struct Outside {
    pub(super) orders: mpsc::Receiver<Order>,
    events: mpsc::Sender<LinkEvent>,
    /// A login that was ordered while there was no connection to use it on.
    pub(super) login: Option<Verb>,
}

impl Outside {
    pub(super) async fn tell(&self, event: LinkEvent) -> Result<(), End> {
        self.events.send(event).await.map_err(|_| End::Closed)
    }

    pub(super) async fn state(&self, state: LinkState) -> Result<(), End> {
        self.tell(LinkEvent::State(state)).await
    }

    /// What there is to do without a connection.
    ///
    /// Cancel safe: an order is either taken and done with, or still in the channel.
    async fn idle_order(&mut self) -> Result<Idle, End> {
        match self.orders.recv().await {
            Some(Order::Login(verb)) => {
                self.login = Some(verb);
                Ok(Idle::LoginIsThere)
            }
            // Made for a connection that is gone; its owner knows that it is.
            Some(Order::Request(..)) => Ok(Idle::Nothing),
            Some(Order::Retry) => Ok(Idle::Retry),
            Some(Order::Close) | None => Err(End::Closed),
        }
    }
}

#[derive(PartialEq, Eq)]
enum Idle {
    Nothing,
    LoginIsThere,
    Retry,
}

impl Task {
    pub(super) fn new(
        dialer: Dialer,
        orders: mpsc::Receiver<Order>,
        events: mpsc::Sender<LinkEvent>,
    ) -> Self {
        Self {
            dialer,
            outside: Outside {
                orders,
                events,
                login: None,
            },
            backoff: Backoff::default(),
            epoch: Epoch::default(),
        }
    }

    /// Runs until it is closed or must stop; in the latter case that is its last event.
    pub(super) async fn run(mut self) {
        loop {
            let end = match self.connect().await {
                Err(End::Lost { reason, hint }) => self.wait(reason, hint).await,
                Err(End::LoggedOut) => self.wait_for_login().await,
                other => other,
            };
            match end {
                Ok(()) => {}
                Err(End::Stopped(stop)) => {
                    let _nobody_listens = self.outside.state(LinkState::Stopped(stop)).await;
                    return;
                }
                Err(_) => return,
            }
        }
    }

    /// Connects once and holds the connection to its end.
    async fn connect(&mut self) -> Result<(), End> {
        self.outside.state(LinkState::Connecting).await?;
        let dialled = self.dial().await?;
        self.epoch = Epoch(self.epoch.0.wrapping_add(1));
        let mut session = Session::new(&mut self.outside, dialled, self.epoch);
        let end = session.run().await;
        if session
            .logged_in()
            .is_some_and(|since| since.elapsed() >= STABLE_AFTER)
        {
            self.backoff.reset();
        }
        end
    }

    async fn dial(&mut self) -> Result<Dialled, End> {
        let mut dial = pin!(self.dialer.dial());
        loop {
            select! {
                biased;
                dialled = &mut dial => return dialled.map_err(|error| match error {
                    DialError::Again(reason) => End::lost(reason),
                    DialError::Never(stop) => End::Stopped(stop),
                }),
                order = self.outside.idle_order() => order?,
            };
        }
    }

    async fn wait(&mut self, reason: String, hint: Option<Duration>) -> Result<(), End> {
        let wait = match hint {
            Some(hint) => Backoff::hinted(hint, chance()),
            None => self.backoff.next(chance()),
        };
        let until = Instant::now() + wait;
        let attempt = self.backoff.attempt();
        let state = LinkState::Waiting {
            until,
            attempt,
            reason,
        };
        self.outside.state(state).await?;
        let mut clocks = Clocks::new(Instant::now(), Timestamp::now());
        let mut ticks = interval(TICK_INTERVAL);
        loop {
            select! {
                biased;
                () = sleep_until(until) => return Ok(()),
                // A machine that wakes up has most likely got its network back.
                now = ticks.tick() => if clocks.slept(now.max(Instant::now()), Timestamp::now()) {
                    return Ok(());
                },
                order = self.outside.idle_order() => if order? == Idle::Retry {
                    return Ok(());
                },
            }
        }
    }

    async fn wait_for_login(&mut self) -> Result<(), End> {
        self.outside.state(LinkState::LoggedOut).await?;
        while self.outside.login.is_none() {
            self.outside.idle_order().await?;
        }
        Ok(())
    }
}
