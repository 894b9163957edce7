//! Keeps the search index up to date with what is committed, out of everybody's way.

use std::{sync::Arc, time::Duration};

use tokio::{
    select,
    task::spawn_blocking,
    time::{Instant, MissedTickBehavior, interval},
};

use crate::store::Index;

use super::Context;

/// How far the index may lag behind while little is said.
const INDEX_INTERVAL: Duration = Duration::from_millis(500);
/// How many entries are taken in at once: a twentieth of a second of work. Where much is said, few
/// large steps cost less than many small ones.
const INDEX_BATCH: usize = 10_000;

/// How often the store is told which amendments it need not remember for the index any more.
const FORGET_INTERVAL: Duration = Duration::from_secs(600);

/// Follows the logs until the server stops. What is missing then is taken in after the next start.
pub(super) async fn follow(index: Index, context: Arc<Context>) {
    let mut index = Some(index);
    let mut ticks = interval(INDEX_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut failed = false;
    let mut forgotten = Instant::now();
    while let Some(mut working) = index.take() {
        let worked = spawn_blocking(move || {
            let more = working.catch_up(INDEX_BATCH);
            let followed = working.followed();
            (working, more, followed)
        });
        // The runtime takes no more work when it is ending.
        let Ok((worked, more, followed)) = worked.await else {
            return;
        };
        index = Some(worked);
        match more {
            Ok(true) if !context.shutdown.is_cancelled() => continue,
            Ok(_) => failed = false,
            Err(error) if !failed => {
                failed = true;
                tracing::error!(%error, "the search index does not follow; trying again");
            }
            Err(_) => {}
        }
        if let Ok(followed) = followed
            && forgotten.elapsed() >= FORGET_INTERVAL
        {
            forgotten = Instant::now();
            let forget = context.hub.write(move |tx, _| tx.forget_amended(followed));
            if let Err(error) = forget.await {
                tracing::debug!(%error, "what the search index has followed is kept for now");
            }
        }
        select! {
            _ = ticks.tick() => {}
            () = context.shutdown.cancelled() => return,
        }
    }
}
