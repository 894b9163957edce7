//! Keys while something lies over the screen.

use crossterm::event::KeyCode;

use super::{Effect, Turn};
use crate::{
    client::tui::{
        editor::Editor,
        keys::{Act, Chord},
        overlay::{Asking, Finder, Lead, List, Looking, Overlay, Search},
        screen::{Known, Screen, Standing},
        view,
    },
    model::Address,
    protocol::{self, InRoom, Nothing, Verb},
};

/// How far page keys move in a list.
const LIST_PAGE: isize = 10;

impl Turn<'_> {
    /// Whether something lies over the screen in which nothing can be written.
    pub(super) const fn is_reading(&self) -> bool {
        matches!(
            self.screen.overlay,
            Some(Overlay::Help(_) | Overlay::List(_) | Overlay::Text(_))
        )
    }

    pub(super) fn key_over(&mut self, chord: Chord, act: Option<Act>) {
        let Some(overlay) = self.screen.overlay.take() else {
            return;
        };
        let closes = act == Some(Act::Cancel) || act == Some(Act::Clear);
        let asks = matches!(&overlay, Overlay::Ask(ask) if ask.what != Asking::Change);
        if closes && !asks && !matches!(overlay, Overlay::Stopped(_)) {
            return;
        }
        let last = view::reading_end(self.screen, self.known, &overlay);
        match overlay {
            Overlay::Help(at) => {
                self.screen.overlay = Some(Overlay::Help(scrolled(at, last, chord)));
            }
            Overlay::Text(mut reading) => {
                if chord.code() == KeyCode::Enter {
                    return;
                }
                reading.at = scrolled(reading.at, last, chord);
                self.screen.overlay = Some(Overlay::Text(reading));
            }
            Overlay::Paste(mut pasted) => {
                pasted.at = scrolled(pasted.at, last, chord);
                self.key_in_paste(pasted, chord, act);
            }
            Overlay::Switcher(finder) => self.key_in_finder(finder, Overlay::Switcher, chord, act),
            Overlay::Filter(finder) => self.key_in_finder(finder, Overlay::Filter, chord, act),
            Overlay::Search(search) => self.key_in_search(search, chord, act),
            Overlay::List(list) => self.key_in_list(list, chord),
            Overlay::Ask(ask) => self.key_in_question(ask, chord, act),
            Overlay::Stopped(why) => self.key_where_stopped(why, chord, act),
        }
    }

    fn key_in_list(&mut self, mut list: List, chord: Chord) {
        if chord.code() == KeyCode::Enter {
            let leads = list.chosen().map(|item| item.leads.clone());
            return self.follow(leads);
        }
        if let Some(step) = step(chord) {
            list.step(step);
        }
        self.screen.overlay = Some(Overlay::List(list));
    }

    /// Goes where a chosen line leads.
    fn follow(&mut self, leads: Option<Lead>) {
        match leads {
            Some(Lead::Go(to)) => self.go(to),
            Some(Lead::Message(to, seq)) => self.jump(to, seq),
            Some(Lead::Join(room)) => {
                self.effects.push(Effect::Change(Verb::Join(InRoom {
                    room: room.clone(),
                    message: None,
                    what: Nothing {},
                })));
                self.go(Address::Room(room));
            }
            Some(Lead::Nowhere) | None => {}
        }
    }

    fn key_in_finder(
        &mut self,
        mut finder: Finder,
        overlay: fn(Finder) -> Overlay,
        chord: Chord,
        act: Option<Act>,
    ) {
        let found = matching(self.screen, self.known, finder.filter.text());
        let last = found.len().saturating_sub(1);
        if chord.code() == KeyCode::Enter {
            let typed = Address::parse(finder.filter.text()).ok();
            if let Some(to) = found.get(finder.at.min(last)).cloned().or(typed) {
                self.go(to);
            }
            return;
        }
        match step(chord) {
            Some(step) => finder.at = finder.at.saturating_add_signed(step).min(last),
            None => {
                write(&mut finder.filter, chord, act);
                finder.at = 0;
            }
        }
        self.screen.overlay = Some(overlay(finder));
    }

    fn key_in_search(&mut self, mut search: Search, chord: Chord, act: Option<Act>) {
        let found = search.found.as_mut();
        match (chord.code(), step(chord), found) {
            (KeyCode::Enter, _, found) => {
                let chosen = found.and_then(|list| list.chosen());
                if let Some(leads) = chosen.map(|item| item.leads.clone()) {
                    return self.follow(Some(leads));
                }
                self.look(&mut search);
            }
            (_, Some(step), Some(list)) => list.step(step),
            _ => {
                write(&mut search.words, chord, act);
                search.found = None;
                search.state = Looking::Not;
            }
        }
        self.screen.overlay = Some(Overlay::Search(search));
    }

    /// Looks for what was typed: at the server, or here when it cannot be reached.
    fn look(&mut self, search: &mut Search) {
        let words = search.words.text().trim().to_owned();
        if words.is_empty() {
            return;
        }
        search.state = Looking::Asked;
        if matches!(self.screen.link, Standing::Connected(_)) {
            self.effects
                .push(Effect::Ask(Verb::Search(protocol::Search {
                    words,
                    conversation: None,
                    by: None,
                    before: None,
                    after: None,
                    page: None,
                })));
        } else {
            self.effects.push(Effect::SearchHere(words));
        }
    }

    /// What `/search` asks for, shown as Ctrl-F shows it.
    pub(super) fn search_for(&mut self, asked: &protocol::Search) {
        let mut search = Search {
            words: Editor::with(&asked.words),
            ..Search::default()
        };
        search.state = Looking::Asked;
        self.screen.overlay = Some(Overlay::Search(search));
        self.effects
            .push(if matches!(self.screen.link, Standing::Connected(_)) {
                Effect::Ask(Verb::Search(asked.clone()))
            } else {
                Effect::SearchHere(asked.words.clone())
            });
    }
}

