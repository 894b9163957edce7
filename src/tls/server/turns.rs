//! Taking turns, so that a crowd of handshakes leaves cores to those who chat.
//!
//! Promises: never more handshakes at work at once than there are turns, and nobody has a turn
//! while waiting for a peer.

use std::{
    future::poll_fn, num::NonZeroUsize, pin::Pin, pin::pin, sync::Arc, task::Poll,
    thread::available_parallelism,
};

use tokio::sync::Semaphore;

/// One core in so many is for handshakes. Each takes a fifth of a millisecond, and a stranger asks
/// for it with bytes that cost nothing to send again: with all cores at it, a message waits behind
/// hundreds of them.
const ONE_CORE_IN: usize = 2;

/// So many may be at work at once, first come, first served. Cheap to clone.
///
/// The semaphores are never closed, so that waiting for them cannot fail.
#[derive(Clone, Debug)]
pub(super) struct Turns {
    /// Those who begin wait here, and stand in line for a turn no more than there are turns: so who
    /// has begun, and has little left to do, does not wait for all who have not.
    beginning: Arc<Semaphore>,
    turns: Arc<Semaphore>,
}

impl Turns {
    /// As many as leave cores to those who have their handshake behind them.
    pub(super) fn of_this_machine() -> Self {
        let cores = available_parallelism().map_or(1, NonZeroUsize::get);
        Self::new((cores / ONE_CORE_IN).max(1))
    }

    fn new(turns: usize) -> Self {
        let semaphore = || Arc::new(Semaphore::new(turns));
        Self {
            beginning: semaphore(),
            turns: semaphore(),
        }
    }

    /// Does the first and dearest part of some work.
    ///
    /// Cancel safe: it is not begun, and a place in line is given up.
    pub(super) async fn begin<T>(&self, work: impl FnOnce() -> T) -> T {
        let beginning = self.beginning.acquire().await;
        let done = self.go_on(async { work() }).await;
        drop(beginning);
        done
    }

    /// Does the rest of it, turn by turn. A turn ends as soon as the work has to wait for something, so
    /// nothing that a peer leaves undone can keep one.
    ///
    /// Cancel safe as far as the work is: a turn is given back, and a place in line given up.
    pub(super) async fn go_on<F: Future>(&self, work: F) -> F::Output {
        let mut work = pin!(work);
        loop {
            let turn = self.turns.acquire().await;
            let polled = poll_once(work.as_mut()).await;
            drop(turn);
            match polled {
                Poll::Ready(done) => return done,
                Poll::Pending => woken().await,
            }
        }
    }
}

async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
}

/// Waits until whatever was polled last wakes this task.
async fn woken() {
    let mut is_waiting = false;
    poll_fn(|_| {
        if std::mem::replace(&mut is_waiting, true) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

#[cfg(test)]
mod tests {
    use std::{
        future::{pending, ready},
        sync::atomic::{AtomicUsize, Ordering},
        thread,
    };

    use tokio::{
        sync::mpsc,
        task::{JoinSet, yield_now},
    };

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn never_more_are_at_work_at_once_than_there_are_turns() {
        let turns = Turns::new(2);
        let at_work = Arc::new(AtomicUsize::new(0));
        let mut all = JoinSet::new();
        for _ in 0..100 {
            let (turns, at_work) = (turns.clone(), Arc::clone(&at_work));
            all.spawn(async move {
                let mut most = 0;
                let work = async {
                    for _ in 0..20 {
                        most = most.max(1 + at_work.fetch_add(1, Ordering::SeqCst));
                        thread::yield_now();
                        at_work.fetch_sub(1, Ordering::SeqCst);
                        yield_now().await;
                    }
                };
                turns.go_on(work).await;
                most
            });
        }
        let most = all.join_all().await.into_iter().max();
        assert!(most <= Some(2), "{most:?} at work at once");
    }

    #[tokio::test]
    async fn who_waits_for_something_else_has_no_turn() {
        let turns = Turns::new(1);
        let mut waiting = JoinSet::new();
        for _ in 0..1000 {
            let turns = turns.clone();
            waiting.spawn(async move { turns.go_on(pending::<()>()).await });
        }
        let (numbers, mut heard) = mpsc::channel(1);
        let work = turns.go_on(async {
            let mut sum = 0;
            while let Some(number) = heard.recv().await {
                sum += number;
            }
            sum
        });
        let feed = async {
            for number in [1, 2, 3] {
                numbers.send(number).await.unwrap();
                yield_now().await;
                assert_eq!(turns.turns.available_permits(), 1);
            }
            drop(numbers);
        };
        assert_eq!(tokio::join!(work, feed).0, 6);
    }

    #[tokio::test]
    async fn who_goes_on_does_not_wait_for_all_who_begin() {
        let turns = Turns::new(1);
        let turn = turns.turns.acquire().await;
        let begun = Arc::new(AtomicUsize::new(0));
        let mut all = JoinSet::new();
        for _ in 0..1000 {
            let (turns, begun) = (turns.clone(), Arc::clone(&begun));
            let count = move || begun.fetch_add(1, Ordering::SeqCst);
            all.spawn(async move { turns.begin(count).await });
        }
        yield_now().await; // all stand in line
        let going_on = turns.go_on(async { begun.load(Ordering::SeqCst) });
        let give_back = async { drop(turn) };
        assert_eq!(tokio::join!(going_on, give_back).0, 1);
        assert_eq!(all.join_all().await.len(), 1000);
    }

    #[tokio::test]
    async fn a_turn_comes_back_whatever_becomes_of_the_work() {
        let turns = Turns::new(1);
        assert_eq!(turns.go_on(ready(Err::<(), _>("no"))).await, Err("no"));
        assert_eq!(turns.turns.available_permits(), 1);

        let of_task = turns.clone();
        let mut task = JoinSet::new();
        task.spawn(async move { of_task.go_on(async { panic!("on purpose") }).await });
        assert!(task.join_next().await.unwrap().unwrap_err().is_panic());
        assert_eq!(turns.turns.available_permits(), 1);

        let mut begun = Box::pin(turns.go_on(pending::<()>()));
        assert!(poll_once(begun.as_mut()).await.is_pending());
        let turn = turns.turns.acquire().await;
        let mut in_line = Box::pin(turns.go_on(pending::<()>()));
        assert!(poll_once(in_line.as_mut()).await.is_pending());
        let mut beginning = Box::pin(turns.begin(|| ()));
        assert!(poll_once(beginning.as_mut()).await.is_pending());
        assert_eq!(turns.beginning.available_permits(), 0);
        drop((begun, in_line, beginning, turn));
        assert_eq!(turns.turns.available_permits(), 1);
        assert_eq!(turns.beginning.available_permits(), 1);
    }
}
