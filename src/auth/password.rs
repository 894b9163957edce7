//! What a password is, and which ones may be chosen.
//!
//! A [`Password`] exists only if it is short enough to be hashed, and always in one spelling, so
//! that nothing further in looks at its length or its form again. Whether one is good enough to be
//! chosen is asked once, when it is chosen: a password that was taken stays good.

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;
use zxcvbn::{Score, zxcvbn};

use crate::model::UserName;

/// The longest password, in bytes: a page of text, and far from a load for whoever hashes it.
pub const PASSWORD_MAX: usize = 1024;
/// The least any configuration may ask for, in characters (NIST SP 800-63B).
pub const PASSWORD_FLOOR: usize = 8;

/// Below this estimate a password falls to somebody who has stolen the user table.
const LEAST_SCORE: Score = Score::Three;

/// How many characters are estimated: first a few, more only if those do not suffice. A password is
/// at least as hard to guess as its beginning, and estimating takes much longer for long ones.
const ESTIMATED: [usize; 3] = [16, 32, 64];

/// Why a password was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordRefusal {
    /// Refused before anything is done with it.
    #[error("the password is longer than {PASSWORD_MAX} bytes")]
    TooLong,
    /// Too few characters.
    #[error("the password is shorter than {least} characters")]
    TooShort {
        /// How many it must have.
        least: usize,
    },
    /// A list, a pattern or the user's own name gives it away.
    #[error("the password is too easy to guess: {why}")]
    Guessable {
        /// What gives it away, and what would help.
        why: String,
    },
}

/// A password as somebody typed it, in one spelling (RFC 8265, `OpaqueString`).
///
/// Nothing is cut off, no character is forbidden. Wiped from memory when dropped, never printed.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// Takes what was typed: spaces of every kind become the plain one, composed and decomposed
    /// letters become the same (NFC).
    ///
    /// # Errors
    ///
    /// [`PasswordRefusal::TooLong`] when it has more than [`PASSWORD_MAX`] bytes.
    pub fn new(typed: String) -> Result<Self, PasswordRefusal> {
        let typed = Zeroizing::new(typed);
        if typed.len() > PASSWORD_MAX {
            return Err(PasswordRefusal::TooLong);
        }
        // Composed or not, no text grows to more than three times its bytes, so the copy is never
        // moved, which would leave a part of it behind in freed memory.
        let mut spelled = Zeroizing::new(String::with_capacity(3 * typed.len()));
        spelled.extend(typed.chars().map(plain_space).nfc());
        Ok(Self(spelled))
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// The separators of Unicode (category Zs) that are not the plain space.
const fn plain_space(c: char) -> char {
    match c {
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => {
            ' '
        }
        _ => c,
    }
}

/// Which passwords may be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordPolicy {
    least: usize,
}

impl PasswordPolicy {
    /// Asks for at least that many characters, and never for fewer than [`PASSWORD_FLOOR`].
    #[must_use]
    pub const fn new(least: usize) -> Self {
        Self {
            least: if least > PASSWORD_FLOOR {
                least
            } else {
                PASSWORD_FLOOR
            },
        }
    }

    /// Says whether `name` may choose this password. Takes milliseconds, and for one made to take
    /// long a fraction of a second.
    ///
    /// # Errors
    ///
    /// When it is too short, or an attacker who knows the lists of common passwords, the usual
    /// patterns, the user's name and what this service is called would guess it.
    pub fn check(self, name: &UserName, password: &Password) -> Result<(), PasswordRefusal> {
        if password.0.chars().count() < self.least {
            return Err(PasswordRefusal::TooShort { least: self.least });
        }
        let mut why = String::new();
        for length in ESTIMATED {
            let beginning = first_chars(&password.0, length);
            let estimate = zxcvbn(beginning, &[name.as_str(), "netcomm"]);
            if estimate.score() >= LEAST_SCORE {
                return Ok(());
            }
            why = reason(&estimate);
            if beginning.len() == password.0.len() {
                break;
            }
        }
        Err(PasswordRefusal::Guessable { why })
    }
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self::new(PASSWORD_FLOOR)
    }
}

fn first_chars(text: &str, count: usize) -> &str {
    text.char_indices()
        .nth(count)
        .and_then(|(end, _)| text.get(..end))
        .unwrap_or(text)
}

