//! Workloads in which members of groups talk: fan-out, latency, many rooms, pairs.

use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::task::JoinSet;

use crate::{
    bench::{Bench, Sample, Side},
    client::{Client, Ticket},
    member::{Member, Plan, Run, Seen, Speech},
    process::Usage,
    report::percentile,
    workloads::store::Commits,
    world::World,
};

/// How many clients connect at once before the measurement.
const ENTER_TOGETHER: usize = 32;
/// Where little is said it is said for so many times as long: the slowest hundredth of a hundred
/// messages is one of them.
const SLOW: u32 = 4;
/// So many deliveries a second are a modest rate for a room, but at least one message and no more than so
/// many.
const MODEST: u32 = 5000;
const MODEST_MAX: u32 = 20;
const CPU_PER_MESSAGE: &str = "CPU per message, µs";
const CPU_PER_DELIVERY: &str = "CPU per delivery, µs";

/// Who is there and who talks.
#[derive(Clone, Copy, Debug)]
struct Shape {
    groups: usize,
    members: usize,
    senders: usize,
    plan: Plan,
    lasts: Duration,
}

/// What came of it.
struct Talk {
    sent: u64,
    deliveries: u64,
    reads: u64,
    took: Duration,
    cpu: Duration,
    usage: Usage,
    ages: Vec<u32>,
    /// Of commits at the same pace meanwhile, where there is one.
    commits: Vec<u32>,
}

/// One room, some senders that never wait.
pub(super) async fn fanout(bench: &Bench, side: Side) -> anyhow::Result<Vec<Sample>> {
    let mut samples = Vec::new();
    let mut before = None;
    for members in bench.sizes(&[100, 1000], &[50]) {
        let shape = Shape {
            groups: 1,
            members,
            senders: bench.options.senders.min(members),
            plan: Plan::Pipeline(bench.options.window),
            lasts: bench.duration(),
        };
        let talk = Talk::of(bench, side, shape).await?;
        let case = format!("{members} members");
        samples.extend(talk.costs(&case));
        let peak = talk.usage.memory_peak as f64 / 1024.0;
        samples.push(Sample::new(&case, "peak memory, MiB", peak));
        let each = talk.cpu_each_message();
        samples.push(Sample::new(&case, CPU_PER_MESSAGE, each));
        if let Some((fewer, less)) = before.replace((members, each)) {
            let case = format!("{members} beside {fewer} members");
            samples.push(Sample::new(&case, "a message costs, times", each / less));
        }
    }
    Ok(samples)
}

/// What a message costs a server in this world, by its CPU: in a room of all accounts with some
/// senders that never wait, or between pairs that answer each other.
pub(super) async fn cost(bench: &Bench, world: &World, pairs: bool) -> anyhow::Result<f64> {
    let accounts = world.accounts.len();
    let (groups, members) = if pairs {
        (accounts / 2, 2)
    } else {
        (1, accounts)
    };
    let (senders, plan) = if pairs {
        (2, Plan::Answer { begins: true })
    } else {
        let senders = bench.options.senders.min(members);
        (senders, Plan::Pipeline(bench.options.window))
    };
    let shape = Shape {
        groups,
        members,
        senders,
        plan,
        lasts: bench.duration(),
    };
    let talk = Talk::within(bench, Side::Netcomm, world, shape).await?;
    Ok(talk.cpu_each_message())
}

/// One room at a rate that leaves the server idle most of the time; and what a commit takes meanwhile, as
/// a message waits for one.
pub(super) async fn latency(bench: &Bench, side: Side) -> anyhow::Result<Vec<Sample>> {
    let mut samples = Vec::new();
    for members in bench.sizes(&[200, 1000], &[20]) {
        let rate = (MODEST / u32::try_from(members)?).clamp(1, MODEST_MAX);
        let shape = Shape {
            groups: 1,
            members,
            senders: 1,
            plan: Plan::Every(Duration::from_secs(1) / rate),
            lasts: bench.duration() * SLOW,
        };
        let talk = Talk::of(bench, side, shape).await?;
        let case = format!("{members} members, {rate}/s");
        let each = talk.cpu_each_delivery();
        let commit = |share| percentile(&talk.commits, share) / 1000.0;
        samples.extend([
            Sample::new(&case, CPU_PER_DELIVERY, each),
            Sample::new(&case, "a commit beside, p50, ms", commit(0.5)),
            Sample::new(&case, "a commit beside, p99, ms", commit(0.99)),
        ]);
        samples.extend(talk.delays(&case));
    }
    Ok(samples)
}

/// Many small rooms in which everybody talks.
pub(super) async fn rooms(bench: &Bench, side: Side) -> anyhow::Result<Vec<Sample>> {
    let groups = if bench.options.quick { 5 } else { 100 };
    let shape = Shape {
        groups,
        members: 10,
        senders: 10,
        plan: Plan::Pipeline(2),
        lasts: bench.duration(),
    };
    let talk = Talk::of(bench, side, shape).await?;
    Ok(talk.costs(&format!("{groups} rooms of 10")))
}

/// Pairs that answer each other.
pub(super) async fn private(bench: &Bench, side: Side) -> anyhow::Result<Vec<Sample>> {
    let mut samples = Vec::new();
    for groups in bench.sizes(&[1, 50, 500], &[10]) {
        let shape = Shape {
            groups,
            members: 2,
            senders: 2,
            plan: Plan::Answer { begins: true },
            lasts: bench.duration(),
        };
        let talk = Talk::of(bench, side, shape).await?;
        let case = format!("{groups} pairs");
        let rate = talk.sent as f64 / talk.took.as_secs_f64();
        samples.push(Sample::new(&case, "messages/s", rate));
        samples.push(Sample::new(&case, CPU_PER_MESSAGE, talk.cpu_each_message()));
        samples.extend(talk.delays(&case));
    }
    Ok(samples)
}

