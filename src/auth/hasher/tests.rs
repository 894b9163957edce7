//! The line and the threads, with jobs that wait until they are let go.

use std::sync::mpsc;

use tokio::task::JoinSet;

use super::*;

/// A job that says it has begun and then waits to be let go.
struct Held {
    begun: mpsc::Receiver<()>,
    go: mpsc::Sender<()>,
}

fn held() -> (Held, impl FnOnce(&mut Scratch) + Send + 'static) {
    let (begin, begun) = mpsc::channel();
    let (go, going) = mpsc::channel();
    let job = move |_: &mut Scratch| {
        begin.send(()).unwrap();
        // Also let go when the other end is dropped.
        let _ended = going.recv();
    };
    (Held { begun, go }, job)
}

fn hasher(concurrent: usize, waiting: usize) -> Arc<Hasher> {
    Arc::new(Hasher::new(NonZeroUsize::new(concurrent).unwrap(), waiting).unwrap())
}

/// Occupies every thread; the returned handles hold them.
fn occupy(hasher: &Arc<Hasher>, tasks: &mut JoinSet<Result<(), Busy>>, count: usize) -> Vec<Held> {
    (0..count)
        .map(|_| {
            let (held, job) = held();
            enter(hasher, tasks, Standing::Known, job);
            held.begun.recv().unwrap();
            held
        })
        .collect()
}

/// Puts a job into the line before returning, whatever the runtime does.
fn enter(
    hasher: &Arc<Hasher>,
    tasks: &mut JoinSet<Result<(), Busy>>,
    standing: Standing,
    job: impl FnOnce(&mut Scratch) + Send + 'static,
) {
    let (answer, answered) = oneshot::channel();
    let job: Job = Box::new(move |scratch| {
        job(scratch);
        answer.send(()).unwrap();
    });
    hasher.line.join(standing, job);
    tasks.spawn(async { answered.await.map_err(|_| Busy) });
}

#[tokio::test]
async fn no_more_run_at_once_than_allowed_and_no_more_wait() {
    let hasher = hasher(2, 3);
    let mut tasks = JoinSet::new();
    let held = occupy(&hasher, &mut tasks, 2);
    for _ in 0..3 {
        enter(&hasher, &mut tasks, Standing::Known, |_| ());
    }
    assert_eq!(hasher.run(Standing::Known, |_| ()).await, Err(Busy));
    drop(held);
    let outcomes = tasks.join_all().await;
    assert_eq!(outcomes, [Ok(()); 5]);
}

#[tokio::test]
async fn who_guesses_is_served_last_and_sent_away_first() {
    let hasher = hasher(1, 2);
    let mut tasks = JoinSet::new();
    let held = occupy(&hasher, &mut tasks, 1);
    let (order, served) = mpsc::channel();
    let note = |who: &'static str| {
        let order = order.clone();
        move |_: &mut Scratch| order.send(who).unwrap()
    };
    enter(&hasher, &mut tasks, Standing::Limited, note("guesser"));
    enter(&hasher, &mut tasks, Standing::Stranger(3), note("clumsy"));
    enter(&hasher, &mut tasks, Standing::Stranger(0), note("newcomer"));
    assert_eq!(
        hasher.run(Standing::Limited, note("other guesser")).await,
        Err(Busy)
    );
    drop(held);
    let outcomes = tasks.join_all().await;
    assert_eq!(
        outcomes.iter().filter(|outcome| outcome.is_err()).count(),
        1
    );
    drop(order);
    assert_eq!(served.iter().collect::<Vec<_>>(), ["newcomer", "clumsy"]);
}

#[tokio::test]
async fn a_job_whose_caller_has_gone_is_not_begun() {
    let hasher = hasher(1, 2);
    let mut tasks = JoinSet::new();
    let held = occupy(&hasher, &mut tasks, 1);
    let (begun, count) = mpsc::channel();
    {
        let abandoned = hasher.run(Standing::Known, move |_| begun.send(()).unwrap());
        let mut abandoned = Box::pin(abandoned);
        assert!(futures_poll(&mut abandoned).await);
    }
    drop(held);
    hasher.run(Standing::Stranger(1), |_| ()).await.unwrap();
    assert!(count.try_recv().is_err());
}

/// Polls a future once; says whether it is still pending.
async fn futures_poll<F: Future + Unpin>(future: &mut F) -> bool {
    std::future::poll_fn(|context| {
        std::task::Poll::Ready(std::pin::Pin::new(&mut *future).poll(context).is_pending())
    })
    .await
}

#[tokio::test]
async fn a_panic_costs_one_job_and_no_thread() {
    let hasher = hasher(1, 2);
    assert_eq!(
        hasher.run(Standing::Known, |_| panic!("on purpose")).await,
        Err::<(), _>(Busy)
    );
    assert_eq!(hasher.run(Standing::Known, |_| 7).await, Ok(7));
}

#[tokio::test]
async fn closing_sends_away_whoever_waits_and_joins_the_threads() {
    let hasher = hasher(1, 2);
    let mut tasks = JoinSet::new();
    let held = occupy(&hasher, &mut tasks, 1);
    enter(&hasher, &mut tasks, Standing::Known, |_| ());
    hasher.line.close();
    held[0].go.send(()).unwrap();
    let mut outcomes = tasks.join_all().await;
    outcomes.sort_by_key(Result::is_ok);
    assert_eq!(outcomes, [Err(Busy), Ok(())]);
    assert_eq!(hasher.run(Standing::Known, |_| ()).await, Err(Busy));
}
