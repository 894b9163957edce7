//! What the client tells the screen.

use super::{Effect, TYPING_MS, Turn};
use crate::{
    client::{
        core::Update,
        outbox::{Item, Standing},
        state::{Age, Change},
        tui::{
            keys::Act,
            overlay::{Asking, Overlay},
            screen::Entrance,
        },
    },
    model::{Address, Seq, Timestamp, UserName},
    protocol::{EntryBody, EntryFrame, Verb, Welcome},
};

impl Turn<'_> {
    pub(super) fn told(&mut self, update: Update) {
        match update {
            Update::Link(_) | Update::Idle => {}
            Update::NeedsLogin { hello, refused } => self.needs_login(hello.as_deref(), refused),
            Update::LoggedIn(welcome) => self.logged_in(&welcome),
            Update::Changed(change) => self.changed(change),
            Update::Refused(item) => self.refused(&item),
            Update::Postponed { item, reason, wait } => {
                let seconds = wait.as_secs().max(1);
                self.note(format!(
                    "{}: {reason}; it goes out in {seconds} s",
                    item.conversation
                ));
            }
            Update::Answer { verb, answer, hits } => self.answered(&verb, *answer, hits),
            Update::Failed { verb, reason } => self.unanswered(&verb, &reason),
            Update::LoggedOut => self.effects.push(Effect::Quit),
            Update::Warning(text) => self.fail(text),
        }
    }

    /// The server will not have something. A text stays where it was meant for, until it is taken
    /// back there.
    fn refused(&mut self, item: &Item) {
        let Standing::Refused(reason) = &item.standing else {
            return;
        };
        let place = &item.conversation;
        if item.enters() {
            self.effects.push(Effect::Dismiss(item.message.clone()));
        } else if *place != self.screen.current {
            let keys = self.screen.settings.keys.of(Act::TakeBack);
            return self.fail(format!(
                "{place}: {reason} · it is kept there: {keys} takes it back"
            ));
        }
        self.fail(format!("{place}: {reason}"));
    }

    fn logged_in(&mut self, welcome: &Welcome) {
        let was_at_the_door = match &self.screen.overlay {
            Some(Overlay::Ask(ask)) => ask.what != Asking::Change,
            Some(Overlay::Stopped(_)) => true,
            _ => false,
        };
        if was_at_the_door {
            self.screen.overlay = None;
        }
        self.screen.entrance = Entrance::default();
        self.screen.listing.clear();
        for pane in self.screen.panes.values_mut() {
            pane.fetching = false;
        }
        if let Some(failed) = welcome.failed_logins.filter(|failed| *failed > 0) {
            self.fail(format!(
                "failed logins to your account since the last one: {failed}"
            ));
        }
    }

    fn unanswered(&mut self, verb: &Verb, reason: &str) {
        if let Verb::Members(list) = verb
            && let Some(at) = self
                .screen
                .listing
                .iter()
                .position(|room| *room == list.what.room)
        {
            self.screen.listing.remove(at);
            return;
        }
        self.fail(reason);
    }

    fn changed(&mut self, change: Change) {
        match change {
            Change::Entry {
                conversation,
                seq,
                age,
            } => self.entry(&conversation, seq, age),
            Change::Renamed { was, now } => {
                if let Some(pane) = self.screen.panes.remove(&was) {
                    self.screen.panes.insert(now.clone(), pane);
                }
                if self.screen.current == was {
                    self.screen.current = now;
                }
            }
            Change::Gone(address) => {
                if self.screen.current == address {
                    self.go(Address::Everyone);
                    self.note(format!("you are not in {address} any more"));
                }
            }
            Change::Typing { conversation, by } => self.typing(conversation, by),
            Change::Invited(offer) => {
                let by = offer.by.map_or_else(String::new, |by| format!(" by {by}"));
                self.note(format!(
                    "you were invited to #{}{by}: /join #{0}",
                    offer.room
                ));
            }
            Change::Notice(text) => self.note(text),
            Change::Current => self.opened(),
            // One that was joined while it was in view already.
            Change::Conversation(address) if address == self.screen.current => self.opened(),
            Change::Conversation(_)
            | Change::Amended { .. }
            | Change::Gap { .. }
            | Change::Read(_)
            | Change::Presence(_) => {}
        }
    }

    fn typing(&mut self, conversation: Address, by: UserName) {
        let until = Timestamp::from_millis(self.screen.now.as_millis().saturating_add(TYPING_MS));
        self.screen
            .typing
            .retain(|(place, user, _)| (place, user) != (&conversation, &by));
        self.screen.typing.push((conversation, by, until));
    }

    fn entry(&mut self, conversation: &Address, seq: Seq, age: Age) {
        let known = self.known.state.conversation(conversation);
        let held = known.and_then(|known| known.held(seq));
        let Some(entry) = held.map(|held| held.entry()) else {
            return;
        };
        if age == Age::Past {
            self.screen
                .panes
                .entry(conversation.clone())
                .or_default()
                .fetching = false;
            return;
        }
        self.screen
            .typing
            .retain(|(place, user, _)| (place, user) != (conversation, &entry.by));
        let is_here = *conversation == self.screen.current;
        let looked_at = is_here && self.screen.focused;
        let silent = known.is_some_and(|known| known.facts().silent);
        if is_here && !looked_at {
            let pane = self.screen.pane_mut();
            pane.divider = pane.divider.or_else(|| Some(seq.previous()));
        }
        if is_here {
            self.seen();
        }
        let by_other = entry.by != *self.known.me;
        if age == Age::New && by_other && !looked_at && !silent && self.is_for_me(entry) {
            self.notify(entry);
        }
    }

    fn is_for_me(&self, entry: &EntryFrame) -> bool {
        let is_message = matches!(entry.body, EntryBody::Posted { .. });
        let is_direct = matches!(entry.conversation, Address::Direct(_));
        (is_message && is_direct) || self.known.state.is_called_by(entry)
    }

    fn notify(&mut self, entry: &EntryFrame) {
        let EntryBody::Posted {
            text: Some(text), ..
        } = &entry.body
        else {
            return;
        };
        let text = crate::client::sanitize::line(text.as_str());
        let place = match &entry.conversation {
            Address::Direct(_) => String::new(),
            address => format!(" in {address}"),
        };
        let sentence = format!("{}{place}: {text}", entry.by);
        self.effects.push(Effect::Notify(sentence));
    }
}
