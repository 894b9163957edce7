//! What people type: text, or a command after a slash. Pure: it is told what is current.
//!
//! One table names every command with its arguments and its help; `/help`, completion and the
//! README are made from it. A line that is no command does nothing but say why.

mod account;
mod arguments;
mod help;
mod messages;
mod rooms;
mod search;
mod table;

use jiff::tz::TimeZone;

use crate::{
    client::core::Post,
    model::{Address, Seq},
    protocol::Verb,
};

use arguments::Arguments;
pub use arguments::Mistake;
pub use help::{all, one};
pub use table::{COMMANDS, Group, Spec, find};

/// What a line means.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Nothing: it was blank.
    Nothing,
    /// Say something.
    Send(Post),
    /// Change something in a conversation, as soon as the server can be reached.
    Change {
        /// What, without the client's name for it.
        verb: Verb,
        /// The conversation that is current from now on.
        go: Option<Address>,
    },
    /// Ask the server, now or not at all.
    Ask(Verb),
    /// Make another conversation current.
    Go(Address),
    /// Show earlier entries of the current conversation.
    History {
        /// How many.
        count: u32,
    },
    /// Show the next page of what was last searched for.
    More,
    /// Say that everything in the current conversation was read.
    MarkRead,
    /// Show what the current room is about.
    ShowTopic,
    /// Explain one command, or list them all.
    Help(Option<&'static Spec>),
    /// Ask for the old and the new password and change it.
    Password,
    /// Try to connect now.
    Retry,
    /// End this session for good and leave.
    Logout,
    /// Leave.
    Quit,
}

/// What a line is read against.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    /// Where text goes.
    pub current: &'a Address,
    /// One's own newest message there, which `/edit` and `/delete` mean when not told otherwise.
    pub own_last: Option<Seq>,
    /// Where days begin.
    pub zone: &'a TimeZone,
}

