//! What lies over the screen.

use ratatui::{
    Frame,
    layout::{Margin, Position, Rect},
    style::Style,
    text::{Line, Span},
};

use super::{boxed, lines, reading};
use crate::client::{
    sanitize,
    tui::{
        editor::Editor,
        layout::{Areas, areas},
        overlay::{Ask, Asking, Finder, List, Looking, Overlay, Search},
        screen::{Known, Screen},
        theme::Theme,
        update::matching,
        wrap,
    },
};

/// Columns of a box that holds sentences.
pub(super) const WIDE: u16 = 100;
/// Columns of a box that holds names.
const NARROW: u16 = 44;
/// What else there is to do than to get in.
const ENTRANCE: &str = "Tab other server or name · Esc reads on · Ctrl-C leaves";
/// Columns of a box that asks something.
const QUESTION: u16 = 64;

pub(super) fn draw(screen: &Screen, known: Known<'_>, frame: &mut Frame<'_>, areas: Areas) {
    let theme = screen.settings.theme;
    let around = around(areas);
    match &screen.overlay {
        None => {}
        Some(Overlay::Help(at)) => reading::help(screen, *at, frame, around),
        Some(Overlay::Text(text)) => reading::text(text, frame, around, theme),
        Some(Overlay::Paste(pasted)) => reading::paste(screen, pasted, frame, around),
        Some(Overlay::Filter(finder)) if !areas.list.is_empty() => {
            question(frame, areas.list, &finder.filter, theme);
        }
        Some(Overlay::Switcher(finder) | Overlay::Filter(finder)) => {
            switcher(screen, known, finder, frame, around);
        }
        Some(Overlay::Search(search)) => self::search(search, frame, around, theme),
        Some(Overlay::List(list)) => {
            let area = middle(around, WIDE, list.items.len() + 2);
            let title = format!("{} · Esc closes", list.title);
            let inside = boxed(frame, area, &title, theme.good());
            self::list(list, frame, inside, theme);
        }
        Some(Overlay::Ask(ask)) => self::ask(ask, known, frame, around, theme),
        Some(Overlay::Stopped(why)) => reading::stopped(why, frame, around, theme),
    }
}

/// What a box may cover.
pub(super) fn around(areas: Areas) -> Rect {
    areas.messages.union(areas.list)
}

/// The line of a list under a place on the screen.
pub(crate) fn choice_at(screen: &Screen, known: Known<'_>, place: Position) -> Option<usize> {
    let areas = areas(screen, known);
    let around = around(areas);
    let found = |finder: &Finder| matching(screen, known, finder.filter.text()).len();
    let (rows, at, count) = match screen.overlay.as_ref()? {
        Overlay::Filter(finder) if !areas.list.is_empty() => {
            (below(areas.list, 1), finder.at, found(finder))
        }
        Overlay::Switcher(finder) | Overlay::Filter(finder) => {
            let count = found(finder);
            let inside = inside(middle(around, NARROW, count + 3));
            (below(inside, 1), finder.at, count)
        }
        Overlay::Search(search) => {
            let list = search.found.as_ref()?;
            let count = list.items.len();
            (
                below(inside(middle(around, WIDE, count + 4)), 1),
                list.at,
                count,
            )
        }
        Overlay::List(list) => {
            let count = list.items.len();
            (inside(middle(around, WIDE, count + 2)), list.at, count)
        }
        Overlay::Help(_)
        | Overlay::Text(_)
        | Overlay::Paste(_)
        | Overlay::Ask(_)
        | Overlay::Stopped(_) => return None,
    };
    let row = usize::from(place.y.checked_sub(rows.y)?);
    let choice = first(at.min(count.saturating_sub(1)), usize::from(rows.height)) + row;
    (rows.contains(place) && choice < count).then_some(choice)
}

const fn inside(area: Rect) -> Rect {
    area.inner(Margin::new(1, 1))
}

/// The first line that is shown of a list, so that the chosen one is.
pub(super) const fn first(at: usize, height: usize) -> usize {
    (at + 1).saturating_sub(height)
}

fn switcher(
    screen: &Screen,
    known: Known<'_>,
    finder: &Finder,
    frame: &mut Frame<'_>,
    around: Rect,
) {
    let theme = screen.settings.theme;
    let found = matching(screen, known, finder.filter.text());
    let rows: Vec<_> = found
        .iter()
        .map(|address| {
            let conversation = known.state.conversation(address);
            match conversation.map_or(0, |known| known.facts().unread.unread) {
                0 => address.to_string(),
                unread => format!("{address}  {unread} unread"),
            }
        })
        .collect();
    let area = middle(around, NARROW, found.len() + 3);
    let inside = boxed(frame, area, "go to", theme.good());
    question(frame, inside, &finder.filter, theme);
    let at = finder.at.min(found.len().saturating_sub(1));
    choices(frame, below(inside, 1), &rows, at, theme);
}

