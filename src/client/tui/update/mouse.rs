//! What the mouse does.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use super::Turn;
use crate::{
    client::tui::{layout, rows, view},
    model::Address,
};

/// Rows of one turn of the wheel.
const WHEEL_ROWS: isize = 3;

impl Turn<'_> {
    pub(super) fn mouse(&mut self, mouse: MouseEvent) {
        if !self.screen.mouse || self.screen.overlay.is_some() {
            return;
        }
        let at = Position::new(mouse.column, mouse.row);
        let areas = layout::areas(self.screen, self.known);
        match mouse.kind {
            MouseEventKind::ScrollUp if areas.list.contains(at) => self.step_conversation(-1),
            MouseEventKind::ScrollDown if areas.list.contains(at) => self.step_conversation(1),
            MouseEventKind::ScrollUp => self.scroll(WHEEL_ROWS),
            MouseEventKind::ScrollDown => self.scroll(-WHEEL_ROWS),
            MouseEventKind::Down(MouseButton::Left) if areas.list.contains(at) => {
                let row = usize::from(at.y.saturating_sub(areas.list.y));
                let first = view::list_from(self.screen, self.known, areas.list);
                let order = self.known.order();
                if let Some(known) = order.get(first + row) {
                    self.go(known.address().clone());
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
            _ => {}
        }
    }

    fn click_message(&mut self, area: Rect, at: Position) {
        let (manner, height) = self.manner();
        let seen = rows::seen(&manner, &self.screen.current, self.screen.pane(), height);
        let blank = height.saturating_sub(seen.rows.len());
        let row = usize::from(at.y.saturating_sub(area.y));
        let clicked = row.checked_sub(blank).and_then(|row| seen.rows.get(row));
        let seq = clicked.and_then(|row| row.seq);
        let pane = self.screen.pane_mut();
        pane.chosen = if pane.chosen == seq { None } else { seq };
    }
}
