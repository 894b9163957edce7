//! What peers and servers write, made safe to show on a terminal.
//!
//! Promises: the output holds no control character, nothing that changes the direction of writing
//! and nothing invisible; it is one line, and stays within its own columns. What is taken out leaves
//! a mark, so that nobody is fooled by what is not there. Knows nothing of screens.

use unicode_normalization::char::is_combining_mark;

/// What stands where invisible characters were taken out: one for a run of them.
const TAKEN_OUT: char = '\u{fffd}';
/// What carries a combining mark that has no letter of its own.
const CARRIER: char = '\u{25cc}';
/// Marks on one letter; the richest scripts stack four, everything above is decoration or attack.
const MARKS_MAX: usize = 4;
/// What a tab becomes: its real width would depend on the column it lands in.
const TAB: &str = "    ";

/// Makes one line of it: newlines are shown as `⏎`.
#[must_use]
pub fn line(text: &str) -> String {
    text.split('\n').map(clean).collect::<Vec<_>>().join("⏎")
}

/// The lines of a text, each safe to show. The caller sets them apart from what it writes itself.
pub fn lines(text: &str) -> impl Iterator<Item = String> {
    text.split('\n').map(clean)
}

fn clean(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut marks = 0;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let fate = fate(shown.chars().next_back(), c, rest.peek().copied());
        if is_combining_mark(c) && fate == Fate::Show {
            marks += 1;
            if shown.is_empty() {
                shown.push(CARRIER);
            }
            if marks > MARKS_MAX {
                continue;
            }
        } else if !is_joiner(c) {
            marks = 0;
        }
        match fate {
            Fate::Show => shown.push(c),
            Fate::Tab => shown.push_str(TAB),
            Fate::Picture(picture) => shown.push(picture),
            Fate::TakeOut if shown.ends_with(TAKEN_OUT) => {}
            Fate::TakeOut => shown.push(TAKEN_OUT),
        }
    }
    shown
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Show,
    Tab,
    Picture(char),
    TakeOut,
}

fn fate(before: Option<char>, c: char, after: Option<char>) -> Fate {
    match c {
        '\t' => Fate::Tab,
        '\0'..='\u{1f}' => Fate::Picture(picture(c)),
        '\u{7f}' => Fate::Picture('␡'),
        '\u{200c}' | '\u{200d}' if joins(before, after) => Fate::Show,
        '\u{fe0e}' | '\u{fe0f}' if before.is_some_and(takes_presentation) => Fate::Show,
        _ if is_invisible(c) => Fate::TakeOut,
        _ => Fate::Show,
    }
}

/// The Unicode picture of a C0 control: `␛` for ESC.
fn picture(control: char) -> char {
    char::from_u32(0x2400 + u32::from(control)).unwrap_or(TAKEN_OUT)
}

fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe0e}' | '\u{fe0f}')
}

/// C1 controls, direction marks, overrides and isolates, zero-width and filler characters, line
/// separators, variation selectors, tags, and what renders as nothing at all.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{80}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}'
        | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

/// A joiner is needed within emoji and within the scripts whose letters join, and nowhere else.
fn joins(before: Option<char>, after: Option<char>) -> bool {
    let (Some(before), Some(after)) = (before, after) else {
        return false;
    };
    let in_emoji = (is_pictograph(before) || before == '\u{fe0f}') && is_pictograph(after);
    in_emoji || (is_joining_letter(before) && is_joining_letter(after))
}

fn takes_presentation(c: char) -> bool {
    is_pictograph(c)
        || c.is_ascii_digit()
        || c == '#'
        || c == '*'
        || ('\u{a9}'..='\u{ae}').contains(&c)
}

fn is_pictograph(c: char) -> bool {
    matches!(c, '\u{203c}'..='\u{3299}' | '\u{1f000}'..='\u{1faff}') && !is_invisible(c)
}

/// From Arabic to the last of the Indic scripts.
fn is_joining_letter(c: char) -> bool {
    matches!(c, '\u{620}'..='\u{dff}' | '\u{1780}'..='\u{17ff}' | '\u{1800}'..='\u{18af}')
        && (c.is_alphabetic() || is_combining_mark(c))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_would_drive_the_terminal_is_shown_instead() {
        let table = [
            ("\u{1b}[2J", "␛[2J"),
            ("\u{1b}]52;c;aGk=\u{7}", "␛]52;c;aGk=␇"),
            ("\u{1b}]0;title\u{1b}\\", "␛]0;title␛\\"),
            ("\u{1b}Pq\u{9c}", "␛Pq\u{fffd}"),
            ("\u{9b}31m", "\u{fffd}31m"),
            ("over\rwritten", "over␍written"),
            ("back\u{8}\u{7f}", "back␈␡"),
            ("nul\0", "nul␀"),
            ("a\tb", "a    b"),
        ];
        for (hostile, shown) in table {
            assert_eq!(line(hostile), shown, "{hostile:?}");
        }
    }

    #[test]
    fn what_is_invisible_or_turns_the_line_around_leaves_one_mark() {
        let table = [
            ("a\u{202e}b\u{2066}\u{2069}c", "a\u{fffd}b\u{fffd}c"),
            ("\u{200e}\u{200f}\u{61c}x", "\u{fffd}x"),
            ("zero\u{200b}\u{feff}width", "zero\u{fffd}width"),
            ("tags\u{e0041}\u{e0042}\u{e007f}", "tags\u{fffd}"),
            ("line\u{2028}separator", "line\u{fffd}separator"),
            ("alice\u{200d}bob", "alice\u{fffd}bob"),
            ("x\u{fe0f}", "x\u{fffd}"),
        ];
        for (hostile, shown) in table {
            assert_eq!(line(hostile), shown, "{hostile:?}");
        }
    }

    #[test]
    fn what_people_really_write_stays_as_it_is() {
        for honest in [
            "naïve",
            "日本語",
            "👨‍👩‍👧‍👦",
            "❤️",
            "1️⃣",
            "🇩🇪",
            "می‌خواهم",
            "שלום",
            "नमस्ते",
        ] {
            assert_eq!(line(honest), honest);
        }
    }

    #[test]
    fn a_pile_of_marks_is_cut_and_a_mark_without_a_letter_gets_its_own() {
        let pile = format!("a{}b", "\u{301}".repeat(500));
        assert_eq!(line(&pile), format!("a{}b", "\u{301}".repeat(MARKS_MAX)));
        assert_eq!(line("\u{301}x"), "\u{25cc}\u{301}x");
    }

    #[test]
    fn a_text_of_several_lines_gives_as_many() {
        assert_eq!(lines("a\nb\u{1b}\n").collect::<Vec<_>>(), ["a", "b␛", ""]);
        assert_eq!(line("a\nb"), "a⏎b");
    }

    proptest! {
        #[test]
        fn no_input_gets_a_control_or_direction_character_through(
            text in proptest::collection::vec(prop_oneof![
                any::<char>(),
                (0_u32..0x300).prop_map(|n| char::from_u32(n).unwrap()),
                (0x2000_u32..0x2070).prop_map(|n| char::from_u32(n).unwrap()),
            ], 0..100).prop_map(String::from_iter),
        ) {
            let shown = line(&text);
            let bad = |c: char| c.is_control()
                || matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            prop_assert!(!shown.contains(bad), "{shown:?}");
            prop_assert!(!shown.chars().next().is_some_and(is_combining_mark));
            prop_assert_eq!(line(&shown), shown);
        }
    }
}
