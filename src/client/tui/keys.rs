//! The keys: what each does, what it is called in the settings, and how it is written.
//!
//! One table: the bindings, the key help and the README are made from it.

use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

macro_rules! acts {
    ($($act:ident $name:literal [$($chord:literal),+] $help:literal;)+) => {
        /// Something a key does.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Act {
            $(#[doc = $help] $act,)+
        }

        /// Every act with its name, its keys and what it does, in the order of the help.
        pub(crate) const ACTS: &[(Act, &str, &[&str], &str)] =
            &[$((Act::$act, $name, &[$($chord),+], $help),)+];
    };
}

acts! {
    Help "help" ["f1"] "show the keys";
    Switcher "switcher" ["ctrl-k"] "go to a conversation by typing a part of its name";
    Filter "filter" ["alt-l"] "filter the list of conversations by typing";
    NextUnread "next-unread" ["alt-a"] "go to the next conversation with something new";
    Next "next" ["alt-n", "ctrl-page-down"] "go to the next conversation";
    Previous "previous" ["alt-p", "ctrl-page-up"] "go to the conversation before";
    Search "search" ["ctrl-f"] "search messages";
    Rooms "rooms" ["alt-o"] "list the rooms one may join";
    PageUp "page-up" ["page-up"] "scroll back; older messages are fetched";
    PageDown "page-down" ["page-down"] "scroll forward";
    Bottom "bottom" ["alt-end"] "go to the newest message";
    Divider "divider" ["alt-u"] "go to the first unread message";
    SelectUp "select-up" ["alt-up", "alt-k"] "choose a message: r reply, e edit, + react, c copy, o open, d delete";
    SelectDown "select-down" ["alt-down", "alt-j"] "choose the message below";
    TakeBack "take-back" ["alt-x"] "take a refused message back into the input line";
    Retry "retry" ["ctrl-r"] "connect now instead of waiting";
    List "list" ["f2"] "show or hide the conversations";
    Members "members" ["f3"] "show or hide the members";
    Mouse "mouse" ["f4"] "let the mouse act, or leave it to the terminal";
    Silence "silence" ["alt-m"] "mute this conversation, or not";
    Complete "complete" ["tab"] "complete a user, room, command or :emoji:";
    Send "send" ["enter"] "send";
    NewLine "new-line" ["alt-enter", "shift-enter", "ctrl-j"] "begin another line";
    Older "older" ["up", "ctrl-p"] "up a line, then to what was typed before";
    Newer "newer" ["down", "ctrl-n"] "down a line, then to what was typed after";
    Left "left" ["left", "ctrl-b"] "one character left";
    Right "right" ["right"] "one character right";
    WordLeft "word-left" ["alt-b", "ctrl-left", "alt-left"] "one word left";
    WordRight "word-right" ["alt-f", "ctrl-right", "alt-right"] "one word right";
    Home "home" ["home", "ctrl-a"] "to the beginning of the line";
    End "end" ["end", "ctrl-e"] "to the end of the line";
    Backspace "backspace" ["backspace", "ctrl-h"] "delete the character before";
    Delete "delete" ["delete", "ctrl-d"] "delete the character after; in an empty line: leave";
    CutWord "cut-word" ["ctrl-w", "alt-backspace"] "cut the word before";
    CutWordRight "cut-word-right" ["alt-d"] "cut the word after";
    CutStart "cut-to-start" ["ctrl-u"] "cut to the beginning of the line";
    CutEnd "cut-to-end" ["alt-c"] "cut to the end of the line";
    Yank "yank" ["ctrl-y"] "put in what was cut";
    Redraw "redraw" ["ctrl-l"] "draw the screen anew";
    Suspend "suspend" ["ctrl-z"] "back to the shell; fg returns";
    Cancel "cancel" ["esc"] "close what is open, give up reply or edit";
    Quit "quit" ["ctrl-q"] "leave; what is not sent yet goes out next time";
    Clear "clear" ["ctrl-c"] "clear the input line; twice in an empty one: leave";
}

/// A key with what is held down beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chord {
    code: KeyCode,
    modifiers: KeyModifiers,
}

const NAMED: &[(&str, KeyCode)] = &[
    ("enter", KeyCode::Enter),
    ("tab", KeyCode::Tab),
    ("esc", KeyCode::Esc),
    ("space", KeyCode::Char(' ')),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("insert", KeyCode::Insert),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("page-up", KeyCode::PageUp),
    ("page-down", KeyCode::PageDown),
];