fn search(search: &Search, frame: &mut Frame<'_>, around: Rect, theme: Theme) {
    let found = search.found.as_ref().map_or(0, |list| list.items.len());
    let area = middle(around, WIDE, found + 4);
    let title = match search.state {
        Looking::Not => "search · Enter looks for it",
        Looking::Asked => "search · looking…",
        Looking::Server => "search · Enter goes to the message",
        Looking::Here => "search in what is on this machine · Enter goes to the message",
    };
    let inside = boxed(frame, area, title, theme.good());
    question(frame, inside, &search.words, theme);
    match &search.found {
        Some(found) if found.items.is_empty() => {
            let line = Line::styled("nothing was found", theme.dim());
            lines(frame, below(inside, 1), vec![line]);
        }
        Some(found) => list(found, frame, below(inside, 1), theme),
        None => {}
    }
}

fn list(list: &List, frame: &mut Frame<'_>, area: Rect, theme: Theme) {
    let rows: Vec<_> = list.items.iter().map(|item| item.text.clone()).collect();
    choices(frame, area, &rows, list.at, theme);
}

fn choices(frame: &mut Frame<'_>, area: Rect, rows: &[String], at: usize, theme: Theme) {
    let height = usize::from(area.height).max(1);
    let width = usize::from(area.width);
    let from = first(at, height);
    let shown = rows.iter().enumerate().skip(from).take(height);
    let shown = shown.map(|(row, text)| {
        let style = if row == at {
            theme.chosen()
        } else {
            Style::new()
        };
        Line::styled(wrap::fit(text, width), style)
    });
    lines(frame, area, shown.collect());
}

fn ask(ask: &Ask, known: Known<'_>, frame: &mut Frame<'_>, around: Rect, theme: Theme) {
    let (title, foot) = match ask.what {
        Asking::Login => (
            "log in",
            ["Enter logs in · Down makes a new account", ENTRANCE],
        ),
        Asking::Register | Asking::Join => (
            "new account",
            ["Enter goes on · Up logs in instead", ENTRANCE],
        ),
        Asking::Change => ("change the password", ["Enter goes on · Esc gives up", ""]),
    };
    // A refusal is read whole, however narrow the box.
    let width = usize::from(QUESTION.min(around.width).saturating_sub(2));
    let why = wrap::wrap(&[Span::styled(ask.why.as_str(), theme.bad())], width);
    let area = middle(around, QUESTION, why.len() + 7);
    let inside = boxed(frame, area, title, theme.good());
    let question = ask.questions().get(ask.given.len());
    let prompt = format!("{}: ", question.copied().unwrap_or_default());
    let room = width.saturating_sub(prompt.len() + 1);
    let typing = ask.typing.expose();
    let typed = if ask.is_open() {
        // The end is what is being typed.
        let surplus = typing.chars().count().saturating_sub(room);
        sanitize::line(typing).chars().skip(surplus).collect()
    } else {
        wrap::cut(&"•".repeat(typing.chars().count()), room)
    };
    let column = prompt.len() + wrap::columns(&typed);
    let who = format!("{} at {}", known.me, known.server);
    let foot = foot.map(|line| Line::styled(wrap::cut(line, width), theme.dim()));
    let mut rows = vec![Line::raw(wrap::cut(&who, width))];
    rows.extend(why);
    let row = u16::try_from(rows.len()).unwrap_or(0);
    rows.extend([Line::raw(format!("{prompt}{typed}")), Line::raw("")]);
    rows.extend(foot);
    lines(frame, inside, rows);
    let column = u16::try_from(column).unwrap_or(0);
    frame.set_cursor_position(Position::new(inside.x + column, inside.y + row));
}

/// A line to type in, at the top of a box.
fn question(frame: &mut Frame<'_>, area: Rect, editor: &Editor, theme: Theme) {
    let line = Line::from(vec![
        Span::styled("› ", theme.good()),
        Span::raw(editor.text().to_owned()),
    ]);
    lines(frame, area, vec![line]);
    let column = u16::try_from(wrap::columns(editor.before()) + 2).unwrap_or(0);
    let column = column.min(area.width.saturating_sub(1));
    frame.set_cursor_position(Position::new(area.x + column, area.y));
}

fn below(area: Rect, rows: u16) -> Rect {
    let rows = rows.min(area.height);
    Rect {
        y: area.y + rows,
        height: area.height - rows,
        ..area
    }
}

/// A box of a size in the middle, as far as there is room.
pub(super) fn middle(around: Rect, width: u16, height: usize) -> Rect {
    let width = width.min(around.width);
    let height = u16::try_from(height).unwrap_or(u16::MAX).min(around.height);
    Rect {
        x: around.x + (around.width - width) / 2,
        y: around.y + (around.height - height) / 2,
        width,
        height,
    }
}
