//! Whom a text calls.

use crate::model::UserName;

/// The names a text calls: `@user`, each once in the order they come, and `@here`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Names that could be a user's; whether there is such a user is the caller's to find out.
    pub users: Vec<UserName>,
    /// Whether everybody online is called.
    pub here: bool,
}

/// Finds whom a text calls. An `@` counts where a word could begin, so no mail address calls anybody.
#[must_use]
pub fn named_in(text: &str) -> Named {
    let mut named = Named::default();
    for (at, mark) in text.match_indices('@') {
        let (before, word) = text.split_at(at);
        if !before.ends_with(char::is_alphanumeric) {
            let word = word.strip_prefix(mark).unwrap_or(word);
            let end = word.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-'));
            let word = end.map_or(word, |end| word.get(..end).unwrap_or_default());
            if word.eq_ignore_ascii_case("here") {
                named.here = true;
            } else if let Ok(user) = UserName::parse(word)
                && !named.users.contains(&user)
            {
                named.users.push(user);
            }
        }
    }
    named
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> (Vec<String>, bool) {
        let named = named_in(text);
        (
            named.users.iter().map(ToString::to_string).collect(),
            named.here,
        )
    }

    #[test]
    fn a_name_after_an_at_sign_is_called_once() {
        assert_eq!(names("@bob and @Carol, @BOB: look").0, ["bob", "Carol"]);
        assert_eq!(names("(@bob)").0, ["bob"]);
        assert_eq!(names("@here now"), (vec![], true));
    }

    #[test]
    fn what_is_no_name_calls_nobody() {
        for text in ["mail bob@example.org", "@", "@ bob", "@1st", "@@", "@ü"] {
            assert_eq!(names(text), (vec![], false), "{text:?}");
        }
    }
}
