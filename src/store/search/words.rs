//! What people type into a search, and how it is asked of the index.

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
        all_of(&self.phrases)
    }

    /// The expression that finds these words where they may be read.
    pub(super) fn expression_within(&self, scope: &Scope) -> String {
        scope.with(&self.phrases).join(" AND ")
    }

    /// With beginnings among the words, expressions that find these messages and others, without
    /// collecting all that has a beginning: of the other words, where they may be read; then, if there
    /// are several beginnings, of the longest of them too, as the rarest. Without, none.
    pub(super) fn narrowings_within(&self, scope: &Scope) -> Vec<String> {
        let (beginnings, whole): (Vec<_>, Vec<_>) =
            self.phrases.iter().partition(|phrase| phrase.is_prefix);
        let longest = beginnings.iter().max_by_key(|phrase| phrase.text.len());
        let Some(longest) = longest else {
            return Vec::new();
        };
        let mut narrowings = vec![scope.with(whole.iter().copied())];
        if beginnings.len() > 1 {
            narrowings.push(scope.with(whole.into_iter().chain([*longest])));
        }
        narrowings.retain(|terms| !terms.is_empty());
        narrowings.iter().map(|terms| terms.join(" AND ")).collect()
    }
}

/// Where the index itself is asked to look.
#[derive(Debug)]
pub(super) struct Scope {
    /// In one of these conversations; in any, when there is none.
    pub(super) conversations: Vec<ConversationId>,
    /// Among what this account wrote.
    pub(super) author: Option<AccountId>,
}

impl Scope {
    /// What all must hold, for these phrases to be found there.
    fn with<'a>(&self, phrases: impl IntoIterator<Item = &'a Phrase>) -> Vec<String> {
        let words = all_of(phrases);
        let words = (!words.is_empty()).then(|| format!("text : ({words})"));
        let places: Vec<_> = (self.conversations.iter().map(|id| format!("c{id}"))).collect();
        let places = (!places.is_empty()).then(|| format!("scope : ({})", places.join(" OR ")));
        let author = self.author.map(|author| format!("scope : a{author}"));
        words.into_iter().chain(places).chain(author).collect()
    }
}

impl Phrase {
    fn expression(&self) -> String {
        let quoted = self.text.replace('"', " ");
        let star = if self.is_prefix { " *" } else { "" };
        format!("\"{quoted}\"{star}")
    }
}

fn all_of<'a>(phrases: impl IntoIterator<Item = &'a Phrase>) -> String {
    let phrases: Vec<_> = phrases.into_iter().map(Phrase::expression).collect();
    phrases.join(" AND ")
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
    fn beginnings_come_last_and_the_longest_before_the_others() {
        let everywhere = Scope {
            conversations: Vec::new(),
            author: None,
        };
        let here = Scope {
            conversations: vec![ConversationId::new(1), ConversationId::new(2)],
            author: Some(AccountId::new(3)),
        };
        let place = "scope : (c1 OR c2) AND scope : a3";
        let whole = r#"text : ("one")"#;
        for (typed, scope, narrowings) in [
            ("one", &here, vec![]),
            ("wor*", &everywhere, vec![]),
            ("wor*", &here, vec![place.to_owned()]),
            ("wor* one", &everywhere, vec![whole.to_owned()]),
            ("wor* one", &here, vec![format!("{whole} AND {place}")]),
            (
                "b* wor* c*",
                &everywhere,
                vec![r#"text : ("wor" *)"#.to_owned()],
            ),
            (
                "b* wor* one",
                &here,
                vec![
                    format!("{whole} AND {place}"),
                    format!(r#"text : ("one" AND "wor" *) AND {place}"#),
                ],
            ),
        ] {
            let words = Words::parse(typed).unwrap();
            assert_eq!(words.narrowings_within(scope), narrowings, "{typed}");
        }
    }

    #[test]
    fn without_a_word_there_is_nothing_to_look_for() {
        for typed in ["", "  ", "*", "- +", r#"""#, r#""" "#, "()"] {
            assert_eq!(Words::parse(typed), None, "{typed}");
        }
    }
}
