//! Hub and session at one slip, in every order in which two threads could do it.
//!
//! What either does under the lock is one step, and so is a wake-up: nothing in between can be seen.
//! So every order of these steps is tried, on one thread: the session takes its steps before, within
//! and after those of the hub. The lock of std is taken to be right.

use std::{
    cell::RefCell,
    future::poll_fn,
    pin::Pin,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use crate::{
    hub::{Refused, Woken, slip::Slip},
    model::{ConversationId, Seq},
};

/// How many steps the session may take at one point.
const STEPS: usize = 3;

/// How often something is left or rung.
const DEEDS: usize = 3;

type Waiting = Pin<Box<dyn Future<Output = Woken>>>;
type Hook = Box<dyn FnMut()>;

thread_local! {
    static BETWEEN: RefCell<Option<Hook>> = const { RefCell::new(None) };
}

/// Lets the session go on here, before and after each wake-up.
pub(in crate::hub) fn others_may_go_on() {
    let hook = BETWEEN.take();
    if let Some(mut hook) = hook {
        hook();
        BETWEEN.set(Some(hook));
    }
}

#[derive(Default)]
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A session as far as its slip goes: it looks, waits until it is woken, and looks again. Now and
/// then something else wakes it, and it gives up waiting.
struct Session {
    slip: Arc<Slip>,
    waits: Option<(Waiting, Arc<Flag>)>,
    /// How far each conversation was marked.
    marked: Vec<(ConversationId, Seq)>,
    answers: Vec<u64>,
    /// How often it was the bell that woke it.
    rings: usize,
    looks: usize,
}

impl Session {
    fn new(slip: &Arc<Slip>) -> Self {
        Self {
            slip: Arc::clone(slip),
            waits: None,
            marked: Vec::new(),
            answers: Vec::new(),
            rings: 0,
            looks: 0,
        }
    }

    /// Says whether there was anything to do.
    fn step(&mut self) -> bool {
        let Some((waits, flag)) = &mut self.waits else {
            self.look();
            let slip = Arc::clone(&self.slip);
            let flag = Arc::<Flag>::default();
            // It has not been polled yet: a thread may be held up here.
            flag.0.store(true, Ordering::Relaxed);
            let waits = poll_fn(move |cx| slip.poll_woken(cx));
            self.waits = Some((Box::pin(waits), flag));
            return true;
        };
        if !flag.0.swap(false, Ordering::Relaxed) {
            return false;
        }
        let waker = Waker::from(Arc::clone(flag));
        if let Poll::Ready(woken) = waits.as_mut().poll(&mut Context::from_waker(&waker)) {
            self.rings += usize::from(woken == Woken::Bell);
            self.waits = None;
        }
        true
    }

    /// Something else was there first: what it waited with is dropped, woken or not.
    fn give_up_waiting(&mut self) {
        self.waits = None;
    }

    fn look(&mut self) {
        self.looks += 1;
        let pending = self.slip.take();
        for (conversation, up_to) in pending.marks {
            let before = self.marked.iter().rfind(|(id, _)| *id == conversation);
            assert!(before.is_none_or(|(_, seq)| *seq < up_to), "marked twice");
            self.marked.push((conversation, up_to));
        }
        let answers = pending.news.answers.into_iter();
        self.answers.extend(answers.map(|(request, _)| request));
    }
}

/// What is done, in this order or one turned round, so that each is the last for once: a later
/// wake-up would make up for one that was lost.
const DONE: [[Deed; DEEDS]; 3] = [
    [Deed::Mark, Deed::Mark, Deed::Answer],
    [Deed::Mark, Deed::Ring, Deed::Answer],
    [Deed::Mark, Deed::MarkQuietly, Deed::Answer],
];

#[derive(Clone, Copy)]
enum Deed {
    /// Another entry.
    Mark,
    /// Another entry, for which the session is woken later.
    MarkQuietly,
    Answer,
    /// By a timer, say.
    Ring,
}

fn hub(slip: &Arc<Slip>, deeds: &[Deed]) {
    for (deed, seq) in deeds.iter().zip(1..) {
        match deed {
            Deed::Mark => slip.mark(ConversationId::new(1), Seq::new(seq)),
            Deed::MarkQuietly => {
                slip.mark_quietly(ConversationId::new(1), Seq::new(seq));
                slip.wake_reader();
            }
            Deed::Answer => slip.answer(vec![(7, Err(Refused::Unavailable))]),
            Deed::Ring => Waker::from(Arc::clone(slip)).wake(),
        }
    }
}

/// How far the conversation must have been marked in the end.
fn head(deeds: &[Deed]) -> Option<u64> {
    let marks = deeds.iter().zip(1..);
    let marks = marks.filter(|(deed, _)| matches!(deed, Deed::Mark | Deed::MarkQuietly));
    marks.map(|(_, seq)| seq).last()
}

/// One order of steps: how many the session takes at each point, or that it gives up waiting.
fn run(deeds: &[Deed], schedule: &[usize]) -> Session {
    let slip = Arc::new(Slip::default());
    let session = Rc::new(RefCell::new(Session::new(&slip)));
    let turns = {
        let (session, schedule) = (Rc::clone(&session), schedule.to_vec());
        let points = RefCell::new(schedule.into_iter());
        move || {
            let steps = points.borrow_mut().next().unwrap_or_default();
            let mut session = session.borrow_mut();
            if steps == STEPS {
                session.give_up_waiting();
            }
            for _ in 0..steps {
                session.step();
            }
        }
    };
    turns();
    BETWEEN.set(Some(Box::new(turns)));
    hub(&slip, deeds);
    BETWEEN.set(None);
    let session = Rc::into_inner(session).unwrap();
    session.into_inner()
}

#[test]
fn in_whatever_order_hub_and_session_go_on_no_wake_up_is_lost_and_nothing_is_told_twice() {
    // One point before the hub begins, and for each deed one on either side of its wake-up.
    const POINTS: u32 = 7;
    let choices = STEPS + 1;
    for (mut deeds, turned) in DONE
        .into_iter()
        .flat_map(|done| (0..DEEDS).map(move |by| (done, by)))
    {
        deeds.rotate_left(turned);
        for number in 0..choices.pow(POINTS) {
            let schedule: Vec<_> = (0..POINTS)
                .map(|point| number / choices.pow(point) % choices)
                .collect();
            let mut session = run(&deeds, &schedule);
            // From here on the session is alone: it goes on for as long as it is woken.
            while session.step() {}
            let told = session.marked.last().map(|(_, seq)| seq.get());
            assert_eq!(
                told,
                head(&deeds),
                "a wake-up was lost: {turned} {schedule:?}"
            );
            assert_eq!(session.answers, [7], "{turned} {schedule:?}");
            let rung = deeds
                .iter()
                .filter(|deed| matches!(deed, Deed::Ring))
                .count();
            assert_eq!(session.rings, rung, "{turned} {schedule:?}");
            // A wake-up may find that all was taken already; more often than woken nobody looks.
            let given_up = schedule.iter().filter(|&&steps| steps == STEPS).count();
            assert!(session.looks <= 1 + DEEDS + given_up, "{schedule:?}");
        }
    }
}
