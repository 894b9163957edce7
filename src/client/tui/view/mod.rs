//! Drawing. Pure: it reads the screen and the chat, and changes neither.

mod input;
mod overlay;
mod panes;
mod reading;
mod status;

use ratatui::{
    Frame,
    layout::Rect,
    style::{Modifier, Style},
    text::{Line, Span},
    widgets::{Block, BorderType, Clear, Paragraph},
};

use super::{
    keys::Act,
    layout::areas,
    rows::{self, Manner},
    screen::{Known, Screen},
    wrap,
};
use crate::{client::sanitize, model::Address};

pub(crate) use input::offset_at;
pub(crate) use overlay::choice_at;
pub(crate) use panes::{list_from, members_shown};
pub(crate) use reading::reading_end;

/// The smallest screen there is a sensible picture for.
const SMALLEST: (u16, u16) = (24, 6);

/// Draws everything.
pub(crate) fn draw(screen: &Screen, known: Known<'_>, frame: &mut Frame<'_>) {
    let area = screen.area.intersection(frame.area());
    if area != screen.area || area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        frame.render_widget(Line::raw("too small"), area);
        return;
    }
    let areas = areas(screen, known);
    topic(screen, known, frame, areas.topic);
    panes::list(screen, known, frame, areas.list);
    messages(screen, known, frame, areas.messages);
    panes::members(screen, known, frame, areas.members);
    status::foot(screen, frame, areas.foot);
    input::draw(screen, known, frame, areas.input);
    status::draw(screen, known, frame, areas.status);
    input::suggestions(screen, frame, areas.input);
    overlay::draw(screen, known, frame, areas);
}

/// How the rows of the current conversation are made.
pub(crate) fn manner<'a>(screen: &'a Screen, known: Known<'a>, area: Rect) -> Manner<'a> {
    Manner {
        width: usize::from(area.width),
        theme: screen.settings.theme,
        keys: &screen.settings.keys,
        zone: &screen.zone,
        known,
        conversation: known.state.conversation(&screen.current),
        chosen: screen.pane().and_then(|pane| pane.chosen),
    }
}

fn topic(screen: &Screen, known: Known<'_>, frame: &mut Frame<'_>, area: Rect) {
    let theme = screen.settings.theme;
    let conversation = known.state.conversation(&screen.current);
    let facts = conversation.map(|known| known.facts());
    let topic = facts.and_then(|facts| facts.topic.as_ref());
    let about = match (&screen.current, topic) {
        (Address::Room(_), _) if !known.state.is_in(&screen.current) => "not joined".to_owned(),
        (_, Some(topic)) => sanitize::line(topic.as_str()),
        (Address::Everyone, None) => "everyone".to_owned(),
        (Address::Direct(_), None) => "private: the two of you".to_owned(),
        (Address::Room(_), None) => String::new(),
    };
    let mut marks = String::new();
    if facts.is_some_and(|facts| facts.silent) {
        marks.push_str("  muted");
    }
    if facts.is_some_and(|facts| facts.archived) {
        marks.push_str("  archived");
    }
    let name = format!(" {}", screen.current);
    let taken = wrap::columns(&name) + marks.len() + 3;
    let width = usize::from(area.width).saturating_sub(taken);
    let line = Line::from(vec![
        Span::styled(name, theme.good().add_modifier(Modifier::BOLD)),
        Span::raw("  "),
        Span::raw(wrap::cut(&about, width)),
        Span::styled(marks, theme.waiting()),
    ]);
    frame.render_widget(line.style(theme.bar()), area);
}

fn messages(screen: &Screen, known: Known<'_>, frame: &mut Frame<'_>, area: Rect) {
    let theme = screen.settings.theme;
    let manner = manner(screen, known, area);
    let height = usize::from(area.height);
    let seen = rows::seen(&manner, &screen.current, screen.pane(), height);
    if seen.rows.is_empty() {
        let line = Line::styled("nothing was said here yet", theme.dim()).centered();
        frame.render_widget(line, area);
        return;
    }
    let blank = height.saturating_sub(seen.rows.len());
    let top = area.y.saturating_add(u16::try_from(blank).unwrap_or(0));
    for (row, y) in seen.rows.into_iter().zip(top..area.bottom()) {
        frame.render_widget(row.line, Rect::new(area.x, y, area.width, 1));
    }
    let below = screen
        .pane()
        .is_some_and(|pane| pane.scroll.bottom.is_some());
    if below {
        let keys = screen.settings.keys.of(Act::Bottom);
        let text = format!(" newer below: {keys} ");
        let columns = u16::try_from(wrap::columns(&text)).unwrap_or(area.width);
        let width = columns.min(area.width);
        let place = Rect::new(area.right() - width, area.bottom() - 1, width, 1);
        frame.render_widget(Clear, place);
        frame.render_widget(Line::styled(text, theme.chosen()), place);
    }
}

/// A box that covers what is below it; gives its inside.
pub(crate) fn boxed(frame: &mut Frame<'_>, area: Rect, title: &str, style: Style) -> Rect {
    frame.render_widget(Clear, area);
    let block = Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(style)
        .title(format!(" {title} "));
    let inside = block.inner(area);
    frame.render_widget(block, area);
    inside
}

/// Lines from the top of an area.
pub(crate) fn lines(frame: &mut Frame<'_>, area: Rect, lines: Vec<Line<'static>>) {
    frame.render_widget(Paragraph::new(lines), area);
}
