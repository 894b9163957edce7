//! What line mode shows of each update. Pure: updates go in, lines come out.

use jiff::{civil::Date, tz::TimeZone};

use super::{
    answer,
    entry::{self, CONTINUED, Reader},
    output::Shown,
};
use crate::{
    client::{
        core::Update,
        link::LinkState,
        outbox::Item,
        sanitize,
        state::{Age, Change, State},
    },
    model::{Address, Seq, UserName},
    protocol::{Verb, Welcome},
};

/// Told once for each time the link is down.
const ADVICE: &str = "trying again by itself (/retry: at once); what you type now goes out then";
/// Characters of a text from the outbox that are shown where it is named.
const NAMED_MAX: usize = 60;

/// What was shown so far, as far as it matters for what comes next.
pub(in crate::client) struct View {
    zone: TimeZone,
    /// The day of the last line.
    day: Option<Date>,
    /// The reason that was given for the link being down.
    outage: Option<String>,
    /// Whether there was a connection before.
    was_connected: bool,
    /// Entries missed that were shown since the session began.
    missed: usize,
    /// Whether the conversations were listed.
    introduced: bool,
}

impl View {
    /// Begins on this day, which needs no line of its own.
    pub(in crate::client) const fn new(zone: TimeZone, today: Option<Date>) -> Self {
        Self {
            zone,
            day: today,
            outage: None,
            was_connected: false,
            missed: 0,
            introduced: false,
        }
    }

    pub(in crate::client) const fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The lines an update leads to.
    pub(in crate::client) fn lines(&mut self, update: &Update, state: &State) -> Vec<Shown> {
        let notice = |text: String| vec![Shown::Notice(text)];
        match update {
            Update::Link(link) => self.link(link).into_iter().map(Shown::Notice).collect(),
            Update::LoggedIn(welcome) => self.welcome(welcome),
            Update::Changed(change) => self.change(change, state),
            Update::Refused(item) => refused(item),
            Update::Postponed { item, reason, wait } => notice(format!(
                "{} goes out in {} s: {}",
                what(item),
                wait.as_secs().max(1),
                sanitize::line(reason)
            )),
            Update::Answer { verb, answer, hits } => {
                let lines = answer::lines(verb, answer, hits, &self.zone);
                lines.into_iter().map(Shown::Chat).collect()
            }
            Update::Failed { verb, reason } => {
                notice(format!("{}: {}", verb.word(), sanitize::line(reason)))
            }
            Update::Warning(text) => notice(sanitize::line(text)),
            Update::LoggedOut => notice("logged out".to_owned()),
            // The one is followed by questions, which have their own words; the other says nothing new.
            Update::NeedsLogin { .. } | Update::Idle => Vec::new(),
        }
    }

    fn link(&mut self, link: &LinkState) -> Option<String> {
        match link {
            LinkState::Connecting | LinkState::LoggingIn | LinkState::LoggedOut => None,
            LinkState::Connected { tls } => {
                self.outage = None;
                let again = if self.was_connected { " again" } else { "" };
                self.was_connected = true;
                let tls = tls.map(|tls| format!(" ({tls})")).unwrap_or_default();
                Some(format!("-- connected{again}{tls}"))
            }
            LinkState::Waiting { reason, .. } => {
                // Once for each reason, not once for each try.
                if self.outage.as_ref() == Some(reason) {
                    return None;
                }
                let first = self.outage.replace(reason.clone()).is_none();
                let reason = sanitize::line(reason);
                Some(match (first, self.was_connected) {
                    (true, true) => format!("-- not connected any more: {reason}; {ADVICE}"),
                    (true, false) => format!("-- {reason}; {ADVICE}"),
                    (false, _) => format!("-- {reason}"),
                })
            }
            LinkState::Stopped(stop) => {
                Some(format!("-- stopped: {}", sanitize::line(&stop.to_string())))
            }
        }
    }

    fn welcome(&mut self, welcome: &Welcome) -> Vec<Shown> {
        self.missed = 0;
        let mut lines = Vec::new();
        if !self.was_connected {
            let role = match welcome.role {
                crate::model::ServerRole::Member => String::new(),
                role => format!(", {} of this server", role.as_str()),
            };
            lines.push(format!(
                "-- you are {}{role}; /help lists the commands",
                welcome.user
            ));
        }
        if let Some(failed @ 1..) = welcome.failed_logins {
            let times = if failed == 1 { "once" } else { "times" };
            let count = if failed == 1 {
                String::new()
            } else {
                format!("{failed} ")
            };
            lines.push(format!(
                "-- login as {} has failed {count}{times} since your last one",
                welcome.user
            ));
        }
        lines.into_iter().map(Shown::Notice).collect()
    }

