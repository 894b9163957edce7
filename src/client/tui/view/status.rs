//! The last lines: who types, what there is to know, and how the link stands.

use ratatui::{
    Frame,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};

use crate::client::{
    sanitize,
    tui::{
        keys::Act,
        screen::{Known, Screen, Standing, Tone},
        wrap,
    },
};

/// Who types, or a note.
pub(super) fn foot(screen: &Screen, frame: &mut Frame<'_>, area: Rect) {
    let theme = screen.settings.theme;
    let width = usize::from(area.width).saturating_sub(2);
    let (text, style) = match &screen.note {
        Some(note) if note.tone == Tone::Bad => (note.text.clone(), theme.bad()),
        Some(note) => (note.text.clone(), theme.waiting()),
        None => (typing(screen), theme.dim()),
    };
    let line = Line::styled(format!(" {}", wrap::cut(&text, width)), style);
    frame.render_widget(line, area);
}

fn typing(screen: &Screen) -> String {
    let here = screen
        .typing
        .iter()
        .filter(|(place, ..)| *place == screen.current);
    let names: Vec<_> = here.map(|(_, user, _)| user.as_str()).collect();
    match names.as_slice() {
        [] => String::new(),
        [one] => format!("{one} is typing…"),
        [one, two] => format!("{one} and {two} are typing…"),
        [..] => "several people are typing…".to_owned(),
    }
}

/// How the link stands, who one is, and where something is new.
pub(super) fn draw(screen: &Screen, known: Known<'_>, frame: &mut Frame<'_>, area: Rect) {
    let width = usize::from(area.width);
    let elsewhere = new_elsewhere(screen, known);
    let right = format!("{elsewhere}{}@{} ", known.me, known.server);
    let right = wrap::cut(&right, width / 2);
    let (mark, text, style) = link(screen);
    let room = width.saturating_sub(wrap::columns(&right) + 4);
    let line = Line::from(vec![
        Span::styled(format!(" {mark} "), style),
        Span::styled(wrap::fit(&text, room), style),
        Span::raw(" "),
        Span::raw(right),
    ]);
    frame.render_widget(line.style(screen.settings.theme.bar()), area);
}

fn new_elsewhere(screen: &Screen, known: Known<'_>) -> String {
    let elsewhere = known.state.conversations().filter(|conversation| {
        let facts = conversation.facts();
        facts.unread.unread > 0 && !facts.silent && *conversation.address() != screen.current
    });
    match elsewhere.count() {
        0 => String::new(),
        count => format!(
            "{count} new: {} · ",
            screen.settings.keys.of(Act::NextUnread)
        ),
    }
}

fn link(screen: &Screen) -> (&'static str, String, Style) {
    let theme = screen.settings.theme;
    let retry = screen.settings.keys.of(Act::Retry);
    match &screen.link {
        Standing::Connecting => ("○", "offline · connecting…".to_owned(), theme.waiting()),
        Standing::LoggingIn => ("○", "offline · logging in…".to_owned(), theme.waiting()),
        Standing::Connected(how) => ("●", how.clone(), theme.good()),
        Standing::Waiting {
            until,
            attempt,
            reason,
        } => {
            let seconds = until.since(screen.now).as_millis().div_ceil(1000);
            let reason = sanitize::line(reason);
            let text = format!(
                "offline · reconnecting in {seconds} s, attempt {attempt} ({retry}: now) · {reason}"
            );
            ("○", text, theme.waiting())
        }
        Standing::LoggedOut => ("○", "offline · logged out".to_owned(), theme.bad()),
        Standing::Stopped(why) => {
            let why = why.first().map_or("", String::as_str);
            let text = format!("offline · {}", sanitize::line(why));
            ("✗", text, theme.bad())
        }
    }
}
