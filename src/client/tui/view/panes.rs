//! The conversations on the left and the members on the right.

use ratatui::{
    Frame,
    layout::Rect,
    style::{Modifier, Style},
    text::{Line, Span},
    widgets::{Block, Borders},
};

use super::overlay::first;
use crate::{
    client::{
        outbox::Standing,
        state::{Conversation, Presence},
        tui::{
            overlay::{Finder, Overlay},
            screen::{Known, Screen},
            update::matching,
            wrap,
        },
    },
    model::{Address, RoomRole, UserName},
    protocol::Unread,
};

/// The first conversation that is shown: the current one is always in sight.
pub(crate) fn list_from(screen: &Screen, known: Known<'_>, area: Rect) -> usize {
    let places = screen.places(known);
    let at = places.iter().position(|place| *place == screen.current);
    let height = usize::from(area.height).max(1);
    at.map_or(0, |at| (at + 1).saturating_sub(height))
}

pub(super) fn list(screen: &Screen, known: Known<'_>, frame: &mut Frame<'_>, area: Rect) {
    let inside = beside(screen, frame, area, Borders::RIGHT);
    if let Some(Overlay::Filter(finder)) = &screen.overlay {
        return filtered(screen, known, finder, frame, inside);
    }
    let from = list_from(screen, known, area);
    let shown = screen.places(known).into_iter().skip(from);
    for (address, y) in shown.zip(inside.y..inside.bottom()) {
        let line = conversation_line(screen, known, &address, usize::from(inside.width));
        frame.render_widget(line, Rect::new(inside.x, y, inside.width, 1));
    }
}

/// The conversations that are looked for, below the line in which one types.
fn filtered(
    screen: &Screen,
    known: Known<'_>,
    finder: &Finder,
    frame: &mut Frame<'_>,
    inside: Rect,
) {
    let found = matching(screen, known, finder.filter.text());
    let at = finder.at.min(found.len().saturating_sub(1));
    let height = usize::from(inside.height).saturating_sub(1);
    let shown = found.iter().enumerate().skip(first(at, height));
    for ((row, address), y) in shown.zip(inside.y.saturating_add(1)..inside.bottom()) {
        let chosen = (row == at).then_some(screen.settings.theme.chosen());
        let width = usize::from(inside.width);
        let line = conversation_line(screen, known, address, width);
        let line = Line::from(line.spans).style(chosen.unwrap_or_default());
        frame.render_widget(line, Rect::new(inside.x, y, inside.width, 1));
    }
}

fn conversation_line(
    screen: &Screen,
    known: Known<'_>,
    address: &Address,
    width: usize,
) -> Line<'static> {
    let theme = screen.settings.theme;
    let facts = known.state.conversation(address).map(Conversation::facts);
    let is_current = *address == screen.current;
    let (count, style) = count(screen, known, address);
    let presence = match address {
        Address::Direct(user) => known.state.presence(user),
        Address::Everyone | Address::Room(_) => None,
    };
    let online = presence.is_some_and(|presence| presence.online);
    let pane = screen.panes.get(address);
    let has_draft = !is_current && pane.is_some_and(|pane| !pane.editor.is_blank());
    let draft = if has_draft { "✎" } else { "" };
    let room = width.saturating_sub(wrap::columns(&count) + wrap::columns(draft) + 2);
    let is_new = facts.is_some_and(|facts| facts.unread.unread > 0 && !facts.silent);
    let name = match (is_new, is_current) {
        (true, _) => Style::new().add_modifier(Modifier::BOLD),
        (false, true) => Style::new(),
        (false, false) => theme.dim(),
    };
    let line = Line::from(vec![
        Span::styled(if online { "●" } else { " " }, theme.good()),
        Span::styled(wrap::fit(&address.to_string(), room), name),
        Span::styled(draft, theme.dim()),
        Span::styled(count, style),
        Span::raw(" "),
    ]);
    if is_current {
        line.style(theme.chosen())
    } else {
        line
    }
}

