//! Sessions that do nothing: what each of them holds in memory.

use std::time::Duration;

use tokio::{task::JoinSet, time::sleep};

use crate::{
    bench::{Bench, Sample, Side},
    client::{Client, Ticket},
    process::Server,
    world::World,
};

/// How many clients connect at once: few, so that what handshakes need at once is soon reused.
const ENTER_TOGETHER: usize = 16;
/// How long to wait before looking: until what was needed for arriving is given back.
const SETTLE: Duration = Duration::from_secs(2);

pub(super) async fn idle(bench: &Bench, side: Side) -> anyhow::Result<Vec<Sample>> {
    let mut samples = Vec::new();
    for sessions in bench.sizes(&[1000, 5000, 10_000], &[200]) {
        let world = World::new(match side {
            Side::Floor => 0,
            Side::Netcomm => sessions,
        })?;
        let server = bench.serve(side, &world).await?;
        let empty = server.usage()?.memory;
        let clients = enter(bench, side, &world, &server, sessions).await?;
        sleep(SETTLE).await;
        let full = server.usage()?.memory;
        let case = format!("{sessions} sessions");
        let each = |memory: u64| memory.saturating_sub(empty) as f64 / sessions as f64;
        samples.push(Sample::new(&case, "memory per session, KiB", each(full)));
        for client in clients {
            client.leave().await;
        }
        let clients = enter(bench, side, &world, &server, sessions).await?;
        sleep(SETTLE).await;
        let again = server.usage()?.memory;
        samples.push(Sample::new(&case, "after all came anew, KiB", each(again)));
        drop(clients);
        server.stop().await?;
    }
    Ok(samples)
}

async fn enter(
    bench: &Bench,
    side: Side,
    world: &World,
    server: &Server,
    sessions: usize,
) -> anyhow::Result<Vec<Client>> {
    let mut clients = Vec::with_capacity(sessions);
    let places: Vec<usize> = (0..sessions).collect();
    for places in places.chunks(ENTER_TOGETHER) {
        let mut entering = JoinSet::new();
        for &place in places {
            let ticket = match side {
                Side::Floor => Ticket::Group(format!("#r{place}")),
                Side::Netcomm => Ticket::token(world, place)?,
            };
            let (address, tls) = (server.address, bench.tls.clone());
            entering.spawn(async move { Client::enter(address, &tls, &ticket, |_| {}).await });
        }
        for client in entering.join_all().await {
            let mut client = client?;
            client.rest();
            clients.push(client);
        }
    }
    Ok(clients)
}
