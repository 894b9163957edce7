//! The link against a scripted server, in simulated time.

use tokio::{
    io::{AsyncWriteExt, DuplexStream, duplex},
    time::{advance, timeout},
};

use super::*;
use crate::{
    client::fake::{Far, hello},
    model::UserName,
    protocol::{Answer, Code, Listing, Login, Secret},
};

/// A link and the place its connections arrive at.
struct World {
    link: Link,
    arrivals: mpsc::Sender<DuplexStream>,
    epoch: Epoch,
}

impl World {
    fn new() -> Self {
        let (arrivals, script) = mpsc::channel(8);
        Self {
            link: Link::start(Dialer::script(script)),
            arrivals,
            epoch: Epoch::default(),
        }
    }

    /// A server that will be there at the next try, and has said hello.
    async fn server(&self) -> Far {
        let (near, mut far) = Far::new();
        self.arrivals.try_send(near).unwrap();
        far.say(&hello(1)).await;
        far
    }

    async fn event(&mut self) -> LinkEvent {
        timeout(Duration::from_secs(300), self.link.events.recv())
            .await
            .expect("an event within five minutes")
            .expect("a link that lives")
    }

    /// Goes on to the next state of this kind.
    async fn until(&mut self, wanted: fn(&LinkEvent) -> bool) -> LinkEvent {
        loop {
            let event = self.event().await;
            if let LinkEvent::Hello(_, epoch) = &event {
                self.epoch = *epoch;
            }
            if wanted(&event) {
                return event;
            }
        }
    }

    async fn log_in(&mut self, far: &mut Far) {
        self.until(|event| matches!(event, LinkEvent::Hello(..)))
            .await;
        self.order(Order::Login(login())).await;
        far.let_in("login").await;
        self.until(|event| matches!(event, LinkEvent::State(LinkState::Connected { .. })))
            .await;
    }

    async fn order(&self, order: Order) {
        self.link.orders.send(order).await.unwrap();
    }

    /// What the wait was for, and how long it is.
    async fn waiting(&mut self) -> (String, Duration) {
        let event = self
            .until(|event| matches!(event, LinkEvent::State(LinkState::Waiting { .. })))
            .await;
        let LinkEvent::State(LinkState::Waiting { until, reason, .. }) = event else {
            unreachable!("it was just matched");
        };
        (reason, until - Instant::now())
    }
}

fn login() -> Verb {
    Verb::Login(Login {
        user: UserName::parse("alice").unwrap(),
        password: Secret::new("hunter2".to_owned()),
        device: None,
        cursors: std::collections::BTreeMap::new(),
    })
}

