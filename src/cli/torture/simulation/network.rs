//! A network in memory: bytes take their time, and are cut off, held up or never arrive.
//!
//! What is within one connection stays in order; connections overtake each other.

use std::{
    collections::BTreeSet,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use fastrand::Rng;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, duplex, split},
    select,
    task::JoinSet,
    time::sleep,
};
use tokio_util::sync::CancellationToken;

use crate::{
    client::Arriving, hub::simulated::Process, model::UserName, server::simulated::Machine,
};

use super::{story::Story, tap::Tap, view::View};

/// How much a pipe holds; the rest waits at its writer.
const PIPE: usize = 4096;
/// The most that arrives at once.
const CHUNK: usize = 2048;
/// How often a partition is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Who lets connections in. All its tasks are the server process's.
#[derive(Clone)]
pub(super) struct Door {
    pub(super) machine: Machine,
    pub(super) process: Process,
    pub(super) tasks: Arc<Mutex<JoinSet<()>>>,
}

/// All connections between the clients and the server. Cheap to clone.
#[derive(Clone)]
pub(super) struct Network(Arc<Mutex<Inner>>);

struct Inner {
    random: Rng,
    story: Story,
    door: Option<Door>,
    /// Whose connections carry nothing just now.
    parted: BTreeSet<UserName>,
    connections: Vec<Arc<Connection>>,
    count: u32,
    pumps: JoinSet<()>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    Up,
    Down,
}

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// Both sides learn of it.
    Noticed,
    /// Nothing arrives any more, and nobody is told.
    Silent,
}

struct Connection {
    who: UserName,
    number: u32,
    closed: CancellationToken,
    /// After so many more bytes in that direction it is cut.
    cut: Mutex<Option<(Direction, usize, Cut)>>,
    tap: Mutex<Tap>,
}

impl Network {
    pub(super) fn new(random: Rng, story: Story) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            random,
            story,
            door: None,
            parted: BTreeSet::new(),
            connections: Vec::new(),
            count: 0,
            pumps: JoinSet::new(),
        })))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on connections come to this server, or to none.
    pub(super) fn lead_to(&self, door: Option<Door>) {
        self.inner().door = door;
    }

    /// The way from a client to the server, as its link takes it.
    pub(super) fn way(
        &self,
        who: &UserName,
        member_of: &[String],
    ) -> Box<dyn FnMut() -> Arriving + Send> {
        let (network, who, member_of) = (self.clone(), who.clone(), member_of.to_vec());
        Box::new(move || {
            let (network, who, member_of) = (network.clone(), who.clone(), member_of.clone());
            Box::pin(async move {
                let delay = network.inner().random.u64(1..60);
                sleep(Duration::from_millis(delay)).await;
                network.healed(&who).await;
                network.connect(&who, member_of)
            })
        })
    }

    fn connect(&self, who: &UserName, member_of: Vec<String>) -> io::Result<DuplexStream> {
        let mut inner = self.inner();
        let door = inner.door.clone().filter(|door| !door.process.is_dead());
        let door = door.ok_or(io::ErrorKind::ConnectionRefused)?;
        inner.count += 1;
        let number = inner.count;
        let name = format!("{who} on connection {number}");
        let view = View::new(who, name, member_of, inner.story.clone());
        let connection = Arc::new(Connection {
            who: who.clone(),
            number,
            closed: CancellationToken::new(),
            cut: Mutex::new(None),
            tap: Mutex::new(Tap::new(who, view, inner.story.clone())),
        });
        inner.connections.push(Arc::clone(&connection));
        let ((near, client), (server, far)) = (duplex(PIPE), duplex(PIPE));
        let ((from_client, to_client), (from_server, to_server)) = (split(client), split(server));
        for (direction, from, to) in [
            (Direction::Up, from_client, to_server),
            (Direction::Down, from_server, to_client),
        ] {
            let (connection, network) = (Arc::clone(&connection), self.clone());
            let mut random = inner.random.fork();
            inner.pumps.spawn(async move {
                let closed = connection.closed.clone();
                let pump = connection.pump(&network, direction, from, to, &mut random);
                select! {
                    biased;
                    () = closed.cancelled() => {}
                    () = pump => {}
                }
            });
        }
        inner.story.tell(format!("{who} has connection {number}"));
        let mut tasks = door.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let conversation = door.machine.converse(far);
        let process = door.process.clone();
        tasks.spawn(async move {
            process.run(conversation).await;
        });
        Ok(near)
    }

    /// Waits until nothing keeps this client from the server.
    async fn healed(&self, who: &UserName) {
        while self.inner().parted.contains(who) {
            sleep(LOOK).await;
        }
    }

    /// Parts a client from the server, or lets it back.
    pub(super) fn part_or_heal(&self, who: &UserName) {
        let mut inner = self.inner();
        let parted = inner.parted.insert(who.clone());
        if !parted {
            inner.parted.remove(who);
        }
        let what = if parted {
            "is cut off from"
        } else {
            "can reach"
        };
        inner.story.tell(format!("{who} {what} the server"));
    }

    pub(super) fn heal_all(&self) {
        self.inner().parted.clear();
    }

    /// Cuts some connection after some more bytes.
    pub(super) fn cut_one(&self) {
        let mut inner = self.inner();
        inner.forget_closed();
        let Inner {
            random,
            connections,
            story,
            ..
        } = &mut *inner;
        let Some(connection) = random.choice(&*connections) else {
            return;
        };
        let direction = if random.bool() {
            Direction::Up
        } else {
            Direction::Down
        };
        let bytes = random.usize(0..600);
        let cut = one_of(random);
        *connection.cut() = Some((direction, bytes, cut));
        let number = connection.number;
        story.tell(format!(
            "connection {number} is to be cut after {bytes} bytes {direction:?}, {cut:?}"
        ));
    }

    /// Ends all connections of a client, or of all: an end of them has died.
    pub(super) fn end(&self, of: Option<&UserName>) {
        let mut inner = self.inner();
        inner.forget_closed();
        let Inner {
            random,
            connections,
            ..
        } = &mut *inner;
        for connection in connections {
            if of.is_none_or(|who| *who == connection.who) {
                match one_of(random) {
                    Cut::Noticed => connection.closed.cancel(),
                    cut @ Cut::Silent => *connection.cut() = Some((Direction::Up, 0, cut)),
                }
            }
        }
    }
}

