//! What a session waits for.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Instant, Sleep, sleep_until},
};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use super::wire::Wire;

/// What has happened to a session.
#[derive(Debug)]
pub(super) enum Event {
    /// The server is to stop.
    Shutdown,
    /// The timer has gone off.
    Time,
    /// So many bytes have come; none at the end.
    Read(io::Result<usize>),
    /// The hub has left something.
    News,
}

/// Everything but news that a session waits for.
///
/// What wakes a session is nearly always news, to all readers of a room at once. To look at its
/// timer, its socket and the rest each time would cost as much as to encrypt what it is told. So all
/// that is waited for with a waker of its own, by which is known whether any of it was the reason.
#[derive(Debug)]
pub(super) struct Others {
    timer: Pin<Box<Sleep>>,
    /// Made once: to ask for it each time would take the lock that all sessions share.
    shutdown: Pin<Box<WaitForCancellationFutureOwned>>,
    bell: Arc<Bell>,
    ringing: Waker,
    /// What the bell rings for, and whom it wakes, once all of that was found to be still to come.
    awaited: Option<(Awaited, Waker)>,
}

/// What is waited for beside news and time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Awaited {
    shutdown: bool,
    input: bool,
}

/// Wakes the session's task, and says so.
#[derive(Debug, Default)]
struct Bell {
    has_rung: AtomicBool,
    task: Mutex<Option<Waker>>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        // First, so that whoever is woken sees it.
        self.has_rung.store(true, Ordering::Release);
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = &*task {
            task.wake_by_ref();
        }
    }
}

impl Others {
    /// Waits for the server's shutdown, and for a time.
    pub(super) fn new(shutdown: CancellationToken, at: Instant) -> Self {
        let bell = Arc::<Bell>::default();
        Self {
            timer: Box::pin(sleep_until(at)),
            shutdown: Box::pin(shutdown.cancelled_owned()),
            ringing: Waker::from(Arc::clone(&bell)),
            bell,
            awaited: None,
        }
    }

    /// From now on waits until then.
    pub(super) fn set_timer(&mut self, at: Instant) {
        self.timer.as_mut().reset(at);
        self.awaited = None;
    }

    /// Waits until then, if that is sooner.
    pub(super) fn hurry_timer(&mut self, at: Instant) {
        if at < self.timer.deadline() {
            self.set_timer(at);
        }
    }

    /// Whether there may be anything to see.
    fn may_have_come(&self, awaited: Awaited, cx: &Context<'_>) -> bool {
        let is_awaited = self
            .awaited
            .as_ref()
            .is_some_and(|(for_what, task)| *for_what == awaited && task.will_wake(cx.waker()));
        !is_awaited || self.bell.has_rung.load(Ordering::Acquire)
    }

    /// Has the bell ring for this task. Comes before a look: what happens meanwhile is looked for again.
    fn ring_for(&self, cx: &Context<'_>) {
        let mut task = self
            .bell
            .task
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *task = Some(cx.waker().clone());
        self.bell.has_rung.store(false, Ordering::Release);
    }
}

