//! Every request, as a client writes it: with as little as it needs and with all it may have.

use crate::protocol::{Request, Verb};

#[rustfmt::skip]
const REQUESTS: &[(&str, &str)] = &[
    ("register", r#"{"id":1,"type":"register","user":"alice","password":"a long one"}"#),
    ("register with everything", r#"{"id":1,"type":"register","user":"alice","password":"a long one","invite":"4W4KRVplczROGJFeCn5gYg","device":"laptop"}"#),
    ("login", r#"{"id":1,"type":"login","user":"alice","password":"a long one"}"#),
    ("login with everything", r##"{"id":1,"type":"login","user":"alice","password":"a long one","device":"laptop","cursors":{"#ops":7,"*":0,"@bob":12}}"##),
    ("resume", r#"{"id":1,"type":"resume","token":"LTytL-HLrN10VjjHI884r5iQKp0HgO5cIfS-Y7W2UvU"}"#),
    ("resume with cursors", r#"{"id":1,"type":"resume","token":"LTytL-HLrN10VjjHI884r5iQKp0HgO5cIfS-Y7W2UvU","cursors":{"*":3}}"#),
    ("quit", r#"{"id":1,"type":"quit"}"#),
    ("ping", r#"{"id":1,"type":"ping"}"#),
    ("pong", r#"{"id":0,"type":"pong"}"#),

    ("send", r#"{"id":1,"type":"send","to":"@bob","text":"hi","message":"m1"}"#),
    ("send with everything", r##"{"id":1,"type":"send","to":"#ops","text":"waves\n\tat \"all\"","message":"m1","reply_to":4,"action":true}"##),
    ("edit", r#"{"id":1,"type":"edit","in":"*","seq":4,"text":"hello"}"#),
    ("edit by name", r#"{"id":1,"type":"edit","in":"*","seq":4,"message":"m2","text":"hello"}"#),
    ("delete", r#"{"id":1,"type":"delete","in":"@bob","seq":4}"#),
    ("react", r##"{"id":1,"type":"react","in":"#ops","seq":4,"emoji":"👍"}"##),
    ("unreact", r##"{"id":1,"type":"unreact","in":"#ops","seq":4,"emoji":"👍"}"##),

    ("history", r##"{"id":1,"type":"history","in":"#ops"}"##),
    ("history with everything", r##"{"id":1,"type":"history","in":"#ops","before":90,"after":40,"limit":50}"##),
    ("search", r#"{"id":1,"type":"search","words":"green tea"}"#),
    ("search with everything", r##"{"id":1,"type":"search","words":"green tea","in":"#ops","by":"bob","before":1795403451762,"after":-1,"page":2}"##),

    ("create", r##"{"id":1,"type":"create","room":"#ops"}"##),
    ("create by name and private", r##"{"id":1,"type":"create","room":"#ops","message":"m3","visibility":"private"}"##),
    ("join", r##"{"id":1,"type":"join","room":"#ops"}"##),
    ("leave", r##"{"id":1,"type":"leave","room":"#ops"}"##),
    ("invite", r##"{"id":1,"type":"invite","room":"#ops","user":"bob"}"##),
    ("topic", r##"{"id":1,"type":"topic","room":"#ops","topic":""}"##),
    ("role", r##"{"id":1,"type":"role","room":"#ops","user":"bob","role":"moderator"}"##),
    ("kick", r##"{"id":1,"type":"kick","room":"#ops","user":"bob"}"##),
    ("kick with a reason", r##"{"id":1,"type":"kick","room":"#ops","user":"bob","reason":"enough"}"##),
    ("ban", r##"{"id":1,"type":"ban","room":"#ops","user":"bob","reason":"enough","seconds":3600}"##),
    ("unban", r##"{"id":1,"type":"unban","room":"#ops","user":"bob"}"##),
    ("mute", r##"{"id":1,"type":"mute","room":"#ops","user":"bob","seconds":60}"##),
    ("unmute", r##"{"id":1,"type":"unmute","room":"#ops","user":"bob"}"##),
    ("set name", r##"{"id":1,"type":"set","room":"#ops","name":"#fire"}"##),
    ("set visibility", r##"{"id":1,"type":"set","room":"#ops","visibility":"public"}"##),
    ("set backscroll", r##"{"id":1,"type":"set","room":"#ops","backscroll":"since_join"}"##),
    ("set slow mode", r##"{"id":1,"type":"set","room":"#ops","slow_mode":30}"##),
    ("set retention", r##"{"id":1,"type":"set","room":"#ops","retention":{"keep_for":86400,"keep_last":1000}}"##),
    ("set retention back", r##"{"id":1,"type":"set","room":"#ops","retention":{}}"##),
    ("set archived", r##"{"id":1,"type":"set","room":"#ops","archived":true}"##),

    ("members", r##"{"id":1,"type":"members","room":"#ops"}"##),
    ("members by page", r##"{"id":1,"type":"members","after":"bob","limit":50,"room":"#ops"}"##),
    ("rooms", r#"{"id":1,"type":"rooms"}"#),
    ("rooms by page", r##"{"id":1,"type":"rooms","after":"#ops","limit":50}"##),
    ("online", r#"{"id":1,"type":"online"}"#),
    ("online by page", r#"{"id":1,"type":"online","after":"bob","limit":50}"#),
    ("read", r#"{"id":1,"type":"read","in":"@bob","seq":12}"#),
    ("silence", r##"{"id":1,"type":"silence","in":"#ops","silent":true}"##),
    ("typing", r#"{"id":1,"type":"typing","in":"@bob"}"#),
    ("away", r#"{"id":1,"type":"away","text":"at lunch"}"#),
    ("back", r#"{"id":1,"type":"away"}"#),
    ("block", r#"{"id":1,"type":"block","user":"bob"}"#),
    ("unblock", r#"{"id":1,"type":"unblock","user":"bob"}"#),
    ("blocks", r#"{"id":1,"type":"blocks"}"#),

    ("password", r#"{"id":1,"type":"password","old":"a long one","new":"a longer one"}"#),
    ("sessions", r#"{"id":1,"type":"sessions"}"#),
    ("revoke", r#"{"id":1,"type":"revoke"}"#),
    ("revoke one", r#"{"id":1,"type":"revoke","session":3}"#),
    ("logout", r#"{"id":1,"type":"logout"}"#),
    ("offer", r#"{"id":1,"type":"offer"}"#),
];

#[test]
fn every_request_is_written_as_it_is_read() {
    for (name, line) in REQUESTS {
        let request = Request::parse(line.as_bytes());
        let request = request.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        let written = String::from_utf8(request.encode()).unwrap();
        assert_eq!(written, format!("{line}\n"), "{name}");
    }
}

#[test]
fn every_request_type_has_its_bytes_pinned() {
    for word in Verb::WORDS {
        let pinned = REQUESTS
            .iter()
            .any(|(_, line)| line.contains(&format!(r#""type":"{word}""#)));
        assert!(pinned, "{word}");
    }
}
