//! What a session waits for.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll, Waker, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Instant, Sleep, sleep_until},
};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::hub::{Feed, Woken};

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
/// of that rings a bell, by which is known whether any of it was the reason.
#[derive(Debug)]
pub(super) struct Others {
    timer: Pin<Box<Sleep>>,
    /// Made once: to ask for it each time would take the lock that all sessions share.
    shutdown: Pin<Box<WaitForCancellationFutureOwned>>,
    bell: Waker,
    /// What the bell rings for, once all of that was found to be still to come.
    awaited: Option<Awaited>,
}

/// What is waited for beside news and time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Awaited {
    shutdown: bool,
    input: bool,
}

impl Others {
    /// Waits for the server's shutdown, and for a time; rings that bell then.
    pub(super) fn new(shutdown: CancellationToken, at: Instant, bell: Waker) -> Self {
        Self {
            timer: Box::pin(sleep_until(at)),
            shutdown: Box::pin(shutdown.cancelled_owned()),
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

    /// What of it has come. The bell rings when more does.
    fn poll<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        awaited: Awaited,
        wire: Option<&mut Wire<S>>,
    ) -> Poll<Event> {
        self.awaited = None;
        let cx = &mut Context::from_waker(&self.bell);
        if awaited.shutdown && self.shutdown.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Event::Shutdown);
        }
        // Before the time: who has spoken is not silent, however late the server gets to hear it.
        if let Some(wire) = wire
            && let Poll::Ready(read) = wire.poll_fill(cx)
        {
            return Poll::Ready(Event::Read(read));
        }
        if self.timer.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Event::Time);
        }
        self.awaited = Some(awaited);
        Poll::Pending
    }
}

