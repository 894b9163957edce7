//! One simulated world: a server, some people, a network, and all that goes wrong with them.

use std::{
    fs,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    time::Duration,
};

use fastrand::Rng;
use tempfile::TempDir;
use tokio::{
    select,
    task::JoinSet,
    time::{Instant, sleep, sleep_until},
};

use crate::{
    hub::simulated::{Broken, Faults, Process},
    model::{Address, UserName},
    server::simulated::Machine,
    tls::CertificateFiles,
};

use super::{
    network::{Door, Network},
    player::{Person, Player, Wish},
    plot::{PEOPLE, person},
    story::Story,
};

/// How long a server that stops lets its connections and then its hub take.
const GOODBYE: Duration = Duration::from_secs(3);
/// How often to look whether all is done.
const LOOK: Duration = Duration::from_millis(500);
/// How long nothing happens where nothing goes wrong.
pub(super) const SHORTLY: Duration = Duration::from_secs(2);
/// After this long every client has noticed that its connection is dead.
const NOTICED: Duration = Duration::from_secs(45);
/// How long everything may take in the end that is to happen at all.
const PATIENCE: Duration = Duration::from_secs(900);

/// Somebody, and their client while it lives.
pub(super) struct Seat {
    pub(super) person: Person,
    pub(super) player: Option<Player>,
    lives: u32,
    back_at: Instant,
}

/// How far each client has read each of its conversations.
pub(super) type Cursors = Vec<(UserName, Address, u64)>;

pub(super) struct Server {
    pub(super) door: Door,
    data: PathBuf,
}

pub(super) struct World {
    pub(super) random: Rng,
    pub(super) story: Story,
    pub(super) network: Network,
    pub(super) faults: Faults,
    folder: TempDir,
    certificates: CertificateFiles,
    pub(super) server: Option<Server>,
    /// Where the last server's data lies, and how many there were.
    data: PathBuf,
    servers: u32,
    server_back_at: Instant,
    pub(super) seats: Vec<Seat>,
    pub(super) said: u32,
}

impl World {
    pub(super) fn new(seed: u64, certificates: &CertificateFiles, broken: Option<Broken>) -> Self {
        let mut random = Rng::with_seed(seed);
        let story = Story::begin();
        let folder = folder();
        let seats = PEOPLE.map(|name| Seat {
            person: person(name),
            player: None,
            lives: 0,
            back_at: Instant::now(),
        });
        Self {
            network: Network::new(random.fork(), story.clone()),
            faults: Faults {
                broken,
                ..Faults::default()
            },
            certificates: certificates.clone(),
            server: None,
            data: folder.path().join("data-0"),
            servers: 0,
            server_back_at: Instant::now(),
            seats: seats.into(),
            said: 0,
            folder,
            random,
            story,
        }
    }

    /// Where the data of the last server lies.
    pub(super) fn data(&self) -> &PathBuf {
        &self.data
    }

    /// Nothing goes wrong any more, and all ends in order. Says how far each client has read each of
    /// its conversations; nothing when it did not come to rest.
    pub(super) async fn calm_down(&mut self) -> Option<Cursors> {
        self.story.tell("from here on nothing goes wrong");
        self.network.heal_all();
        let rests = self.settle(PEOPLE.len(), NOTICED).await;
        let cursors = self.cursors();
        for seat in &mut self.seats {
            if let Some(player) = seat.player.take() {
                drop(player.wishes.send(Wish::Close).await);
                player.bury().await;
            }
        }
        if let Some(server) = self.server.take() {
            self.stop(server).await;
        }
        rests.then_some(cursors)
    }

    fn cursors(&self) -> Cursors {
        let mut cursors = Vec::new();
        for seat in &self.seats {
            let standing = seat.player.as_ref().map(Player::standing);
            for (at, seq) in standing.unwrap_or_default().cursors {
                cursors.push((seat.person.name.clone(), at, seq.get()));
            }
        }
        cursors
    }

    /// Lets time pass, but no longer than the server lives.
    pub(super) async fn pass(&mut self, pause: Duration) {
        let end = Instant::now() + pause;
        match &self.server {
            Some(server) => select! {
                biased;
                _ = server.door.process.died() => {}
                () = sleep_until(end) => {}
            },
            None => sleep_until(end).await,
        }
    }

    /// Buries who has died, and starts again what is due.
    pub(super) async fn tend(&mut self) {
        if let Some(server) = self.server.take_if(|server| server.door.process.is_dead()) {
            let how = server.door.process.died().await;
            self.story.tell(format!("the server dies {how}"));
            self.network.lead_to(None);
            self.network.end(None);
            bury(&server.door).await;
            self.data = left(&server.data);
            drop(fs::remove_dir_all(&server.data));
            let down = self.random.u64(0..4) * self.random.u64(0..3_000);
            self.server_back_at = Instant::now() + Duration::from_millis(down);
        }
        if self.server.is_none() && Instant::now() >= self.server_back_at {
            self.start_server();
        }
        for number in 0..self.seats.len() {
            self.tend_to(number).await;
        }
    }

