//! The rows a conversation fills, from the bottom up: no more are made than are seen. Pure.

mod body;

use jiff::tz::TimeZone;
use ratatui::{
    style::Style,
    text::{Line, Span},
};

use super::{
    keys::{Act, Keys},
    pieces::{Piece, pieces},
    screen::{Known, Pane, Scroll},
    theme::Theme,
    wrap,
};
use crate::{
    client::state::Conversation,
    model::{Address, Seq},
};

/// One row, and what it belongs to.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) line: Line<'static>,
    /// The entry it shows.
    pub(crate) seq: Option<Seq>,
}

/// How rows are made.
pub(crate) struct Manner<'a> {
    pub(crate) width: usize,
    pub(crate) theme: Theme,
    /// What to press, where a row says so.
    pub(crate) keys: &'a Keys,
    pub(crate) zone: &'a TimeZone,
    pub(crate) known: Known<'a>,
    pub(crate) conversation: Option<&'a Conversation>,
    pub(crate) chosen: Option<Seq>,
}

impl Manner<'_> {
    /// Columns of a name.
    pub(crate) const fn name_width(&self) -> usize {
        if self.width >= 70 { 14 } else { 9 }
    }

    /// Columns before a text: time, name and what is between.
    pub(crate) const fn indent(&self) -> usize {
        self.name_width() + 8
    }
}

/// The rows that are seen, oldest first, and whether they begin with the oldest there is.
pub(crate) struct Seen {
    pub(crate) rows: Vec<Row>,
    pub(crate) top: bool,
    /// Whether something between them is not here.
    pub(crate) gap: bool,
}

/// The rows of a pane: at most `height`, ending where it is scrolled to.
pub(crate) fn seen(manner: &Manner<'_>, of: &Address, pane: Option<&Pane>, height: usize) -> Seen {
    let scroll = pane.map_or_else(Scroll::default, |pane| pane.scroll);
    let divider = pane.and_then(|pane| pane.divider);
    let mut pieces = all(manner, of, divider);
    let end = end(&pieces, scroll);
    let mut upward: Vec<Row> = Vec::new();
    let mut at = end;
    let mut gap = false;
    while at > 0 && upward.len() < height + scroll.hidden {
        at -= 1;
        gap |= matches!(pieces[at], Piece::Gap(..));
        let mut made = rows(&pieces[at], manner);
        if upward.len() + made.len() >= height + scroll.hidden {
            introduce(&mut pieces[at]);
            made = rows(&pieces[at], manner);
        }
        upward.extend(made.into_iter().rev());
    }
    let fits = upward.len() <= height + scroll.hidden;
    let kept = upward.into_iter().skip(scroll.hidden).take(height);
    let mut rows: Vec<_> = kept.collect();
    rows.reverse();
    Seen {
        rows,
        top: at == 0 && fits,
        gap,
    }
}

/// A message at the top of the screen says who speaks: what is above cannot be seen.
const fn introduce(piece: &mut Piece<'_>) {
    if let Piece::Message { first, timed, .. } = piece {
        *first = true;
        *timed = true;
    }
}

/// Where a pane is after it was scrolled by some rows, up when positive.
pub(crate) fn scrolled(manner: &Manner<'_>, of: &Address, pane: &Pane, up: isize) -> Scroll {
    let pieces = all(manner, of, pane.divider);
    let end = end(&pieces, pane.scroll);
    let height = |at: usize| rows(&pieces[at], manner).len();
    let Some(mut at) = end.checked_sub(1) else {
        return Scroll::default();
    };
    let mut hidden = pane.scroll.hidden.saturating_add_signed(up);
    if up >= 0 {
        while at > 0 && hidden >= height(at) {
            hidden -= height(at);
            at -= 1;
        }
        hidden = hidden.min(height(at).saturating_sub(1));
    } else {
        let mut down = up.unsigned_abs().saturating_sub(pane.scroll.hidden);
        while down > 0 && at + 1 < pieces.len() {
            at += 1;
            let rows = height(at);
            hidden = rows.saturating_sub(down);
            down = down.saturating_sub(rows);
        }
    }
    anchored(&pieces, at, hidden, &height)
}

/// A place that stays when something is added below: an entry, and the rows hidden of it.
fn anchored(
    pieces: &[Piece<'_>],
    mut at: usize,
    mut hidden: usize,
    height: &dyn Fn(usize) -> usize,
) -> Scroll {
    if at + 1 >= pieces.len() && hidden == 0 {
        return Scroll::default();
    }
    while at + 1 < pieces.len() && pieces[at].seq().is_none() {
        at += 1;
        hidden += height(at);
    }
    match pieces[at].seq() {
        Some(seq) => Scroll {
            bottom: Some(seq),
            hidden,
        },
        None => Scroll::default(),
    }
}

fn all<'a>(manner: &Manner<'a>, of: &Address, divider: Option<Seq>) -> Vec<Piece<'a>> {
    let pending = manner.known.pending(of);
    pieces(manner.conversation, pending, divider, manner.zone)
}

/// How many pieces are above the edge.
fn end(pieces: &[Piece<'_>], scroll: Scroll) -> usize {
    let Some(bottom) = scroll.bottom else {
        return pieces.len();
    };
    let at = pieces
        .iter()
        .rposition(|piece| piece.seq().is_some_and(|seq| seq <= bottom));
    at.map_or(pieces.len(), |at| at + 1)
}

/// The rows of one piece.
fn rows(piece: &Piece<'_>, manner: &Manner<'_>) -> Vec<Row> {
    let theme = manner.theme;
    let seq = piece.seq();
    let lines = match piece {
        Piece::Earlier => {
            let text = format!("{} fetches earlier messages", manner.keys.of(Act::PageUp));
            vec![rule(&text, manner, theme.dim())]
        }
        Piece::Day(day) => vec![rule(
            &day.strftime("%A, %-d %B %Y").to_string(),
            manner,
            theme.dim(),
        )],
        Piece::Unread => vec![rule("unread", manner, theme.bad())],
        Piece::Gap(from, to) => {
            let count = to.get().saturating_sub(from.get()) + 1;
            let keys = manner.keys.of(Act::PageUp);
            let text = format!("{count} not here yet · {keys} fetches them");
            vec![rule(&text, manner, theme.waiting())]
        }
        Piece::Lost(count) => {
            let text = format!("{count} not kept any more");
            vec![rule(&text, manner, theme.dim())]
        }
        Piece::Message {
            entry,
            first,
            timed,
        } => body::message(entry, *first, *timed, manner),
        Piece::Crowd(entries) => body::crowd(entries, manner),
        Piece::Event(entry) => body::event(entry, manner),
        Piece::Pending(item) => body::pending(item, manner),
    };
    let chosen = seq.is_some() && seq == manner.chosen;
    let style = if chosen { theme.chosen() } else { Style::new() };
    lines
        .into_iter()
        .map(|line| Row {
            line: line.style(style),
            seq,
        })
        .collect()
}

/// A line across with a word in it.
fn rule(text: &str, manner: &Manner<'_>, style: Style) -> Line<'static> {
    let text = wrap::cut(text, manner.width.saturating_sub(8));
    let rest = manner.width.saturating_sub(wrap::columns(&text) + 6);
    Line::from(vec![
        Span::styled("──── ", manner.theme.rule()),
        Span::styled(text, style),
        Span::styled(format!(" {}", "─".repeat(rest)), manner.theme.rule()),
    ])
}