/// Waits for what comes next: of the server's shutdown unless the session is leaving already, and of
/// the peer's bytes only where there is a wire.
///
/// Nobody is kept waiting by the order, as all that has come is seen before news is taken again.
/// Without chance a run can be repeated.
pub(super) async fn next<S: AsyncRead + AsyncWrite + Unpin>(
    feed: &Feed,
    others: &mut Others,
    is_leaving: bool,
    mut wire: Option<&mut Wire<S>>,
) -> Event {
    let awaited = Awaited {
        shutdown: !is_leaving,
        input: wire.is_some(),
    };
    poll_fn(|cx| {
        let mut looks = others.awaited != Some(awaited);
        loop {
            if looks && let Poll::Ready(event) = others.poll(awaited, wire.as_deref_mut()) {
                return Poll::Ready(event);
            }
            match ready!(feed.poll_woken(cx)) {
                Woken::News => return Poll::Ready(Event::News),
                Woken::Bell if looks => {
                    // While it was looked at: to be seen when others have had their turn.
                    others.awaited = None;
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Woken::Bell => looks = true,
            }
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        sync::{
            Arc,
            atomic::{AtomicBool, Ordering},
        },
        task::Wake,
        time::Duration,
    };

    use tokio::{
        io::{AsyncWriteExt, DuplexStream, ReadBuf, duplex, join},
        time::{advance, pause},
    };

    use crate::{hub::Value, server::native::Buffers};

    use super::*;

    const FAR_OFF: Duration = Duration::from_secs(60);

    #[derive(Default)]
    struct Task(AtomicBool);

    impl Wake for Task {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    /// Has nothing to read, and has it be asked for again at once.
    struct Restless;

    impl AsyncRead for Restless {
        fn poll_read(
            self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            _: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            cx.waker().wake_by_ref();
            Poll::Pending
        }
    }

    struct Waiting {
        feed: Feed,
        others: Others,
        wire: Wire<DuplexStream>,
        task: Arc<Task>,
    }

    impl Waiting {
        fn poll(&mut self) -> Poll<Event> {
            let next = next(&self.feed, &mut self.others, false, Some(&mut self.wire));
            let task = Waker::from(Arc::clone(&self.task));
            pin!(next).poll(&mut Context::from_waker(&task))
        }

        fn leave_news(&self) {
            self.feed.leave(Value::Notice("hi".to_owned()));
        }

        /// Whether it was woken since this was last asked.
        fn was_woken(&self) -> bool {
            self.task.0.swap(false, Ordering::Relaxed)
        }
    }

    fn waiting() -> (Waiting, DuplexStream, CancellationToken) {
        pause();
        let (near, far) = duplex(64);
        let (feed, shutdown) = (Feed::alone(), CancellationToken::new());
        let waiting = Waiting {
            others: Others::new(shutdown.clone(), Instant::now() + FAR_OFF, feed.bell()),
            feed,
            wire: Wire::new(near, Buffers::default(), FAR_OFF),
            task: Arc::default(),
        };
        (waiting, far, shutdown)
    }

    #[tokio::test]
    async fn news_is_told_without_a_look_at_the_rest() {
        let (mut waiting, mut far, _shutdown) = waiting();
        assert!(waiting.poll().is_pending());
        // Has the socket ring for somebody else: only a look would find what comes.
        let elsewhere = &mut Context::from_waker(Waker::noop());
        assert!(waiting.wire.poll_fill(elsewhere).is_pending());
        far.write_all(b"hello").await.unwrap();
        for _ in 0..3 {
            waiting.leave_news();
            assert!(waiting.was_woken());
            assert!(matches!(waiting.poll(), Poll::Ready(Event::News)));
            assert!(waiting.poll().is_pending());
        }
        waiting.feed.bell().wake();
        assert!(matches!(waiting.poll(), Poll::Ready(Event::Read(Ok(5)))));
    }

    #[tokio::test]
    async fn whatever_comes_is_seen_however_much_news_there_is() {
        let (mut waiting, mut far, shutdown) = waiting();
        assert!(waiting.poll().is_pending());
        waiting.leave_news();
        far.write_all(b"hello").await.unwrap();
        assert!(matches!(waiting.poll(), Poll::Ready(Event::Read(Ok(5)))));
        assert!(matches!(waiting.poll(), Poll::Ready(Event::News)));
        assert!(waiting.poll().is_pending());
        waiting.leave_news();
        advance(2 * FAR_OFF).await;
        assert!(matches!(waiting.poll(), Poll::Ready(Event::Time)));
        waiting.others.set_timer(Instant::now() + FAR_OFF);
        assert!(matches!(waiting.poll(), Poll::Ready(Event::News)));
        waiting.leave_news();
        shutdown.cancel();
        assert!(matches!(waiting.poll(), Poll::Ready(Event::Shutdown)));
    }

    #[tokio::test]
    async fn what_rings_whenever_it_is_looked_at_keeps_nobody_else_from_going_on() {
        let (mut waiting, _far, _shutdown) = waiting();
        let restless = join(Restless, tokio::io::sink());
        let mut wire = Wire::new(restless, Buffers::default(), FAR_OFF);
        let task = Waker::from(Arc::clone(&waiting.task));
        for _ in 0..3 {
            let next = next(&waiting.feed, &mut waiting.others, false, Some(&mut wire));
            let next = pin!(next).poll(&mut Context::from_waker(&task));
            assert!(next.is_pending());
            assert!(waiting.was_woken());
        }
    }

    #[tokio::test]
    async fn who_has_spoken_is_heard_before_their_time_is_up_however_late_that_is() {
        let (mut waiting, mut far, _shutdown) = waiting();
        assert!(waiting.poll().is_pending());
        far.write_all(b"pong").await.unwrap();
        advance(2 * FAR_OFF).await;
        assert!(matches!(waiting.poll(), Poll::Ready(Event::Read(Ok(4)))));
        assert!(matches!(waiting.poll(), Poll::Ready(Event::Time)));
    }

    #[tokio::test]
    async fn a_timer_set_anew_goes_off_at_its_new_time() {
        let (mut waiting, _far, _shutdown) = waiting();
        assert!(waiting.poll().is_pending());
        waiting.others.hurry_timer(Instant::now() + FAR_OFF / 2);
        waiting.others.hurry_timer(Instant::now() + 3 * FAR_OFF);
        assert!(waiting.poll().is_pending());
        advance(FAR_OFF * 2 / 3).await;
        assert!(waiting.was_woken());
        assert!(matches!(waiting.poll(), Poll::Ready(Event::Time)));
    }
}
