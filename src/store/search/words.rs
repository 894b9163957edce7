//! What people type into a search, and how it is asked of the index.

use std::fmt::Write;

use crate::model::{AccountId, ConversationId};

/// The words to look for: all of them, in any order, whatever their case or accents.
///
/// `"a phrase"` is looked for as it stands, and `wor*` finds every word that begins so. Nothing else
/// has a special meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    phrases: Vec<Phrase>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Phrase {
    text: String,
    is_prefix: bool,
}

impl Words {
    /// Takes a search as it was typed; nothing when there is no word in it.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        let mut phrases = Vec::new();
        for (number, part) in typed.split('"').enumerate() {
            if number % 2 == 1 {
                phrases.push(Phrase {
                    text: part.to_owned(),
                    is_prefix: false,
                });
            } else {
                phrases.extend(part.split_whitespace().map(|word| Phrase {
                    text: word.trim_end_matches('*').to_owned(),
                    is_prefix: word.ends_with('*'),
                }));
            }
        }
        phrases.retain(|phrase| phrase.text.chars().any(char::is_alphanumeric));
        (!phrases.is_empty()).then_some(Self { phrases })
    }

    /// The expression that finds these words.
    pub(super) fn expression(&self) -> String {
        let phrases: Vec<_> = self.phrases.iter().map(Phrase::expression).collect();
        phrases.join(" AND ")
    }

    /// The expression that finds these words where they may be read.
    pub(super) fn expression_within(
        &self,
        conversations: &[ConversationId],
        author: Option<AccountId>,
    ) -> String {
        let mut expression = format!("text : ({})", self.expression());
        let places: Vec<_> = conversations.iter().map(|id| format!("c{id}")).collect();
        if !places.is_empty() {
            // Writing to a string cannot fail.
            let _ok = write!(expression, " AND scope : ({})", places.join(" OR "));
        }
        if let Some(author) = author {
            let _ok = write!(expression, " AND scope : a{author}");
        }
        expression
    }
}

impl Phrase {
    fn expression(&self) -> String {
        let quoted = self.text.replace('"', " ");
        let star = if self.is_prefix { " *" } else { "" };
        format!("\"{quoted}\"{star}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_words_phrases_and_beginnings() {
        for (typed, expression) in [
            ("one", r#""one""#),
            ("  one   two ", r#""one" AND "two""#),
            (
                r#"one "two three" four"#,
                r#""one" AND "two three" AND "four""#,
            ),
            (r#"one "never closed"#, r#""one" AND "never closed""#),
            ("wor*", r#""wor" *"#),
            ("NOT (a:b) OR -c", r#""NOT" AND "(a:b)" AND "OR" AND "-c""#),
            ("one - *", r#""one""#),
        ] {
            assert_eq!(
                Words::parse(typed).unwrap().expression(),
                expression,
                "{typed}"
            );
        }
    }

    #[test]
    fn without_a_word_there_is_nothing_to_look_for() {
        for typed in ["", "  ", "*", "- +", r#"""#, r#""" "#, "()"] {
            assert_eq!(Words::parse(typed), None, "{typed}");
        }
    }
}
