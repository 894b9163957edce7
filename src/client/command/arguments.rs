//! What stands after a command, taken word by word.

use std::fmt;

use crate::model::{Address, Emoji, Reason, RoomName, Seq, Text, UserName};

use super::{COMMANDS, Context, Spec};

/// Why a line did nothing, as a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    text: String,
    usage: Option<String>,
}

impl Mistake {
    pub(super) fn new(text: impl fmt::Display) -> Self {
        Self {
            text: text.to_string(),
            usage: None,
        }
    }

    /// There is no such command; the nearest one is offered when it is near.
    pub(super) fn unknown(name: &str) -> Self {
        let near = COMMANDS
            .iter()
            .flat_map(Spec::names)
            .map(|known| (distance(name, known), known))
            .min()
            .filter(|&(distance, _)| distance <= 2 && name.chars().count() > 2);
        let advice = match near {
            Some((_, known)) => format!("did you mean /{known}?"),
            None => "/help lists them all".to_owned(),
        };
        Self::new(format_args!(
            "there is no command /{name}; {advice} (a text that starts with a slash: //{name})"
        ))
    }

    pub(super) fn of(self, spec: &Spec) -> Self {
        Self {
            usage: Some(spec.usage()),
            ..self
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        match &self.usage {
            Some(usage) => write!(f, "; {usage}"),
            None => Ok(()),
        }
    }
}

/// How many letters one must change, add, drop or swap with their neighbour.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<_>, Vec<_>) = (a.chars().take(32).collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<_>>()];
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let swapped = i > 0 && j > 0 && a[i - 1] == *y && b[j - 1] == *x;
            let swap = if swapped {
                rows[i - 1][j - 1] + 1
            } else {
                usize::MAX
            };
            let change = rows[i][j] + usize::from(x != y);
            row.push(change.min(rows[i][j + 1] + 1).min(row[j] + 1).min(swap));
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

/// The rest of the line.
#[derive(Debug)]
pub(super) struct Arguments<'a> {
    rest: &'a str,
}

impl<'a> Arguments<'a> {
    pub(super) fn new(rest: &'a str) -> Self {
        Self { rest: rest.trim() }
    }

    pub(super) fn peek(&self) -> Option<&'a str> {
        self.rest.split_whitespace().next()
    }

    pub(super) fn word(&mut self) -> Option<&'a str> {
        let word = self.peek()?;
        self.rest = self.rest[word.len()..].trim_start();
        Some(word)
    }

    /// Everything that is left, as it was typed.
    pub(super) const fn rest(&mut self) -> &'a str {
        let rest = self.rest;
        self.rest = "";
        rest
    }

    /// Nothing may be left.
    pub(super) fn end(&self) -> Result<(), Mistake> {
        match self.peek() {
            None => Ok(()),
            Some(word) => Err(Mistake::new(format_args!("'{word}' is too much"))),
        }
    }

    pub(super) fn text(&mut self) -> Result<Text, Mistake> {
        Text::parse(self.rest()).map_err(Mistake::new)
    }

    pub(super) fn user(&mut self) -> Result<UserName, Mistake> {
        let word = self.word().ok_or_else(|| Mistake::new("which user?"))?;
        UserName::parse(word.strip_prefix('@').unwrap_or(word)).map_err(Mistake::new)
    }

    pub(super) fn room(&mut self) -> Result<RoomName, Mistake> {
        let word = self.word().ok_or_else(|| Mistake::new("which room?"))?;
        RoomName::parse(word.strip_prefix('#').unwrap_or(word)).map_err(Mistake::new)
    }

    /// The room that is named, else the current one.
    pub(super) fn room_or_current(&mut self, context: &Context<'_>) -> Result<RoomName, Mistake> {
        match self.peek() {
            Some(_) => self.room(),
            None => current_room(context),
        }
    }

    pub(super) fn address(&mut self) -> Result<Address, Mistake> {
        let word = self
            .word()
            .ok_or_else(|| Mistake::new("which conversation? *, #room or @user"))?;
        Address::parse(word).map_err(Mistake::new)
    }

    pub(super) fn seq(&mut self) -> Result<Seq, Mistake> {
        let word = self
            .word()
            .ok_or_else(|| Mistake::new("which message? give its number"))?;
        seq(word).ok_or_else(|| Mistake::new(format_args!("'{word}' is no message number")))
    }

    /// The message that is named by number, else one's own newest.
    pub(super) fn seq_or_own(&mut self, context: &Context<'_>) -> Result<Seq, Mistake> {
        match (self.peek(), context.own_last) {
            (None, Some(own)) => Ok(own),
            _ => self.seq(),
        }
    }

    pub(super) fn emoji(&mut self) -> Result<Emoji, Mistake> {
        let word = self.word().ok_or_else(|| Mistake::new("which emoji?"))?;
        Emoji::parse(word).map_err(Mistake::new)
    }

    /// A length of time, if the next word is one.
    pub(super) fn seconds(&mut self) -> Option<u64> {
        let seconds = seconds(self.peek()?)?;
        self.word();
        Some(seconds)
    }

    pub(super) fn reason(&mut self) -> Result<Option<Reason>, Mistake> {
        let rest = self.rest();
        if rest.is_empty() {
            return Ok(None);
        }
        Reason::parse(rest).map(Some).map_err(Mistake::new)
    }
}

/// The room one is in.
pub(super) fn current_room(context: &Context<'_>) -> Result<RoomName, Mistake> {
    match context.current {
        Address::Room(room) => Ok(room.clone()),
        Address::Everyone | Address::Direct(_) => Err(Mistake::new(format_args!(
            "{} is no room: go to one first with /to #room",
            context.current
        ))),
    }
}

/// A message number, as typed or copied with its brackets.
pub(super) fn seq(word: &str) -> Option<Seq> {
    let bare = word
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let number = bare.unwrap_or(word).parse().ok()?;
    (number > 0).then_some(Seq::new(number))
}

/// `30s`, `10m`, `2h`, `7d` or `1w`.
pub(super) fn seconds(word: &str) -> Option<u64> {
    let unit = match word.bytes().last()? {
        b's' => 1,
        b'm' => 60,
        b'h' => 3600,
        b'd' => 86_400,
        b'w' => 604_800,
        _ => return None,
    };
    word[..word.len() - 1]
        .parse::<u64>()
        .ok()?
        .checked_mul(unit)
}
