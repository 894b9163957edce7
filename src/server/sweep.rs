//! What goes with time: entries by the retention rules, tokens and invites by their age.
//!
//! Little by little, so that nobody has to wait for it: between two steps the hub does whatever
//! else is there to be done.

use std::{sync::Arc, time::Duration};

use tokio::{select, time::interval};

use crate::{
    hub::{Ended, Unavailable},
    model::Timestamp,
    store::{Retention, StoreError},
};

use super::Context;

/// How often it is looked for what has to go.
const SWEEP_INTERVAL: Duration = Duration::from_secs(60);
/// Entries that go in one step: a few milliseconds of the hub's time.
const ENTRIES_AT_ONCE: u64 = 200;
/// Tokens that are looked after in one step.
const TOKENS_AT_ONCE: usize = 500;
/// That a token is in use is written down this often at most.
const TOUCH_INTERVAL: Duration = Duration::from_secs(60 * 60);
/// But at least this many times within the time after which an unused one is void.
const TOUCHES_WITHIN_IDLE: u32 = 4;

/// Why a sweep was cut short; the next goes on.
#[derive(Debug, thiserror::Error)]
enum Interrupted {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Sweeps at the start and then once a minute, until the server stops.
pub(super) async fn run(context: Arc<Context>) {
    let mut ticks = interval(SWEEP_INTERVAL);
    loop {
        select! {
            _ = ticks.tick() => {}
            () = context.shutdown.cancelled() => return,
        }
        // A step at a time: each is whole in itself, so a stop may cut in between.
        let swept = select! {
            swept = sweep(&context, Timestamp::now()) => swept,
            () = context.shutdown.cancelled() => return,
        };
        if let Err(error) = swept {
            tracing::warn!(%error, "what has to go by its age stays for now");
        }
    }
}

async fn sweep(context: &Context, now: Timestamp) -> Result<(), Interrupted> {
    keep_tokens_in_use(context, now).await?;
    sweep_tokens(context, now).await?;
    context
        .hub
        .write(move |tx, _| tx.sweep_invites(now))
        .await?;
    trim(context, now).await
}

/// A session that stays attached uses its token all the time.
async fn keep_tokens_in_use(context: &Context, now: Timestamp) -> Result<(), Interrupted> {
    let idle = context.config().sessions.idle;
    let stale = now.before(TOUCH_INTERVAL.min(idle / TOUCHES_WITHIN_IDLE));
    let tokens = context.hub.tokens_attached().await;
    for some in tokens.chunks(TOKENS_AT_ONCE) {
        let some = some.to_vec();
        let write = context
            .hub
            .write(move |tx, _| tx.keep_tokens(&some, stale, now));
        write.await?;
    }
    Ok(())
}

async fn sweep_tokens(context: &Context, now: Timestamp) -> Result<(), Interrupted> {
    let config = context.config().sessions.clone();
    let (made_by, used_by) = (now.before(config.absolute), now.before(config.idle));
    loop {
        let swept = context.hub.write(move |tx, effects| {
            let swept = tx.sweep_tokens(made_by, used_by, TOKENS_AT_ONCE)?;
            for &(account, token) in &swept {
                effects.end_one(account, token, Ended::Expired);
            }
            Ok(swept.len())
        });
        if swept.await? < TOKENS_AT_ONCE {
            return Ok(());
        }
    }
}

async fn trim(context: &Context, now: Timestamp) -> Result<(), Interrupted> {
    let config = context.config().retention.clone();
    let rule = Retention {
        keep_for: config.keep_for,
        keep_last: config.keep_last,
    };
    for conversation in context.reader.overdue(rule, now).await? {
        loop {
            let step = context
                .hub
                .write(move |tx, _| tx.trim(conversation, rule, now, ENTRIES_AT_ONCE));
            let trimmed = step.await?;
            if !trimmed.more {
                let (conversation, start) = (conversation.get(), trimmed.start.get());
                tracing::info!(conversation, start, "trimmed by the retention rule");
                break;
            }
        }
    }
    Ok(())
}
