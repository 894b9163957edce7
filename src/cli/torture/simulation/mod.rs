//! A whole world in one thread: the real session, hub, store, link, core and outbox, under simulated
//! time and over a simulated network, for as many seeds as you like.
//!
//! Everything that goes wrong follows from the seed: bytes that are late, cut off anywhere or lost in
//! silence, partitions, batches that fail, and deaths of clients and server between any two steps of
//! their tasks, between deciding and committing and between committing and applying. In the end the
//! judge of `netcomm torture` holds what everybody asked, was answered and saw against the history.
//! Left out are TLS, threads and the disk: a server that dies leaves its files as they are.

mod network;
mod player;
mod plot;
mod story;
mod tap;
mod view;
mod world;

use std::{collections::BTreeMap, path::Path};

use tokio::runtime;

use crate::{
    hub::simulated::Broken,
    model::{Address, RoomName, RoomRole, Seq, UserName, simulated::Simulation},
    protocol::Frame,
    server::write_entry,
    store::{LogName, PageLimits, Place, Snapshot, verify},
    tls::{CertificateFiles, GenerateOptions, generate},
};

use self::{story::Ended, world::World};
use super::{
    checker::{Standing, Where, check},
    entry,
};

/// How many seeds are tried; `NETCOMM_SIMULATED_SEEDS` asks for more.
const SEEDS: u64 = 12;
/// How many things happen in each world.
const STEPS: u32 = 250;
/// How much of a story is told when something was found.
const TOLD: usize = 400;

/// What came of one seed.
#[derive(Debug, PartialEq)]
struct Outcome {
    story: Ended,
    /// Every broken promise, as a sentence.
    findings: Vec<String>,
}

struct Certificates {
    files: CertificateFiles,
    _folder: tempfile::TempDir,
}

fn certificates() -> Certificates {
    let folder = tempfile::tempdir().unwrap();
    let files = CertificateFiles::in_folder(folder.path());
    let mut options = GenerateOptions::new(files.clone());
    options.hosts = vec!["localhost".parse().unwrap()];
    generate(&options).unwrap();
    Certificates {
        files,
        _folder: folder,
    }
}

fn simulate(seed: u64, certificates: &Certificates, broken: Option<Broken>) -> Outcome {
    let runtime = runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let _simulation = Simulation::begin(seed);
        let mut world = World::new(seed, &certificates.files, broken);
        world.set_up().await;
        world.go_wrong(STEPS).await;
        let cursors = world.calm_down().await;
        let story = world.story.end();
        let history = history(world.data());
        let found = check(&history, &story.records);
        let mut findings: Vec<_> = found.iter().map(ToString::to_string).collect();
        findings.extend(verify(world.data()).unwrap().faults);
        match cursors {
            None => findings.push("it did not come to rest".to_owned()),
            Some(cursors) => {
                let missed = cursors.iter().filter_map(|cursor| missed(&history, cursor));
                findings.extend(missed);
            }
        }
        Outcome { story, findings }
    })
}

/// Whether somebody at rest has not read to the end.
fn missed(
    history: &BTreeMap<Where, Standing>,
    (who, at, cursor): &(UserName, Address, u64),
) -> Option<String> {
    let standing = history.get(&entry::place(who, at));
    let last = standing.and_then(|standing| standing.lines.last());
    let head = last.map_or(0, |line| line.seq);
    (*cursor != head).then(|| format!("NOT TOLD: {who} is at {cursor} of {head} in {at}"))
}

/// Everything that is kept, as the judge reads it.
fn history(data: &Path) -> BTreeMap<Where, Standing> {
    let snapshot = Snapshot::open(data).unwrap();
    let limits = PageLimits {
        rows: 100_000,
        bytes: usize::MAX,
    };
    let mut history = BTreeMap::new();
    for log in snapshot.logs().unwrap() {
        let nobody = UserName::parse("nobody").unwrap();
        let (me, at) = match &log.name {
            LogName::Everyone => (nobody, Address::Everyone),
            LogName::Room(name) => (nobody, Address::Room(name.clone())),
            LogName::Direct(one, other) => (one.name.clone(), Address::Direct(other.name.clone())),
        };
        let mut standing = Standing::default();
        for kept in snapshot.entries(&log, Seq::ZERO, limits).unwrap().entries {
            let mut bytes = Vec::new();
            write_entry(&kept, &at, &mut bytes);
            let Some(Frame::Entry(entry)) = Frame::parse(&bytes).unwrap() else {
                panic!("an entry is written as one");
            };
            standing.lines.push(entry::line(&me, &entry));
            let text = entry::standing_text(&entry);
            standing
                .texts
                .extend(text.map(|text| (entry.seq.get(), text)));
        }
        if let Address::Room(room) = &at {
            standing.roles = Some(roles(&snapshot, room));
        }
        history.insert(entry::place(&me, &at), standing);
    }
    history
}

fn roles(snapshot: &Snapshot, room: &RoomName) -> BTreeMap<String, RoomRole> {
    let mut roles = BTreeMap::new();
    for listing in snapshot.accounts(None, 100).unwrap() {
        let account = listing.record.account;
        for membership in snapshot.memberships(account.id).unwrap() {
            if let Place::Room(seat) = membership.place
                && seat.name == *room
            {
                roles.insert(account.name.to_string(), seat.role);
            }
        }
    }
    roles
}

fn explain(seed: u64, outcome: &Outcome) -> String {
    let lines = &outcome.story.lines;
    let told = &lines[lines.len().saturating_sub(TOLD)..];
    format!(
        "seed {seed}: {} promises broken\n{}\n\nthe end of the story:\n{}",
        outcome.findings.len(),
        outcome.findings.join("\n"),
        told.join("\n")
    )
}

#[test]
fn whatever_goes_wrong_around_a_whole_server_and_its_clients_every_promise_is_kept() {
    let certificates = certificates();
    let number = |name| std::env::var(name).ok().map(|text| text.parse().unwrap());
    let seeds = match number("NETCOMM_SIMULATED_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("NETCOMM_SIMULATED_SEEDS").unwrap_or(SEEDS),
    };
    for seed in seeds {
        println!("seed {seed}");
        let outcome = simulate(seed, &certificates, None);
        assert!(outcome.findings.is_empty(), "{}", explain(seed, &outcome));
    }
}

#[test]
fn the_same_seed_gives_the_same_story_to_the_letter() {
    let certificates = certificates();
    for seed in [3, 4] {
        let [one, other] = [0; 2].map(|_| simulate(seed, &certificates, None));
        let differs = one.story.lines.iter().zip(&other.story.lines);
        let differs = differs.enumerate().find(|(_, (one, other))| one != other);
        assert_eq!(differs, None, "seed {seed}");
        assert!(one == other, "seed {seed}");
        assert!(one.story.lines.len() > 200, "something happens");
    }
}

#[test]
fn each_promise_that_is_broken_on_purpose_is_found_out_within_a_few_seeds() {
    let certificates = certificates();
    for broken in [
        Broken::AnswersBeforeTheCommit,
        Broken::ForgetsTheMessageId,
        Broken::StartsOneEntryLate,
    ] {
        let found = (0..10).find(|&seed| {
            let outcome = simulate(seed, &certificates, Some(broken));
            !outcome.findings.is_empty()
        });
        assert!(found.is_some(), "{broken:?} was not noticed");
    }
}
