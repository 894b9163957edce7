//! Telling readers that there is something: whom first, and many of them not too often.

use std::time::Duration;

use crate::model::{ConversationId, Seq, Timestamp};

use super::{
    slip::Slip,
    world::{Live, World},
};

/// So many readers of one conversation are a crowd, which takes its time to be told. Of fewer, who is told
/// first makes no difference, and there is little to save.
pub(super) const CROWD_MIN: usize = 16;
/// While the hub is busy a crowd is woken once in so many milliseconds: each reader then writes in one go
/// what two or three turns have brought. To write costs ten microseconds, whatever it is, and nobody
/// sees that it was a moment later.
pub(super) const CROWD_INTERVAL: Duration = Duration::from_millis(8);
/// So many entries wake a crowd sooner: with more, one write would not be enough.
pub(super) const CROWD_ENTRIES: u64 = 160;

impl World {
    /// Marks a conversation, if many read it, for one of them before [`World::mark`] does for all.
    pub(super) fn mark_early(&self, reader: &Slip, id: ConversationId, up_to: Seq) {
        let readers = self.live.get(&id).map_or(0, |live| live.readers.len());
        if readers >= CROWD_MIN {
            reader.mark(id, up_to);
        }
    }

    /// Marks a conversation for all its readers: its tail has entries up to `up_to`. A crowd that was
    /// just woken is not woken again while the hub is busy, but by [`World::wake_crowds`].
    pub(super) fn mark(&mut self, id: ConversationId, up_to: Seq, is_busy: bool, now: Timestamp) {
        let Some(live) = self.live.get_mut(&id) else {
            return;
        };
        self.recent.insert(id);
        let rests = is_busy && live.readers.len() >= CROWD_MIN && !live.is_due(now);
        if rests && up_to.get().saturating_sub(live.woken.1.get()) < CROWD_ENTRIES {
            for reader in &live.readers {
                reader.slip.mark_quietly(id, up_to);
            }
            self.quiet.insert(id, up_to);
        } else {
            for reader in &live.readers {
                reader.slip.mark(id, up_to);
            }
            live.woken = (now, up_to);
            self.quiet.remove(&id);
        }
    }

    /// Whether a crowd is marked and has yet to be woken.
    pub(super) fn is_quiet(&self) -> bool {
        !self.quiet.is_empty()
    }

    /// Wakes the crowds that were marked and not woken, if it is time; all of them, without a time.
    pub(super) fn wake_crowds(&mut self, now: Option<Timestamp>) {
        let live = &mut self.live;
        self.quiet.retain(|id, up_to| {
            let Some(live) = live.get_mut(id) else {
                return false;
            };
            let waits = now.is_some_and(|now| !live.is_due(now));
            if !waits {
                for reader in &live.readers {
                    reader.slip.wake_reader();
                }
                live.woken = (now.unwrap_or(live.woken.0), *up_to);
            }
            waits
        });
    }
}

impl Live {
    /// Whether its readers may be woken again. Also when the clock has gone back.
    fn is_due(&self, now: Timestamp) -> bool {
        now < self.woken.0 || now.since(self.woken.0) >= CROWD_INTERVAL
    }
}
