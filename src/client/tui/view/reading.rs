//! What is there to be read: the keys, sentences, and what was pasted.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
};

use super::{
    boxed, lines,
    overlay::{self, WIDE, middle},
};
use crate::{
    client::{
        sanitize,
        tui::{
            keys::ACTS,
            layout::areas,
            overlay::{Overlay, Pasted, Reading},
            screen::{Known, Screen},
            theme::Theme,
            wrap,
        },
    },
    model::TEXT_MAX,
};

/// Columns of the keys in the help.
const KEYS: usize = 26;
/// Rows of a box that are not its inside.
const EDGES: usize = 2;

/// How far what lies over the screen can be scrolled: the first row of its last page.
pub(crate) fn reading_end(screen: &Screen, known: Known<'_>, overlay: &Overlay) -> usize {
    let around = overlay::around(areas(screen, known));
    let rows = match overlay {
        Overlay::Help(_) => help_rows(screen, width(around)).len(),
        Overlay::Text(text) => text_rows(text, width(around)).len(),
        Overlay::Paste(pasted) => pasted.text.lines().count(),
        _ => 0,
    };
    rows.saturating_sub(usize::from(around.height).saturating_sub(EDGES))
}

fn width(around: Rect) -> usize {
    usize::from(WIDE.min(around.width)).saturating_sub(EDGES)
}

fn help_rows(screen: &Screen, width: usize) -> Vec<Line<'static>> {
    let theme = screen.settings.theme;
    let keys_width = KEYS.min(width / 2);
    let rows = ACTS.iter().flat_map(|(act, _, _, about)| {
        let keys = screen.settings.keys.of(*act);
        let keys = wrap::wrap(&[Span::styled(keys, theme.good())], keys_width);
        let about = Span::raw(*about);
        let about = wrap::wrap(&[about], width.saturating_sub(keys_width + 1));
        let count = keys.len().max(about.len());
        let (mut keys, mut about) = (keys.into_iter(), about.into_iter());
        (0..count).map(move |_| {
            let mut line = keys.next().unwrap_or_default();
            let blank = (keys_width + 1).saturating_sub(line.width());
            line.push_span(Span::raw(" ".repeat(blank)));
            line.spans.extend(about.next().unwrap_or_default().spans);
            line
        })
    });
    rows.collect()
}

pub(super) fn help(screen: &Screen, at: usize, frame: &mut Frame<'_>, around: Rect) {
    let rows = help_rows(screen, width(around));
    let title = "keys · arrows scroll · Esc closes";
    page(rows, at, title, frame, around, screen.settings.theme);
}

fn text_rows(text: &Reading, width: usize) -> Vec<Line<'static>> {
    let rows = |line: &String| wrap::wrap(&[Span::raw(line.clone())], width);
    text.lines.iter().flat_map(rows).collect()
}

pub(super) fn text(text: &Reading, frame: &mut Frame<'_>, around: Rect, theme: Theme) {
    let rows = text_rows(text, width(around));
    let title = format!("{} · Esc closes", text.title);
    page(rows, text.at, &title, frame, around, theme);
}

fn page(
    rows: Vec<Line<'static>>,
    at: usize,
    title: &str,
    frame: &mut Frame<'_>,
    around: Rect,
    theme: Theme,
) {
    let inside = boxed(
        frame,
        middle(around, WIDE, rows.len() + EDGES),
        title,
        theme.good(),
    );
    let last = rows.len().saturating_sub(usize::from(inside.height));
    lines(frame, inside, rows.into_iter().skip(at.min(last)).collect());
}

/// Why the server is not talked to.
pub(super) fn stopped(why: &[String], frame: &mut Frame<'_>, around: Rect, theme: Theme) {
    let sentences = [
        "",
        "Enter takes a new invite link or another server.",
        "Esc reads what is on this machine. Ctrl-C leaves.",
    ];
    let lines = why.iter().map(String::as_str).chain(sentences);
    let reading = Reading {
        lines: lines.map(sanitize::line).collect(),
        ..Reading::default()
    };
    let rows = text_rows(&reading, width(around));
    page(rows, 0, "not connected", frame, around, theme);
}

pub(super) fn paste(screen: &Screen, pasted: &Pasted, frame: &mut Frame<'_>, around: Rect) {
    let theme = screen.settings.theme;
    let count = pasted.text.lines().count();
    let area = middle(around, WIDE, count + EDGES);
    let inside = boxed(frame, area, &size(pasted, count), theme.good());
    let height = usize::from(inside.height);
    let from = pasted.at.min(count.saturating_sub(height));
    let columns = usize::from(inside.width);
    let rows = pasted.text.lines().skip(from).take(height);
    let rows = rows.map(|row| Line::raw(wrap::cut(row, columns)));
    lines(frame, inside, rows.collect());
    let foot = if pasted.text.len() > TEXT_MAX {
        let most = TEXT_MAX / 1024;
        format!(" too long for a message: {most} KiB at most · Esc drops it ")
    } else {
        let to = &screen.current;
        format!(" Enter sends it to {to} · Tab or typing puts it into the line · Esc drops it ")
    };
    let room = usize::from(area.width).saturating_sub(EDGES);
    let foot = Line::styled(wrap::cut(&foot, room), theme.waiting());
    let place = Rect {
        x: area.x + 1,
        y: area.bottom().saturating_sub(1),
        width: u16::try_from(foot.width()).unwrap_or(0).min(area.width),
        height: 1,
    };
    frame.render_widget(foot, place);
}

fn size(pasted: &Pasted, lines: usize) -> String {
    let lines = if lines == 1 {
        "1 line".to_owned()
    } else {
        format!("{lines} lines")
    };
    match pasted.text.len() {
        bytes if bytes < 1024 => format!("pasted: {lines}, {bytes} bytes"),
        bytes => format!("pasted: {lines}, {} KiB", bytes.div_ceil(1024)),
    }
}
