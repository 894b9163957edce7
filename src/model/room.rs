//! What can be said of a room besides its name.

macro_rules! words {
    ($name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl $name {
            /// All of them, least first.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The word for it in frames, commands and the store.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }

            /// What a word stands for.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.as_str() == word)
            }
        }
    };
}

/// Who can find a room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Visibility {
    /// Listed; anybody joins.
    #[default]
    Public,
    /// Members and invited accounts alone know that it exists.
    Private,
}
words!(Visibility { Public = "public", Private = "private" });

/// What a member may do in a room. Later variants may do all that earlier ones may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RoomRole {
    /// Talks.
    #[default]
    Member,
    /// Keeps order.
    Moderator,
    /// Also gives roles, renames and archives.
    Owner,
}
words!(RoomRole { Member = "member", Moderator = "moderator", Owner = "owner" });

/// How far back a newcomer to a room may read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Backscroll {
    /// Everything that is kept.
    #[default]
    All,
    /// From their own joining on.
    SinceJoin,
}
words!(Backscroll { All = "all", SinceJoin = "since_join" });
