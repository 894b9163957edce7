//! One connection of a link, from the server's hello to its end.

use std::{future::pending, time::Duration};

use tokio::{
    select,
    time::{Instant, MissedTickBehavior, interval, sleep_until, timeout},
};

use super::{
    Epoch, FIRST_REQUEST, GOODBYE_TIMEOUT, LinkEvent, LinkState, Order,
    dialer::Dialled,
    task::{End, Outside},
};
use crate::{
    client::{
        connection::Connection,
        heartbeat::{Heartbeat, Pulse, TICK_INTERVAL},
    },
    model::Timestamp,
    protocol::{Answer, Code, Failure, Frame, Hello, Nothing, Request, RequestId, Verb},
    tls::Negotiated,
};

const LOGIN: RequestId = 0;
const PING: RequestId = 1;
const _: () = assert!(LOGIN < FIRST_REQUEST && PING < FIRST_REQUEST);

/// How long a login may take: the server waits in line for the password's hash.
const LOGIN_TIMEOUT: Duration = Duration::from_secs(30);

/// How far it has come.
enum Stage {
    /// The server waits for a login, and so does the link.
    AtTheDoor,
    LoggingIn {
        deadline: Instant,
    },
    In {
        since: Instant,
        heartbeat: Heartbeat,
    },
}

pub(super) struct Session<'t> {
    outside: &'t mut Outside,
    connection: Connection,
    hello: Option<Box<Hello>>,
    tls: Option<Negotiated>,
    epoch: Epoch,
    stage: Stage,
    /// From the server's goodbye.
    hint: Option<Duration>,
}

impl<'t> Session<'t> {
    pub(super) fn new(outside: &'t mut Outside, dialled: Dialled, epoch: Epoch) -> Self {
        Self {
            outside,
            connection: dialled.connection,
            hello: Some(dialled.hello),
            tls: dialled.tls,
            epoch,
            stage: Stage::AtTheDoor,
            hint: None,
        }
    }

    /// Since when it is logged in, if it is.
    pub(super) const fn logged_in(&self) -> Option<Instant> {
        match self.stage {
            Stage::In { since, .. } => Some(since),
            Stage::AtTheDoor | Stage::LoggingIn { .. } => None,
        }
    }

    /// Holds the connection to its end.
    pub(super) async fn run(&mut self) -> Result<(), End> {
        if let Some(hello) = self.hello.take() {
            let event = LinkEvent::Hello(hello, self.epoch);
            self.outside.tell(event).await?;
        }
        if let Some(login) = self.outside.login.take() {
            self.log_in(login).await?;
        }
        let mut ticks = interval(TICK_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let deadline = self.login_deadline();
            select! {
                // In the order of how soon each is used up, so that none keeps the next from its
                // turn: orders end where the connection has no room, and frames need not end.
                biased;
                _ = ticks.tick() => self.tick()?,
                () = at(deadline) => return Err(End::lost("the server did not answer the login")),
                order = self.outside.orders.recv(), if self.connection.has_room() => {
                    self.obey(order).await?;
                }
                frame = self.connection.next() => match frame {
                    Ok(frame) => self.take(frame).await?,
                    Err(lost) => return Err(self.ended(lost.to_string())),
                },
            }
        }
    }

    const fn login_deadline(&self) -> Option<Instant> {
        match self.stage {
            Stage::LoggingIn { deadline } => Some(deadline),
            Stage::AtTheDoor | Stage::In { .. } => None,
        }
    }

    fn ended(&self, reason: String) -> End {
        match (&self.stage, self.hint) {
            (Stage::AtTheDoor, None) => End::LoggedOut,
            (_, hint @ Some(_)) => End::Lost {
                reason: "the server is stopping or starting again".to_owned(),
                hint,
            },
            (_, None) => End::lost(reason),
        }
    }

