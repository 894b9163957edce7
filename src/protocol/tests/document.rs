//! `docs/protocol.md` says what the code does: its examples are read, and it leaves nothing out.

use super::{codes, entry_kinds, frame_types};
use crate::protocol::{Frame, Request, Verb};

const DOCUMENT: &str = include_str!("../../../docs/protocol.md");

/// The frames shown, with where they stand: what a client says (marked `> `) and what a server says.
fn shown() -> impl Iterator<Item = (usize, &'static str, bool)> {
    let numbered = DOCUMENT.lines().enumerate();
    numbered.filter_map(|(number, line)| {
        let (frame, is_request) = match line.strip_prefix("> ") {
            Some(request) => (request, true),
            None => (line, false),
        };
        frame
            .starts_with('{')
            .then_some((number + 1, frame, is_request))
    })
}

#[test]
fn every_frame_shown_is_one() {
    for (number, line, is_request) in shown() {
        if is_request {
            let request = Request::parse(line.as_bytes());
            assert!(request.is_ok(), "line {number}: {request:?}");
        } else {
            let frame = Frame::parse(line.as_bytes());
            assert!(matches!(frame, Ok(Some(_))), "line {number}: {frame:?}");
            let mut again = Vec::new();
            frame.unwrap().unwrap().encode(&mut again);
            let again = String::from_utf8(again).unwrap();
            assert_eq!(
                again.trim_end(),
                line,
                "line {number} is not what a server writes"
            );
        }
    }
}

#[test]
fn every_request_and_every_frame_is_shown() {
    let is_shown = |word: &str, is_request: bool| {
        let start = format!(r#"{{"type":"{word}""#);
        shown().any(|(_, line, said)| said == is_request && line.starts_with(&start))
    };
    for word in Verb::WORDS {
        assert!(is_shown(word, true), "request {word}");
    }
    for word in frame_types() {
        assert!(is_shown(&word, false), "frame {word}");
    }
}

#[test]
fn every_word_has_its_row() {
    let rows: Vec<_> = DOCUMENT
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" | ").next())
        .collect();
    let has_row = |word: &str| rows.iter().any(|row| row.contains(&format!("`{word}`")));
    let requests = Verb::WORDS.iter().map(|word| (*word).to_owned());
    for word in requests
        .chain(frame_types())
        .chain(entry_kinds())
        .chain(codes())
    {
        assert!(has_row(&word), "{word}");
    }
}

#[test]
fn whether_a_code_ends_the_connection_is_said_of_each() {
    let table = DOCUMENT.split("\n## Errors").nth(1).unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    let coded: Vec<_> = rows
        .map(|row| row.split('`').nth(1).unwrap_or_default())
        .collect();
    let mut said: Vec<_> = coded.iter().map(ToString::to_string).collect();
    let mut known = codes();
    said.retain(|word| word != "code");
    said.sort_unstable();
    known.sort_unstable();
    assert_eq!(said, known);
}
