//! The judge: holds what every client sent, was answered and saw against the history in the end.
//!
//! Pure. Knows nothing of servers or sockets; what it is given could come from any run.

mod finding;
mod standing;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
};

use crate::model::RoomRole;

use finding::Contradiction;
pub(super) use finding::Finding;

/// A conversation by a name that all its members agree on: `*`, `#room`, or `@a+b`.
pub(super) type Where = String;

/// What tells an entry from all others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) place: Where,
    pub(super) seq: u64,
    pub(super) by: String,
    pub(super) kind: String,
    pub(super) message: Option<String>,
    pub(super) about: About,
}

/// What an entry is about besides its author.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum About {
    /// What matters is who did it.
    #[default]
    Nothing,
    /// An earlier message: an edit, a deletion, a reaction.
    Message(u64),
    /// Somebody else: put out, invited, muted.
    User(String),
    /// What a member may do from now on.
    Role(String, RoomRole),
}

/// A conversation as it stands in the end.
#[derive(Clone, Debug, Default)]
pub(super) struct Standing {
    /// Its whole log.
    pub(super) lines: Vec<Line>,
    /// What can be read in it: the text of each message and edit that has one.
    pub(super) texts: BTreeMap<u64, String>,
    /// Its members and what they may do, for a room.
    pub(super) roles: Option<BTreeMap<String, RoomRole>>,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.message.as_deref().unwrap_or("-");
        write!(
            f,
            "{} {}: {} by {} ({message})",
            self.place, self.seq, self.kind, self.by
        )
    }
}

/// One thing that happened to a client, in the order it happened there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// It asked for something under this id, for the first time, with this text if it has one.
    Sent {
        message: String,
        place: Where,
        text: Option<String>,
    },
    /// The server said that it is kept, at this place.
    Answered { message: String, seq: u64 },
    /// The server said no, for good.
    Refused { message: String, code: String },
    /// It was shown an entry.
    Saw(Line),
    /// It was told that these are left out.
    Gap { place: Where, from: u64, to: u64 },
    /// The server said that the account has read this far.
    ReadTo { place: Where, seq: u64 },
    /// The server said that the client knows more than there is.
    HistoryShrank { what: String },
}

/// What one client lived through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) who: String,
    pub(super) member_of: Vec<Where>,
    pub(super) events: Vec<Event>,
}

/// Every promise that was not kept, given what every conversation is in the end.
pub(super) fn check(history: &BTreeMap<Where, Standing>, records: &[Record]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut by_message: HashMap<(&str, &str), &Line> = HashMap::new();
    for (place, standing) in history {
        let mut last = 0;
        for line in &standing.lines {
            if line.seq != last + 1 {
                let place = place.clone();
                findings.push(Finding::Hole {
                    place,
                    after: last,
                    next: line.seq,
                });
            }
            last = line.seq;
            let Some(message) = &line.message else {
                continue;
            };
            if let Some(first) = by_message.insert((&line.by, message), line) {
                findings.push(Finding::Doubled {
                    who: line.by.clone(),
                    message: message.clone(),
                    seqs: (first.seq, line.seq),
                });
            }
        }
    }
    let said = said(records);
    for (place, standing) in history {
        standing::texts(place, standing, &said, &mut findings);
        standing::roles(place, standing, &mut findings);
    }
    for record in records {
        answers(record, &by_message, &mut findings);
        sights(record, history, &mut findings);
        reads(record, &mut findings);
    }
    findings
}

/// The text that each author gave each message of theirs.
fn said(records: &[Record]) -> HashMap<(&str, &str), &str> {
    let mut said = HashMap::new();
    for record in records {
        for event in &record.events {
            if let Event::Sent {
                message,
                text: Some(text),
                ..
            } = event
            {
                said.insert((record.who.as_str(), message.as_str()), text.as_str());
            }
        }
    }
    said
}

/// What was answered is there, once, where the answer said; what was asked was answered.
fn answers(
    record: &Record,
    by_message: &HashMap<(&str, &str), &Line>,
    findings: &mut Vec<Finding>,
) {
    let mut open: BTreeMap<&str, &Where> = BTreeMap::new();
    let mut places: HashMap<&str, &Where> = HashMap::new();
    for event in &record.events {
        match event {
            Event::Sent { message, place, .. } => {
                open.insert(message, place);
                places.insert(message, place);
            }
            Event::Refused { message, .. } => drop(open.remove(message.as_str())),
            Event::Answered { message, seq } => {
                open.remove(message.as_str());
                let who = record.who.clone();
                let message = message.clone();
                match by_message.get(&(record.who.as_str(), message.as_str())) {
                    None => {
                        let place = places.get(message.as_str()).map(ToString::to_string);
                        let place = place.unwrap_or_default();
                        findings.push(Finding::Lost {
                            who,
                            message,
                            place,
                            seq: *seq,
                        });
                    }
                    Some(line) if line.seq != *seq => {
                        let (said, stands) = (*seq, line.seq);
                        findings.push(Finding::Misplaced {
                            who,
                            message,
                            said,
                            stands,
                        });
                    }
                    Some(_) => {}
                }
            }
            Event::HistoryShrank { what } => findings.push(Finding::HistoryShrank {
                who: record.who.clone(),
                what: what.clone(),
            }),
            Event::Saw(_) | Event::Gap { .. } | Event::ReadTo { .. } => {}
        }
    }
    for (message, place) in open {
        findings.push(Finding::NeverDone {
            who: record.who.clone(),
            message: message.to_owned(),
            place: place.clone(),
        });
    }
}

/// What was shown is in the history, in its order, each once, without a hole, and to members alone.
fn sights(record: &Record, history: &BTreeMap<Where, Standing>, findings: &mut Vec<Finding>) {
    let mut shown: HashMap<&str, u64> = HashMap::new();
    for event in &record.events {
        let (place, from, to) = match event {
            Event::Saw(line) => (&line.place, line.seq, line.seq),
            Event::Gap { place, from, to } => (place, *from, *to),
            _ => continue,
        };
        let last = shown.entry(place).or_default();
        if from != *last + 1 {
            findings.push(Finding::ShownTwiceOrMissed {
                who: record.who.clone(),
                place: place.clone(),
                after: *last,
                then: from,
            });
        }
        *last = to;
        let Event::Saw(line) = event else { continue };
        if !record.member_of.contains(place) {
            let who = record.who.clone();
            findings.push(Finding::ShownToStranger {
                who,
                line: line.clone(),
            });
        }
        let lines = history
            .get(place)
            .map_or(&[][..], |standing| &standing.lines);
        let at = lines.binary_search_by_key(&line.seq, |line| line.seq);
        let stands = at.ok().and_then(|at| lines.get(at));
        if stands != Some(line) {
            findings.push(Finding::ShownOtherwise {
                who: record.who.clone(),
                shown: line.clone(),
                stands: stands.cloned(),
            });
        }
    }
}

/// What the server said about how far one has read never went back.
fn reads(record: &Record, findings: &mut Vec<Finding>) {
    let mut read: HashMap<&str, u64> = HashMap::new();
    for event in &record.events {
        let Event::ReadTo { place, seq } = event else {
            continue;
        };
        let before = read.entry(place).or_default();
        if *seq < *before {
            findings.push(Finding::Contradicted(Contradiction::ReadMovedBack {
                who: record.who.clone(),
                place: place.clone(),
                from: *before,
                to: *seq,
            }));
        }
        *before = *seq;
    }
}