impl Talk {
    async fn of(bench: &Bench, side: Side, shape: Shape) -> anyhow::Result<Self> {
        let world = World::new(match side {
            Side::Floor => 0,
            Side::Netcomm => shape.groups * shape.members,
        })?;
        let pairs = matches!(shape.plan, Plan::Answer { .. });
        if !pairs {
            world.rooms_of(shape.members)?;
        }
        Self::within(bench, side, &world, shape).await
    }

    async fn within(
        bench: &Bench,
        side: Side,
        world: &World,
        shape: Shape,
    ) -> anyhow::Result<Self> {
        let pairs = matches!(shape.plan, Plan::Answer { .. });
        let server = bench.serve(side, world).await?;
        let mut clients = Vec::with_capacity(shape.groups * shape.members);
        let places: Vec<usize> = (0..shape.groups * shape.members).collect();
        for places in places.chunks(ENTER_TOGETHER) {
            let mut entering = JoinSet::new();
            for &place in places {
                let ticket = match side {
                    Side::Floor => Ticket::Group(format!("#r{}", place / shape.members)),
                    Side::Netcomm => Ticket::token(world, place)?,
                };
                let (address, tls) = (server.address, bench.tls.clone());
                entering.spawn(async move {
                    let client = Client::enter(address, &tls, &ticket, |_| {}).await?;
                    anyhow::Ok((place, client))
                });
            }
            for entered in entering.join_all().await {
                clients.push(entered?);
            }
        }
        let commits = match shape.plan {
            Plan::Every(pace) => Some(Commits::begin(pace)?),
            _ => None,
        };
        let before = server.usage()?;
        let begin = Instant::now();
        let run = Run {
            begin,
            end: begin + shape.lasts,
            senders: shape.senders,
        };
        let mut members = JoinSet::new();
        for (place, client) in clients {
            let speech = speech(side, world, place, shape.members, pairs)?;
            members.spawn(member(shape, place, client, speech, run).run());
        }
        let mut talk = Self {
            sent: 0,
            deliveries: 0,
            reads: 0,
            took: Duration::ZERO,
            cpu: Duration::ZERO,
            usage: before,
            ages: Vec::new(),
            commits: Vec::new(),
        };
        while let Some(seen) = members.join_next().await {
            talk.add(seen??);
        }
        talk.took = begin.elapsed();
        talk.commits = commits.map(Commits::end).transpose()?.unwrap_or_default();
        talk.usage = server.usage()?;
        talk.cpu = talk.usage.cpu - before.cpu;
        server.stop().await?;
        Ok(talk)
    }

    fn add(&mut self, seen: Seen) {
        self.sent += seen.sent;
        self.deliveries += seen.received;
        self.reads += seen.reads;
        self.ages.extend(seen.ages);
    }

    fn cpu_each_message(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.sent as f64
    }

    fn cpu_each_delivery(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.deliveries as f64
    }

    fn costs(&self, case: &str) -> Vec<Sample> {
        let (deliveries, took) = (self.deliveries as f64, self.took.as_secs_f64());
        let cpu = self.cpu.as_secs_f64();
        vec![
            Sample::new(case, CPU_PER_DELIVERY, self.cpu_each_delivery()),
            Sample::new(case, "deliveries/s", deliveries / took),
            Sample::new(case, "deliveries a read", deliveries / self.reads as f64),
            Sample::new(case, "messages/s", self.sent as f64 / took),
            Sample::new(case, "busy, % of a core", cpu * 100.0 / took),
        ]
    }

    fn delays(mut self, case: &str) -> Vec<Sample> {
        self.ages.sort_unstable();
        let at = |share| percentile(&self.ages, share) / 1000.0;
        vec![
            Sample::new(case, "p50, ms", at(0.5)),
            Sample::new(case, "p99, ms", at(0.99)),
            Sample::new(case, "p99.9, ms", at(0.999)),
            Sample::new(case, "max, ms", at(1.0)),
        ]
    }
}

impl Ticket {
    pub(super) fn token(world: &World, place: usize) -> anyhow::Result<Self> {
        let (_, token) = world.accounts.get(place).context("an account too few")?;
        Ok(Self::Token {
            token: token.clone(),
            cursor: None,
        })
    }
}

fn member(shape: Shape, place: usize, client: Client, speech: Speech, run: Run) -> Member {
    let number = place % shape.members;
    let plan = match shape.plan {
        Plan::Answer { .. } => Plan::Answer {
            begins: number == 0,
        },
        plan if number < shape.senders => plan,
        _ => Plan::Listen,
    };
    Member {
        client,
        number,
        plan,
        speech,
        run,
    }
}

fn speech(
    side: Side,
    world: &World,
    place: usize,
    members: usize,
    pairs: bool,
) -> anyhow::Result<Speech> {
    let room = format!("#r{}", place / members);
    Ok(match side {
        Side::Floor => Speech::Copied {
            group: room,
            name: format!("u{place:06}"),
        },
        Side::Netcomm if pairs => {
            let (other, _) = world.accounts.get(place ^ 1).context("nobody to talk to")?;
            Speech::Requests {
                to: format!("@{}", other.name),
            }
        }
        Side::Netcomm => Speech::Requests { to: room },
    })
}
