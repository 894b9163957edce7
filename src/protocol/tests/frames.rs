//! Every frame of a server: each type, each kind of entry, each form of answer, each code.

use super::{codes, entry_kinds, frame_types};
use crate::protocol::Frame;

#[rustfmt::skip]
const FRAMES: &[(&str, &str)] = &[
    ("hello", r#"{"type":"hello","protocol":1,"software":"netcomm 0.1.0","name":"NetComm","registration":"open","at":1795403451762,"limits":{"frame":65536,"frame_before_login":4096,"text":16384,"history_page":200,"backlog":500}}"#),
    ("error", r#"{"type":"error","id":1,"code":"not_found","text":"there is no such user"}"#),
    ("error with a time", r#"{"type":"error","id":1,"code":"slow_down","text":"slow mode: you can write here again in 3 s","retry_ms":2900}"#),
    ("error that ends the connection", r#"{"type":"error","code":"timeout","text":"you did not log in in time"}"#),
    ("past", r#"{"type":"past","id":4,"in":"*","seq":1,"at":1795403451762,"by":"alice","message":"m1","kind":"posted","text":"hi"}"#),
    ("hit", r##"{"type":"hit","id":4,"in":"#ops","seq":9,"at":1795403451762,"by":"alice","text":"green tea","marks":[[0,5],[6,3]]}"##),
    ("gap", r#"{"type":"gap","in":"*","from":3,"to":812}"#),
    ("conversation", r#"{"type":"conversation","in":"@bob","head":12,"start":1,"read":10,"unread":2,"mentions":0}"#),
    ("conversation with everything", r##"{"type":"conversation","in":"#fire","was":"#ops","head":12,"start":3,"role":"owner","topic":"tea","visibility":"private","read":10,"unread":2,"mentions":1,"silent":true,"archived":true}"##),
    ("invited", r##"{"type":"invited","room":"#ops","by":"bob"}"##),
    ("invited by somebody", r##"{"type":"invited","room":"#ops"}"##),
    ("current", r#"{"type":"current"}"#),
    ("read", r#"{"type":"read","in":"@bob","read":12,"unread":0,"mentions":0}"#),
    ("presence", r#"{"type":"presence","user":"bob","online":false}"#),
    ("presence of one who is away", r#"{"type":"presence","user":"bob","online":true,"away":"at lunch"}"#),
    ("typing", r#"{"type":"typing","in":"@bob","by":"bob"}"#),
    ("ping", r#"{"type":"ping"}"#),
    ("going_away", r#"{"type":"going_away","retry_ms":1500}"#),
    ("notice", r#"{"type":"notice","text":"your account has logged in from another device: phone"}"#),
];

#[rustfmt::skip]
const ANSWERS: &[(&str, &str)] = &[
    ("done", r#"{"type":"ok","id":1}"#),
    ("an entry was added", r##"{"type":"ok","id":1,"in":"#ops","seq":3,"at":1795403451762}"##),
    ("registered", r#"{"type":"ok","id":1,"welcome":{"user":"alice","role":"owner","session":1,"token":"LTytL-HLrN10VjjHI884r5iQKp0HgO5cIfS-Y7W2UvU"}}"#),
    ("logged in", r#"{"type":"ok","id":1,"welcome":{"user":"alice","role":"member","session":2,"token":"LTytL-HLrN10VjjHI884r5iQKp0HgO5cIfS-Y7W2UvU","failed_logins":3}}"#),
    ("resumed", r#"{"type":"ok","id":1,"welcome":{"user":"alice","role":"admin","session":2}}"#),
    ("history", r#"{"type":"ok","id":1,"history":{"count":50,"start":1,"head":90,"more":true}}"#),
    ("search", r#"{"type":"ok","id":1,"next":2}"#),
    ("rooms", r##"{"type":"ok","id":1,"rooms":[{"room":"#ops","topic":"","visibility":"public","members":2,"joined":true}],"more":false}"##),
    ("members", r#"{"type":"ok","id":1,"members":[{"user":"alice","role":"owner","online":true}],"more":true}"#),
    ("blocks", r#"{"type":"ok","id":1,"users":[{"user":"bob"}]}"#),
    ("online", r#"{"type":"ok","id":1,"users":[{"user":"alice"},{"user":"bob","away":"at lunch"}],"more":false}"#),
    ("sessions", r#"{"type":"ok","id":1,"sessions":[{"session":2,"device":"laptop","created":1795403450949,"last_used":1795403736530,"this":true,"online":true}]}"#),
    ("read", r#"{"type":"ok","id":1,"read":{"in":"@bob","read":12,"unread":0,"mentions":0}}"#),
    ("offer", r#"{"type":"ok","id":1,"link":"netcomm://127.0.0.1:44444/#v1.JuCb1PWJ2wMSbqyW0jlk89taE5vsub4_siHWFVKZ5Zk.4W4KRVplczROGJFeCn5gYg"}"#),
];

/// What follows `"by":"alice"` in an entry.
#[rustfmt::skip]
const ENTRIES: &[(&str, &str)] = &[
    ("created", r##""room":"#ops","visibility":"public""##),
    ("posted", r#""text":"hi""#),
    ("posted", r#""text":"waves","action":true,"reply_to":2,"mentions":["bob","carol"],"here":true"#),
    ("posted", r#""text":"hello","edited":1795403743430,"reactions":[{"emoji":"👍","count":12,"users":["bob"]}]"#),
    ("posted", r#""deleted":true"#),
    ("edited", r#""target":4,"text":"hello""#),
    ("edited", r#""target":4"#),
    ("deleted", r#""target":4"#),
    ("reacted", r#""target":4,"emoji":"👍""#),
    ("unreacted", r#""target":4,"emoji":"👍""#),
    ("joined", ""),
    ("left", ""),
    ("invited", r#""user":"bob""#),
    ("topic", r#""topic":"tea""#),
    ("role", r#""user":"bob","role":"moderator""#),
    ("kicked", r#""user":"bob","reason":"""#),
    ("banned", r#""user":"bob","reason":"enough""#),
    ("banned", r#""user":"bob","reason":"enough","until":1795403743430"#),
    ("unbanned", r#""user":"bob""#),
    ("muted", r#""user":"bob","reason":"enough","until":1795403743430"#),
    ("unmuted", r#""user":"bob""#),
    ("renamed", r##""room":"#fire""##),
    ("visibility", r#""visibility":"private""#),
    ("backscroll", r#""backscroll":"all""#),
    ("slow_mode", r#""wait":30"#),
    ("retention", r#""keep_for":86400,"keep_last":1000"#),
    ("retention", ""),
    ("archived", ""),
    ("unarchived", ""),
];

const CODES: &[&str] = &[
    "bad_frame",
    "frame_too_long",
    "bad_request",
    "unknown_type",
    "unknown_version",
    "not_logged_in",
    "already_logged_in",
    "login_refused",
    "token_refused",
    "busy",
    "throttled",
    "registration_closed",
    "invite_refused",
    "name_taken",
    "name_refused",
    "password_refused",
    "not_found",
    "exists",
    "not_member",
    "forbidden",
    "banned",
    "archived",
    "slow_down",
    "no_such_message",
    "blocked",
    "limit",
    "conflict",
    "message_id_reused",
    "unavailable",
    "session_ended",
    "timeout",
    "internal",
];

fn entry(kind: &str, rest: &str) -> String {
    let comma = if rest.is_empty() { "" } else { "," };
    format!(
        r##"{{"type":"entry","in":"#ops","seq":3,"at":1795403451762,"by":"alice","kind":"{kind}"{comma}{rest}}}"##
    )
}

#[track_caller]
fn is_written_as_it_is_read(name: &str, line: &str) {
    let frame = Frame::parse(line.as_bytes());
    let frame = frame.unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut written = Vec::new();
    frame
        .unwrap_or_else(|| panic!("{name}: an unknown type"))
        .encode(&mut written);
    assert_eq!(
        String::from_utf8(written).unwrap(),
        format!("{line}\n"),
        "{name}"
    );
}

#[test]
fn every_frame_is_written_as_it_is_read() {
    for (name, line) in FRAMES {
        is_written_as_it_is_read(name, line);
    }
}

#[test]
fn every_answer_is_written_as_it_is_read() {
    for (name, line) in ANSWERS {
        is_written_as_it_is_read(name, line);
    }
}

#[test]
fn every_kind_of_entry_is_written_as_it_is_read() {
    for (kind, rest) in ENTRIES {
        is_written_as_it_is_read(kind, &entry(kind, rest));
    }
}

#[test]
fn every_code_is_written_as_it_is_read() {
    for code in CODES {
        let line = format!(r#"{{"type":"error","id":1,"code":"{code}","text":"a sentence"}}"#);
        is_written_as_it_is_read(code, &line);
    }
}

#[test]
fn every_word_has_its_bytes_pinned() {
    assert_eq!(codes(), CODES);
    for kind in entry_kinds() {
        assert!(ENTRIES.iter().any(|(known, _)| *known == kind), "{kind}");
    }
    for word in frame_types() {
        let pinned = |line: &str| line.starts_with(&format!(r#"{{"type":"{word}""#));
        let frames = FRAMES.iter().chain(ANSWERS).any(|(_, line)| pinned(line));
        assert!(frames || pinned(&entry("joined", "")), "{word}");
    }
}

#[test]
fn a_frame_of_a_later_version_is_none_and_one_that_is_broken_is_an_error() {
    assert_eq!(
        Frame::parse(br#"{"type":"tea","leaf":"green"}"#).unwrap(),
        None
    );
    for broken in ["", "{", "[]", r#"{"type":"gap"}"#, r#"{"leaf":"green"}"#] {
        assert!(Frame::parse(broken.as_bytes()).is_err(), "{broken:?}");
    }
    for known in frame_types() {
        let line = format!(r#"{{"type":"{known}"}}"#);
        assert!(
            !matches!(Frame::parse(line.as_bytes()), Ok(None)),
            "{known}"
        );
    }
}
