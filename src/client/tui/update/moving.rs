//! Going from conversation to conversation, and up and down in one.

use super::{Effect, Turn};
use crate::{
    client::tui::{rows, screen::Scroll},
    model::{Address, Seq},
    protocol::{Listing, Of, Verb},
};

/// With fewer entries than this a conversation is fetched when it is opened.
const ENOUGH: usize = 60;

impl Turn<'_> {
    /// Makes another conversation current.
    pub(super) fn go(&mut self, to: Address) {
        if self.screen.current != to {
            let pane = self.screen.pane_mut();
            pane.divider = None;
            pane.chosen = None;
            self.screen.current = to;
            self.screen.unkept = true;
        }
        self.screen.completion = None;
        self.screen.recalled = None;
        self.opened();
    }

    /// After a conversation came into view.
    pub(super) fn opened(&mut self) {
        let current = self.screen.current.clone();
        let Some(known) = self.known.state.conversation(&current) else {
            return;
        };
        let unread = known.facts().unread;
        if unread.unread > 0 {
            self.screen.pane_mut().divider = Some(unread.read);
        }
        if known.entries().take(ENOUGH).count() < ENOUGH && known.page_before().is_some() {
            self.fetch();
        }
        if let Address::Room(room) = &current
            && known.roster().is_empty()
            && !self.screen.listing.contains(room)
        {
            self.screen.listing.push(room.clone());
            let what = Of { room: room.clone() };
            self.effects.push(Effect::Ask(Verb::Members(Listing {
                after: None,
                limit: None,
                what,
            })));
        }
        self.seen();
    }

    /// What is at the bottom of the screen counts as read, if somebody is looking.
    pub(super) fn seen(&mut self) {
        let at_bottom = self
            .screen
            .pane()
            .is_none_or(|pane| pane.scroll == Scroll::default());
        let known = self.known.state.conversation(&self.screen.current);
        let unread = known.is_some_and(|known| known.facts().unread.unread > 0);
        if unread && at_bottom && self.screen.focused {
            let current = self.screen.current.clone();
            self.effects.push(Effect::MarkRead(current));
        }
    }

    fn fetch(&mut self) {
        let current = self.screen.current.clone();
        let pane = self.screen.pane_mut();
        if !pane.fetching {
            pane.fetching = true;
            self.effects.push(Effect::History(current));
        }
    }

    pub(super) fn next_unread(&mut self) {
        let order = self.known.order();
        let key = |known: &&crate::client::state::Conversation| {
            let unread = known.facts().unread;
            (
                unread.mentions,
                u64::from(unread.unread > 0 && !known.facts().silent),
            )
        };
        let next = order
            .into_iter()
            .filter(|known| {
                known.facts().unread.unread > 0 && *known.address() != self.screen.current
            })
            .max_by_key(key)
            .map(|known| known.address().clone());
        match next {
            Some(next) => self.go(next),
            None => self.note("nothing is unread"),
        }
    }

    pub(super) fn step_conversation(&mut self, by: isize) {
        let places = self.screen.places(self.known);
        let at = places
            .iter()
            .position(|place| *place == self.screen.current);
        let count = isize::try_from(places.len()).unwrap_or(0);
        if count == 0 {
            return;
        }
        let at = at.map_or(0, |at| isize::try_from(at).unwrap_or(0) + by);
        let at = usize::try_from(at.rem_euclid(count)).unwrap_or(0);
        if let Some(next) = places.get(at) {
            self.go(next.clone());
        }
    }

    /// Scrolls by most of a screen, back when positive.
    pub(super) fn page(&mut self, pages: isize) {
        let (_, height) = self.manner();
        let rows = isize::try_from(height.saturating_sub(2).max(1)).unwrap_or(1);
        self.scroll(pages * rows);
    }

    /// Scrolls by rows, back when positive, and fetches what is missing there.
    pub(super) fn scroll(&mut self, up: isize) {
        let current = self.screen.current.clone();
        let mut pane = self.screen.pane().cloned().unwrap_or_default();
        let (manner, height) = self.manner();
        pane.scroll = rows::scrolled(&manner, &current, &pane, up);
        let seen = rows::seen(&manner, &current, Some(&pane), height);
        let missing = height.saturating_sub(seen.rows.len());
        if missing > 0 && up > 0 {
            let down = isize::try_from(missing).unwrap_or(0);
            pane.scroll = rows::scrolled(&manner, &current, &pane, -down);
        }
        let wanting = up > 0 && (seen.top || seen.gap);
        self.screen.pane_mut().scroll = pane.scroll;
        let known = self.known.state.conversation(&current);
        if wanting && known.is_some_and(|known| known.page_before().is_some()) {
            self.fetch();
        }
        self.seen();
    }

    pub(super) fn go_to_bottom(&mut self) {
        let pane = self.screen.pane_mut();
        pane.scroll = Scroll::default();
        pane.chosen = None;
        self.seen();
    }

    pub(super) fn go_to_divider(&mut self) {
        match self.screen.pane().and_then(|pane| pane.divider) {
            Some(read) => self.show(read.next()),
            None => self.note("nothing was unread here"),
        }
    }

    /// Brings an entry into view, a little above the bottom.
    pub(super) fn show(&mut self, seq: Seq) {
        self.screen.pane_mut().scroll = Scroll {
            bottom: Some(seq),
            hidden: 0,
        };
        let (_, height) = self.manner();
        let half = isize::try_from(height / 2).unwrap_or(0);
        self.scroll(-half);
    }

    /// Goes to a message, which may have to be fetched.
    pub(super) fn jump(&mut self, to: Address, seq: Seq) {
        let held = self
            .known
            .state
            .conversation(&to)
            .and_then(|known| known.held(seq));
        let is_held = held.is_some();
        if self.screen.current != to {
            self.go(to.clone());
        }
        self.screen.pane_mut().chosen = Some(seq);
        if !is_held {
            self.effects.push(Effect::Around(to, seq));
        }
        self.show(seq);
    }
}
