//! The store: what a commit costs by its size, and what a long history costs a server.

use std::{
    ops::Range,
    sync::mpsc::{self, RecvTimeoutError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use anyhow::Context;
use netcomm::{
    model::RoomName,
    store::{Durability, Fingerprint, Store},
};

use crate::{
    bench::{Bench, Sample, Side},
    client::{Client, Ticket},
    report::{percentile, say},
    world::{World, post},
};

const MEMBERS: usize = 10;
/// How often each of three things is asked: together no more than a session may ask at once.
const QUERIES: u32 = 33;

pub(super) async fn store(bench: &Bench) -> anyhow::Result<Vec<Sample>> {
    let mut samples = Vec::new();
    for batch in [1, 10, 100, 500] {
        let rate = batches(bench, batch)?;
        let case = format!("{batch} a commit");
        samples.push(Sample::new(&case, "durable messages/s", rate));
    }
    samples.extend(history(bench, &talked(0)?, 0).await?);
    let stored = bench.options.stored;
    let long = match bench.long_history.get() {
        Some(world) => world,
        // Made once: the runs only read it.
        None => {
            let world = talked(stored)?;
            bench.long_history.get_or_init(|| world)
        }
    };
    samples.extend(history(bench, long, stored).await?);
    Ok(samples)
}

fn talked(messages: u64) -> anyhow::Result<World> {
    let world = World::new(MEMBERS)?;
    world.rooms_of(MEMBERS)?;
    world.history(messages)?;
    Ok(world)
}

fn batches(bench: &Bench, batch: u64) -> anyhow::Result<f64> {
    let world = talked(0)?;
    let mut store = world.open(Durability::Full)?;
    let begin = Instant::now();
    let mut number = 0;
    while begin.elapsed() < bench.duration() / 2 {
        commit(&world, &mut store, number..number + batch)?;
        number += batch;
    }
    Ok(number as f64 / begin.elapsed().as_secs_f64())
}

/// Commits of one message at a pace, in a store of their own on the same disk: how long one waits for a
/// commit while something else is measured, in the very hour and with the very pauses of the disk.
pub(super) struct Commits {
    stop: mpsc::Sender<()>,
    thread: JoinHandle<anyhow::Result<Vec<u32>>>,
}

impl Commits {
    /// Begins now, half a pace before the first, so that they fall between what is said at that pace.
    pub(super) fn begin(pace: Duration) -> anyhow::Result<Self> {
        let world = talked(0)?;
        let mut store = world.open(Durability::Full)?;
        let (stop, stopped) = mpsc::channel();
        let begin = Instant::now() + pace / 2;
        let thread = thread::spawn(move || {
            let mut ages = Vec::new();
            for number in 0.. {
                let due = begin + pace * u32::try_from(number)?;
                let left = due.saturating_duration_since(Instant::now());
                if stopped.recv_timeout(left) != Err(RecvTimeoutError::Timeout) {
                    break;
                }
                commit(&world, &mut store, number..number + 1)?;
                if number == 0 {
                    // The first finds a new file, as the first message does.
                    continue;
                }
                ages.push(u32::try_from(due.elapsed().as_micros())?);
            }
            Ok(ages)
        });
        Ok(Self { stop, thread })
    }

    /// Ends them. Microseconds from when each was due until it was on the disk, sorted.
    pub(super) fn end(self) -> anyhow::Result<Vec<u32>> {
        drop(self.stop);
        let joined = self.thread.join();
        let mut ages = joined.map_err(|_| anyhow::anyhow!("the commits panicked"))??;
        ages.sort_unstable();
        Ok(ages)
    }
}

fn commit(world: &World, store: &mut Store, numbers: Range<u64>) -> anyhow::Result<()> {
    let (author, _) = world.accounts.first().context("nobody")?;
    let tx = store.begin()?;
    let id = tx.room_id(&RoomName::parse("r0")?)?.context("no room")?;
    let mut seq = tx.conversation(id)?.context("no room")?.head;
    for number in numbers {
        seq = seq.next();
        let entry = post(id, seq, author, number)?;
        tx.append(&entry, Some(Fingerprint::new([0; 16])), &[])?;
    }
    Ok(tx.commit()?)
}

async fn history(bench: &Bench, world: &World, messages: u64) -> anyhow::Result<Vec<Sample>> {
    let case = format!("{messages} stored");
    let server = bench.serve(Side::Netcomm, world).await?;
    let started = server.started_in.as_secs_f64() * 1e3;
    let memory = server.usage()?.memory as f64 / 1024.0;
    let ticket = Ticket::token(world, 0)?;
    let mut client = Client::enter(server.address, &bench.tls, &ticket, |_| {}).await?;
    let mut samples = vec![
        Sample::new(&case, "start, ms", started),
        Sample::new(&case, "memory after start, MiB", memory),
    ];
    if messages > 0 {
        let page = |nth: u32| {
            let before = messages * u64::from(nth + 1) / u64::from(QUERIES);
            format!("\"type\":\"history\",\"in\":\"#r0\",\"before\":{before},\"limit\":100")
        };
        samples.extend(
            delays(
                &mut client,
                &case,
                ["history p50, ms", "history p99, ms"],
                page,
            )
            .await?,
        );
        let word = |nth: u32| format!("\"type\":\"search\",\"words\":\"topic{}\"", nth * 7 % 1000);
        samples.extend(
            delays(
                &mut client,
                &case,
                ["search p50, ms", "search p99, ms"],
                word,
            )
            .await?,
        );
        // Each message has a word of its own that begins so: as many match as can.
        let beginning = |nth: u32| {
            let end = usize::try_from(nth % 6).unwrap_or_default() + 1;
            let part = "word12".get(..end).unwrap_or_default();
            format!("\"type\":\"search\",\"words\":\"{part}*\"")
        };
        let names = [
            "search for a beginning p50, ms",
            "search for a beginning p99, ms",
        ];
        samples.extend(delays(&mut client, &case, names, beginning).await?);
    }
    client.leave().await;
    server.stop().await?;
    Ok(samples)
}

/// Asks one thing after the other; how long until each was answered. Nothing of a request that the
/// server does not know.
async fn delays(
    client: &mut Client,
    case: &str,
    names: [&'static str; 2],
    request: impl Fn(u32) -> String,
) -> anyhow::Result<Vec<Sample>> {
    let mut delays = Vec::new();
    for nth in 0..QUERIES {
        let begin = Instant::now();
        let id = nth + 1000;
        let line = format!("{{\"id\":{id},{}}}\n", request(nth));
        client.write(line.as_bytes()).await?;
        let (ok, error) = (
            format!("{{\"type\":\"ok\",\"id\":{id}"),
            "{\"type\":\"error\"",
        );
        'answer: loop {
            while let Some(line) = client.line() {
                if line.starts_with(ok.as_bytes()) {
                    break 'answer;
                }
                if line.starts_with(error.as_bytes()) {
                    say(&String::from_utf8_lossy(line));
                    return Ok(Vec::new());
                }
            }
            client.fill().await?;
        }
        delays.push(u32::try_from(begin.elapsed().as_micros())?);
    }
    delays.sort_unstable();
    let [half, most] = names;
    Ok(vec![
        Sample::new(case, half, percentile(&delays, 0.5) / 1000.0),
        Sample::new(case, most, percentile(&delays, 0.99) / 1000.0),
    ])
}
