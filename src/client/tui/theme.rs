//! The colours, for dark and light terminals and for none.
//!
//! Promises: nothing is told by colour alone, and a user has the same colour everywhere.

use ratatui::style::{Color, Modifier, Style};

use crate::model::UserName;

/// Which set of colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Theme {
    /// On a dark background.
    #[default]
    Dark,
    /// On a light background.
    Light,
    /// Without any colour: bold, dim and reversed only.
    Plain,
}

/// Colours for names with a contrast of at least 4.5 to 1 against black.
const NAMES_ON_DARK: [u8; 14] = [
    39, 43, 75, 78, 80, 111, 114, 141, 149, 173, 176, 179, 204, 209,
];
/// The same against white.
const NAMES_ON_LIGHT: [u8; 14] = [18, 22, 24, 25, 52, 53, 54, 58, 88, 89, 90, 94, 124, 130];

impl Theme {
    /// The theme of this name in the settings.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        match name {
            "dark" => Some(Self::Dark),
            "light" => Some(Self::Light),
            "plain" => Some(Self::Plain),
            _ => None,
        }
    }

    /// The colour of a user's name.
    pub(crate) fn name(self, user: &UserName) -> Style {
        let palette = match self {
            Self::Dark => NAMES_ON_DARK,
            Self::Light => NAMES_ON_LIGHT,
            Self::Plain => return Style::new().add_modifier(Modifier::BOLD),
        };
        let at = usize::try_from(hash(&user.key())).unwrap_or(0) % palette.len();
        Style::new().fg(Color::Indexed(palette[at]))
    }

    /// What matters less: times, notes, marks.
    pub(crate) fn dim(self) -> Style {
        self.pick(Color::Indexed(246), Color::Indexed(242), Modifier::DIM)
    }

    /// What is on: the title of a pane, a link that stands.
    pub(crate) fn good(self) -> Style {
        self.pick(Color::Indexed(114), Color::Indexed(22), Modifier::empty())
    }

    /// What needs patience: a reconnect, a message that waits.
    pub(crate) fn waiting(self) -> Style {
        self.pick(Color::Indexed(179), Color::Indexed(94), Modifier::empty())
    }

    /// What went wrong.
    pub(crate) fn bad(self) -> Style {
        self.pick(Color::Indexed(210), Color::Indexed(124), Modifier::BOLD)
    }

    /// What is meant for the reader.
    pub(crate) fn mention(self) -> Style {
        self.pick(Color::Indexed(222), Color::Indexed(130), Modifier::BOLD)
            .add_modifier(Modifier::BOLD)
    }

    /// Lines between parts of the screen.
    pub(crate) fn rule(self) -> Style {
        self.pick(Color::Indexed(240), Color::Indexed(250), Modifier::DIM)
    }

    /// The bars at the top and at the bottom.
    pub(crate) fn bar(self) -> Style {
        match self {
            Self::Dark => Style::new().bg(Color::Indexed(236)),
            Self::Light => Style::new().bg(Color::Indexed(254)),
            Self::Plain => Style::new().add_modifier(Modifier::REVERSED),
        }
    }

    /// What is chosen.
    pub(crate) fn chosen(self) -> Style {
        match self {
            Self::Dark => Style::new().bg(Color::Indexed(238)),
            Self::Light => Style::new().bg(Color::Indexed(252)),
            Self::Plain => Style::new().add_modifier(Modifier::REVERSED),
        }
    }

    fn pick(self, dark: Color, light: Color, plain: Modifier) -> Style {
        match self {
            Self::Dark => Style::new().fg(dark),
            Self::Light => Style::new().fg(light),
            Self::Plain => Style::new().add_modifier(plain),
        }
    }
}

/// FNV-1a: the same on every machine and in every version.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The relative luminance of a colour of the 256, by WCAG 2.
    fn luminance(index: u8) -> f64 {
        let channels = if index >= 232 {
            [8 + 10 * (index - 232); 3]
        } else {
            let level = |digit: u8| if digit == 0 { 0 } else { 55 + 40 * digit };
            let cube = index - 16;
            [level(cube / 36), level(cube / 6 % 6), level(cube % 6)]
        };
        let linear = channels.map(|channel| {
            let share = f64::from(channel) / 255.0;
            if share <= 0.03928 {
                share / 12.92
            } else {
                ((share + 0.055) / 1.055).powf(2.4)
            }
        });
        0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    }

    #[test]
    fn every_name_can_be_read_on_its_background() {
        for index in NAMES_ON_DARK {
            assert!((luminance(index) + 0.05) / 0.05 >= 4.5, "{index}");
        }
        for index in NAMES_ON_LIGHT {
            assert!(1.05 / (luminance(index) + 0.05) >= 4.5, "{index}");
        }
    }

    #[test]
    fn a_user_has_one_colour_whatever_the_case() {
        let (a, b) = (UserName::parse("Alice"), UserName::parse("alice"));
        assert_eq!(Theme::Dark.name(&a.unwrap()), Theme::Dark.name(&b.unwrap()));
    }
}
