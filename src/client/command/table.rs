//! Every command there is.

use super::{Action, Arguments, Context, Mistake, account, messages, rooms, search};

/// What a command is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Saying things.
    Messages,
    /// Where they are said.
    Conversations,
    /// Keeping order.
    Rooms,
    /// Oneself.
    Account,
}

impl Group {
    /// All of them, in the order of the help.
    pub const ALL: [Self; 4] = [
        Self::Messages,
        Self::Conversations,
        Self::Rooms,
        Self::Account,
    ];

    /// The heading in the help.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Messages => "Messages",
            Self::Conversations => "Conversations",
            Self::Rooms => "Running a room",
            Self::Account => "You and this client",
        }
    }
}

/// One command: how it is written, what it does, how it is read.
#[derive(Debug)]
pub struct Spec {
    /// Without the slash.
    pub name: &'static str,
    /// Other names for it.
    pub aliases: &'static [&'static str],
    /// What follows; optional parts in brackets.
    pub arguments: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    /// A line that really works.
    pub example: &'static str,
    /// Where the help lists it.
    pub group: Group,
    pub(super) read: Read,
}

type Read = fn(&mut Arguments<'_>, &Context<'_>) -> Result<Action, Mistake>;

impl PartialEq for Spec {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Spec {
    /// Name and arguments, as typed.
    #[must_use]
    pub fn usage(&self) -> String {
        format!("/{} {}", self.name, self.arguments)
            .trim_end()
            .to_owned()
    }

    /// Its name and the other names for it.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }
}

/// The command of this name, without its slash, whatever its case.
#[must_use]
pub fn find(name: &str) -> Option<&'static Spec> {
    COMMANDS
        .iter()
        .find(|spec| spec.names().any(|known| known.eq_ignore_ascii_case(name)))
}

macro_rules! commands {
    ($($group:ident { $($name:literal $([$($alias:literal),+])? $arguments:literal, $summary:literal, $example:literal => $read:path;)+ })+) => {
        /// Every command, in the order of the help.
        pub const COMMANDS: &[Spec] = &[$($(Spec {
            name: $name,
            aliases: &[$($($alias),+)?],
            arguments: $arguments,
            summary: $summary,
            example: $example,
            group: Group::$group,
            read: $read,
        },)+)+];
    };
}

commands! {
    Messages {
        "all" "TEXT", "say something to everyone", "/all good morning" => messages::all;
        "msg" ["tell", "query"] "USER TEXT", "say something to one user alone", "/msg bob lunch?" => messages::msg;
        "me" "TEXT", "say what you do", "/me makes coffee" => messages::me;
        "reply" ["re"] "NUMBER TEXT", "answer a message", "/reply 12 yes, at two" => messages::reply;
        "edit" "[NUMBER] TEXT", "change a message of yours, the newest unless told", "/edit 12 at three" => messages::edit;
        "delete" ["del"] "[NUMBER]", "take a message back", "/delete 12" => messages::delete;
        "react" "NUMBER EMOJI", "put a reaction to a message", "/react 12 👍" => messages::react;
        "unreact" "NUMBER EMOJI", "take your reaction back", "/unreact 12 👍" => messages::unreact;
        "history" ["h"] "[COUNT]", "show earlier entries of this conversation", "/history 50" => messages::history;
        "search" ["s"] "WORDS [in:#room] [by:user] [before:DATE] [after:DATE]", "find messages, the newest first", "/search disk full in:#ops after:2026-01-31" => search::search;
        "more" "", "show the next page of the last search", "/more" => search::more;
        "read" "", "mark everything in this conversation as read", "/read" => messages::read;
    }
    Conversations {
        "to" ["switch", "go"] "ADDRESS", "make a conversation current: *, #room or @user", "/to #ops" => rooms::to;
        "rooms" ["list"] "[AFTER]", "list the rooms there are", "/rooms" => rooms::rooms;
        "join" ["j"] "#ROOM", "become a member of a room and go there", "/join #ops" => rooms::join;
        "leave" ["part"] "[#ROOM]", "be a member of a room no more", "/leave #ops" => rooms::leave;
        "create" "#ROOM [private]", "make a room and go there", "/create #ops private" => rooms::create;
        "members" ["names"] "[#ROOM]", "list who is in a room", "/members #ops" => rooms::members;
        "who" ["online"] "", "list who is online", "/who" => rooms::who;
        "silence" "[on|off]", "have this conversation count no mentions, or again", "/silence on" => rooms::silence;
    }
    Rooms {
        "topic" "[TEXT]", "show or set what this room is about; - clears it", "/topic release on Friday" => rooms::topic;
        "invite" "USER [#ROOM]", "ask a user into a room", "/invite bob #ops" => rooms::invite;
        "kick" "USER [REASON]", "put a member out; they may come back", "/kick bob too loud" => rooms::kick;
        "ban" "USER [TIME] [REASON]", "put a user out and keep them out, for 30s, 10m, 2h, 7d or for good", "/ban bob 2h spam" => rooms::ban;
        "unban" "USER", "lift a ban", "/unban bob" => rooms::unban;
        "mute" "USER [TIME] [REASON]", "let a member read but not write", "/mute bob 10m" => rooms::mute;
        "unmute" "USER", "lift a mute", "/unmute bob" => rooms::unmute;
        "role" "USER member|moderator|owner", "give a member a role", "/role bob moderator" => rooms::role;
        "rename" "#NAME", "call this room something else", "/rename #operations" => rooms::rename;
        "slow" "TIME|off", "set how long a member waits between two messages", "/slow 30s" => rooms::slow;
        "set" "visibility|backscroll|keep VALUE", "change who finds the room, how far back newcomers read, how long messages stay", "/set keep 90d" => rooms::set;
        "archive" "", "let this room be read only", "/archive" => rooms::archive;
        "unarchive" "", "let it be written again", "/unarchive" => rooms::unarchive;
    }
    Account {
        "away" "[TEXT]", "say that you are away", "/away lunch" => account::away;
        "back" "", "say that you are back", "/back" => account::back;
        "block" "USER", "take no private messages from a user", "/block bob" => account::block;
        "unblock" "USER", "take them again", "/unblock bob" => account::unblock;
        "blocks" "", "list whom you have blocked", "/blocks" => account::blocks;
        "password" ["passwd"] "", "change your password; all your other sessions end", "/password" => account::password;
        "sessions" "", "list your sessions", "/sessions" => account::sessions;
        "revoke" "NUMBER|others", "end one of your sessions, or all but this one", "/revoke 3" => account::revoke;
        "offer" "", "make an invite link for somebody without an account", "/offer" => account::offer;
        "retry" "", "try to connect now", "/retry" => account::retry;
        "help" ["?"] "[COMMAND]", "list the commands, or explain one", "/help msg" => account::help;
        "logout" "", "end this session for good and leave", "/logout" => account::logout;
        "quit" ["exit", "q"] "", "leave; what is not sent yet goes out next time", "/quit" => account::quit;
    }
}