fn online(id: RequestId) -> Request {
    Request {
        id,
        verb: Verb::Online(Listing::default()),
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_not_there_yet_is_tried_until_it_is() {
    let mut world = World::new();
    for attempt in 1..=5 {
        let event = world
            .until(|event| matches!(event, LinkEvent::State(LinkState::Waiting { .. })))
            .await;
        let LinkEvent::State(LinkState::Waiting { attempt: seen, .. }) = event else {
            unreachable!("it was just matched");
        };
        assert_eq!(seen, attempt);
    }
    let mut far = world.server().await;
    world.log_in(&mut far).await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_connection_is_made_again_and_asks_for_a_login_of_its_own() {
    let mut world = World::new();
    let mut far = world.server().await;
    world.log_in(&mut far).await;
    let first = world.epoch;
    drop(far);
    let (reason, wait) = world.waiting().await;
    assert_eq!(reason, "the server closed the connection");
    assert!(wait <= Duration::from_millis(500));
    let mut far = world.server().await;
    world.log_in(&mut far).await;
    assert_ne!(world.epoch, first);
}

#[tokio::test(start_paused = true)]
async fn a_request_made_for_a_connection_that_is_gone_is_not_sent() {
    let mut world = World::new();
    let mut far = world.server().await;
    world.log_in(&mut far).await;
    let old = world.epoch;
    drop(far);
    let mut far = world.server().await;
    world.log_in(&mut far).await;
    world.order(Order::Request(online(5), old)).await;
    world.order(Order::Request(online(6), world.epoch)).await;
    assert_eq!(far.expect("online").await.id, 6);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_nothing_is_asked_and_given_up_within_twenty_seconds() {
    let mut world = World::new();
    let mut far = world.server().await;
    world.log_in(&mut far).await;
    let start = Instant::now();
    far.expect("ping").await;
    assert_eq!(start.elapsed().as_secs(), 10);
    let (reason, _) = world.waiting().await;
    assert_eq!(reason, "the server does not answer any more");
    assert!(
        start.elapsed() <= Duration::from_secs(20),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn after_sleep_the_server_is_asked_at_once_and_a_dead_one_is_given_up_in_seconds() {
    let mut world = World::new();
    let mut far = world.server().await;
    world.log_in(&mut far).await;
    // The machine sleeps: nothing runs, and then an hour has passed.
    advance(Duration::from_secs(3600)).await;
    let awake = Instant::now();
    far.expect("ping").await;
    assert!(
        awake.elapsed() <= Duration::from_secs(1),
        "{:?}",
        awake.elapsed()
    );
    let (reason, _) = world.waiting().await;
    assert_eq!(reason, "the server does not answer any more");
    assert!(
        awake.elapsed() <= Duration::from_secs(5),
        "{:?}",
        awake.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn after_sleep_a_server_that_answers_is_kept() {
    let mut world = World::new();
    let mut far = world.server().await;
    world.log_in(&mut far).await;
    advance(Duration::from_secs(3600)).await;
    let ping = far.expect("ping").await;
    let answer = Answer {
        id: ping.id,
        ..Answer::default()
    };
    far.say(&Frame::Ok(answer)).await;
    let awake = Instant::now();
    far.expect("ping").await;
    assert_eq!(awake.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn whoever_wakes_up_while_waiting_tries_at_once() {
    let mut world = World::new();
    let mut far = world.server().await;
    world.log_in(&mut far).await;
    far.say(&Frame::GoingAway {
        retry_ms: 24 * 3600 * 1000,
    })
    .await;
    drop(far);
    world.waiting().await;
    let mut far = world.server().await;
    advance(Duration::from_secs(3600)).await;
    let awake = Instant::now();
    world.log_in(&mut far).await;
    assert!(
        awake.elapsed() <= Duration::from_secs(2),
        "{:?}",
        awake.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_servers_ping_is_answered() {
    let mut world = World::new();
    let mut far = world.server().await;
    world.log_in(&mut far).await;
    far.say(&Frame::Ping {}).await;
    far.expect("pong").await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_goes_away_is_left_alone_for_as_long_as_it_asks() {
    let mut world = World::new();
    let mut far = world.server().await;
    world.log_in(&mut far).await;
    far.say(&Frame::GoingAway { retry_ms: 4000 }).await;
    drop(far);
    let (reason, wait) = world.waiting().await;
    assert_eq!(reason, "the server is stopping or starting again");
    assert!((4000..=6000).contains(&wait.as_millis()), "{wait:?}");
}

#[tokio::test(start_paused = true)]
async fn an_order_to_retry_ends_the_wait() {
    let mut world = World::new();
    let mut far = world.server().await;
    world.log_in(&mut far).await;
    far.say(&Frame::GoingAway { retry_ms: 20_000 }).await;
    drop(far);
    world.waiting().await;
    let start = Instant::now();
    let mut far = world.server().await;
    world.order(Order::Retry).await;
    world.log_in(&mut far).await;
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_refused_login_may_be_followed_by_another_on_the_same_connection() {
    let mut world = World::new();
    let mut far = world.server().await;
    world
        .until(|event| matches!(event, LinkEvent::Hello(..)))
        .await;
    world.order(Order::Login(login())).await;
    let request = far.expect("login").await;
    far.refuse(Some(request.id), Code::LoginRefused, None).await;
    world
        .until(|event| matches!(event, LinkEvent::LoginRefused(_)))
        .await;
    world.order(Order::Login(login())).await;
    far.let_in("login").await;
    world
        .until(|event| matches!(event, LinkEvent::LoggedIn(_)))
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_busy_server_is_asked_again_after_the_time_it_names() {
    let mut world = World::new();
    let mut far = world.server().await;
    world
        .until(|event| matches!(event, LinkEvent::Hello(..)))
        .await;
    world.order(Order::Login(login())).await;
    let request = far.expect("login").await;
    far.refuse(Some(request.id), Code::Busy, Some(2000)).await;
    let (_, wait) = world.waiting().await;
    assert!((2000..=3000).contains(&wait.as_millis()), "{wait:?}");
}

#[tokio::test(start_paused = true)]
async fn a_session_that_was_ended_is_not_tried_again_before_a_new_login() {
    let mut world = World::new();
    let mut far = world.server().await;
    world.log_in(&mut far).await;
    far.refuse(None, Code::SessionEnded, None).await;
    world
        .until(|event| matches!(event, LinkEvent::SessionEnded(_)))
        .await;
    world
        .until(|event| matches!(event, LinkEvent::State(LinkState::LoggedOut)))
        .await;
    advance(Duration::from_secs(3600)).await;
    assert!(world.link.events.try_recv().is_err());
    let mut far = world.server().await;
    world.order(Order::Login(login())).await;
    far.let_in("login").await;
    world
        .until(|event| matches!(event, LinkEvent::LoggedIn(_)))
        .await;
}

#[tokio::test(start_paused = true)]
async fn another_version_stops_the_link() {
    let mut world = World::new();
    let (near, mut far) = duplex(4096);
    let mut line = Vec::new();
    hello(2).encode(&mut line);
    far.write_all(&line).await.unwrap();
    world.arrivals.try_send(near).unwrap();
    let stopped = world
        .until(|event| matches!(event, LinkEvent::State(LinkState::Stopped(_))))
        .await;
    let LinkEvent::State(LinkState::Stopped(stop)) = stopped else {
        unreachable!("it was just matched");
    };
    assert!(stop.to_string().contains("version 2"), "{stop}");
    assert!(world.link.events.recv().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn closing_says_goodbye_and_ends_the_task() {
    let mut world = World::new();
    let mut far = world.server().await;
    world.log_in(&mut far).await;
    let close = world.link.close();
    let goodbye = async {
        far.expect("quit").await;
        drop(far);
    };
    tokio::join!(close, goodbye);
}

#[tokio::test(start_paused = true)]
async fn a_connection_cut_at_any_byte_never_gives_half_a_frame() {
    let mut whole = Vec::new();
    hello(1).encode(&mut whole);
    for cut in 0..whole.len() {
        let mut world = World::new();
        let (near, mut far) = duplex(4096);
        world.arrivals.try_send(near).unwrap();
        far.write_all(&whole[..cut]).await.unwrap();
        drop(far);
        let (reason, _) = world.waiting().await;
        assert_eq!(reason, "the server closed the connection", "cut at {cut}");
    }
}
