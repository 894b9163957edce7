//! Many seeds of a small world in which everything goes wrong: batches that fail, crashes between
//! turns, sessions that vanish, come back with their cursors and say again what was not answered.

use std::collections::{BTreeMap, HashMap, HashSet};

use fastrand::Rng;

use super::*;
use crate::{
    hub::Refused,
    model::{ConversationId, Reason},
    store::{Body, Kept, verify},
};

/// How many seeds are tried; `NETCOMM_SIMULATED_SEEDS` asks for more.
const SEEDS: u64 = 20;
const STEPS: u32 = 250;
const PLACES: [&str; 3] = ["*", "#open", "#closed"];

/// One account with one session at most, and all it remembers.
struct Player {
    name: &'static str,
    identity: Identity,
    session: Option<Session>,
    /// The last entry seen of each conversation.
    cursors: BTreeMap<String, u64>,
    /// Asked for and not answered for good, by message id; the oldest first.
    open: Vec<(String, String, Want)>,
    waiting: HashMap<u64, String>,
    kept: Vec<(String, u64)>,
    seen: Vec<(String, u64, String)>,
    count: u32,
}

impl Player {
    /// Something new to ask for.
    fn invent(&mut self, random: &mut Rng) {
        self.count += 1;
        let message = format!("{}-{}", self.name, self.count);
        let place = PLACES[random.usize(0..PLACES.len())].to_owned();
        let other = *random.choice(&["alice", "bob", "carol", "dave"]).unwrap();
        let (to, want) = match random.u32(0..20) {
            0 | 1 if place != "*" => (place, Want::Join),
            2 if place != "*" => (place, Want::Leave),
            3 if place != "*" => (place, kick(other)),
            4 | 5 if place != "*" => (place, Want::Invite { user: user(other) }),
            6 if place != "*" => (
                place,
                Want::SetRole {
                    user: user(other),
                    role: crate::model::RoomRole::Owner,
                },
            ),
            7 => {
                let seq = Seq::new(random.u64(1..40));
                (
                    place,
                    Want::Edit {
                        seq,
                        text: Text::parse("edited").unwrap(),
                    },
                )
            }
            8 => (
                place,
                Want::Delete {
                    seq: Seq::new(random.u64(1..40)),
                },
            ),
            9 if place != "*" => {
                let reason = Reason::default();
                (
                    place,
                    Want::Mute {
                        user: user(other),
                        reason,
                        until: Some(at(2)),
                    },
                )
            }
            10..=12 => (format!("@{other}"), post(&message)),
            _ => (place, post(&message)),
        };
        self.open.push((message, to, want));
    }

    /// The jobs for what is open, for a session that can ask.
    fn jobs(&mut self, at_most: usize) -> Vec<Job> {
        let Some(session) = &mut self.session else {
            return Vec::new();
        };
        let mut jobs = Vec::new();
        for (message, to, want) in &self.open {
            if jobs.len() < at_most && !self.waiting.values().any(|waiting| waiting == message) {
                jobs.push(session.named(to, want.clone(), Some((message, 1))));
                self.waiting.insert(session.requests, message.clone());
            }
        }
        jobs
    }

    fn lose_the_connection(&mut self) {
        self.session = None;
        self.waiting.clear();
    }

    async fn come_back(&mut self, world: &mut World) {
        if self.session.is_some() {
            return;
        }
        let cursors: Vec<_> = self
            .cursors
            .iter()
            .map(|(at, seq)| (at.as_str(), *seq))
            .collect();
        let mut session = world.attach(&self.identity, &cursors);
        let look = session.look().await;
        for opened in &look.opened {
            let place = opened.address.to_string();
            let head = opened.membership.head.get();
            let cursor = self.cursors.entry(place).or_insert(head);
            if let Some((from, to)) = opened.gap {
                assert_eq!(
                    from.get(),
                    *cursor + 1,
                    "a gap that does not follow the cursor"
                );
                *cursor = to.get();
            }
        }
        self.session = Some(session);
        self.take(look, &HashSet::new());
    }

    async fn look(&mut self) {
        let Some(session) = &mut self.session else {
            return;
        };
        let look = session.look().await;
        // What was opened while attached is read from its newest entry on: the joining.
        let starts = look.opened.iter();
        let starts =
            starts.map(|opened| (opened.address.to_string(), opened.membership.head.get()));
        let starts: HashSet<_> = starts.collect();
        self.take(look, &starts);
    }

    fn take(&mut self, look: Look, starts: &HashSet<(String, u64)>) {
        for line in &look.entries {
            let mut words = line.splitn(3, ' ');
            let (place, seq) = (words.next().unwrap(), words.next().unwrap());
            let (place, seq): (_, u64) = (place.to_owned(), seq.parse().unwrap());
            let last = self.cursors.insert(place.clone(), seq).unwrap_or(0);
            assert!(
                seq == last + 1 || (seq > last && starts.contains(&(place.clone(), seq))),
                "{} was shown {place} {seq} right after {last}",
                self.name
            );
            self.seen
                .push((place, seq, words.next().unwrap().to_owned()));
        }
        for (request, outcome) in look.answers {
            let Some(message) = self.waiting.remove(&request) else {
                continue;
            };
            match outcome {
                Err(Refused::Unavailable) => {}
                Ok(kept) => {
                    self.open.retain(|(open, ..)| *open != message);
                    self.kept.push((message, kept.seq.get()));
                }
                Err(_) => self.open.retain(|(open, ..)| *open != message),
            }
        }
    }
}

