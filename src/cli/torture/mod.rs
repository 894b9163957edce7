//! `netcomm torture`: shows that nothing is lost or doubled, by trying hard to have it happen.

mod actor;
mod ask;
mod checker;
mod entry;
mod process;
#[cfg(test)]
mod simulation;
mod wire;

use std::{
    collections::{BTreeMap, VecDeque},
    io::{self, Write},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, bail};
use fastrand::Rng;
use tokio::{
    runtime,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    model::{Address, RoomName, RoomRole, Seq, UserName, Visibility},
    protocol::{
        Code, Cursors, Frame, History, InRoom, Listing, Nothing, Of, Register, Resume, Secret,
        Verb, WithUser, WithVisibility,
    },
    tls::{ClientTls, Trust},
};

use self::{
    actor::Actor,
    checker::{Finding, Record, Standing, Where, check},
    process::{Disk, Server},
    wire::Wire,
};

/// How long the clients get, after the last crash, to have everything answered.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(60);
/// How many findings are told one by one.
const TOLD_MAX: usize = 20;

/// Try to make a server of its own lose or double a message
///
/// Starts a server and clients on this machine, kills the server over and over, cuts connections in
/// the middle of a frame, and in the end holds the whole history against what every client sent, was
/// answered and saw. Exit code 0: every promise was kept; 1: the broken ones are told.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// How long to go on
    #[arg(long, default_value_t = 1.0, value_name = "MINUTES")]
    minutes: f64,

    /// How many clients
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(3..=500))]
    clients: u32,

    /// Make the same choices as an earlier run; how they interleave still differs
    #[arg(long)]
    seed: Option<u64>,

    /// Forget at every crash what was written since the last: the checker must notice
    #[arg(long)]
    forgetful_disk: bool,
}