    fn change(&mut self, change: &Change, state: &State) -> Vec<Shown> {
        let me = state.me();
        match change {
            Change::Entry {
                conversation,
                seq,
                age,
            } => self.entry(state, conversation, *seq, *age),
            Change::Gap {
                conversation,
                from,
                to,
            } => {
                let count = to.get().saturating_sub(from.get()).saturating_add(1);
                let known = state.conversation(conversation);
                let lost = known.map_or(0, |known| known.lost(*from, *to));
                let (gone, older) = (older(lost, conversation), older(count - lost, conversation));
                let gone = gone.map(|gone| format!("-- {gone} are not kept any more"));
                let how = format!("/to {conversation} and /history show them");
                let older = older.map(|older| format!("-- {older} are not shown: {how}"));
                gone.into_iter().chain(older).map(Shown::Notice).collect()
            }
            Change::Current => self.current(state),
            Change::Conversation(address) if self.introduced && state.is_current() => {
                vec![Shown::Notice(about(state, address))]
            }
            Change::Gone(address) => vec![Shown::Notice(format!(
                "-- you are not in {address} any more"
            ))],
            // What is live is said by the entry itself.
            Change::Renamed { .. } if state.is_current() => Vec::new(),
            Change::Renamed { was, now } => {
                vec![Shown::Notice(format!("-- {was} is called {now} now"))]
            }
            Change::Invited(offer) => {
                let by = offer.by.as_ref().map_or("somebody", |by| by.as_str());
                let room = &offer.room;
                vec![Shown::Notice(format!(
                    "-- {by} asks you into #{room}: /join #{room}"
                ))]
            }
            Change::Notice(text) => vec![Shown::Notice(format!("-- {}", sanitize::line(text)))],
            Change::Presence(user) if me != Some(user) => presence(state, user),
            // What an amendment says is shown as the entry it is.
            Change::Presence(_)
            | Change::Conversation(_)
            | Change::Amended { .. }
            | Change::Read(_)
            | Change::Typing { .. } => Vec::new(),
        }
    }

    fn entry(&mut self, state: &State, address: &Address, seq: Seq, age: Age) -> Vec<Shown> {
        let Some(conversation) = state.conversation(address) else {
            return Vec::new();
        };
        let (Some(held), Some(me)) = (conversation.held(seq), state.me()) else {
            return Vec::new();
        };
        if age == Age::Missed {
            self.missed += 1;
        }
        let zone = &self.zone;
        let lines = Reader { me, zone }.lines(conversation, held.entry(), age);
        let day = entry::date(held.entry().at, zone);
        let mut shown = Vec::new();
        if !lines.is_empty() && day != self.day {
            self.day = day;
            shown.extend(day.map(entry::day).map(Shown::Chat));
        }
        shown.extend(lines.into_iter().map(Shown::Chat));
        shown
    }

    fn current(&mut self, state: &State) -> Vec<Shown> {
        let mut lines = Vec::new();
        if self.missed > 0 {
            let entries = if self.missed == 1 { "entry" } else { "entries" };
            lines.push(format!(
                "-- that is all you missed: {} {entries}",
                self.missed
            ));
        }
        if !self.introduced {
            self.introduced = true;
            let all = state.conversations().map(|known| {
                let address = known.address();
                let counts = known.facts().unread;
                match (counts.unread, counts.mentions) {
                    (0, _) => address.to_string(),
                    (unread, 0) => format!("{address} ({unread} unread)"),
                    (unread, calls) => format!("{address} ({unread} unread, {calls} call you)"),
                }
            });
            let all: Vec<_> = all.collect();
            lines.push(format!("-- your conversations: {}", all.join("  ")));
        }
        lines.into_iter().map(Shown::Notice).collect()
    }
}

/// Told of those one talks with alone; of everybody it would drown the talk.
fn presence(state: &State, user: &UserName) -> Vec<Shown> {
    let talks = state.conversation(&Address::Direct(user.clone())).is_some();
    let (true, true, Some(presence)) = (state.is_current(), talks, state.presence(user)) else {
        return Vec::new();
    };
    let how = match (&presence.away, presence.online) {
        (Some(away), true) => format!("away: {}", sanitize::line(away.as_str())),
        (None, true) => "online".to_owned(),
        (_, false) => "offline".to_owned(),
    };
    vec![Shown::Notice(format!("-- {user} is {how}"))]
}

fn older(count: u64, conversation: &Address) -> Option<String> {
    (count > 0).then(|| format!("{count} older entries of {conversation}"))
}

fn about(state: &State, address: &Address) -> String {
    let topic = state
        .conversation(address)
        .and_then(|known| known.facts().topic.as_ref())
        .map(|topic| topic.as_str())
        .filter(|topic| !topic.is_empty());
    match topic {
        Some(topic) => format!("-- {address}: {}", sanitize::line(topic)),
        None => format!("-- {address} is one of your conversations now"),
    }
}

/// What was refused is not kept, so that a text is shown whole: it can be copied from there.
fn refused(item: &Item) -> Vec<Shown> {
    let reason = match &item.standing {
        crate::client::outbox::Standing::Refused(reason) => sanitize::line(reason),
        _ => String::new(),
    };
    let short = what(item);
    let mut lines = vec![format!("-- not sent: {short}: {reason}")];
    if let Verb::Send(send) = &item.verb
        && !short.contains(send.text.as_str())
    {
        let text = sanitize::lines(send.text.as_str());
        lines.extend(text.map(|line| format!("{CONTINUED}{line}")));
    }
    lines.into_iter().map(Shown::Notice).collect()
}

/// Something from the outbox, short enough for a line.
fn what(item: &Item) -> String {
    let to = &item.conversation;
    match &item.verb {
        Verb::Send(send) => {
            let line = sanitize::line(send.text.as_str());
            let mut short: String = line.chars().take(NAMED_MAX).collect();
            if short.len() < line.len() {
                short.push('…');
            }
            format!("“{short}” to {to}")
        }
        verb => format!("/{} in {to}", verb.word()),
    }
}
