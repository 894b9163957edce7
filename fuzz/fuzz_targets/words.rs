//! Names, addresses, ids and texts: what is legal is kept byte for byte and stays legal.

#![no_main]

use libfuzzer_sys::fuzz_target;
use netcomm::model::{
    Address, EMOJI_MAX, Emoji, MessageId, REASON_MAX, ROOM_NAME_MAX, Reason, RoomName, TEXT_MAX,
    TOPIC_MAX, Text, Topic, USER_NAME_MAX, UserName,
};

fuzz_target!(|input: &str| {
    if let Ok(name) = UserName::parse(input) {
        assert!(name.as_str().len() <= USER_NAME_MAX && name.as_str().is_ascii());
        assert_eq!(
            UserName::parse(&name.key()).map(|low| low.key()),
            Ok(name.key())
        );
    }
    if let Ok(name) = RoomName::parse(input) {
        assert!(name.as_str().chars().count() <= ROOM_NAME_MAX);
        assert_eq!(RoomName::parse(&name.to_string()).as_ref(), Ok(&name));
    }
    if let Ok(address) = Address::parse(input) {
        assert_eq!(Address::parse(&address.to_string()).as_ref(), Ok(&address));
    }
    if let Ok(id) = MessageId::parse(input) {
        assert_eq!(id.as_str(), input);
    }
    if let Ok(text) = Text::parse(input) {
        plain(text.as_str(), input, TEXT_MAX);
    }
    if let Ok(topic) = Topic::parse(input) {
        plain(topic.as_str(), input, TOPIC_MAX);
    }
    if let Ok(reason) = Reason::parse(input) {
        plain(reason.as_str(), input, REASON_MAX);
    }
    if let Ok(emoji) = Emoji::parse(input) {
        plain(emoji.as_str(), input, EMOJI_MAX);
    }
});

/// Kept as it came, within its bound, and without what could move a cursor but a newline or tab.
fn plain(kept: &str, came: &str, max: usize) {
    assert_eq!(kept, came);
    assert!(kept.len() <= max);
    let moves = |c: char| c.is_control() && c != '\n' && c != '\t';
    assert!(!kept.contains(moves), "a control character in {kept:?}");
}
