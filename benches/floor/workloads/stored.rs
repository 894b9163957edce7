//! What stands in the store is to cost nothing while nobody asks for it: the same work on a store
//! with little in it, with a great many rooms, and with a great many accounts.

use crate::{
    bench::{Bench, Sample, Side},
    world::{Stock, World},
};

use super::{arriving, talk};

/// Members of the one room, and twice the number of pairs.
const MEMBERS: usize = 100;
const ROOMS: u64 = 100_000;
const ACCOUNTS: u64 = 1_000_000;
/// How often all of them arrive, so that there is something to count.
const ARRIVE_TIMES: usize = 5;
/// What is measured, and what it is called beside the same with little stored.
const FIGURES: [(&str, &str); 4] = [
    (
        "fan-out: CPU per message, µs",
        "fan-out beside little, times",
    ),
    (
        "private: CPU per message, µs",
        "private beside little, times",
    ),
    ("CPU per arrival, ms", "arrival beside little, times"),
    ("start, ms", "start beside little, times"),
];

pub(super) async fn stored(bench: &Bench) -> anyhow::Result<Vec<Sample>> {
    let less = if bench.options.quick { 100 } else { 1 };
    let mut samples = Vec::new();
    let mut little: Option<[f64; FIGURES.len()]> = None;
    for stock in [
        Stock::Nothing,
        Stock::Rooms(ROOMS / less),
        Stock::Accounts(ACCOUNTS / less),
    ] {
        let case = match stock {
            Stock::Nothing => "little stored".to_owned(),
            Stock::Rooms(count) => format!("{count} rooms"),
            Stock::Accounts(count) => format!("{count} accounts"),
        };
        let costs = costs(bench, stock).await?;
        for ((what, _), cost) in FIGURES.iter().zip(costs) {
            samples.push(Sample::new(&case, what, cost));
        }
        if let Some(little) = &little {
            for (((_, times), cost), less) in FIGURES.iter().zip(costs).zip(little) {
                samples.push(Sample::new(&case, times, cost / less));
            }
        }
        little.get_or_insert(costs);
    }
    Ok(samples)
}

async fn costs(bench: &Bench, stock: Stock) -> anyhow::Result<[f64; FIGURES.len()]> {
    let world = World::new(MEMBERS)?;
    world.rooms_of(MEMBERS)?;
    world.stock(stock)?;
    let server = bench.serve(Side::Netcomm, &world).await?;
    let started = server.started_in.as_secs_f64() * 1e3;
    // The index takes in what is new before anything is counted.
    tokio::time::sleep(bench.duration() / 2).await;
    let tickets = arriving::tickets(Side::Netcomm, &world, None);
    let before = server.usage()?.cpu;
    for _ in 0..ARRIVE_TIMES {
        let together = arriving::TOGETHER;
        arriving::arrive(bench, &server, tickets.clone(), None, together, 0).await?;
    }
    let cpu = server.usage()?.cpu - before;
    server.stop().await?;
    let arrivals = (MEMBERS * ARRIVE_TIMES) as f64;
    let fanout = talk::cost(bench, &world, false).await?;
    let private = talk::cost(bench, &world, true).await?;
    let arrival = cpu.as_secs_f64() * 1e3 / arrivals;
    Ok([fanout, private, arrival, started])
}
