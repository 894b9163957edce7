//! The input line, and what may be meant by the word one types.

use ratatui::{
    Frame,
    layout::{Position, Rect},
    style::Style,
    text::{Line, Span},
};
use unicode_segmentation::UnicodeSegmentation;

use super::{boxed, lines};
use crate::{
    client::tui::{
        completion::SHOWN_MAX,
        editor::Editor,
        layout::input_width,
        screen::{Aim, Known, Screen},
        wrap,
    },
    model::Seq,
};

/// Where the text begins, after the mark.
const INDENT: u16 = 2;
/// Columns of the box with what may be meant.
const BOX_WIDTH: u16 = 72;

pub(super) fn draw(screen: &Screen, known: Known<'_>, frame: &mut Frame<'_>, area: Rect) {
    let theme = screen.settings.theme;
    let blank = Editor::default();
    let pane = screen.pane();
    let editor = pane.map_or(&blank, |pane| &pane.editor);
    let width = usize::from(input_width(area)).max(1);
    let laid = lay_out(editor, width);
    let height = usize::from(area.height);
    let from = (laid.row + 1).saturating_sub(height);
    let mark = match pane.and_then(|pane| pane.aim) {
        Some(Aim::Reply(_)) => "↩",
        Some(Aim::Edit(_)) => "✎",
        None => "›",
    };
    let shown = laid.rows.into_iter().skip(from).take(height).enumerate();
    let shown = shown.map(|(at, row)| {
        let mark = if at == 0 { mark } else { " " };
        Line::from(vec![
            Span::styled(format!("{mark} "), theme.good()),
            Span::raw(row),
        ])
    });
    lines(frame, area, shown.collect());
    if editor.text().is_empty() {
        let hint = wrap::cut(&hint(screen, known), width);
        let place = Rect::new(area.x + INDENT, area.y, area.width - INDENT, 1);
        frame.render_widget(Line::styled(hint, theme.dim()), place);
    }
    if screen.overlay.is_none() {
        let column = u16::try_from(laid.column).unwrap_or(0);
        let row = u16::try_from(laid.row - from).unwrap_or(0);
        frame.set_cursor_position(Position::new(area.x + INDENT + column, area.y + row));
    }
}

fn hint(screen: &Screen, known: Known<'_>) -> String {
    let author = |seq: Seq| {
        let conversation = known.state.conversation(&screen.current);
        let held = conversation.and_then(|known| known.held(seq));
        held.map_or_else(
            || format!("message {seq}"),
            |held| held.entry().by.to_string(),
        )
    };
    match screen.pane().and_then(|pane| pane.aim) {
        Some(Aim::Reply(seq)) => format!("reply to {} · Esc gives up", author(seq)),
        Some(Aim::Edit(_)) => "edit · Esc gives up".to_owned(),
        None => format!("message {} · F1 keys · /help commands", screen.current),
    }
}

/// A text broken at a width.
struct LaidOut {
    rows: Vec<String>,
    /// Where its cursor is.
    column: usize,
    row: usize,
}

fn lay_out(editor: &Editor, width: usize) -> LaidOut {
    let mut rows = vec![String::new()];
    let mut cursor = None;
    let mut end = (0, 0);
    for glyph in placed(editor.text(), width) {
        rows.resize(glyph.row + 1, String::new());
        if glyph.at == editor.at() {
            cursor = Some((glyph.column, glyph.row));
        }
        end = if glyph.text == "\n" {
            (0, glyph.row + 1)
        } else {
            if let Some(row) = rows.last_mut() {
                row.push_str(glyph.text);
            }
            (glyph.column + wrap::columns(glyph.text), glyph.row)
        };
    }
    if cursor.is_none() && end.0 >= width {
        end = (0, end.1 + 1);
    }
    let (column, row) = cursor.unwrap_or(end);
    rows.resize(rows.len().max(end.1 + 1), String::new());
    LaidOut { rows, column, row }
}

/// A character of a text that is broken at a width, and where it stands.
struct Glyph<'a> {
    at: usize,
    text: &'a str,
    column: usize,
    row: usize,
}

fn placed(text: &str, width: usize) -> impl Iterator<Item = Glyph<'_>> {
    let (mut column, mut row) = (0, 0);
    text.grapheme_indices(true).map(move |(at, text)| {
        let columns = wrap::columns(text);
        if text != "\n" && column + columns > width {
            (column, row) = (0, row + 1);
        }
        let glyph = Glyph {
            at,
            text,
            column,
            row,
        };
        (column, row) = match text {
            "\n" => (0, row + 1),
            _ => (column + columns, row),
        };
        glyph
    })
}

/// The byte of the text that stands at a place of the input line.
pub(crate) fn offset_at(editor: &Editor, area: Rect, place: Position) -> usize {
    let width = usize::from(input_width(area)).max(1);
    let from = (lay_out(editor, width).row + 1).saturating_sub(usize::from(area.height));
    let row = usize::from(place.y.saturating_sub(area.y)) + from;
    let column = usize::from(place.x.saturating_sub(area.x + INDENT));
    let stands = |glyph: &Glyph<'_>| {
        let past = glyph.column + wrap::columns(glyph.text).max(1) > column;
        glyph.row > row || glyph.row == row && (past || glyph.text == "\n")
    };
    let found = placed(editor.text(), width).find(stands);
    found.map_or_else(|| editor.text().len(), |glyph| glyph.at)
}

/// What may be meant, above the input line.
pub(super) fn suggestions(screen: &Screen, frame: &mut Frame<'_>, input: Rect) {
    let Some(completion) = &screen.completion else {
        return;
    };
    let theme = screen.settings.theme;
    let from = (completion.at + 1).saturating_sub(SHOWN_MAX);
    let shown = completion.suggestions.iter().enumerate();
    let shown: Vec<_> = shown.skip(from).take(SHOWN_MAX).collect();
    let names = shown.iter().map(|(_, one)| wrap::columns(&one.text));
    let names = names.max().unwrap_or(0);
    let width = input.width.min(BOX_WIDTH);
    let inner = usize::from(width).saturating_sub(2);
    let height = u16::try_from(shown.len() + 2).unwrap_or(2).min(input.y);
    let area = Rect::new(input.x, input.y - height, width, height);
    let rest = completion.suggestions.len().saturating_sub(shown.len());
    let title = match rest {
        0 => "Tab takes it".to_owned(),
        rest => format!("Tab takes it · {rest} more"),
    };
    let inside = boxed(frame, area, &title, theme.rule());
    let rows = shown.into_iter().map(|(at, one)| {
        let about = wrap::cut(&one.about, inner.saturating_sub(names + 2));
        let line = Line::from(vec![
            Span::raw(wrap::fit(&one.text, names + 2)),
            Span::styled(about, theme.dim()),
        ]);
        let style = if at == completion.at {
            theme.chosen()
        } else {
            Style::new()
        };
        line.style(style)
    });
    lines(frame, inside, rows.collect());
}
