//! What keys do.

use crossterm::event::{KeyCode, KeyEvent};

use super::{Effect, Turn};
use crate::{
    client::tui::{
        completion::When,
        editor::Editor,
        keys::{Act, Chord},
        layout,
        overlay::{Finder, Overlay, Search},
        screen::{Aim, Side},
    },
    model::Address,
    protocol::{Listing, Nothing, Silence, Verb},
};

impl Turn<'_> {
    pub(super) fn key(&mut self, key: KeyEvent) {
        let chord = Chord::of(key);
        let act = self.screen.settings.keys.act(chord);
        if act != Some(Act::Clear) {
            self.screen.leaving = false;
        }
        if chord.typed() != Some('d') {
            self.screen.deleting = None;
        }
        if self.screen.overlay.is_some() {
            match act {
                Some(Act::Suspend | Act::Redraw | Act::Quit) => {}
                // Whoever goes on writing has done with reading.
                _ if self.is_reading() && chord.typed().is_some() => self.screen.overlay = None,
                _ => return self.key_over(chord, act),
            }
        }
        if self.screen.completion.is_some() && self.key_in_completion(chord, act) {
            return;
        }
        let choosing = self.screen.pane().is_some_and(|pane| pane.chosen.is_some());
        if choosing && self.key_on_message(chord) {
            return;
        }
        match (act, chord.typed()) {
            (Some(act), _) => self.act(act),
            (None, Some(c)) => self.type_in(c),
            (None, None) => {}
        }
    }

    pub(super) fn type_in(&mut self, c: char) {
        let mut buffer = [0; 4];
        self.edit(|editor| editor.insert(c.encode_utf8(&mut buffer)));
        self.edited();
    }

    pub(super) fn edit(&mut self, change: impl FnOnce(&mut Editor)) {
        change(&mut self.screen.pane_mut().editor);
    }

    /// Changes the text, with what follows from that.
    fn rewrite(&mut self, change: impl FnOnce(&mut Editor)) {
        self.edit(change);
        self.edited();
    }

    fn key_in_completion(&mut self, chord: Chord, act: Option<Act>) -> bool {
        let Some(completion) = &mut self.screen.completion else {
            return false;
        };
        match (act, chord.code()) {
            (_, KeyCode::Down) => completion.step(1),
            (_, KeyCode::Up | KeyCode::BackTab) => completion.step(-1),
            (Some(Act::Cancel), _) => self.screen.completion = None,
            (Some(Act::Complete), _) => self.take_suggestion(),
            _ => return false,
        }
        true
    }

    fn take_suggestion(&mut self) {
        let Some(completion) = self.screen.completion.take() else {
            return;
        };
        if let Some(chosen) = completion.chosen() {
            let text = chosen.text.clone();
            self.edit(|editor| editor.complete(completion.replaces, &text));
            self.screen.unkept = true;
        }
    }

    fn act(&mut self, act: Act) {
        match act {
            Act::Send => self.submit(),
            Act::NewLine => self.rewrite(|editor| editor.insert("\n")),
            Act::Backspace => self.rewrite(Editor::backspace),
            Act::Delete => self.delete(),
            Act::CutWord => self.rewrite(Editor::cut_word_left),
            Act::CutWordRight => self.rewrite(Editor::cut_word_right),
            Act::CutStart => self.rewrite(Editor::cut_to_start),
            Act::CutEnd => self.rewrite(Editor::cut_to_end),
            Act::Yank => self.rewrite(Editor::yank),
            Act::Left => self.edit(Editor::left),
            Act::Right => self.edit(Editor::right),
            Act::WordLeft => self.edit(Editor::word_left),
            Act::WordRight => self.edit(Editor::word_right),
            Act::Home => self.edit(Editor::home),
            Act::End => self.edit(Editor::end),
            Act::Older => self.older(),
            Act::Newer => self.newer(),
            Act::Complete => self.complete(),
            Act::Cancel => self.cancel(),
            Act::Clear => self.clear(),
            act => self.act_on_screen(act),
        }
    }

    fn act_on_screen(&mut self, act: Act) {
        match act {
            Act::Help => self.screen.overlay = Some(Overlay::Help(0)),
            Act::Switcher => self.screen.overlay = Some(Overlay::Switcher(Finder::default())),
            Act::Filter => self.screen.overlay = Some(Overlay::Filter(Finder::default())),
            Act::Search => self.screen.overlay = Some(Overlay::Search(Search::default())),
            Act::Rooms => self.effects.push(Effect::Ask(Verb::Rooms(Listing {
                after: None,
                limit: None,
                what: Nothing {},
            }))),
            Act::NextUnread => self.next_unread(),
            Act::Next => self.step_conversation(1),
            Act::Previous => self.step_conversation(-1),
            Act::PageUp => self.page(1),
            Act::PageDown => self.page(-1),
            Act::Bottom => self.go_to_bottom(),
            Act::Divider => self.go_to_divider(),
            Act::SelectUp => self.choose(-1),
            Act::SelectDown => self.choose(1),
            Act::TakeBack => self.take_back(),
            Act::Retry => self.retry(),
            Act::List => self.show_list(),
            Act::Members => self.show_members(),
            Act::Mouse => {
                self.screen.mouse = !self.screen.mouse;
                self.effects.push(Effect::Mouse(self.screen.mouse));
            }
            Act::Silence => self.silence(),
            Act::Redraw => self.effects.push(Effect::Redraw),
            Act::Suspend => self.effects.push(Effect::Suspend),
            Act::Quit => self.effects.push(Effect::Quit),
            Act::Send
            | Act::NewLine
            | Act::Backspace
            | Act::Delete
            | Act::CutWord
            | Act::CutWordRight
            | Act::CutStart
            | Act::CutEnd
            | Act::Yank
            | Act::Left
            | Act::Right
            | Act::WordLeft
            | Act::WordRight
            | Act::Home
            | Act::End
            | Act::Older
            | Act::Newer
            | Act::Complete
            | Act::Cancel
            | Act::Clear => {}
        }
    }

    fn show_list(&mut self) {
        let is_seen = |turn: &Self| !layout::areas(turn.screen, turn.known).list.is_empty();
        self.screen.list = if is_seen(self) {
            Side::Hidden
        } else {
            Side::Shown
        };
        if self.screen.list == Side::Shown && !is_seen(self) {
            let keys = self.screen.settings.keys.of(Act::Switcher);
            self.note(format!(
                "this terminal is too narrow for the list; {keys} goes anywhere"
            ));
        }
    }

    fn show_members(&mut self) {
        let is_seen = |turn: &Self| !layout::areas(turn.screen, turn.known).members.is_empty();
        self.screen.members = if is_seen(self) {
            Side::Hidden
        } else {
            Side::Shown
        };
        if self.screen.members == Side::Shown && !is_seen(self) {
            self.note("there is no room for the members here; /members lists those of a room");
        }
    }

    /// The character after the cursor; in an empty line it ends the session, as in a shell.
    fn delete(&mut self) {
        let is_empty = self
            .screen
            .pane()
            .is_none_or(|pane| pane.editor.text().is_empty());
        if is_empty {
            self.effects.push(Effect::Quit);
        } else {
            self.rewrite(Editor::delete);
        }
    }

    fn complete(&mut self) {
        self.suggest(When::Asked);
        let only = self
            .screen
            .completion
            .as_ref()
            .is_some_and(|found| found.suggestions.len() == 1);
        if only {
            self.take_suggestion();
        }
    }

    fn cancel(&mut self) {
        let pane = self.screen.pane_mut();
        let was_edit = matches!(pane.aim, Some(Aim::Edit(_)));
        let aside = pane.aside.take();
        if was_edit || aside.is_some() {
            // What was to be changed is not something to be said.
            pane.editor.set(&aside.unwrap_or_default());
            self.screen.unkept = true;
        }
        let pane = self.screen.pane_mut();
        if pane.aim.take().is_none() && pane.chosen.take().is_none() {
            self.screen.note = None;
        }
    }

    fn clear(&mut self) {
        let pane = self.screen.pane_mut();
        let was_empty = pane.editor.text().is_empty();
        pane.aim = None;
        pane.aside = None;
        pane.chosen = None;
        if !was_empty {
            self.rewrite(|editor| drop(editor.take()));
        } else if self.screen.leaving {
            self.effects.push(Effect::Quit);
        } else {
            self.screen.leaving = true;
            let keys = self.screen.settings.keys.of(Act::Clear);
            self.note(format!(
                "{keys} once more leaves; what is not sent yet goes out next time"
            ));
        }
    }

    fn silence(&mut self) {
        let conversation: Address = self.screen.current.clone();
        let known = self.known.state.conversation(&conversation);
        let silent = known.is_some_and(|known| !known.facts().silent);
        let verb = Verb::Silence(Silence {
            conversation,
            silent,
        });
        self.effects.push(Effect::Ask(verb));
    }
}
