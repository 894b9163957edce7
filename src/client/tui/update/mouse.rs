//! What the mouse does.

use crossterm::event::{KeyCode, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use super::{Turn, choose::CHOSEN};
use crate::{
    client::tui::{keys::Chord, layout, overlay::Overlay, rows, view},
    model::{Address, Seq},
    protocol::EntryBody,
};

/// Rows of one turn of the wheel.
const WHEEL_ROWS: isize = 3;

impl Turn<'_> {
    pub(super) fn mouse(&mut self, mouse: MouseEvent) {
        if !self.screen.mouse {
            return;
        }
        let at = Position::new(mouse.column, mouse.row);
        if self.screen.overlay.is_some() {
            return self.mouse_over(mouse.kind, at);
        }
        let areas = layout::areas(self.screen, self.known);
        match mouse.kind {
            MouseEventKind::ScrollUp if areas.list.contains(at) => self.step_conversation(-1),
            MouseEventKind::ScrollDown if areas.list.contains(at) => self.step_conversation(1),
            MouseEventKind::ScrollUp => self.scroll(WHEEL_ROWS),
            MouseEventKind::ScrollDown => self.scroll(-WHEEL_ROWS),
            MouseEventKind::Down(MouseButton::Left) if areas.list.contains(at) => {
                let row = usize::from(at.y.saturating_sub(areas.list.y));
                let first = view::list_from(self.screen, self.known, areas.list);
                let places = self.screen.places(self.known);
                if let Some(place) = places.get(first + row) {
                    self.go(place.clone());
                }
            }
            MouseEventKind::Down(MouseButton::Left) if areas.messages.contains(at) => {
                self.click_message(areas.messages, at);
            }
            MouseEventKind::Down(MouseButton::Left) if areas.members.contains(at) => {
                let row = usize::from(at.y.saturating_sub(areas.members.y));
                let members = view::members_shown(self.screen, self.known);
                if let Some((user, ..)) = row.checked_sub(1).and_then(|row| members.get(row))
                    && *user != self.known.me
                {
                    self.go(Address::Direct((*user).clone()));
                }
            }
            MouseEventKind::Down(MouseButton::Left) if areas.input.contains(at) => {
                self.screen.completion = None;
                self.edit(|editor| editor.move_to(view::offset_at(editor, areas.input, at)));
            }
            _ => {}
        }
    }

    /// In what lies over the screen: the wheel moves, a click takes.
    fn mouse_over(&mut self, kind: MouseEventKind, at: Position) {
        let key = match kind {
            MouseEventKind::ScrollUp => KeyCode::Up,
            MouseEventKind::ScrollDown => KeyCode::Down,
            MouseEventKind::Down(MouseButton::Left) => {
                let Some(choice) = view::choice_at(self.screen, self.known, at) else {
                    return;
                };
                match &mut self.screen.overlay {
                    Some(Overlay::Switcher(finder) | Overlay::Filter(finder)) => finder.at = choice,
                    Some(Overlay::List(list)) => list.at = choice,
                    Some(Overlay::Search(search)) => {
                        if let Some(found) = &mut search.found {
                            found.at = choice;
                        }
                    }
                    _ => {}
                }
                KeyCode::Enter
            }
            _ => return,
        };
        if !matches!(self.screen.overlay, Some(Overlay::Ask(_))) {
            self.key_over(Chord::plain(key), None);
        }
    }

    fn click_message(&mut self, area: Rect, at: Position) {
        let (manner, height) = self.manner();
        let seen = rows::seen(&manner, &self.screen.current, self.screen.pane(), height);
        let blank = height.saturating_sub(seen.rows.len());
        let row = usize::from(at.y.saturating_sub(area.y));
        let clicked = row.checked_sub(blank).and_then(|row| seen.rows.get(row));
        let known = self.known.state.conversation(&self.screen.current);
        let is_message = |seq: &Seq| {
            let held = known.and_then(|known| known.held(*seq));
            held.is_some_and(|held| matches!(held.entry().body, EntryBody::Posted { .. }))
        };
        let seq = clicked.and_then(|row| row.seq).filter(is_message);
        let pane = self.screen.pane_mut();
        pane.chosen = if pane.chosen == seq { None } else { seq };
        if pane.chosen.is_some() {
            self.note(CHOSEN);
        } else {
            self.screen.note = None;
        }
    }
}