impl Inner {
    fn forget_closed(&mut self) {
        self.connections
            .retain(|connection| !connection.closed.is_cancelled());
    }
}

fn one_of(random: &mut Rng) -> Cut {
    if random.u32(0..3) == 0 {
        Cut::Silent
    } else {
        Cut::Noticed
    }
}

impl Connection {
    fn cut(&self) -> MutexGuard<'_, Option<(Direction, usize, Cut)>> {
        self.cut.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tap(&self) -> MutexGuard<'_, Tap> {
        self.tap.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Carries bytes in one direction until there are no more, or the connection is cut.
    async fn pump(
        &self,
        network: &Network,
        direction: Direction,
        mut from: ReadHalf<DuplexStream>,
        mut to: WriteHalf<DuplexStream>,
        random: &mut Rng,
    ) {
        let mut chunk = vec![0; CHUNK];
        loop {
            let most = random.usize(1..=CHUNK);
            let read = from.read(&mut chunk[..most]).await.unwrap_or(0);
            sleep(latency(random)).await;
            network.healed(&self.who).await;
            let (bytes, cut) = self.passes(direction, &chunk[..read]);
            match direction {
                Direction::Up => self.tap().asked(bytes),
                Direction::Down => self.tap().told(bytes),
            }
            let written = to.write_all(bytes).await;
            match cut {
                Some(Cut::Silent) => return std::future::pending().await,
                Some(Cut::Noticed) => return self.closed.cancel(),
                None if written.is_err() => return self.closed.cancel(),
                None if read == 0 => {
                    // The other direction may have more; an end that is gone is noticed there.
                    drop(to.shutdown().await);
                    return;
                }
                None => {}
            }
        }
    }

    /// What of these bytes gets through, and what becomes of the connection.
    fn passes<'b>(&self, direction: Direction, bytes: &'b [u8]) -> (&'b [u8], Option<Cut>) {
        let mut cut = self.cut();
        match &mut *cut {
            None => (bytes, None),
            // The one direction has been cut in silence: nothing gets through in the other.
            Some((_, 0, Cut::Silent)) => (&[], Some(Cut::Silent)),
            Some((of, left, how)) if *of == direction => {
                let passes = bytes.len().min(*left);
                *left -= passes;
                let is_cut = passes < bytes.len() || bytes.is_empty();
                (&bytes[..passes], is_cut.then_some(*how))
            }
            Some(_) => (bytes, None),
        }
    }
}

fn latency(random: &mut Rng) -> Duration {
    let millis = match random.u32(0..100) {
        0..60 => random.u64(0..3),
        60..95 => random.u64(1..60),
        _ => random.u64(60..2_000),
    };
    Duration::from_millis(millis)
}
