//! The link: a connection that is made again for ever, until it is told to stop or may not go on.
//!
//! One owned task between two bounded channels: events come out, orders go in. It keeps no state of
//! the chat: at each connection it asks for a login, with the cursors as they stand then, so that
//! nothing is missed and nothing repeated. Knows nothing of any screen.

mod dialer;
mod session;
mod task;
#[cfg(test)]
mod tests;

use std::time::Duration;

use tokio::{sync::mpsc, task::JoinSet, time::Instant};

use crate::{
    protocol::{Failure, Frame, Hello, Request, RequestId, Verb, Welcome},
    tls::{ConnectError, Negotiated},
};

#[cfg(test)]
pub(crate) use dialer::Arriving;
pub(super) use dialer::Dialer;
use task::Task;

/// Frames that wait for the screen. When it is full the link stops reading, and the server keeps
/// the rest: it costs the server a cursor, not a queue.
const EVENTS_MAX: usize = 256;
/// Orders that wait for the wire. When it is full they wait at their sender.
const ORDERS_MAX: usize = 16;
/// The numbers below this one are the link's own requests.
pub(super) const FIRST_REQUEST: RequestId = 2;
/// How long saying goodbye may take.
const GOODBYE_TIMEOUT: Duration = Duration::from_secs(1);

/// Which connection of a link something belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Epoch(u64);

/// How the link stands.
#[derive(Debug)]
pub enum LinkState {
    /// On the way to the server.
    Connecting,
    /// At the door: waiting for the server to take the login.
    LoggingIn,
    /// In.
    Connected {
        /// How the connection is protected; nothing in tests over memory.
        tls: Option<Negotiated>,
    },
    /// Cut off, and about to try again.
    Waiting {
        /// When.
        until: Instant,
        /// How often it has failed in a row.
        attempt: u32,
        /// What went wrong last.
        reason: String,
    },
    /// Nobody is logged in, and nothing happens until a login is ordered.
    LoggedOut,
    /// It would be of no use or of harm to try again.
    Stopped(Stop),
}

/// Why a link does not try again.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// The server could not be verified.
    #[error(transparent)]
    Unverified(#[from] ConnectError),
    /// The server speaks another version.
    #[error(
        "the server speaks version {theirs} of the protocol, this netcomm speaks {}: update the older of the two",
        crate::protocol::VERSION
    )]
    Version {
        /// The server's.
        theirs: u32,
    },
}

/// What the link tells.
#[derive(Debug)]
pub(super) enum LinkEvent {
    /// It stands differently now.
    State(LinkState),
    /// The server is there and waits for a login.
    Hello(Box<Hello>, Epoch),
    /// The login that was ordered was taken.
    LoggedIn(Box<Welcome>),
    /// The login that was ordered was refused; another may be ordered.
    LoginRefused(Failure),
    /// The server ended the session: its token is worth nothing any more.
    SessionEnded(Failure),
    /// The server said something.
    Frame(Box<Frame>),
}

/// What the link is told to do.
#[derive(Debug)]
pub(super) enum Order {
    /// Log in with this request.
    Login(Verb),
    /// Send a request of the connection it was made for; dropped when that one is gone.
    Request(Request, Epoch),
    /// Stop waiting and connect now.
    Retry,
    /// Say goodbye and end.
    Close,
}

/// The owner's end of a link. Dropping it ends the link at once.
pub(super) struct Link {
    pub(super) events: mpsc::Receiver<LinkEvent>,
    pub(super) orders: mpsc::Sender<Order>,
    task: JoinSet<()>,
}

impl Link {
    /// Starts to connect.
    pub(super) fn start(dialer: Dialer) -> Self {
        let (events_in, events) = mpsc::channel(EVENTS_MAX);
        let (orders, orders_out) = mpsc::channel(ORDERS_MAX);
        let mut task = JoinSet::new();
        task.spawn(Task::new(dialer, orders_out, events_in).run());
        Self {
            events,
            orders,
            task,
        }
    }

    /// Says goodbye to the server, within a moment.
    pub(super) async fn close(mut self) {
        self.events.close();
        let goodbye = async {
            // A link that has ended takes no order and needs none.
            if self.orders.send(Order::Close).await.is_ok() {
                self.task.join_next().await;
            }
        };
        // The server notices an end without goodbye as well.
        let _late = tokio::time::timeout(GOODBYE_TIMEOUT, goodbye).await;
    }
}