impl Chord {
    /// Reads `ctrl-k`, `alt-enter` or `f1`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut modifiers = KeyModifiers::NONE;
        let mut rest = text;
        loop {
            let (modifier, after) = match rest.split_once('-') {
                Some(("ctrl", after)) => (KeyModifiers::CONTROL, after),
                Some(("alt", after)) => (KeyModifiers::ALT, after),
                Some(("shift", after)) => (KeyModifiers::SHIFT, after),
                _ => break,
            };
            modifiers |= modifier;
            rest = after;
        }
        let named = NAMED.iter().find(|(name, _)| *name == rest);
        let code = named.map(|(_, code)| *code).or_else(|| {
            let number = rest
                .strip_prefix('f')
                .and_then(|digits| digits.parse().ok());
            number
                .filter(|number| (1..=12).contains(number))
                .map(KeyCode::F)
        });
        let mut characters = rest.chars();
        let code = code.or_else(|| characters.next().map(KeyCode::Char))?;
        let whole = named.is_some() || matches!(code, KeyCode::F(_)) || characters.next().is_none();
        whole.then_some(Self { code, modifiers })
    }

    /// The chord of a key that was pressed.
    pub(crate) fn of(key: KeyEvent) -> Self {
        let mut modifiers = key.modifiers;
        if matches!(key.code, KeyCode::Char(_)) {
            // The character says it already.
            modifiers.remove(KeyModifiers::SHIFT);
        }
        Self {
            code: key.code,
            modifiers,
        }
    }

    /// The character it types, if it types one.
    pub(crate) fn typed(self) -> Option<char> {
        match self.code {
            KeyCode::Char(c) if self.modifiers.is_empty() => Some(c),
            _ => None,
        }
    }

    /// A key with nothing held down.
    pub(crate) const fn plain(code: KeyCode) -> Self {
        let modifiers = KeyModifiers::NONE;
        Self { code, modifiers }
    }

    pub(crate) const fn code(self) -> KeyCode {
        self.code
    }

    /// The event of this chord.
    #[cfg(test)]
    pub(crate) const fn event(self) -> KeyEvent {
        KeyEvent::new(self.code, self.modifiers)
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (modifier, word) in [
            (KeyModifiers::CONTROL, "Ctrl-"),
            (KeyModifiers::ALT, "Alt-"),
            (KeyModifiers::SHIFT, "Shift-"),
        ] {
            if self.modifiers.contains(modifier) {
                f.write_str(word)?;
            }
        }
        let named = NAMED.iter().find(|(_, code)| *code == self.code);
        match (named, self.code) {
            (Some((name, _)), _) => {
                let (first, rest) = name.split_at(1);
                write!(f, "{}{rest}", first.to_uppercase())
            }
            (None, KeyCode::Char(c)) => write!(f, "{}", c.to_uppercase()),
            (None, code) => write!(f, "{code}"),
        }
    }
}

/// Which chord does what.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    bound: Vec<(Chord, Act)>,
}

impl Default for Keys {
    fn default() -> Self {
        let chords = ACTS.iter().flat_map(|(act, _, chords, _)| {
            let chords = chords.iter().filter_map(|chord| Chord::parse(chord));
            chords.map(|chord| (chord, *act))
        });
        Self {
            bound: chords.collect(),
        }
    }
}

impl Keys {
    /// What a chord does.
    pub(crate) fn act(&self, chord: Chord) -> Option<Act> {
        let bound = self.bound.iter().find(|(bound, _)| *bound == chord);
        bound.map(|(_, act)| *act)
    }

    /// The keys of an act, as people write them.
    pub(crate) fn of(&self, act: Act) -> String {
        let chords = self.bound.iter().filter(|(_, bound)| *bound == act);
        let chords: Vec<_> = chords.map(|(chord, _)| chord.to_string()).collect();
        chords.join(", ")
    }

    /// Gives an act these keys and no others, and takes them from whatever had them.
    pub(crate) fn bind(&mut self, act: Act, chords: &[Chord]) {
        self.bound
            .retain(|(chord, bound)| *bound != act && !chords.contains(chord));
        self.bound.extend(chords.iter().map(|chord| (*chord, act)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_table_is_read_and_does_one_thing() {
        let keys = Keys::default();
        for (act, name, chords, _) in ACTS {
            for chord in *chords {
                let read = Chord::parse(chord).unwrap_or_else(|| panic!("{chord}"));
                assert_eq!(keys.act(read), Some(*act), "{name}: {chord}");
            }
        }
    }

    #[test]
    fn a_key_is_shown_as_people_write_it() {
        for (chord, shown) in [
            ("ctrl-k", "Ctrl-K"),
            ("alt-page-up", "Alt-Page-up"),
            ("f1", "F1"),
        ] {
            assert_eq!(Chord::parse(chord).unwrap().to_string(), shown);
        }
        for bad in ["", "ctrl-", "f13", "hyper-x", "abc"] {
            assert!(Chord::parse(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn the_table_in_the_documentation_is_this_one() {
        let documented = include_str!("../../../docs/client.md");
        let keys = Keys::default();
        for (act, name, _, about) in ACTS {
            let row = format!("| {} | `{name}` | {about} |", keys.of(*act));
            assert!(documented.contains(&row), "{row}");
        }
    }

    #[test]
    fn every_key_in_the_readme_is_one_and_does_what_is_said() {
        let readme = include_str!("../../../README.md");
        let (_, section) = readme.split_once("\n## Keys\n").unwrap();
        let section = section.split("\n## ").next().unwrap();
        let keys = Keys::default();
        let row = |act, about| format!("| {} | {about} |", keys.of(act));
        let rows: Vec<_> = ACTS
            .iter()
            .map(|(act, _, _, about)| row(*act, about))
            .collect();
        let documented: Vec<_> = section
            .lines()
            .filter(|line| line.starts_with("| "))
            .skip(2)
            .collect();
        assert!(documented.len() > 10, "{documented:?}");
        for line in documented {
            assert!(rows.iter().any(|row| row == line), "{line}");
        }
    }

    #[test]
    fn a_key_that_is_bound_anew_is_taken_from_what_it_did() {
        let mut keys = Keys::default();
        let chord = Chord::parse("ctrl-k").unwrap();
        keys.bind(Act::CutEnd, &[chord]);
        assert_eq!(keys.act(chord), Some(Act::CutEnd));
        assert_eq!(keys.of(Act::Switcher), "");
    }
}