async fn players(world: &mut World) -> Vec<Player> {
    let mut players = Vec::new();
    for name in ["alice", "bob", "carol", "dave"] {
        let identity = world.account(name).await;
        players.push(Player {
            name,
            identity,
            session: None,
            cursors: BTreeMap::new(),
            open: Vec::new(),
            waiting: HashMap::new(),
            kept: Vec::new(),
            seen: Vec::new(),
            count: 0,
        });
    }
    let alice = &mut players[0];
    alice.come_back(world).await;
    for (room, visibility) in [
        ("#open", Visibility::Public),
        ("#closed", Visibility::Private),
    ] {
        let message = format!("make-{}", &room[1..]);
        alice
            .open
            .push((message, room.to_owned(), create(visibility)));
    }
    let jobs = alice.jobs(2);
    world.step(jobs);
    alice.look().await;
    players
}

async fn simulate(seed: u64) {
    let mut random = Rng::with_seed(seed);
    let mut world = World::new();
    let mut players = players(&mut world).await;
    for _ in 0..STEPS {
        let player = random.usize(0..players.len());
        match random.u32(0..100) {
            0..3 => {
                world = world.crash_and_return();
                players.iter_mut().for_each(Player::lose_the_connection);
            }
            3..10 => players[player].lose_the_connection(),
            10..25 => players[player].come_back(&mut world).await,
            25..50 => players[player].look().await,
            50..70 => players[player].invent(&mut random),
            _ => {
                let jobs = players.iter_mut().map(|p| p.jobs(random.usize(0..4)));
                let mut jobs = interleaved(jobs.collect(), &mut random);
                let chance = random.u32(0..30);
                if chance < 5 {
                    jobs.push(job_of(|_, _| Err(StoreError::Full)));
                }
                match chance {
                    // Dead between deciding and committing, or between committing and applying.
                    0 | 29 => {
                        drop(world.core.commit(jobs, at(1)));
                        world = world.crash_and_return();
                        players.iter_mut().for_each(Player::lose_the_connection);
                    }
                    _ => world.step(jobs),
                }
            }
        }
    }
    for player in &mut players {
        player.come_back(&mut world).await;
    }
    while players.iter().any(|player| !player.open.is_empty()) {
        let jobs = players
            .iter_mut()
            .flat_map(|player| player.jobs(usize::MAX))
            .collect();
        world.step(jobs);
        for player in &mut players {
            player.look().await;
        }
    }
    for player in &mut players {
        player.look().await;
    }
    judge(&world, &players).await;
}

/// All of them, each list in its order.
fn interleaved(lists: Vec<Vec<Job>>, random: &mut Rng) -> Vec<Job> {
    let mut lists: Vec<_> = lists.into_iter().map(Vec::into_iter).collect();
    let mut jobs = Vec::new();
    while lists.iter().any(|list| list.len() > 0) {
        let list = random.usize(0..lists.len());
        jobs.extend(lists[list].next());
    }
    jobs
}

async fn judge(world: &World, players: &[Player]) {
    // Memory and store agree: what is stored beside the logs is what applying them gives.
    let verified = verify(&world.folder.path().join("data")).unwrap();
    assert_eq!(verified.faults, [""; 0]);
    let mut places: HashMap<ConversationId, Vec<Kept>> = HashMap::new();
    let mut by_message: HashMap<(String, String), u64> = HashMap::new();
    for id in (1..30).map(ConversationId::new) {
        let limits = PageLimits {
            rows: 10_000,
            bytes: usize::MAX,
        };
        let page = world
            .reader
            .entries(id, Seq::ZERO, Seq::new(u64::MAX >> 1), limits)
            .await;
        let Ok(page) = page else { continue };
        for (entry, seq) in page.entries.iter().zip(1..) {
            assert_eq!(entry.seq.get(), seq, "a hole in the history");
            if let Some(message) = &entry.message {
                let key = (entry.author.name.to_string(), message.as_str().to_owned());
                assert!(
                    by_message.insert(key, seq).is_none(),
                    "{message:?} was done twice"
                );
            }
        }
        places.insert(id, page.entries);
    }
    for player in players {
        for (message, seq) in &player.kept {
            let stands = by_message.get(&(player.name.to_owned(), message.clone()));
            assert_eq!(stands, Some(seq), "{message} was answered as kept");
        }
        let closed = world.reader.room_id(room("closed")).await.unwrap().unwrap();
        let last = last_readable(&places[&closed], player.name);
        for (place, seq, what) in &player.seen {
            if place == "#closed" {
                assert!(
                    *seq <= last,
                    "{} saw #closed {seq} ({what}), a stranger",
                    player.name
                );
            }
        }
    }
}

/// The last entry of a room that was ordered while this user was in it.
fn last_readable(log: &[Kept], name: &str) -> u64 {
    let (mut inside, mut last) = (false, 0);
    for entry in log {
        let Body::Event { event, .. } = &entry.body else {
            continue;
        };
        let own = entry.author.name.as_str() == name;
        match event {
            Event::Created { .. } | Event::Joined if own => inside = true,
            Event::Left if own => (inside, last) = (false, entry.seq.get()),
            Event::Kicked { account, .. } if account.name.as_str() == name => {
                (inside, last) = (false, entry.seq.get());
            }
            _ => {}
        }
    }
    if inside { u64::MAX } else { last }
}

#[tokio::test]
async fn whatever_goes_wrong_each_reader_sees_each_entry_once_and_in_order() {
    let seeds = std::env::var("NETCOMM_SIMULATED_SEEDS").ok();
    let seeds = seeds.map_or(SEEDS, |seeds| seeds.parse().unwrap());
    for seed in 0..seeds {
        println!("seed {seed}");
        simulate(seed).await;
    }
}
