//! Many readers of one conversation: in which order they are woken, and when not.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, Sender, channel},
    },
    task::Wake,
    thread,
    time::Duration,
};

use tokio::sync::mpsc;

use super::*;
use crate::hub::{
    BUSY_MIN,
    crowd::{CROWD_ENTRIES, CROWD_INTERVAL, CROWD_MIN},
    next,
};

/// Everybody, waiting for something to be said.
struct Crowd {
    world: World,
    sessions: Vec<Session>,
    wakes: Sender<usize>,
    woken: Receiver<usize>,
}

/// Says who was woken.
struct Sleeper(usize, Sender<usize>);

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        self.1.send(self.0).unwrap();
    }
}

impl Crowd {
    async fn new() -> Self {
        let mut world = World::new();
        let mut sessions = Vec::new();
        for number in 0..CROWD_MIN {
            sessions.push(world.enter(&format!("user{number}")).await);
        }
        let (wakes, woken) = channel();
        let mut crowd = Self {
            world,
            sessions,
            wakes,
            woken,
        };
        crowd.sleep().await;
        crowd
    }

    /// All look at what there is and wait.
    async fn sleep(&mut self) {
        for (number, session) in self.sessions.iter_mut().enumerate() {
            session.look().await;
            let sleeper = Waker::from(Arc::new(Sleeper(number, self.wakes.clone())));
            let woken = session
                .feed
                .poll_woken(&Context::from_waker(&sleeper))
                .is_ready();
            assert!(!woken, "{number}");
        }
        self.woken();
    }

    /// Whom the hub has woken since this was last asked, in order.
    fn woken(&self) -> Vec<usize> {
        self.woken.try_iter().collect()
    }

    /// Somebody says a lot, and a lot more before it is time to wake the others again.
    async fn hear_a_lot(&mut self) {
        self.say(0, BUSY_MIN, at(1));
        assert_eq!(self.woken().len(), CROWD_MIN);
        self.sleep().await;
        self.say(0, BUSY_MIN, later(SOON));
        assert_eq!(self.woken(), [0], "who writes goes on");
    }

    /// A turn in which one of them says so much.
    fn say(&mut self, by: usize, count: usize, now: Timestamp) {
        let jobs = (0..count).map(|_| self.sessions[by].job("*", post("hi")));
        let jobs = jobs.collect();
        self.world.core.step(jobs, now);
    }
}

/// So long after everybody was woken for the first time.
fn later(wait: Duration) -> Timestamp {
    at(1).after(wait)
}

const SOON: Duration = Duration::from_millis(2);

#[tokio::test]
async fn who_writes_is_woken_before_who_only_reads() {
    let mut crowd = Crowd::new().await;
    crowd.say(9, 1, at(1));
    let mut woken = crowd.woken();
    assert_eq!(woken[0], 9);
    woken.sort_unstable();
    assert!(woken.into_iter().eq(0..CROWD_MIN), "each once");
}

#[tokio::test]
async fn a_crowd_is_woken_once_for_what_several_turns_have_brought() {
    let mut crowd = Crowd::new().await;
    crowd.hear_a_lot().await;
    crowd.say(0, BUSY_MIN, later(CROWD_INTERVAL));
    assert_eq!(crowd.woken().len(), CROWD_MIN - 1);
    let look = crowd.sessions[7].look().await;
    assert_eq!(look.entries.len(), 2 * BUSY_MIN);
}

#[tokio::test]
async fn who_looks_for_another_reason_sees_what_the_crowd_was_not_woken_for() {
    let mut crowd = Crowd::new().await;
    crowd.hear_a_lot().await;
    assert!(crowd.sessions[7].is_woken(), "it does not fall asleep");
    assert_eq!(crowd.sessions[7].look().await.entries.len(), BUSY_MIN);
}

#[tokio::test]
async fn a_crowd_is_woken_also_when_no_more_is_said() {
    let mut crowd = Crowd::new().await;
    for by_a_turn in [true, false] {
        crowd.hear_a_lot().await;
        assert!(crowd.world.core.is_quiet());
        if by_a_turn {
            crowd.world.core.step(Vec::new(), later(CROWD_INTERVAL));
        } else {
            crowd.world.core.wake_crowds();
        }
        assert_eq!(crowd.woken().len(), CROWD_MIN - 1, "{by_a_turn}");
        assert!(!crowd.world.core.is_quiet());
        crowd.sleep().await;
    }
}

#[tokio::test]
async fn few_entries_wake_a_crowd_at_once() {
    let mut crowd = Crowd::new().await;
    crowd.say(0, BUSY_MIN, at(1));
    crowd.sleep().await;
    crowd.say(0, BUSY_MIN - 1, later(SOON));
    assert_eq!(crowd.woken().len(), CROWD_MIN);
}

#[tokio::test]
async fn very_many_entries_wake_a_crowd_at_once() {
    let mut crowd = Crowd::new().await;
    crowd.say(0, BUSY_MIN, at(1));
    crowd.sleep().await;
    let many = usize::try_from(CROWD_ENTRIES).unwrap();
    crowd.say(0, many - 1, later(SOON));
    assert_eq!(crowd.woken(), [0]);
    crowd.say(1, BUSY_MIN, later(SOON));
    assert_eq!(crowd.woken().len(), CROWD_MIN - 1);
}

#[tokio::test]
async fn a_clock_that_goes_back_keeps_nobody_asleep() {
    let mut crowd = Crowd::new().await;
    crowd.say(0, BUSY_MIN, at(9));
    crowd.sleep().await;
    crowd.say(0, BUSY_MIN, at(1));
    assert_eq!(crowd.woken().len(), CROWD_MIN);
}

#[tokio::test]
async fn a_crowd_is_woken_while_the_hub_waits_for_something_to_do() {
    let mut crowd = Crowd::new().await;
    crowd.hear_a_lot().await;
    let Crowd { world, woken, .. } = crowd;
    let (mut core, (jobs, mut queue)) = (world.core, mpsc::channel(1));
    let hub = thread::spawn(move || next(&mut core, &mut queue).is_none());
    for _ in 1..CROWD_MIN {
        woken.recv_timeout(Duration::from_secs(30)).unwrap();
    }
    drop(jobs);
    assert!(hub.join().unwrap(), "nothing has come");
}