/// The conversations whose names hold a text, best first; with nothing typed the one before.
pub(crate) fn matching(screen: &Screen, known: Known<'_>, filter: &str) -> Vec<Address> {
    let filter = filter.to_lowercase();
    let mut found = screen.places(known);
    found.retain(|address| address.to_string().to_lowercase().contains(&filter));
    found.sort_by_key(|address| {
        let name = address.to_string().to_lowercase();
        let begins = name
            .trim_start_matches(['#', '@'])
            .starts_with(filter.trim_start_matches(['#', '@']));
        (*address == screen.current, !begins)
    });
    found
}

/// Pasted into what lies over the screen. What is pasted over the way in goes nowhere: it may be
/// anything, and must not become a message.
pub(super) fn paste(overlay: &mut Overlay, text: &str) {
    let line = text.lines().next().unwrap_or_default();
    match overlay {
        Overlay::Switcher(finder) | Overlay::Filter(finder) => finder.filter.insert(line),
        Overlay::Search(search) => search.words.insert(line),
        Overlay::Ask(ask) => ask.retype(|text| text.push_str(line)),
        Overlay::Paste(pasted) => pasted.add(text),
        Overlay::Help(_) | Overlay::List(_) | Overlay::Text(_) | Overlay::Stopped(_) => {}
    }
}

/// The first row that is shown after a key.
fn scrolled(at: usize, last: usize, chord: Chord) -> usize {
    at.saturating_add_signed(step(chord).unwrap_or(0)).min(last)
}

/// How far a key moves in a list.
const fn step(chord: Chord) -> Option<isize> {
    match chord.code() {
        KeyCode::Up => Some(-1),
        KeyCode::Down => Some(1),
        KeyCode::PageUp => Some(-LIST_PAGE),
        KeyCode::PageDown => Some(LIST_PAGE),
        _ => None,
    }
}

/// A key in a line that is part of what lies over the screen.
pub(crate) fn write(editor: &mut Editor, chord: Chord, act: Option<Act>) {
    match act {
        Some(Act::Backspace) => editor.backspace(),
        Some(Act::Delete) => editor.delete(),
        Some(Act::CutWord) => editor.cut_word_left(),
        Some(Act::CutStart) => editor.cut_to_start(),
        Some(Act::Yank) => editor.yank(),
        Some(Act::Left) => editor.left(),
        Some(Act::Right) => editor.right(),
        Some(Act::Home) => editor.home(),
        Some(Act::End) => editor.end(),
        _ => {
            if let Some(c) = chord.typed() {
                editor.insert(c.encode_utf8(&mut [0; 4]));
            }
        }
    }
}
