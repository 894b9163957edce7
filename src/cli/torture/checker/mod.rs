//! The judge: holds what every client sent, was answered and saw against the history in the end.
//!
//! Pure. Knows nothing of servers or sockets; what it is given could come from any run.

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
};

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
    /// It asked for something under this id, for the first time.
    Sent { message: String, place: Where },
    /// The server said that it is kept, at this place.
    Answered { message: String, seq: u64 },
    /// The server said no, for good.
    Refused { message: String, code: String },
    /// It was shown an entry.
    Saw(Line),
    /// It was told that these are left out.
    Gap { place: Where, from: u64, to: u64 },
    /// The server said that the client knows more than there is.
    HistoryShrank { what: String },
}

/// What one client lived through.
#[derive(Clone, Debug, Default)]
pub(super) struct Record {
    pub(super) who: String,
    pub(super) member_of: Vec<Where>,
    pub(super) events: Vec<Event>,
}

/// A promise that was not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    Lost {
        who: String,
        message: String,
        place: Where,
        seq: u64,
    },
    Misplaced {
        who: String,
        message: String,
        said: u64,
        stands: u64,
    },
    Doubled {
        who: String,
        message: String,
        seqs: (u64, u64),
    },
    NeverDone {
        who: String,
        message: String,
        place: Where,
    },
    Hole {
        place: Where,
        after: u64,
        next: u64,
    },
    ShownTwiceOrMissed {
        who: String,
        place: Where,
        after: u64,
        then: u64,
    },
    ShownOtherwise {
        who: String,
        shown: Line,
        stands: Option<Line>,
    },
    ShownToStranger {
        who: String,
        line: Line,
    },
    HistoryShrank {
        who: String,
        what: String,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost {
                who,
                message,
                place,
                seq,
            } => write!(
                f,
                "LOST: the server told {who} that {message} is kept as {place} {seq}; it is nowhere in the history"
            ),
            Self::Misplaced {
                who,
                message,
                said,
                stands,
            } => write!(
                f,
                "MISPLACED: the server told {who} that {message} stands at {said}; it stands at {stands}"
            ),
            Self::Doubled {
                who,
                message,
                seqs: (one, other),
            } => write!(
                f,
                "DOUBLED: {message} of {who} stands at {one} and again at {other}"
            ),
            Self::NeverDone {
                who,
                message,
                place,
            } => write!(
                f,
                "NEVER DONE: {who} asked for {message} in {place} until the end and got no answer"
            ),
            Self::Hole { place, after, next } => {
                write!(f, "HOLE: in the history of {place}, {next} follows {after}")
            }
            Self::ShownTwiceOrMissed {
                who,
                place,
                after,
                then,
            } => write!(
                f,
                "TWICE OR MISSED: {who} was shown {place} {then} right after {after}"
            ),
            Self::ShownOtherwise { who, shown, stands } => {
                let stands = stands
                    .as_ref()
                    .map_or_else(|| "nothing".to_owned(), ToString::to_string);
                write!(
                    f,
                    "SHOWN OTHERWISE: {who} was shown [{shown}]; the history has [{stands}]"
                )
            }
            Self::ShownToStranger { who, line } => {
                write!(
                    f,
                    "SHOWN TO A STRANGER: {who} is no member and was shown [{line}]"
                )
            }
            Self::HistoryShrank { who, what } => {
                write!(f, "HISTORY SHRANK: {who} knew more than the server: {what}")
            }
        }
    }
}

/// Every promise that was not kept, given the whole history of every conversation.
pub(super) fn check(history: &BTreeMap<Where, Vec<Line>>, records: &[Record]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut by_message: HashMap<(&str, &str), &Line> = HashMap::new();
    for (place, lines) in history {
        let mut last = 0;
        for line in lines {
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
    for record in records {
        answers(record, &by_message, &mut findings);
        sights(record, history, &mut findings);
    }
    findings
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
            Event::Sent { message, place } => {
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
            Event::Saw(_) | Event::Gap { .. } => {}
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
fn sights(record: &Record, history: &BTreeMap<Where, Vec<Line>>, findings: &mut Vec<Finding>) {
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
        let lines = history.get(place).map_or(&[][..], Vec::as_slice);
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
