//! The first questions: where the chat is and who one is there, before there is anything to show.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind};
use ratatui::{
    Frame,
    layout::{Position, Rect},
    text::{Line, Span},
};

use super::{
    editor::Editor,
    keys::{Act, Chord, Keys},
    theme::Theme,
    update::write,
    view, wrap,
};
use crate::client::door::Question;

/// Columns of the box.
const WIDTH: u16 = 72;
/// Rows of the box: the longest invite link takes a few.
const HEIGHT: u16 = 10;

/// One question, and what is typed as its answer.
pub(super) struct Welcome {
    question: Question,
    /// What is said to come before it: where one is about to get in.
    place: Option<String>,
    suggested: Option<String>,
    line: Editor,
    problem: Option<String>,
}

/// What a key leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing but another picture.
    Stay,
    /// This is the answer.
    Said(String),
    /// Back to where it is asked where to go.
    Back,
    Suspend,
    Leave,
}

impl Welcome {
    pub(super) fn new(
        question: Question,
        place: Option<String>,
        suggested: Option<String>,
    ) -> Self {
        Self {
            question,
            place,
            suggested,
            line: Editor::default(),
            problem: None,
        }
    }

    /// The answer was none.
    pub(super) fn refuse(&mut self, problem: &str) {
        self.problem = Some(crate::client::sanitize::line(problem));
    }

    pub(super) fn paste(&mut self, text: &str) {
        self.line.insert(text.trim());
    }

    pub(super) fn key(&mut self, key: KeyEvent, keys: &Keys) -> Step {
        if key.kind == KeyEventKind::Release {
            return Step::Stay;
        }
        let chord = Chord::of(key);
        match keys.act(chord) {
            _ if chord.code() == KeyCode::Enter => {
                let typed = self.line.text().trim();
                return match (typed, &self.suggested) {
                    ("", Some(suggested)) => Step::Said(suggested.clone()),
                    ("", None) => Step::Stay,
                    (typed, _) => Step::Said(typed.to_owned()),
                };
            }
            Some(Act::Cancel) if self.question == Question::User => return Step::Back,
            Some(Act::Clear | Act::Quit) => return Step::Leave,
            Some(Act::Suspend) => return Step::Suspend,
            act => write(&mut self.line, chord, act),
        }
        self.problem = None;
        Step::Stay
    }

    pub(super) fn draw(&self, theme: Theme, frame: &mut Frame<'_>) {
        let area = frame.area();
        let place = Rect {
            x: area.width.saturating_sub(WIDTH) / 2,
            y: area.height.saturating_sub(HEIGHT) / 2,
            width: WIDTH.min(area.width),
            height: HEIGHT.min(area.height),
        };
        let inside = view::boxed(frame, place, "NetComm", theme.good());
        let width = usize::from(inside.width).max(4);
        let text = match (self.question, &self.place) {
            (Question::Place, _) => {
                "Where is the chat? Paste an invite link, or type an address.".to_owned()
            }
            (Question::User, Some(place)) => format!("What is your name at {place}?"),
            (Question::User, None) => "What is your name there?".to_owned(),
        };
        let mut rows = wrap::wrap(&[Span::raw(text)], width);
        rows.push(Line::raw(""));
        let first = rows.len();
        let typed = wrap::wrap(&[Span::raw(format!("› {}", self.line.text()))], width);
        if self.line.text().is_empty()
            && let Some(suggested) = &self.suggested
        {
            let hint = Span::styled(format!("{suggested} (Enter)"), theme.dim());
            rows.push(Line::from(vec![Span::raw("› "), hint]));
        } else {
            rows.extend(typed);
        }
        let before = wrap::wrap(&[Span::raw(format!("› {}", self.line.before()))], width);
        let cursor = (before.len() - 1, before.last().map_or(0, Line::width));
        let problem = self.problem.as_deref().unwrap_or_default();
        rows.extend(wrap::wrap(
            &[Span::styled(problem.to_owned(), theme.bad())],
            width,
        ));
        let foot = match self.question {
            Question::Place => "Enter goes on · Ctrl-C leaves",
            Question::User => "Enter goes on · Esc goes back · Ctrl-C leaves",
        };
        rows.push(Line::styled(foot, theme.dim()));
        view::lines(frame, inside, rows);
        let (row, column) = (first + cursor.0, cursor.1);
        let spot = |at: usize| u16::try_from(at).unwrap_or(0);
        frame.set_cursor_position(Position::new(inside.x + spot(column), inside.y + spot(row)));
    }
}

#[cfg(test)]
mod tests {
    use ratatui::{Terminal, backend::TestBackend};

    use super::*;

    fn press(welcome: &mut Welcome, text: &str) -> Step {
        let mut last = Step::Stay;
        for c in text.chars() {
            let code = match c {
                '\n' => KeyCode::Enter,
                '\u{1b}' => KeyCode::Esc,
                c => KeyCode::Char(c),
            };
            last = welcome.key(Chord::plain(code).event(), &Keys::default());
        }
        last
    }

    #[test]
    fn enter_alone_means_what_is_suggested_and_esc_goes_back_from_the_name() {
        let suggested = Some("127.0.0.1:44444".to_owned());
        let mut place = Welcome::new(Question::Place, None, suggested);
        assert_eq!(
            press(&mut place, "\n"),
            Step::Said("127.0.0.1:44444".to_owned())
        );
        place.paste(" chat.example.org\n");
        assert_eq!(
            press(&mut place, "\n"),
            Step::Said("chat.example.org".to_owned())
        );
        assert_eq!(press(&mut place, "\u{1b}"), Step::Stay);
        let mut user = Welcome::new(Question::User, None, None);
        assert_eq!(press(&mut user, "\n"), Step::Stay);
        assert_eq!(press(&mut user, "\u{1b}"), Step::Back);
    }

    #[test]
    fn the_longest_link_is_seen_whole_and_no_size_breaks_the_picture() {
        let link = format!(
            "netcomm://chat.example.org:44444/#v1.{}.{}",
            "x".repeat(43),
            "y".repeat(22)
        );
        let mut welcome = Welcome::new(Question::Place, None, None);
        welcome.paste(&link);
        welcome.refuse("this is no invite link");
        for (width, height) in [(1, 1), (20, 5), (60, 16), (100, 30)] {
            let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
            terminal
                .draw(|frame| welcome.draw(Theme::Dark, frame))
                .unwrap();
            let cells = terminal.backend().buffer().content();
            let shown: String = cells.iter().map(ratatui::buffer::Cell::symbol).collect();
            let shown: String = shown.chars().filter(|c| c.is_ascii_graphic()).collect();
            assert!(width < 60 || shown.contains(&link), "{shown}");
        }
    }
}