/// Reads one line. A slash that is meant literally is written twice.
///
/// # Errors
///
/// [`Mistake`], as a sentence that says what was expected.
pub fn parse(line: &str, context: &Context<'_>) -> Result<Action, Mistake> {
    if line.trim().is_empty() {
        return Ok(Action::Nothing);
    }
    let Some(command) = line.strip_prefix('/').filter(|rest| !rest.starts_with('/')) else {
        let text = line.strip_prefix('/').unwrap_or(line);
        return messages::say(context.current.clone(), text);
    };
    let (name, rest) = command
        .split_once(char::is_whitespace)
        .unwrap_or((command, ""));
    let Some(spec) = find(name) else {
        return Err(Mistake::unknown(name));
    };
    (spec.read)(&mut Arguments::new(rest), context).map_err(|mistake| mistake.of(spec))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Text, UserName};

    fn read(line: &str) -> Result<Action, Mistake> {
        let current = Address::parse("#ops").unwrap();
        let context = Context {
            current: &current,
            own_last: Some(Seq::new(9)),
            zone: &TimeZone::UTC,
        };
        parse(line, &context)
    }

    /// The request a line becomes, as it stands on the wire without its number.
    fn wire(line: &str) -> String {
        let (Action::Change { verb, .. } | Action::Ask(verb)) = read(line).unwrap() else {
            panic!("{line} is no request");
        };
        serde_json::to_string(&verb).unwrap()
    }

    #[test]
    fn text_goes_to_the_current_conversation_and_two_slashes_are_one() {
        for (line, to, said) in [
            ("hello there", "#ops", "hello there"),
            ("//etc/passwd", "#ops", "/etc/passwd"),
            ("/all good morning", "*", "good morning"),
            ("/msg bob  two  spaces", "@bob", "two  spaces"),
            ("/msg @bob two\nlines", "@bob", "two\nlines"),
        ] {
            let to = Address::parse(to).unwrap();
            let text = Text::parse(said).unwrap();
            assert_eq!(read(line).unwrap(), Action::Send(Post::plain(to, text)));
        }
    }

    #[test]
    fn messages_are_answered_edited_and_reacted_to_by_number() {
        assert!(matches!(
            read("/reply 4 yes").unwrap(),
            Action::Send(post) if post.reply_to == Some(Seq::new(4))
        ));
        assert!(matches!(
            read("/me waves").unwrap(),
            Action::Send(Post { action: true, .. })
        ));
        let table = [
            (
                "/edit 4 new",
                r##"{"type":"edit","in":"#ops","seq":4,"text":"new"}"##,
            ),
            (
                "/edit new text",
                r##"{"type":"edit","in":"#ops","seq":9,"text":"new text"}"##,
            ),
            ("/delete", r##"{"type":"delete","in":"#ops","seq":9}"##),
            ("/delete [4]", r##"{"type":"delete","in":"#ops","seq":4}"##),
            (
                "/react 4 👍",
                r##"{"type":"react","in":"#ops","seq":4,"emoji":"👍"}"##,
            ),
            (
                "/unreact 4 👍",
                r##"{"type":"unreact","in":"#ops","seq":4,"emoji":"👍"}"##,
            ),
        ];
        for (line, request) in table {
            assert_eq!(wire(line), request, "{line}");
        }
    }

    #[test]
    fn rooms_are_managed_by_name_or_where_one_is() {
        let table = [
            ("/join #dev", r##"{"type":"join","room":"#dev"}"##),
            ("/join dev", r##"{"type":"join","room":"#dev"}"##),
            ("/leave", r##"{"type":"leave","room":"#ops"}"##),
            (
                "/create #x private",
                r##"{"type":"create","room":"#x","visibility":"private"}"##,
            ),
            (
                "/topic all is well",
                r##"{"type":"topic","room":"#ops","topic":"all is well"}"##,
            ),
            (
                "/invite bob",
                r##"{"type":"invite","room":"#ops","user":"bob"}"##,
            ),
            (
                "/kick bob too loud",
                r##"{"type":"kick","room":"#ops","user":"bob","reason":"too loud"}"##,
            ),
            (
                "/ban @bob 2h spam",
                r##"{"type":"ban","room":"#ops","user":"bob","reason":"spam","seconds":7200}"##,
            ),
            (
                "/mute bob",
                r##"{"type":"mute","room":"#ops","user":"bob"}"##,
            ),
            (
                "/role bob moderator",
                r##"{"type":"role","room":"#ops","user":"bob","role":"moderator"}"##,
            ),
            (
                "/rename #fire",
                r##"{"type":"set","room":"#ops","name":"#fire"}"##,
            ),
            (
                "/slow 30s",
                r##"{"type":"set","room":"#ops","slow_mode":30}"##,
            ),
            (
                "/slow off",
                r##"{"type":"set","room":"#ops","slow_mode":0}"##,
            ),
            (
                "/archive",
                r##"{"type":"set","room":"#ops","archived":true}"##,
            ),
            (
                "/set visibility private",
                r##"{"type":"set","room":"#ops","visibility":"private"}"##,
            ),
            (
                "/set keep 30d",
                r##"{"type":"set","room":"#ops","retention":{"keep_for":2592000}}"##,
            ),
            (
                "/set keep 1000",
                r##"{"type":"set","room":"#ops","retention":{"keep_last":1000}}"##,
            ),
            ("/members", r##"{"type":"members","room":"#ops"}"##),
            (
                "/silence",
                r##"{"type":"silence","in":"#ops","silent":true}"##,
            ),
        ];
        for (line, request) in table {
            assert_eq!(wire(line), request, "{line}");
        }
    }

    #[test]
    fn a_search_is_words_and_filters_in_any_order() {
        assert_eq!(
            wire("/search in:#dev disk by:@bob full before:2026-02-01 after:2026-01-01"),
            concat!(
                r##"{"type":"search","words":"disk full","in":"#dev","by":"bob","##,
                r##""before":1769904000000,"after":1767225599999}"##
            )
        );
        assert!(read("/search in:#dev").is_err());
        assert!(read("/search x before:tomorrow").is_err());
    }

    #[test]
    fn joining_and_leaving_change_where_one_is() {
        let go = |line| match read(line).unwrap() {
            Action::Change { go, .. } => go.map(|address| address.to_string()),
            Action::Go(address) => Some(address.to_string()),
            other => panic!("{other:?}"),
        };
        assert_eq!(go("/join #dev").as_deref(), Some("#dev"));
        assert_eq!(go("/leave").as_deref(), Some("*"));
        assert_eq!(go("/leave #dev"), None);
        assert_eq!(go("/to @bob").as_deref(), Some("@bob"));
        assert_eq!(go("/switch #dev").as_deref(), Some("#dev"));
    }

    #[test]
    fn a_mistake_says_what_was_expected_and_sends_nothing() {
        let table = [
            (
                "/dance",
                "there is no command /dance; /help lists them all (a text that starts with a slash: //dance)",
            ),
            (
                "/mgs bob hi",
                "there is no command /mgs; did you mean /msg? (a text that starts with a slash: //mgs)",
            ),
            ("/msg bob", "the text is empty; /msg USER TEXT"),
            (
                "/kick 1bob",
                "a user name is 1 to 32 characters: an ASCII letter, then letters, digits, '_' or '-'; /kick USER [REASON]",
            ),
            (
                "/react four 👍",
                "'four' is no message number; /react NUMBER EMOJI",
            ),
            (
                "/history -1",
                "'-1' is no number from 1 to 1000; /history [COUNT]",
            ),
            ("/quit now", "'now' is too much; /quit"),
        ];
        for (line, sentence) in table {
            assert_eq!(read(line).unwrap_err().to_string(), sentence);
        }
        let context = Context {
            current: &Address::Direct(UserName::parse("bob").unwrap()),
            own_last: None,
            zone: &TimeZone::UTC,
        };
        assert_eq!(
            parse("/topic x", &context).unwrap_err().to_string(),
            "@bob is no room: go to one first with /to #room; /topic [TEXT]"
        );
        assert_eq!(
            parse("/delete", &context).unwrap_err().to_string(),
            "which message? give its number; /delete [NUMBER]"
        );
    }

    #[test]
    fn names_are_unique_and_every_example_is_read() {
        let mut names: Vec<_> = COMMANDS.iter().flat_map(Spec::names).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        for spec in COMMANDS {
            assert!(read(spec.example).is_ok(), "{}", spec.example);
            assert!(spec.example.starts_with(&format!("/{}", spec.name)));
        }
    }

    #[test]
    fn every_request_a_person_can_make_has_a_command() {
        let made: Vec<_> = COMMANDS
            .iter()
            .filter_map(|spec| match read(spec.example).unwrap() {
                Action::Change { verb, .. } | Action::Ask(verb) => Some(verb.word()),
                _ => None,
            })
            .collect();
        let by_other_ways = [
            "register", "login", "resume", "quit", "ping", "pong", "send", "history", "read",
            "typing", "password", "logout",
        ];
        for word in Verb::WORDS {
            assert!(
                made.contains(word) || by_other_ways.contains(word),
                "{word}"
            );
        }
    }
}
