//! What a person may set: theme, mouse, notifications and keys, in `client.toml`.
//!
//! Promises: a mistake is named with its line, and nothing unknown is passed over in silence.

use std::{env, fs, io, path::PathBuf};

use serde::Deserialize;
use toml::Spanned;

use super::{
    keys::{ACTS, Chord, Keys},
    theme::Theme,
};

/// Why the settings could not be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("cannot read {path}: {error}")]
    Disk {
        /// Which file.
        path: String,
        /// What the system said.
        error: io::Error,
    },
    /// The file says something that makes no sense.
    #[error("{path}, line {line}: {text}")]
    Mistake {
        /// Which file.
        path: String,
        /// Where in it.
        line: usize,
        /// What is wrong there.
        text: String,
    },
}

/// How one is told of what is meant for one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Notify {
    /// Not at all.
    Off,
    /// By the terminal's bell.
    #[default]
    Bell,
    /// By a notification of the terminal, OSC 9.
    Osc9,
    /// By a notification of the terminal, OSC 777.
    Osc777,
}

/// What a person may set.
#[derive(Clone, Debug)]
pub struct Settings {
    pub(crate) theme: Theme,
    pub(crate) mouse: bool,
    pub(crate) notify: Notify,
    pub(crate) keys: Keys,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: Theme::default(),
            mouse: true,
            notify: Notify::default(),
            keys: Keys::default(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    theme: Option<Spanned<String>>,
    mouse: Option<bool>,
    notify: Option<Notify>,
    #[serde(default)]
    keys: toml::map::Map<String, toml::Value>,
}

impl Settings {
    /// Reads `$XDG_CONFIG_HOME/netcomm/client.toml`, else `~/.config/netcomm/client.toml`, which
    /// need not be there. `NO_COLOR` is honoured.
    ///
    /// # Errors
    ///
    /// [`SettingsError`], with the line.
    pub fn load() -> Result<Self, SettingsError> {
        let mut settings = match path() {
            Some(path) => Self::read(path)?,
            None => Self::default(),
        };
        if env::var_os("NO_COLOR").is_some_and(|set| !set.is_empty()) {
            settings.theme = Theme::Plain;
        }
        Ok(settings)
    }

    fn read(path: PathBuf) -> Result<Self, SettingsError> {
        let name = path.display().to_string();
        match fs::read_to_string(path) {
            Ok(text) => Self::parse(&text).map_err(|(at, text)| SettingsError::Mistake {
                path: name,
                line: at,
                text,
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(SettingsError::Disk { path: name, error }),
        }
    }

    /// Reads a file's text; the error is a line number and a sentence.
    fn parse(text: &str) -> Result<Self, (usize, String)> {
        let file: File = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            (line(text, at), error.message().to_owned())
        })?;
        let mut settings = Self::default();
        if let Some(theme) = file.theme {
            let at = line(text, theme.span().start);
            settings.theme = Theme::parse(theme.get_ref())
                .ok_or_else(|| (at, "a theme is dark, light or plain".to_owned()))?;
        }
        settings.mouse = file.mouse.unwrap_or(settings.mouse);
        settings.notify = file.notify.unwrap_or(settings.notify);
        for (name, value) in &file.keys {
            bind(&mut settings.keys, name, value).map_err(|what| (line_of(text, name), what))?;
        }
        Ok(settings)
    }
}

fn bind(keys: &mut Keys, name: &str, value: &toml::Value) -> Result<(), String> {
    let known = ACTS.iter().find(|(_, known, ..)| *known == name);
    let Some((act, ..)) = known else {
        let names: Vec<_> = ACTS.iter().map(|(_, known, ..)| *known).collect();
        return Err(format!(
            "there is no '{name}'; keys may be given to: {}",
            names.join(", ")
        ));
    };
    let words: Vec<&str> = match value {
        toml::Value::String(word) => vec![word],
        toml::Value::Array(list) => list.iter().filter_map(toml::Value::as_str).collect(),
        _ => return Err("a key is text like \"ctrl-k\", or a list of them".to_owned()),
    };
    let chords: Result<Vec<_>, _> = words
        .iter()
        .map(|word| {
            Chord::parse(word)
                .ok_or_else(|| format!("'{word}' is no key like ctrl-k, alt-enter or f1"))
        })
        .collect();
    keys.bind(*act, &chords?);
    Ok(())
}

fn path() -> Option<PathBuf> {
    let set = |name| {
        env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let folder = set("XDG_CONFIG_HOME").or_else(|| Some(set("HOME")?.join(".config")))?;
    Some(folder.join("netcomm/client.toml"))
}

/// The line a byte stands in.
fn line(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

/// The line that gives a key of this name.
fn line_of(text: &str, name: &str) -> usize {
    let gives = |line: &str| {
        let key = line.split('=').next().unwrap_or_default();
        key.trim().trim_matches('"') == name
    };
    text.lines().position(gives).map_or(1, |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::tui::keys::Act;

    #[test]
    fn theme_mouse_and_keys_can_be_set() {
        let text = "theme = \"light\"\nmouse = false\nnotify = \"osc9\"\n[keys]\nswitcher = \"ctrl-g\"\nquit = [\"f10\", \"ctrl-q\"]\n";
        let settings = Settings::parse(text).unwrap();
        assert_eq!((settings.theme, settings.mouse), (Theme::Light, false));
        assert_eq!(settings.notify, Notify::Osc9);
        assert_eq!(settings.keys.of(Act::Switcher), "Ctrl-G");
        assert_eq!(settings.keys.of(Act::Quit), "F10, Ctrl-Q");
    }

    #[test]
    fn a_mistake_is_named_with_its_line() {
        let table = [
            (
                "mouse = false\ntheme = \"pink\"\n",
                2,
                "a theme is dark, light or plain",
            ),
            ("\n\ncolour = 1\n", 3, "unknown field `colour`"),
            ("[keys]\n\nquit = \"hyper-q\"\n", 3, "'hyper-q' is no key"),
            ("[keys]\nfly = \"f1\"\n", 2, "there is no 'fly'"),
            ("mouse = \n", 1, ""),
        ];
        for (text, line, what) in table {
            let (at, said) = Settings::parse(text).unwrap_err();
            assert!(at == line && said.contains(what), "{text:?}: {at} {said}");
        }
    }
}
