//! Texts people write: messages, topics, reasons, reactions.

use std::{fmt, sync::Arc};

use unicode_segmentation::UnicodeSegmentation;

/// The longest message, in bytes of UTF-8: several pages, and a frame of 64 KiB holds it escaped.
pub const TEXT_MAX: usize = 16 * 1024;
/// The longest topic, in bytes of UTF-8: a line or two of a wide terminal.
pub const TOPIC_MAX: usize = 512;
/// The longest reason for a kick, ban or mute, in bytes of UTF-8.
pub const REASON_MAX: usize = 256;
/// The longest reaction, in bytes of UTF-8: the longest emoji sequences take 35.
pub const EMOJI_MAX: usize = 48;

/// Why a text was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing, or nothing but white space.
    #[error("the {what} is empty")]
    Empty {
        /// What the text was to be.
        what: &'static str,
    },
    /// Too many bytes.
    #[error("the {what} is longer than {max} bytes")]
    TooLong {
        /// What the text was to be.
        what: &'static str,
        /// The most it may have, in bytes of UTF-8.
        max: usize,
    },
    /// A character that may not be in it.
    #[error("the {what} holds a character it may not: {rule}")]
    Forbidden {
        /// What the text was to be.
        what: &'static str,
        /// What may be in it.
        rule: &'static str,
    },
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Byte for byte as it was written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    };
}

text! {
    /// What a message says: UTF-8 without control characters other than newline and tab.
    Text
}
text! {
    /// What a room is about: one line; may be empty.
    Topic
}
text! {
    /// Why a moderator did something: one line; may be empty.
    Reason
}
text! {
    /// A reaction: one character as a reader sees it (an extended grapheme cluster, UAX #29).
    Emoji
}

impl Text {
    /// # Errors
    ///
    /// When it is blank, longer than [`TEXT_MAX`] bytes, or holds a control character other than
    /// newline and tab.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let what = "text";
        if text.len() > TEXT_MAX {
            return Err(TextError::TooLong {
                what,
                max: TEXT_MAX,
            });
        }
        if !is_plain(text)
            && text
                .chars()
                .any(|c| c.is_control() && c != '\n' && c != '\t')
        {
            let rule = "no control characters other than newline and tab";
            return Err(TextError::Forbidden { what, rule });
        }
        if text.trim().is_empty() {
            return Err(TextError::Empty { what });
        }
        Ok(Self(text.into()))
    }
}

/// Whether it is printable ASCII, as most texts are: the bytes say it, and many at a time.
fn is_plain(text: &str) -> bool {
    // Without an end at the first that is not, which the processor could not do many at a time.
    text.bytes()
        .fold(true, |all, byte| all & matches!(byte, b' '..=b'~'))
}

impl Topic {
    /// # Errors
    ///
    /// When it is longer than [`TOPIC_MAX`] bytes or holds a control character.
    pub fn parse(topic: &str) -> Result<Self, TextError> {
        line("topic", topic, TOPIC_MAX).map(Self)
    }
}

impl Default for Topic {
    fn default() -> Self {
        Self("".into())
    }
}

impl Reason {
    /// # Errors
    ///
    /// When it is longer than [`REASON_MAX`] bytes or holds a control character.
    pub fn parse(reason: &str) -> Result<Self, TextError> {
        line("reason", reason, REASON_MAX).map(Self)
    }
}

impl Default for Reason {
    fn default() -> Self {
        Self("".into())
    }
}

impl Emoji {
    /// # Errors
    ///
    /// When it is not exactly one visible character of at most [`EMOJI_MAX`] bytes.
    pub fn parse(emoji: &str) -> Result<Self, TextError> {
        let what = "reaction";
        if emoji.trim().is_empty() {
            return Err(TextError::Empty { what });
        }
        let emoji = line(what, emoji, EMOJI_MAX)?;
        if emoji.graphemes(true).count() == 1 {
            Ok(Self(emoji))
        } else {
            Err(TextError::Forbidden {
                what,
                rule: "exactly one emoji or character",
            })
        }
    }
}

fn line(what: &'static str, text: &str, max: usize) -> Result<Arc<str>, TextError> {
    if text.len() > max {
        return Err(TextError::TooLong { what, max });
    }
    if text.chars().any(char::is_control) {
        return Err(TextError::Forbidden {
            what,
            rule: "no control characters; it is one line",
        });
    }
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_kept_exactly_or_refused() {
        let line_separator = "a\u{2028}b";
        assert_eq!(
            Text::parse(line_separator).unwrap().as_str(),
            line_separator
        );
        assert!(Text::parse("tab\tand\nnewline").is_ok());
        assert!(Text::parse(&"x".repeat(TEXT_MAX)).is_ok());
        let long = "x".repeat(TEXT_MAX + 1);
        for bad in [
            "",
            "  \n",
            "\u{1b}[2J",
            "nul\0",
            "bell\u{7}",
            "c1\u{9b}",
            "cr\r",
            "\u{7f}",
            &long,
        ] {
            assert!(Text::parse(bad).is_err(), "{bad:?} was taken");
        }
    }

    #[test]
    fn a_topic_is_one_line_and_may_be_empty() {
        assert!(Topic::parse("").is_ok());
        assert!(Topic::parse("two\nlines").is_err());
        assert!(Topic::parse(&"x".repeat(TOPIC_MAX + 1)).is_err());
    }

    #[test]
    fn a_reaction_is_one_character_as_a_reader_sees_it() {
        for good in ["👍", "👨‍👩‍👧‍👦", "🇩🇪", "é", "+"] {
            assert!(Emoji::parse(good).is_ok(), "{good:?} was refused");
        }
        for bad in ["", " ", "ab", "👍👍", "\u{1b}", "\n"] {
            assert!(Emoji::parse(bad).is_err(), "{bad:?} was taken");
        }
    }
}
