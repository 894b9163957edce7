//! What others write, on its way to the terminal: nothing in it can drive the terminal.

#![no_main]

use libfuzzer_sys::fuzz_target;
use netcomm::client::sanitize;

/// What changes the direction of writing, and line ends that are no newline.
const TURNING: &[char] = &[
    '\u{61c}', '\u{200e}', '\u{200f}', '\u{2028}', '\u{2029}', '\u{202a}', '\u{202b}', '\u{202c}',
    '\u{202d}', '\u{202e}', '\u{2066}', '\u{2067}', '\u{2068}', '\u{2069}',
];

fuzz_target!(|text: &str| {
    check(&sanitize::line(text));
    assert_eq!(sanitize::lines(text).count(), text.split('\n').count());
    for line in sanitize::lines(text) {
        check(&line);
    }
});

fn check(shown: &str) {
    assert!(
        !shown.contains(char::is_control),
        "a control character in {shown:?}"
    );
    assert!(
        !shown.contains(TURNING),
        "a change of direction in {shown:?}"
    );
}