/// What is new in a conversation, as a number.
fn count(screen: &Screen, known: Known<'_>, address: &Address) -> (String, Style) {
    let theme = screen.settings.theme;
    let facts = known.state.conversation(address).map(Conversation::facts);
    let unread = facts.map_or_else(Unread::default, |facts| facts.unread);
    let silent = facts.is_some_and(|facts| facts.silent);
    let refused = known
        .pending(address)
        .any(|item| matches!(item.standing, Standing::Refused(_)));
    match (refused, unread.mentions, unread.unread) {
        (true, ..) => ("✗".to_owned(), theme.bad()),
        (_, 0, 0) => (String::new(), Style::new()),
        (_, 0, count) if silent => (count.to_string(), theme.dim()),
        (_, 0, count) => (count.to_string(), theme.good()),
        (_, mentions, _) => (format!("@{mentions}"), theme.mention()),
    }
}

/// The members as they are shown: who is there first, then by role and name.
pub(crate) fn members_shown<'a>(
    screen: &Screen,
    known: Known<'a>,
) -> Vec<(&'a UserName, RoomRole, Option<&'a Presence>)> {
    let Some(conversation) = known.state.conversation(&screen.current) else {
        return Vec::new();
    };
    let mut members: Vec<_> = conversation
        .roster()
        .iter()
        .map(|(user, role)| (user, role, known.state.presence(user)))
        .collect();
    members.sort_by_key(|(user, role, presence)| {
        let online = presence.is_some_and(|presence| presence.online);
        (!online && *user != known.me, rank(*role))
    });
    members
}

const fn rank(role: RoomRole) -> u8 {
    match role {
        RoomRole::Owner => 0,
        RoomRole::Moderator => 1,
        RoomRole::Member => 2,
    }
}

pub(super) fn members(screen: &Screen, known: Known<'_>, frame: &mut Frame<'_>, area: Rect) {
    let inside = beside(screen, frame, area, Borders::LEFT);
    if inside.is_empty() {
        return;
    }
    let theme = screen.settings.theme;
    let members = members_shown(screen, known);
    let word = if members.len() == 1 {
        "member"
    } else {
        "members"
    };
    let title = Line::styled(format!(" {} {word}", members.len()), theme.dim());
    frame.render_widget(
        title,
        Rect {
            height: 1,
            ..inside
        },
    );
    for ((user, role, presence), y) in members.into_iter().zip(inside.y + 1..inside.bottom()) {
        let online = presence.is_some_and(|presence| presence.online) || user == known.me;
        let away = presence.is_some_and(|presence| presence.away.is_some());
        let (mark, style) = match (online, away) {
            (true, false) => ("●", theme.good()),
            (true, true) => ("◐", theme.waiting()),
            (false, _) => ("○", theme.dim()),
        };
        let sign = match role {
            RoomRole::Owner => "★",
            RoomRole::Moderator => "☆",
            RoomRole::Member => "",
        };
        let width = usize::from(inside.width).saturating_sub(5);
        let name = if online {
            theme.name(user)
        } else {
            theme.dim()
        };
        let line = Line::from(vec![
            Span::styled(format!(" {mark} "), style),
            Span::styled(wrap::cut(user.as_str(), width), name),
            Span::styled(format!(" {sign}"), theme.waiting()),
        ]);
        frame.render_widget(line, Rect::new(inside.x, y, inside.width, 1));
    }
}

/// A pane with a line towards the messages.
fn beside(screen: &Screen, frame: &mut Frame<'_>, area: Rect, side: Borders) -> Rect {
    if area.is_empty() {
        return area;
    }
    let rule = screen.settings.theme.rule();
    let block = Block::new().borders(side).border_style(rule);
    let inside = block.inner(area);
    frame.render_widget(block, area);
    inside
}