/// Runs it and says what came of it.
///
/// # Errors
///
/// When the server or a client cannot be started at all.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let runtime = runtime::Builder::new_multi_thread().enable_all().build()?;
    let findings = runtime.block_on(Box::pin(torture(args)))?;
    Ok(if findings.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn torture(args: &Args) -> anyhow::Result<Vec<Finding>> {
    let seed = args.seed.unwrap_or_else(|| fastrand::u64(..));
    tell(&format!("seed {seed}"))?;
    let mut random = Rng::with_seed(seed);
    let folder = tempfile::tempdir()?;
    let disk = if args.forgetful_disk {
        Disk::Forgetful
    } else {
        Disk::Honest
    };
    let mut server = Server::new(folder.path(), disk)?;
    server.start()?;
    let tls = ClientTls::new(Trust::CaFile(server.ca()))?;
    let enough = CancellationToken::new();
    let cast = cast(args.clients, &server, &tls, &enough, &mut random).await?;
    let mut readers: BTreeMap<Where, (UserName, Secret, Address)> = BTreeMap::new();
    for actor in &cast {
        for address in &actor.places {
            let who = (actor.name.clone(), actor.token.clone(), address.clone());
            readers.insert(entry::place(&actor.name, address), who);
        }
    }
    let mut running: JoinSet<Record> = JoinSet::new();
    for actor in cast {
        running.spawn(actor.run());
    }
    let kills = crash(&mut server, args, &mut random).await?;
    enough.cancel();
    let records = timeout(SETTLE_TIMEOUT, running.join_all())
        .await
        .context("some client never got its answers")?;
    let mut history = BTreeMap::new();
    for (place, (name, token, address)) in readers {
        let standing = read_all(&tls, &server, &name, token, &address).await?;
        history.insert(place, standing);
    }
    let findings = check(&history, &records);
    report(&history, &records, kills, &findings)?;
    Ok(findings)
}

/// Kills the server and starts it again, until the time is up. Says how often.
async fn crash(server: &mut Server, args: &Args, random: &mut Rng) -> anyhow::Result<u32> {
    let end =
        Instant::now() + Duration::from_secs_f64(args.minutes.clamp(0.01, 24.0 * 60.0) * 60.0);
    let mut kills = 0;
    while Instant::now() < end {
        sleep(Duration::from_millis(random.u64(300..3_000))).await;
        server.kill()?;
        kills += 1;
        server.start()?;
    }
    Ok(kills)
}

/// Makes the accounts and rooms, and an actor for each account.
async fn cast(
    clients: u32,
    server: &Server,
    tls: &ClientTls,
    enough: &CancellationToken,
    random: &mut Rng,
) -> anyhow::Result<Vec<Actor>> {
    let rooms = [room("lobby")?, room("garden")?, room("vault")?];
    let mut actors: Vec<Actor> = Vec::new();
    let mut founder: Option<Wire> = None;
    for number in 0..clients {
        let name = UserName::parse(&format!("client-{number}"))?;
        let mut wire = Wire::open(tls, server.address()).await?;
        let token = register(&mut wire, &name).await?;
        // Every other client is let into the private room.
        let insider = number % 2 == 0;
        let mut places = vec![Address::Everyone];
        for room in rooms.iter().take(if insider { 3 } else { 2 }) {
            let private = room.as_str() == "vault";
            match &mut founder {
                None => create(&mut wire, room, private).await?,
                Some(founder) => {
                    if private {
                        let user = name.clone();
                        done(founder, Verb::Invite(in_room(room, WithUser { user }))).await?;
                    }
                    done(&mut wire, Verb::Join(in_room(room, Nothing {}))).await?;
                }
            }
            places.push(Address::Room(room.clone()));
        }
        if let Some(before) = actors.last_mut() {
            before.places.push(Address::Direct(name.clone()));
            places.push(Address::Direct(before.name.clone()));
        }
        founder.get_or_insert(wire);
        actors.push(Actor {
            name,
            token,
            server: server.address(),
            tls: tls.clone(),
            places,
            random: random.fork(),
            enough: enough.clone(),
            record: Record::default(),
            cursors: Cursors::new(),
            count: 0,
            open: Vec::new(),
            said: Vec::new(),
            heard: VecDeque::new(),
            everybody: Vec::new(),
        });
    }
    let everybody: Vec<UserName> = actors.iter().map(|actor| actor.name.clone()).collect();
    for actor in &mut actors {
        actor.everybody.clone_from(&everybody);
        actor.record.who = actor.name.to_string();
        for address in &actor.places {
            actor
                .record
                .member_of
                .push(entry::place(&actor.name, address));
            actor.cursors.insert(address.to_string(), 0);
        }
    }
    Ok(actors)
}

fn room(name: &str) -> anyhow::Result<RoomName> {
    Ok(RoomName::parse(name)?)
}

fn in_room<T>(room: &RoomName, what: T) -> InRoom<T> {
    InRoom {
        room: room.clone(),
        message: None,
        what,
    }
}

async fn register(wire: &mut Wire, name: &UserName) -> anyhow::Result<Secret> {
    let password = Secret::new("tortured on purpose, all night long".to_owned());
    let register = Register {
        user: name.clone(),
        password,
        invite: None,
        device: None,
    };
    let answer = done(wire, Verb::Register(register)).await?;
    answer
        .welcome
        .and_then(|welcome| welcome.token)
        .context("registered without a token")
}

async fn create(wire: &mut Wire, room: &RoomName, private: bool) -> anyhow::Result<()> {
    let visibility = if private {
        Visibility::Private
    } else {
        Visibility::Public
    };
    let what = WithVisibility {
        visibility: Some(visibility),
    };
    done(wire, Verb::Create(in_room(room, what)))
        .await
        .map(drop)
}

async fn done(wire: &mut Wire, verb: Verb) -> anyhow::Result<crate::protocol::Answer> {
    match wire.ask(verb, drop).await? {
        Ok(answer) => Ok(answer),
        Err(failure) => bail!(failure.text),
    }
}

/// A conversation as one of its members finds it: its history page by page, and its members.
async fn read_all(
    tls: &ClientTls,
    server: &Server,
    me: &UserName,
    token: Secret,
    of: &Address,
) -> anyhow::Result<Standing> {
    let mut wire = Wire::open(tls, server.address()).await?;
    let cursors = Cursors::new();
    done(&mut wire, Verb::Resume(Resume { token, cursors })).await?;
    let mut standing = Standing::default();
    if let Address::Room(room) = of {
        standing.roles = Some(roles(&mut wire, room).await?);
    }
    loop {
        let last = standing.lines.last().map_or(0, |line| line.seq);
        let history = History {
            of: of.clone(),
            before: None,
            after: Some(Seq::new(last)),
            limit: None,
        };
        let asked = wire.ask(Verb::History(history), |frame| {
            if let Frame::Past { entry, .. } = frame {
                let text = entry::standing_text(&entry);
                standing
                    .texts
                    .extend(text.map(|text| (entry.seq.get(), text)));
                standing.lines.push(entry::line(me, &entry));
            }
        });
        match asked.await? {
            Ok(answer) if answer.history.is_some_and(|end| end.more) => {}
            Ok(_) => return Ok(standing),
            // A direct conversation in which nobody ever got a word in.
            Err(failure) if failure.code == Code::NotFound => return Ok(standing),
            Err(failure) => bail!(failure.text),
        }
    }
}

/// Who is in a room, and what they may do there.
async fn roles(wire: &mut Wire, room: &RoomName) -> anyhow::Result<BTreeMap<String, RoomRole>> {
    let mut roles = BTreeMap::new();
    loop {
        let members = Listing {
            after: roles
                .last_key_value()
                .map(|(name, _): (&String, _)| name.clone()),
            limit: None,
            what: Of { room: room.clone() },
        };
        let answer = done(wire, Verb::Members(members)).await?;
        for member in answer.members.unwrap_or_default() {
            roles.insert(member.user.to_string(), member.role);
        }
        if answer.more != Some(true) {
            return Ok(roles);
        }
    }
}

fn report(
    history: &BTreeMap<Where, Standing>,
    records: &[Record],
    kills: u32,
    findings: &[Finding],
) -> anyhow::Result<()> {
    let count = |wanted: fn(&checker::Event) -> bool| {
        records
            .iter()
            .flat_map(|record| &record.events)
            .filter(|event| wanted(event))
            .count()
    };
    let sent = count(|event| matches!(event, checker::Event::Sent { .. }));
    let answered = count(|event| matches!(event, checker::Event::Answered { .. }));
    let shown = count(|event| matches!(event, checker::Event::Saw(_)));
    let kept: usize = history.values().map(|standing| standing.lines.len()).sum();
    let of_kind = |kind: &str| {
        let lines = history.values().flat_map(|standing| &standing.lines);
        lines.filter(|line| line.kind == kind).count()
    };
    let (edits, deletions, roles) = (of_kind("edited"), of_kind("deleted"), of_kind("role"));
    let reads = count(|event| matches!(event, checker::Event::ReadTo { .. }));
    tell(&format!(
        "{} clients, {} conversations, {kills} crashes: {sent} sent, {answered} answered as kept, {kept} in the history ({edits} edits, {deletions} deletions, {roles} roles), {shown} shown, {reads} read positions",
        records.len(),
        history.len(),
    ))?;
    for finding in findings.iter().take(TOLD_MAX) {
        tell(&finding.to_string())?;
    }
    if findings.len() > TOLD_MAX {
        tell(&format!("and {} more", findings.len() - TOLD_MAX))?;
    }
    let lost = findings
        .iter()
        .filter(|f| matches!(f, Finding::Lost { .. }))
        .count();
    tell(&format!(
        "{} promises broken, {lost} messages lost",
        findings.len()
    ))
}

fn tell(line: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}
