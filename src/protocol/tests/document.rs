//! `docs/protocol.md` says what the code does: its examples are read, and it leaves nothing out.

use super::{codes, entry_kinds, frame_types};
use crate::protocol::{Frame, Request, Verb};

fn document() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/protocol.md");
    std::fs::read_to_string(path).unwrap()
}

/// The frames shown, with where they stand and whether a client says them (marked `> `).
fn shown(document: &str) -> impl Iterator<Item = (usize, &str, bool)> {
    let numbered = (1..).zip(document.lines());
    numbered.filter_map(|(number, line)| {
        let (frame, is_request) = match line.strip_prefix("> ") {
            Some(request) => (request, true),
            None => (line, false),
        };
        frame
            .starts_with('{')
            .then_some((number, frame, is_request))
    })
}

#[test]
fn every_frame_shown_is_one() {
    for (number, line, is_request) in shown(&document()) {
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
    let document = document();
    let is_shown = |word: &str, is_request: bool| {
        let start = format!(r#"{{"type":"{word}""#);
        shown(&document).any(|(_, line, said)| said == is_request && line.starts_with(&start))
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
    let document = document();
    let rows: Vec<_> = document
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
fn the_table_of_errors_has_every_code_once_and_no_other() {
    let document = document();
    let table = document.split("\n## Errors").nth(1).unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `"));
    let mut listed: Vec<_> = rows.filter_map(|row| row.split('`').next()).collect();
    listed.retain(|word| *word != "code");
    listed.sort_unstable();
    let mut known = codes();
    known.sort_unstable();
    assert_eq!(listed, known);
}