    async fn tend_to(&mut self, number: usize) {
        let late = self.faults.on.load(Ordering::Relaxed);
        let seat = &mut self.seats[number];
        if let Some(player) = seat.player.take_if(|player| player.has_ended()) {
            let name = &seat.person.name;
            if player.process.is_dead() {
                self.story.tell(format!("{name}'s client dies"));
                player.bury().await;
                self.network.end(Some(name));
                if self.random.bool() {
                    self.tear_journal(number);
                }
            } else {
                self.story.tell(format!("{name}'s client is closed"));
                player.bury().await;
            }
            let away = self.random.u64(0..4) * self.random.u64(0..3_000);
            self.seats[number].back_at = Instant::now() + Duration::from_millis(away);
        }
        let seat = &mut self.seats[number];
        let comes = number + 1 < PEOPLE.len() || late || seat.lives > 0;
        if seat.player.is_none() && comes && Instant::now() >= seat.back_at {
            seat.lives += 1;
            let folder = self.folder.path();
            let player = seat
                .person
                .start(folder, seat.lives, &self.network, &self.story);
            seat.player = Some(player);
        }
    }

    fn start_server(&mut self) {
        self.servers += 1;
        let process = Process::in_folder(self.data.clone(), left(&self.data));
        let (machine, tasks) = Machine::start(
            &self.data,
            &self.certificates,
            self.faults.clone(),
            process.clone(),
            &mut self.random,
        );
        let mut set = JoinSet::new();
        let own = process.clone();
        set.spawn(async move {
            own.run(tasks.hub).await;
        });
        let own = process.clone();
        set.spawn(async move {
            own.run(tasks.tick).await;
        });
        let door = Door {
            machine,
            process,
            tasks: Arc::new(Mutex::new(set)),
        };
        self.network.lead_to(Some(door.clone()));
        let data = self.data.clone();
        self.server = Some(Server { door, data });
        self.story.tell(format!("server {} starts", self.servers));
    }

    /// Has the server say goodbye and stop in order, if it does not die meanwhile.
    pub(super) async fn restart_the_server(&mut self) {
        if let Some(server) = self.server.take() {
            self.stop(server).await;
        }
    }

    async fn stop(&mut self, server: Server) {
        let door = &server.door;
        self.network.lead_to(None);
        let goodbye = async {
            door.machine.say_goodbye();
            sleep(GOODBYE).await;
            door.machine.stop().await;
            sleep(GOODBYE).await;
        };
        select! {
            biased;
            _ = door.process.died() => {}
            () = goodbye => {}
        }
        if door.process.is_dead() {
            self.server = Some(server);
            return self.tend().await;
        }
        self.story.tell("the server has stopped");
        bury(door).await;
        self.network.end(None);
        self.server_back_at = Instant::now();
    }

    /// Waits until the first so many clients have had nothing more to do for so long.
    pub(super) async fn settle(&mut self, people: usize, rest: Duration) -> bool {
        let end = Instant::now() + PATIENCE;
        let mut rested = Duration::ZERO;
        while rested < rest && Instant::now() < end {
            self.pass(LOOK).await;
            self.tend().await;
            let idle = self.seats.iter().take(people).all(|seat| {
                let player = seat.player.as_ref();
                player.is_some_and(|player| player.standing().is_idle)
            });
            rested = if idle { rested + LOOK } else { Duration::ZERO };
        }
        rested >= rest
    }

    /// A client that died was in the middle of writing to its journal.
    fn tear_journal(&self, number: usize) {
        let name = self.seats[number].person.name.as_str();
        let outbox = self.folder.path().join(name);
        let outbox = outbox.join(format!("simulated/localhost_44444/{name}/outbox"));
        let journals = fs::read_dir(outbox).into_iter().flatten().flatten();
        let journals = journals.map(|entry| entry.path());
        let newest = journals
            .filter(|path| path.extension().is_some_and(|end| end == "jsonl"))
            .max();
        if let Some(path) = newest {
            let mut bytes = fs::read(&path).unwrap();
            bytes.extend_from_slice(b"{\"add\":{\"id\":0,\"type\":\"send\",\"to\":\"*\",\"te");
            fs::write(path, bytes).unwrap();
        }
    }
}

/// Lets go of everything that the server had open.
async fn bury(door: &Door) {
    let mut tasks = {
        let mut tasks = door.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *tasks)
    };
    tasks.abort_all();
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended
            && error.is_panic()
        {
            std::panic::resume_unwind(error.into_panic());
        }
    }
}

/// Where what a server leaves in a folder is put.
fn left(data: &std::path::Path) -> PathBuf {
    let name = data.file_name().unwrap().to_string_lossy();
    let number: u32 = name.trim_start_matches("data-").parse().unwrap();
    data.with_file_name(format!("data-{}", number + 1))
}

/// In memory where there is such a place: a simulation waits for no disk.
fn folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .unwrap()
}