/// The library's advice, in the form our messages have.
fn reason(estimate: &zxcvbn::Entropy) -> String {
    let feedback = estimate.feedback();
    let warning = feedback.and_then(|feedback| feedback.warning());
    let advice = feedback.and_then(|feedback| feedback.suggestions().first());
    let parts: Vec<_> = [
        warning.map(|warning| warning.to_string()),
        advice.map(|advice| advice.to_string()),
    ]
    .into_iter()
    .flatten()
    .map(|sentence| in_our_form(&sentence))
    .collect();
    if parts.is_empty() {
        return "use a few uncommon words".to_owned();
    }
    parts.join("; ")
}

fn in_our_form(sentence: &str) -> String {
    let mut chars = sentence.trim_end_matches('.').chars();
    let first = chars.next().map(|c| c.to_lowercase().to_string());
    first.unwrap_or_default() + chars.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(typed: &str) -> Password {
        Password::new(typed.to_owned()).unwrap()
    }

    fn chosen_by_alice(typed: &str) -> Result<(), PasswordRefusal> {
        let alice = UserName::parse("alice-liddell").unwrap();
        PasswordPolicy::default().check(&alice, &password(typed))
    }

    #[test]
    fn good_passwords_are_taken_whatever_they_are_made_of() {
        let four_byte: String = (0..64)
            .map(|i| char::from_u32(0x1f300 + i * i % 509).unwrap())
            .collect();
        let long: String = ('!'..='~').cycle().step_by(7).take(PASSWORD_MAX).collect();
        for good in [
            "correct horse battery staple",
            "kV9#tqLw2!",
            "żółta łódź podwodna",
            "tab\tand\nnewline and \0 too",
            "パスワードではない何か",
            &four_byte,
            &long,
        ] {
            assert_eq!(chosen_by_alice(good), Ok(()), "{good:?}");
        }
    }

    #[test]
    fn common_patterned_and_contextual_passwords_are_refused_with_a_reason() {
        for bad in [
            "password",
            "password1",
            "12345678",
            "qwertyuiop",
            "iloveyou",
            "sunshine1",
            "trustno1",
            "letmein123",
            "aaaaaaaaaaaaaaaaaaaaaaaa",
            "abcabcabcabcabcabc",
            "P@ssw0rd",
            "1qaz2wsx",
            "superman2026",
            "alice-liddell",
            "Alice-Liddell1",
            "lleddil-ecila",
            "netcomm2026",
            "netcomm2026!",
            "netcommnetcomm",
            "19840112",
        ] {
            match chosen_by_alice(bad) {
                Err(PasswordRefusal::Guessable { why }) => {
                    assert!(!why.is_empty() && !why.ends_with('.'), "{bad}: {why}");
                }
                other => panic!("{bad}: {other:?}"),
            }
        }
    }

    #[test]
    fn the_reason_reads_like_our_other_messages() {
        assert_eq!(
            chosen_by_alice("password").unwrap_err().to_string(),
            "the password is too easy to guess: this is a top-10 common password; \
             add another word or two. Uncommon words are better"
        );
    }

    #[test]
    fn length_counts_characters_at_the_bottom_and_bytes_at_the_top() {
        let short = PasswordRefusal::TooShort { least: 8 };
        assert_eq!(chosen_by_alice("kV9#tqL"), Err(short.clone()));
        assert_eq!(chosen_by_alice("ééééééé"), Err(short));
        assert!(Password::new("x".repeat(PASSWORD_MAX)).is_ok());
        for long in ["x".repeat(PASSWORD_MAX + 1), "x".repeat(1024 * 1024)] {
            assert_eq!(Password::new(long).unwrap_err(), PasswordRefusal::TooLong);
        }
    }

    #[test]
    fn no_configuration_goes_below_the_floor() {
        assert_eq!(PasswordPolicy::new(0), PasswordPolicy::default());
        let fifteen = PasswordPolicy::new(15);
        let name = UserName::parse("alice").unwrap();
        assert_eq!(
            fifteen.check(&name, &password("kV9#tqLw2!xx")),
            Err(PasswordRefusal::TooShort { least: 15 })
        );
    }

    #[test]
    fn one_password_typed_on_two_keyboards_is_one_password() {
        for (one, other) in [
            ("caf\u{e9} au lait", "cafe\u{301} au lait"),
            ("a\u{3000}b", "a b"),
            ("a\u{a0}b", "a b"),
            ("\u{212b}", "\u{c5}"),
        ] {
            assert_eq!(password(one).as_bytes(), password(other).as_bytes());
        }
        assert_ne!(password("Case").as_bytes(), password("case").as_bytes());
        assert_ne!(password("ﬁ").as_bytes(), password("fi").as_bytes());
    }

    #[test]
    fn a_password_is_never_printed() {
        assert_eq!(format!("{:?}", password("hunter2 hunter2")), "Password(…)");
    }
}
