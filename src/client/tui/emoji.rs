//! Emoji by name: the ones people use in a team chat.

/// Name and emoji; some have several names.
pub(crate) const EMOJI: &[(&str, &str)] = &[
    ("+1", "👍"),
    ("thumbsup", "👍"),
    ("-1", "👎"),
    ("thumbsdown", "👎"),
    ("ok_hand", "👌"),
    ("clap", "👏"),
    ("wave", "👋"),
    ("pray", "🙏"),
    ("muscle", "💪"),
    ("raised_hands", "🙌"),
    ("point_up", "☝️"),
    ("point_right", "👉"),
    ("handshake", "🤝"),
    ("eyes", "👀"),
    ("brain", "🧠"),
    ("heart", "❤️"),
    ("broken_heart", "💔"),
    ("sparkles", "✨"),
    ("star", "⭐"),
    ("fire", "🔥"),
    ("tada", "🎉"),
    ("rocket", "🚀"),
    ("100", "💯"),
    ("boom", "💥"),
    ("zap", "⚡"),
    ("check", "✅"),
    ("white_check_mark", "✅"),
    ("x", "❌"),
    ("warning", "⚠️"),
    ("question", "❓"),
    ("exclamation", "❗"),
    ("bulb", "💡"),
    ("bug", "🐛"),
    ("wrench", "🔧"),
    ("hammer", "🔨"),
    ("gear", "⚙️"),
    ("lock", "🔒"),
    ("unlock", "🔓"),
    ("key", "🔑"),
    ("bell", "🔔"),
    ("no_bell", "🔕"),
    ("mag", "🔍"),
    ("link", "🔗"),
    ("memo", "📝"),
    ("package", "📦"),
    ("inbox", "📥"),
    ("outbox", "📤"),
    ("email", "📧"),
    ("phone", "📞"),
    ("computer", "💻"),
    ("floppy_disk", "💾"),
    ("chart", "📈"),
    ("calendar", "📅"),
    ("pushpin", "📌"),
    ("paperclip", "📎"),
    ("scissors", "✂️"),
    ("wastebasket", "🗑️"),
    ("hourglass", "⏳"),
    ("alarm_clock", "⏰"),
    ("stopwatch", "⏱️"),
    ("coffee", "☕"),
    ("tea", "🍵"),
    ("beer", "🍺"),
    ("beers", "🍻"),
    ("wine", "🍷"),
    ("cake", "🍰"),
    ("pizza", "🍕"),
    ("apple", "🍎"),
    ("banana", "🍌"),
    ("taco", "🌮"),
    ("smile", "😄"),
    ("grin", "😁"),
    ("joy", "😂"),
    ("rofl", "🤣"),
    ("slightly_smiling", "🙂"),
    ("wink", "😉"),
    ("blush", "😊"),
    ("heart_eyes", "😍"),
    ("kissing_heart", "😘"),
    ("sunglasses", "😎"),
    ("thinking", "🤔"),
    ("neutral_face", "😐"),
    ("expressionless", "😑"),
    ("rolling_eyes", "🙄"),
    ("smirk", "😏"),
    ("relieved", "😌"),
    ("sleeping", "😴"),
    ("sweat_smile", "😅"),
    ("sweat", "😓"),
    ("cold_sweat", "😰"),
    ("cry", "😢"),
    ("sob", "😭"),
    ("scream", "😱"),
    ("angry", "😠"),
    ("rage", "😡"),
    ("confused", "😕"),
    ("worried", "😟"),
    ("astonished", "😲"),
    ("flushed", "😳"),
    ("yum", "😋"),
    ("stuck_out_tongue", "😛"),
    ("nerd", "🤓"),
    ("zany", "🤪"),
    ("shushing", "🤫"),
    ("zipper_mouth", "🤐"),
    ("mask", "😷"),
    ("vomiting", "🤮"),
    ("exploding_head", "🤯"),
    ("partying", "🥳"),
    ("melting", "🫠"),
    ("salute", "🫡"),
    ("shrug", "🤷"),
    ("facepalm", "🤦"),
    ("skull", "💀"),
    ("ghost", "👻"),
    ("robot", "🤖"),
    ("poop", "💩"),
    ("see_no_evil", "🙈"),
    ("monkey", "🐒"),
    ("dog", "🐶"),
    ("cat", "🐱"),
    ("unicorn", "🦄"),
    ("snail", "🐌"),
    ("turtle", "🐢"),
    ("whale", "🐳"),
    ("penguin", "🐧"),
    ("crab", "🦀"),
    ("bee", "🐝"),
    ("seedling", "🌱"),
    ("deciduous_tree", "🌳"),
    ("sun", "☀️"),
    ("cloud", "☁️"),
    ("rain", "🌧️"),
    ("snowflake", "❄️"),
    ("rainbow", "🌈"),
    ("umbrella", "☔"),
    ("earth", "🌍"),
    ("moon", "🌙"),
    ("house", "🏠"),
    ("office", "🏢"),
    ("car", "🚗"),
    ("bike", "🚲"),
    ("train", "🚆"),
    ("airplane", "✈️"),
    ("ship", "🚢"),
    ("trophy", "🏆"),
    ("medal", "🏅"),
    ("soccer", "⚽"),
    ("dart", "🎯"),
    ("game", "🎮"),
    ("music", "🎵"),
    ("guitar", "🎸"),
    ("art", "🎨"),
    ("camera", "📷"),
    ("gift", "🎁"),
    ("moneybag", "💰"),
    ("money", "💸"),
    ("construction", "🚧"),
    ("rotating_light", "🚨"),
    ("stop", "🛑"),
    ("recycle", "♻️"),
    ("white_flag", "🏳️"),
    ("checkered_flag", "🏁"),
    ("pirate_flag", "🏴‍☠️"),
    ("speech", "💬"),
];

/// The emoji of this name, without its colons.
pub(crate) fn find(name: &str) -> Option<&'static str> {
    let found = EMOJI.iter().find(|(known, _)| *known == name);
    found.map(|(_, emoji)| *emoji)
}

/// Puts emoji where their names stand between colons.
pub(crate) fn expand(text: &str) -> String {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(colon) = rest.find(':') {
        let (before, from) = rest.split_at(colon);
        expanded.push_str(before);
        let name = from[1..].split_once(':').map(|(name, _)| name);
        match name.and_then(|name| Some((name, find(name)?))) {
            Some((name, emoji)) => {
                expanded.push_str(emoji);
                rest = &from[name.len() + 2..];
            }
            None => {
                expanded.push(':');
                rest = &from[1..];
            }
        }
    }
    expanded.push_str(rest);
    expanded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{client::sanitize, model::Emoji};

    #[test]
    fn names_between_colons_become_emoji_and_nothing_else_does() {
        assert_eq!(
            expand("ship it :rocket: at 10:30:45"),
            "ship it 🚀 at 10:30:45"
        );
        assert_eq!(expand("a::+1:"), "a:👍");
        assert_eq!(expand(":nothing: :"), ":nothing: :");
    }

    #[test]
    fn every_one_is_a_legal_reaction_and_safe_to_show() {
        for (name, emoji) in EMOJI {
            assert!(Emoji::parse(emoji).is_ok(), "{name}");
            assert_eq!(sanitize::line(emoji), *emoji, "{name}");
        }
    }
}
