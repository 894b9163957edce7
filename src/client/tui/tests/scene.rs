//! A chat on a screen, for trying it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use jiff::tz::TimeZone;
use ratatui::{Terminal, backend::TestBackend, buffer::Buffer, layout::Rect};
use tempfile::TempDir;

use crate::{
    auth::ServerAddress,
    client::{
        core::Update,
        outbox::Outbox,
        state::State,
        tui::{
            keys::Chord,
            screen::{Known, Screen, Standing},
            settings::Settings,
            theme::Theme,
            update::{Effect, Event, update},
            view,
        },
    },
    model::{Address, MessageId, Seq, Text, Timestamp, UserName},
    protocol::{Frame, MemberLine, Send, Verb},
};

/// 2026-03-02 09:00 UTC, a Monday.
pub(super) const MORNING: i64 = 1_772_442_000_000;
const MINUTE: i64 = 60_000;

/// A chat on a screen.
pub(super) struct Scene {
    pub(super) state: State,
    pub(super) outbox: Outbox,
    pub(super) screen: Screen,
    pub(super) now: i64,
    me: UserName,
    server: ServerAddress,
    _folder: TempDir,
}

impl Scene {
    /// Alice, connected, in `*`, `#ops`, `#dev` and with `@bob`, before anything was said.
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut scene = Self {
            state: State::default(),
            outbox: Outbox::open(&folder.path().join("outbox")).unwrap(),
            screen: Screen::new(Rect::new(0, 0, 80, 20), Settings::default(), TimeZone::UTC),
            now: MORNING,
            me: UserName::parse("alice").unwrap(),
            server: ServerAddress::parse("chat.example.org").unwrap(),
            _folder: folder,
        };
        scene.state.begin(scene.me.clone());
        for conversation in [
            r##""in":"*","head":0,"start":1"##,
            r##""in":"#dev","head":0,"start":1,"role":"member","topic":"","visibility":"public""##,
            r##""in":"#ops","head":0,"start":1,"role":"owner","topic":"what keeps the lights on","visibility":"public""##,
            r##""in":"@bob","head":0,"start":1"##,
        ] {
            let rest = r#""read":0,"unread":0,"mentions":0"#;
            scene.server_says(&format!(
                r#"{{"type":"conversation",{conversation},{rest}}}"#
            ));
        }
        scene.server_says(r#"{"type":"presence","user":"bob","online":true}"#);
        scene.server_says(r#"{"type":"current"}"#);
        let how = "TLS 1.3, key exchange X25519MLKEM768, CA pin n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg";
        scene.happen(Event::Link(Standing::Connected(how.to_owned())));
        scene
    }

    /// Somebody says something, a minute after what was said before.
    pub(super) fn says(&mut self, by: &str, place: &str, text: &str) -> Seq {
        self.entry(
            by,
            place,
            &format!(r#""kind":"posted","text":{}"#, json(text)),
        )
    }

    /// Something happens in a conversation.
    pub(super) fn entry(&mut self, by: &str, place: &str, body: &str) -> Seq {
        self.now += MINUTE;
        let known = self
            .state
            .conversation(&Address::parse(place).unwrap())
            .unwrap();
        let seq = known.cursor().next();
        let at = self.now;
        self.server_says(&format!(
            r#"{{"type":"entry","in":"{place}","seq":{seq},"at":{at},"by":"{by}",{body}}}"#
        ));
        seq
    }

    pub(super) fn server_says(&mut self, line: &str) {
        let frame = Frame::parse(line.as_bytes()).unwrap().unwrap();
        for change in self.state.apply(frame) {
            self.happen(Event::Told(Update::Changed(change)));
        }
    }

    /// The members of a room are listed.
    pub(super) fn members(&mut self, room: &str, lines: &[(&str, &str, bool)]) {
        let lines: Vec<MemberLine> = lines
            .iter()
            .map(|(user, role, online)| {
                let line = format!(r#"{{"user":"{user}","role":"{role}","online":{online}}}"#);
                serde_json::from_str(&line).unwrap()
            })
            .collect();
        self.state
            .members(&Address::parse(room).unwrap(), &lines, true);
    }

    /// Something is typed that the server has not answered.
    pub(super) fn typed(&mut self, place: &str, text: &str) -> MessageId {
        let make = |message| {
            Verb::Send(Send {
                to: Address::parse(place).unwrap(),
                text: Text::parse(text).unwrap(),
                message,
                reply_to: None,
                action: false,
            })
        };
        self.outbox.add(make).unwrap()
    }

    pub(super) fn happen(&mut self, event: Event) -> Vec<Effect> {
        let known = Known {
            state: &self.state,
            outbox: &self.outbox,
            me: &self.me,
            server: &self.server,
        };
        let now = Timestamp::from_millis(self.now);
        update(&mut self.screen, known, event, now)
    }

    /// Keys, by their names.
    pub(super) fn press(&mut self, keys: &[&str]) -> Vec<Effect> {
        let mut effects = Vec::new();
        for key in keys {
            let chord = Chord::parse(key).unwrap();
            effects.extend(self.happen(Event::Key(chord.event())));
        }
        effects
    }

    /// Characters.
    pub(super) fn write(&mut self, text: &str) -> Vec<Effect> {
        let mut effects = Vec::new();
        for c in text.chars() {
            let key = KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE);
            effects.extend(self.happen(Event::Key(key)));
        }
        effects
    }

    /// A click of the left button.
    pub(super) fn click(&mut self, column: u16, row: u16) -> Vec<Effect> {
        self.mouse(MouseEventKind::Down(MouseButton::Left), column, row)
    }

    pub(super) fn wheel_down(&mut self) -> Vec<Effect> {
        self.mouse(MouseEventKind::ScrollDown, 40, 10)
    }

    fn mouse(&mut self, kind: MouseEventKind, column: u16, row: u16) -> Vec<Effect> {
        let modifiers = KeyModifiers::NONE;
        self.happen(Event::Mouse(MouseEvent {
            kind,
            column,
            row,
            modifiers,
        }))
    }

    /// The row of the screen that holds a text.
    pub(super) fn row_of(&self, text: &str) -> Option<u16> {
        let picture = self.picture();
        let row = picture.lines().position(|line| line.contains(text))?;
        u16::try_from(row).ok()
    }

    /// Goes somewhere as a person does.
    pub(super) fn go(&mut self, place: &str) -> Vec<Effect> {
        self.press(&["ctrl-k"]);
        self.write(place);
        self.press(&["enter"])
    }

    pub(super) fn theme(&mut self, theme: Theme) {
        self.screen.settings.theme = theme;
    }

    pub(super) fn size(&mut self, width: u16, height: u16) {
        self.happen(Event::Resize(width, height));
    }

    /// What is on the screen.
    pub(super) fn buffer(&self) -> Buffer {
        let area = self.screen.area;
        let mut terminal = Terminal::new(TestBackend::new(area.width, area.height)).unwrap();
        let known = Known {
            state: &self.state,
            outbox: &self.outbox,
            me: &self.me,
            server: &self.server,
        };
        terminal
            .draw(|frame| view::draw(&self.screen, known, frame))
            .unwrap();
        terminal.backend().buffer().clone()
    }

    /// The text on the screen, a line a row.
    pub(super) fn picture(&self) -> String {
        let buffer = self.buffer();
        let width = usize::from(buffer.area.width);
        let mut picture = String::new();
        for row in buffer.content().chunks(width) {
            let mut line = String::new();
            let mut covered = 0;
            for cell in row {
                if covered > 0 {
                    covered -= 1;
                    continue;
                }
                line.push_str(cell.symbol());
                covered = crate::client::tui::wrap::columns(cell.symbol()).saturating_sub(1);
            }
            picture.push_str(line.trim_end());
            picture.push('\n');
        }
        picture
    }
}

fn json(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}
