//! What is measured. Each workload runs one side once and says what it saw.

mod arriving;
mod idle;
mod store;
mod stored;
mod talk;

use crate::{
    bench::{Bench, Sample, Side},
    options::Workload,
};

pub(crate) async fn run(
    bench: &Bench,
    workload: Workload,
    side: Side,
) -> anyhow::Result<Vec<Sample>> {
    match workload {
        Workload::Fanout => talk::fanout(bench, side).await,
        Workload::Latency => talk::latency(bench, side).await,
        Workload::Rooms => talk::rooms(bench, side).await,
        Workload::Private => talk::private(bench, side).await,
        Workload::Idle => idle::idle(bench, side).await,
        Workload::Arriving => arriving::arriving(bench, side).await,
        Workload::Store => store::store(bench).await,
        Workload::Stored => stored::stored(bench).await,
    }
}
