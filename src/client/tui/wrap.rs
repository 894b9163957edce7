//! Breaking styled text into rows of a width. Pure.
//!
//! Promises: no character that people see as one is torn, and no row is wider than asked, unless one
//! such character alone is.

use ratatui::{
    buffer::CellWidth,
    style::Style,
    text::{Line, Span},
};
use unicode_segmentation::UnicodeSegmentation;

/// One character as people see it.
struct Glyph<'a> {
    symbol: &'a str,
    style: Style,
    width: usize,
}

/// Breaks at spaces where it can; words that are too long are cut.
pub(crate) fn wrap(spans: &[Span<'_>], width: usize) -> Vec<Line<'static>> {
    let width = width.max(2);
    let mut rows = Vec::new();
    let mut row: Vec<Glyph<'_>> = Vec::new();
    let mut used = 0;
    for glyph in spans.iter().flat_map(glyphs) {
        if glyph.symbol == " " && used + glyph.width > width {
            // The space at a break is the break.
            rows.push(line(&row));
            row.clear();
            used = 0;
            continue;
        }
        while used + glyph.width > width && !row.is_empty() {
            let space = row.iter().rposition(|glyph| glyph.symbol == " ");
            let rest = row.split_off(space.map_or(row.len(), |space| space + 1));
            if space.is_some() {
                row.pop();
            }
            rows.push(line(&row));
            row = rest;
            used = row.iter().map(|glyph| glyph.width).sum();
        }
        used += glyph.width;
        row.push(glyph);
    }
    rows.push(line(&row));
    rows
}

/// Cuts a text to a width; what is missing is said by `…`.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    let mut used = 0;
    let fits = |glyph: &&str| {
        used += columns(glyph);
        used < width
    };
    let mut shown: String = text.graphemes(true).take_while(fits).collect();
    if width > 0 {
        shown.push('…');
    }
    shown
}

/// A text cut or filled to exactly a width.
pub(crate) fn fit(text: &str, width: usize) -> String {
    let mut shown = cut(text, width);
    shown.push_str(&" ".repeat(width.saturating_sub(columns(&shown))));
    shown
}

/// How many columns a text takes.
pub(crate) fn columns(text: &str) -> usize {
    text.graphemes(true)
        .map(|glyph| usize::from(glyph.cell_width()))
        .sum()
}

fn glyphs<'a>(span: &'a Span<'_>) -> impl Iterator<Item = Glyph<'a>> {
    let style = span.style;
    span.content.graphemes(true).map(move |symbol| Glyph {
        symbol,
        style,
        width: usize::from(symbol.cell_width()),
    })
}

fn line(glyphs: &[Glyph<'_>]) -> Line<'static> {
    let mut spans: Vec<Span<'static>> = Vec::new();
    for glyph in glyphs {
        match spans.last_mut() {
            Some(span) if span.style == glyph.style => span.content.to_mut().push_str(glyph.symbol),
            _ => spans.push(Span::styled(glyph.symbol.to_owned(), glyph.style)),
        }
    }
    Line::from(spans)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(text: &str, width: usize) -> Vec<String> {
        let rows = wrap(&[Span::raw(text.to_owned())], width);
        rows.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn text_breaks_at_spaces_and_long_words_are_cut() {
        assert_eq!(rows("one two three", 8), ["one two", "three"]);
        assert_eq!(rows("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(rows("日本語", 4), ["日本", "語"]);
        assert_eq!(rows("", 4), [""]);
    }

    #[test]
    fn what_is_cut_off_is_said() {
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(fit("ab", 4), "ab  ");
    }

    proptest! {
        #[test]
        fn no_row_is_wider_than_asked_unless_one_character_is(text in "\\PC{0,200}", width in 2..40_usize) {
            let safe = crate::client::sanitize::line(&text);
            for row in rows(&safe, width) {
                let is_one = row.trim_end().graphemes(true).count() == 1;
                prop_assert!(columns(row.trim_end()) <= width || is_one, "{row:?}");
            }
        }
    }
}
