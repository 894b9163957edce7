//! Choosing a message and doing something with it.

use super::{Effect, Turn};
use crate::{
    client::{
        command,
        outbox::Standing,
        tui::{
            keys::Chord,
            overlay::{Overlay, Reading},
            screen::Aim,
        },
    },
    model::Seq,
    protocol::{EntryBody, EntryFrame, Nothing, OfMessage, Verb},
};

/// What can be done with a message.
pub(super) const CHOSEN: &str =
    "r reply · e edit · + react · c copy · o open link · d delete · Esc back";

impl Turn<'_> {
    /// Chooses the message above or below the chosen one; below the last: none.
    pub(super) fn choose(&mut self, by: isize) {
        let Some(known) = self.known.state.conversation(&self.screen.current) else {
            return;
        };
        let is_message = |entry: &&EntryFrame| matches!(entry.body, EntryBody::Posted { .. });
        let mut messages = known.entries().map(|held| held.entry()).filter(is_message);
        let pane = self.screen.pane();
        let chosen = pane.and_then(|pane| pane.chosen);
        let edge = pane.and_then(|pane| pane.scroll.bottom);
        let next = match chosen {
            None if by > 0 => None,
            None => messages.rfind(|entry| edge.is_none_or(|edge| entry.seq <= edge)),
            Some(seq) if by < 0 => messages.rfind(|entry| entry.seq < seq),
            Some(seq) => messages.find(|entry| entry.seq > seq),
        };
        match next.map(|entry| entry.seq) {
            Some(seq) => {
                self.screen.pane_mut().chosen = Some(seq);
                self.bring_into_view(seq);
                self.note(CHOSEN);
            }
            None if by > 0 => self.go_to_bottom(),
            None => self.page(1),
        }
    }

    fn bring_into_view(&mut self, seq: Seq) {
        let (manner, height) = self.manner();
        let of = &self.screen.current;
        let seen = crate::client::tui::rows::seen(&manner, of, self.screen.pane(), height);
        if !seen.rows.iter().any(|row| row.seq == Some(seq)) {
            self.show(seq);
        }
    }

    /// A key while a message is chosen; says whether it meant the message.
    pub(super) fn key_on_message(&mut self, chord: Chord) -> bool {
        let Some(c) = chord.typed() else {
            return false;
        };
        let current = self.screen.current.clone();
        let known = self.known.state.conversation(&current);
        let chosen = self.screen.pane().and_then(|pane| pane.chosen);
        let held = known.and_then(|known| known.held(chosen?));
        let Some(entry) = held.map(|held| held.entry()) else {
            self.screen.pane_mut().chosen = None;
            return false;
        };
        let text = match &entry.body {
            EntryBody::Posted {
                text: Some(text), ..
            } => text.as_str(),
            _ => "",
        };
        match c {
            'r' => self.aim(Aim::Reply(entry.seq), None),
            'e' if entry.by == *self.known.me => self.aim(Aim::Edit(entry.seq), Some(text)),
            'e' => self.fail("only your own messages can be edited"),
            '+' => self.aim_reaction(entry.seq),
            'c' => {
                self.effects.push(Effect::Copy(text.to_owned()));
                self.note("copied");
            }
            'o' => self.open_link(text),
            'd' => self.delete_message(entry.seq),
            '?' => self.screen.overlay = Some(Overlay::Help(0)),
            _ => {
                // Whoever goes on writing has done with choosing.
                self.screen.pane_mut().chosen = None;
                return false;
            }
        }
        true
    }

    /// Deletes it when asked twice: a stray key must not.
    fn delete_message(&mut self, seq: Seq) {
        if self.screen.deleting != Some(seq) {
            self.screen.deleting = Some(seq);
            return self.note("d once more deletes this message for everybody");
        }
        let conversation = self.screen.current.clone();
        self.effects.push(Effect::Change(Verb::Delete(OfMessage {
            conversation,
            seq,
            message: None,
            change: Nothing {},
        })));
        self.screen.deleting = None;
        self.screen.pane_mut().chosen = None;
        self.screen.note = None;
    }

    fn aim(&mut self, aim: Aim, text: Option<&str>) {
        let pane = self.screen.pane_mut();
        pane.aim = Some(aim);
        pane.chosen = None;
        self.screen.note = None;
        if let Some(text) = text {
            self.take_line(text);
        }
    }

    /// Another text into the line; what was being written there waits.
    fn take_line(&mut self, text: &str) {
        let pane = self.screen.pane_mut();
        if !pane.editor.is_blank() && pane.aside.is_none() {
            pane.aside = Some(pane.editor.take());
        }
        pane.editor.set(text);
    }

    fn aim_reaction(&mut self, seq: Seq) {
        self.screen.pane_mut().chosen = None;
        self.take_line(&format!("/react {seq} :"));
        self.note("type an emoji or a part of its name, Tab completes, Enter sends");
    }

    fn open_link(&mut self, text: &str) {
        let is_link = |word: &&str| word.starts_with("https://") || word.starts_with("http://");
        match text.split_whitespace().find(is_link) {
            Some(link) => self.effects.push(Effect::Open(link.to_owned())),
            None => self.fail("there is no link in this message"),
        }
    }

    /// Takes what was refused last here out of the outbox and, if it is text, into the line.
    pub(super) fn take_back(&mut self) {
        let current = self.screen.current.clone();
        let is_refused =
            |item: &&crate::client::outbox::Item| matches!(item.standing, Standing::Refused(_));
        let Some(item) = self.known.pending(&current).filter(is_refused).last() else {
            return self.note("nothing was refused here");
        };
        self.effects.push(Effect::Dismiss(item.message.clone()));
        let text = match &item.verb {
            Verb::Send(send) => send.text.as_str(),
            Verb::Edit(edit) => edit.change.text.as_str(),
            _ => return,
        };
        let pane = self.screen.pane_mut();
        let separator = if pane.editor.is_blank() { "" } else { "\n" };
        pane.editor.insert(&format!("{separator}{text}"));
        self.screen.unkept = true;
    }

    /// Shows sentences to read.
    pub(super) fn help(&mut self, lines: Vec<String>, title: &str) {
        self.screen.overlay = Some(Overlay::Text(Reading {
            title: title.to_owned(),
            lines,
            at: 0,
        }));
    }

    /// Explains a command, or all of them.
    pub(super) fn help_on(&mut self, spec: Option<&'static command::Spec>) {
        match spec {
            Some(spec) => self.help(command::one(spec), "help"),
            None => self.help(command::all(), "commands"),
        }
    }
}