    async fn obey(&mut self, order: Option<Order>) -> Result<(), End> {
        match order {
            Some(Order::Login(verb)) if matches!(self.stage, Stage::AtTheDoor) => {
                self.log_in(verb).await
            }
            Some(Order::Request(request, epoch)) if epoch == self.epoch => {
                self.connection.queue(&request);
                Ok(())
            }
            Some(Order::Login(_) | Order::Request(..) | Order::Retry) => Ok(()),
            Some(Order::Close) | None => {
                self.say_goodbye().await;
                Err(End::Closed)
            }
        }
    }

    async fn log_in(&mut self, verb: Verb) -> Result<(), End> {
        self.connection.queue(&Request { id: LOGIN, verb });
        let deadline = Instant::now() + LOGIN_TIMEOUT;
        self.stage = Stage::LoggingIn { deadline };
        self.outside.state(LinkState::LoggingIn).await
    }

    async fn say_goodbye(&mut self) {
        let verb = Verb::Quit(Nothing {});
        self.connection.queue(&Request { id: PING, verb });
        let drain = async { while self.connection.next().await.is_ok() {} };
        // Nobody waits for what comes now; the server notices the end either way.
        let _late = timeout(GOODBYE_TIMEOUT, drain).await;
    }

    fn tick(&mut self) -> Result<(), End> {
        let Stage::In { heartbeat, .. } = &mut self.stage else {
            return Ok(());
        };
        match heartbeat.tick(Instant::now(), Timestamp::now()) {
            Pulse::Fine => {}
            Pulse::Ping => {
                let verb = Verb::Ping(Nothing {});
                self.connection.queue(&Request { id: PING, verb });
            }
            Pulse::Dead => return Err(End::lost("the server does not answer any more")),
        }
        Ok(())
    }

    async fn take(&mut self, frame: Frame) -> Result<(), End> {
        if let Stage::In { heartbeat, .. } = &mut self.stage {
            heartbeat.heard(Instant::now());
        }
        match frame {
            Frame::Ping {} => {
                let verb = Verb::Pong(Nothing {});
                self.connection.queue(&Request { id: PING, verb });
                Ok(())
            }
            Frame::GoingAway { retry_ms } => {
                self.hint = Some(Duration::from_millis(retry_ms));
                Ok(())
            }
            Frame::Ok(answer) if answer.id == LOGIN => self.let_in(answer).await,
            Frame::Error(failure) if failure.id == Some(LOGIN) => self.turned_away(failure).await,
            Frame::Error(failure) if failure.id.is_none() => Err(self.dismissed(failure).await),
            // The answer to a ping is a sign of life and nothing else.
            Frame::Ok(Answer { id: PING, .. }) | Frame::Error(Failure { id: Some(PING), .. }) => {
                Ok(())
            }
            frame => self.outside.tell(LinkEvent::Frame(Box::new(frame))).await,
        }
    }

    async fn let_in(&mut self, answer: Answer) -> Result<(), End> {
        let Some(welcome) = answer.welcome else {
            return Err(End::lost("the server took the login without a welcome"));
        };
        let since = Instant::now();
        self.stage = Stage::In {
            since,
            heartbeat: Heartbeat::new(since, Timestamp::now()),
        };
        let event = LinkEvent::LoggedIn(Box::new(welcome));
        self.outside.tell(event).await?;
        self.outside
            .state(LinkState::Connected { tls: self.tls })
            .await
    }

    async fn turned_away(&mut self, failure: Failure) -> Result<(), End> {
        if is_passing(failure.code) {
            return Err(End::told(failure));
        }
        self.stage = Stage::AtTheDoor;
        self.outside.tell(LinkEvent::LoginRefused(failure)).await
    }

    /// The server ends the connection and says why.
    async fn dismissed(&mut self, failure: Failure) -> End {
        if failure.code != Code::SessionEnded {
            return End::told(failure);
        }
        match self.outside.tell(LinkEvent::SessionEnded(failure)).await {
            Ok(()) => End::LoggedOut,
            Err(end) => end,
        }
    }
}

/// Whether the same login will do later, without anybody's help.
const fn is_passing(code: Code) -> bool {
    matches!(
        code,
        Code::Busy | Code::Throttled | Code::Unavailable | Code::Timeout | Code::Internal
    )
}

/// Never comes when there is no deadline.
async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => pending().await,
    }
}
