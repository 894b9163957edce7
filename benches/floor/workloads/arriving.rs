//! Arriving: handshakes and logins one after the other, and all clients at once after a restart.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use netcomm::tls::ClientTls;
use tokio::{sync::Semaphore, task::JoinSet};

use crate::{
    bench::{Bench, Sample, Side},
    client::{Client, Ticket},
    process::Server,
    world::World,
};

/// How many clients are on their way in at the same time.
pub(super) const TOGETHER: usize = 16;
/// How many messages each client of the storm has missed.
const MISSED: u64 = 50;

pub(super) async fn arriving(bench: &Bench, side: Side) -> anyhow::Result<Vec<Sample>> {
    let mut samples = Vec::new();
    let arrivals = if bench.options.quick { 100 } else { 1000 };
    let world = World::new(arrivals)?;
    let server = bench.serve(side, &world).await?;
    for (case, shared) in [
        ("full handshake", None),
        ("TLS resumed", Some(bench.tls.clone())),
    ] {
        let tickets = tickets(side, &world, None);
        if let (Some(tls), Some(ticket)) = (&shared, tickets.first()) {
            // The first one gets the TLS ticket for the others.
            drop(Client::enter(server.address, tls, ticket, |_| {}).await?);
        }
        let before = server.usage()?.cpu;
        let took = arrive(bench, &server, tickets, shared, TOGETHER, 0).await?;
        let cpu = server.usage()?.cpu - before;
        let count = arrivals as f64;
        let each = cpu.as_secs_f64() * 1e3 / count;
        samples.push(Sample::new(case, "CPU per arrival, ms", each));
        samples.push(Sample::new(case, "arrivals/s", count / took.as_secs_f64()));
    }
    server.stop().await?;
    samples.extend(storm(bench, side).await?);
    Ok(samples)
}

/// A server is started again; all come back at once, each with a cursor and a backlog.
async fn storm(bench: &Bench, side: Side) -> anyhow::Result<Vec<Sample>> {
    let mut samples = Vec::new();
    for clients in bench.sizes(&[1000], &[100]) {
        let world = World::new(clients)?;
        world.rooms_of(clients)?;
        world.history(MISSED)?;
        // Of everything in the room, creation and joining included, they have seen all but the end.
        let seen = u64::try_from(clients)?;
        let tickets = tickets(side, &world, Some(seen));
        let backlog = if side == Side::Netcomm { MISSED } else { 0 };
        // Before the restart they were here once: they have a TLS ticket of the old server, which
        // the new one does not take.
        let server = bench.serve(side, &world).await?;
        let took = arrive(bench, &server, tickets, None, clients, backlog).await?;
        let case = format!("{clients} at once");
        samples.push(Sample::new(
            &case,
            "until all are current, s",
            took.as_secs_f64(),
        ));
        let cpu = server.usage()?.cpu.as_secs_f64() * 1e3 / clients as f64;
        samples.push(Sample::new(&case, "CPU per arrival, ms", cpu));
        server.stop().await?;
    }
    Ok(samples)
}

pub(super) fn tickets(side: Side, world: &World, cursor: Option<u64>) -> Vec<Ticket> {
    let accounts = world.accounts.iter();
    accounts
        .map(|(_, token)| match side {
            Side::Floor => Ticket::Group("#r0".to_owned()),
            Side::Netcomm => Ticket::Token {
                token: token.clone(),
                cursor,
            },
        })
        .collect()
}

/// Lets all arrive, so many at a time; says how long until the last one was current.
pub(super) async fn arrive(
    bench: &Bench,
    server: &Server,
    tickets: Vec<Ticket>,
    shared: Option<ClientTls>,
    together: usize,
    backlog: u64,
) -> anyhow::Result<Duration> {
    let places = Arc::new(Semaphore::new(together));
    let mut ready = Vec::with_capacity(tickets.len());
    for ticket in tickets {
        let tls = match &shared {
            Some(tls) => tls.clone(),
            None => bench.fresh_tls()?,
        };
        ready.push((ticket, tls));
    }
    let begin = Instant::now();
    let mut arriving = JoinSet::new();
    for (ticket, tls) in ready {
        let (address, places) = (server.address, Arc::clone(&places));
        arriving.spawn(async move {
            let place = places.acquire().await.context("closed")?;
            let mut entries = 0;
            let count =
                |line: &[u8]| entries += u64::from(line.starts_with(b"{\"type\":\"entry\""));
            let client = Client::enter(address, &tls, &ticket, count).await?;
            drop(place);
            ensure!(entries == backlog, "{entries} of {backlog} entries came");
            anyhow::Ok(client)
        });
    }
    let mut clients = Vec::new();
    for client in arriving.join_all().await {
        clients.push(client?);
    }
    let took = begin.elapsed();
    drop(clients);
    Ok(took)
}