/// Waits for what comes next: of the server's shutdown unless the session is leaving already, and of
/// the peer's bytes only where there is a wire.
///
/// Nobody is kept waiting by the order, as all that has come is seen before news is taken again.
/// Without chance a run can be repeated.
pub(super) async fn next<S: AsyncRead + AsyncWrite + Unpin>(
    news: impl Fn(&Context<'_>) -> Poll<()>,
    others: &mut Others,
    is_leaving: bool,
    mut wire: Option<&mut Wire<S>>,
) -> Event {
    let awaited = Awaited {
        shutdown: !is_leaving,
        input: wire.is_some(),
    };
    poll_fn(|cx| {
        if others.may_have_come(awaited, cx) {
            others.awaited = None;
            others.ring_for(cx);
            let ringing = &mut Context::from_waker(&others.ringing);
            if awaited.shutdown && others.shutdown.as_mut().poll(ringing).is_ready() {
                return Poll::Ready(Event::Shutdown);
            }
            if others.timer.as_mut().poll(ringing).is_ready() {
                return Poll::Ready(Event::Time);
            }
            if let Some(wire) = &mut wire
                && let Poll::Ready(read) = wire.poll_fill(ringing)
            {
                return Poll::Ready(Event::Read(read));
            }
            others.awaited = Some((awaited, cx.waker().clone()));
        }
        news(cx).map(|()| Event::News)
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, pin::pin, time::Duration};

    use tokio::{
        io::{AsyncWriteExt, DuplexStream, duplex},
        time::{advance, pause},
    };

    use crate::server::native::Buffers;

    use super::*;

    const FAR_OFF: Duration = Duration::from_secs(60);

    struct Waiting {
        others: Others,
        wire: Wire<DuplexStream>,
        news: Cell<bool>,
        task: Waker,
    }

    impl Waiting {
        fn poll(&mut self) -> Poll<Event> {
            let news = |_: &Context<'_>| {
                let none = Poll::Pending;
                self.news.take().then_some(()).map_or(none, Poll::Ready)
            };
            let next = next(news, &mut self.others, false, Some(&mut self.wire));
            pin!(next).poll(&mut Context::from_waker(&self.task))
        }

        /// Whether something beside news would be looked for.
        fn looks_at_others(&self) -> bool {
            let awaited = Awaited {
                shutdown: true,
                input: true,
            };
            let cx = Context::from_waker(&self.task);
            self.others.may_have_come(awaited, &cx)
        }
    }

    fn waiting() -> (Waiting, DuplexStream, CancellationToken) {
        pause();
        let (near, far) = duplex(64);
        let shutdown = CancellationToken::new();
        let waiting = Waiting {
            others: Others::new(shutdown.clone(), Instant::now() + FAR_OFF),
            wire: Wire::new(near, Buffers::default(), FAR_OFF),
            news: Cell::new(false),
            task: Waker::from(Arc::<Bell>::default()),
        };
        (waiting, far, shutdown)
    }

    #[tokio::test]
    async fn news_is_told_without_a_look_at_the_rest() {
        let (mut waiting, _far, _shutdown) = waiting();
        assert!(waiting.looks_at_others());
        assert!(waiting.poll().is_pending());
        for _ in 0..3 {
            assert!(!waiting.looks_at_others());
            waiting.news.set(true);
            assert!(matches!(waiting.poll(), Poll::Ready(Event::News)));
            assert!(waiting.poll().is_pending());
        }
    }

    #[tokio::test]
    async fn whatever_comes_is_seen_however_much_news_there_is() {
        let (mut waiting, mut far, shutdown) = waiting();
        assert!(waiting.poll().is_pending());
        waiting.news.set(true);
        far.write_all(b"hello").await.unwrap();
        assert!(matches!(waiting.poll(), Poll::Ready(Event::Read(Ok(5)))));
        assert!(matches!(waiting.poll(), Poll::Ready(Event::News)));
        assert!(waiting.poll().is_pending());
        waiting.news.set(true);
        advance(2 * FAR_OFF).await;
        assert!(matches!(waiting.poll(), Poll::Ready(Event::Time)));
        waiting.others.set_timer(Instant::now() + FAR_OFF);
        assert!(matches!(waiting.poll(), Poll::Ready(Event::News)));
        waiting.news.set(true);
        shutdown.cancel();
        assert!(matches!(waiting.poll(), Poll::Ready(Event::Shutdown)));
    }

    #[tokio::test]
    async fn a_timer_set_anew_goes_off_at_its_new_time() {
        let (mut waiting, _far, _shutdown) = waiting();
        assert!(waiting.poll().is_pending());
        waiting.others.hurry_timer(Instant::now() + FAR_OFF / 2);
        waiting.others.hurry_timer(Instant::now() + 3 * FAR_OFF);
        assert!(waiting.poll().is_pending());
        advance(FAR_OFF * 2 / 3).await;
        assert!(matches!(waiting.poll(), Poll::Ready(Event::Time)));
    }
}
