//! What is no request, and how it is refused.

use proptest::prelude::*;

use super::{
    reading::{ID_RULE, TYPE_RULE},
    *,
};

fn refusal(line: &str) -> (Option<u64>, Code, String) {
    let malformed = Request::parse(line.as_bytes()).unwrap_err();
    (malformed.id, malformed.code, malformed.text)
}

#[test]
fn a_line_that_is_no_json_object_is_a_bad_frame() {
    for line in ["", "GET / HTTP/1.1", "[]", "1", "{", "\u{feff}{}"] {
        assert_eq!(refusal(line).1, Code::BadFrame, "{line:?}");
    }
    assert_eq!(
        Request::parse(b"{\"a\":\"\xff\"}").unwrap_err().code,
        Code::BadFrame
    );
    assert_eq!(refusal(&"[".repeat(100_000)).1, Code::BadFrame);
}

#[test]
fn a_refused_field_is_named_and_the_request_answered_by_its_id() {
    let (id, code, text) = refusal(r##"{"type":"join","id":7,"room":"#a b"}"##);
    assert_eq!((id, code), (Some(7), Code::BadRequest));
    assert!(text.starts_with("a room name is"), "{text}");
    let (id, _, text) = refusal(r#"{"type":"join","id":7}"#);
    assert_eq!((id, text.as_str()), (Some(7), "missing field `room`"));
}

#[test]
fn an_unknown_type_is_answered_by_its_id() {
    assert_eq!(refusal(r#"{"type":"dance","id":3}"#).0, Some(3));
    assert_eq!(refusal(r#"{"type":"dance","id":3}"#).1, Code::UnknownType);
}

#[test]
fn a_key_that_stands_twice_is_refused() {
    let (id, code, text) =
        refusal(r##"{"type":"topic","id":1,"room":"#a","topic":"x","topic":"y"}"##);
    assert_eq!(
        (id, code, text.as_str()),
        (None, Code::BadFrame, "the key \"topic\" stands twice")
    );
}

#[test]
fn a_cursor_that_stands_twice_is_refused() {
    for (word, field) in [
        ("resume", r#""token":"t""#),
        ("login", r#""user":"a","password":"p""#),
    ] {
        let line = format!(r#"{{"type":"{word}","id":1,{field},"cursors":{{"*":1,"*":2}}}}"#);
        let why = "the key \"*\" stands twice in 'cursors'";
        assert_eq!(refusal(&line), (Some(1), Code::BadRequest, why.to_owned()));
        let line = line.replace(r#""*":2"#, r##""#a":2"##);
        assert!(Request::parse(line.as_bytes()).is_ok(), "{line}");
    }
}

#[test]
fn what_cannot_be_answered_by_its_id_is_a_bad_frame() {
    for (line, why) in [
        (r#"{"type":"ping"}"#, "the request has no 'id'"),
        (r#"{"type":"ping","id":"1"}"#, ID_RULE),
        (r#"{"type":"ping","id":null}"#, ID_RULE),
        (r#"{"type":7,"id":1}"#, TYPE_RULE),
    ] {
        assert_eq!(refusal(line), (None, Code::BadFrame, why.to_owned()));
    }
    assert_eq!(refusal(r#"{"id":1}"#).0, Some(1));
    assert!(Request::parse(br#"{"type":"pong"}"#).is_ok());
}

#[test]
fn another_version_is_refused_and_this_one_may_be_named() {
    let (id, code, text) = refusal(r#"{"type":"ping","id":3,"protocol":2}"#);
    assert_eq!((id, code), (Some(3), Code::UnknownVersion));
    assert_eq!(text, "this server speaks version 1 of the protocol");
    assert!(Request::parse(br#"{"type":"ping","id":3,"protocol":1}"#).is_ok());
}

#[test]
fn unknown_fields_are_ignored_however_deep() {
    let nested = format!(
        "{}{}",
        "{\"a\":".repeat(10_000),
        "1".to_owned() + &"}".repeat(10_000)
    );
    let line = format!(r#"{{"type":"ping","id":1,"admin":true,"x":{nested}}}"#);
    assert!(Request::parse(line.as_bytes()).is_ok());
}

#[test]
fn numbers_are_exact_or_refused() {
    for id in ["1e309", "-0", "0.1", "18446744073709551616", "NaN", "\"1\""] {
        let line = format!(r#"{{"type":"ping","id":{id}}}"#);
        assert!(Request::parse(line.as_bytes()).is_err(), "{id}");
    }
    let line = format!(r#"{{"type":"ping","id":{}}}"#, (1_u64 << 53) + 1);
    assert_eq!(Request::parse(line.as_bytes()).unwrap().id, (1 << 53) + 1);
}

#[test]
fn a_secret_is_never_shown() {
    let line = br#"{"type":"login","id":1,"user":"alice","password":"hunter2"}"#;
    assert!(!format!("{:?}", Request::parse(line).unwrap()).contains("hunter2"));
}

#[test]
fn a_request_that_says_what_it_is_first_is_read_at_once_and_another_one_all_the_same() {
    let fields = [r#""to":"*""#, r#""text":"hi""#, r#""message":"m1""#].join(",");
    for (line, first) in [
        (format!(r#"{{"id":1,"type":"send",{fields}}}"#), true),
        (format!(r#"{{"type":"send",{fields},"id":1}}"#), true),
        (format!(r#"{{{fields},"id":1,"type":"send"}}"#), false),
    ] {
        assert_eq!(at_once(&line).is_some(), first, "{line}");
        let request = Request::parse(line.as_bytes());
        assert!(matches!(request, Ok(Request { id: 1, .. })), "{line}");
    }
}

/// Fields of requests, good and bad, and of none.
#[rustfmt::skip]
const FIELDS: &[&str] = &[
    r#""id":1"#, r#""id":"1""#, r#""type":"pong""#, r#""type":"send""#, r#""type":"edit""#,
    r#""typ\u0065":"send""#, r#""type":"dance""#, r#""protocol":1"#, r#""protocol":2"#,
    r#""to":"*""#, r#""to":"nowhere""#, r#""in":"*""#, r#""seq":3"#, r#""text":"hi""#,
    r#""text":"\ud800""#, r#""message":"m1""#, r#""message":null"#, r#""\u006dessage":"m2""#,
    r#""x":1e400"#, r#""x":{"id":2,"id":3}"#, r#""y":["\ud800"]"#, r#""z":nothing"#,
];

proptest! {
    #[test]
    fn what_is_read_at_once_is_what_is_read_step_by_step(
        mut fields in proptest::sample::subsequence(FIELDS, 1..8).prop_shuffle(),
        is_usual in any::<bool>(),
    ) {
        if is_usual {
            fields.splice(0..0, [r#""id":1"#, r#""type":"send""#, r#""to":"*""#, r#""text":"hi""#]);
        }
        let line = format!("{{{}}}", fields.join(","));
        if let Some(request) = at_once(&line) {
            prop_assert_eq!(step_by_step(&line), Ok(request), "{}", line);
        }
    }

    #[test]
    fn no_line_makes_the_parser_panic(line in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _answer = Request::parse(&line);
    }
}
