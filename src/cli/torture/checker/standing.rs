//! Whether a conversation stands in the end as its own log says: texts and roles.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::model::RoomRole;

use super::{About, Contradiction, Finding, Line, Standing};

/// Each message says what its author last gave it; what was deleted says nothing, nor do its edits.
pub(super) fn texts(
    place: &str,
    standing: &Standing,
    said: &HashMap<(&str, &str), &str>,
    findings: &mut Vec<Finding>,
) {
    let mut newest: BTreeMap<u64, &Line> = BTreeMap::new();
    let mut deleted = BTreeSet::new();
    for line in &standing.lines {
        match (line.kind.as_str(), &line.about) {
            ("posted", _) => drop(newest.insert(line.seq, line)),
            ("edited", About::Message(target)) => drop(newest.insert(*target, line)),
            ("deleted", About::Message(target)) => drop(deleted.insert(*target)),
            _ => {}
        }
    }
    for line in &standing.lines {
        let target = match (line.kind.as_str(), &line.about) {
            ("posted", _) => line.seq,
            ("edited", About::Message(target)) => *target,
            _ => continue,
        };
        let newest = newest.get(&target).copied().filter(|newest| {
            // A message stands with its newest text, an edit only while it is the newest.
            line.seq == target || newest.seq == line.seq
        });
        let given = match newest {
            _ if deleted.contains(&target) => None,
            None => None,
            Some(newest) => {
                let message = newest.message.as_deref().unwrap_or_default();
                match said.get(&(newest.by.as_str(), message)) {
                    Some(text) => Some((*text).to_owned()),
                    // Nobody here said it, so nobody here knows what it should say.
                    None => continue,
                }
            }
        };
        let stands = standing.texts.get(&line.seq).cloned();
        if stands != given {
            findings.push(Finding::Contradicted(Contradiction::SaysOtherwise {
                place: place.to_owned(),
                seq: line.seq,
                given,
                stands,
            }));
        }
    }
}

/// A room's roles are those that its log gave, and whoever used one had it at that place.
pub(super) fn roles(place: &str, standing: &Standing, findings: &mut Vec<Finding>) {
    let mut given: BTreeMap<&str, RoomRole> = BTreeMap::new();
    let mut authors: HashMap<u64, &str> = HashMap::new();
    for line in &standing.lines {
        let by = line.by.as_str();
        let needs = match (line.kind.as_str(), &line.about) {
            ("deleted", About::Message(target)) if authors.get(target) != Some(&by) => {
                Some(RoomRole::Moderator)
            }
            ("role", _) => Some(RoomRole::Owner),
            ("kicked" | "banned", _) => Some(RoomRole::Moderator),
            _ => None,
        };
        let role = given.get(by).copied();
        if needs.is_some() && role < needs {
            findings.push(Finding::Contradicted(Contradiction::DoneWithoutRight {
                line: line.clone(),
                role,
            }));
        }
        match (line.kind.as_str(), &line.about) {
            ("posted", _) => drop(authors.insert(line.seq, by)),
            ("created", _) => drop(given.insert(by, RoomRole::Owner)),
            // Who comes first when all have left is its owner.
            ("joined", _) if given.is_empty() => drop(given.insert(by, RoomRole::Owner)),
            ("joined", _) => drop(given.insert(by, RoomRole::Member)),
            ("left", _) => drop(given.remove(by)),
            ("kicked" | "banned", About::User(user)) => drop(given.remove(user.as_str())),
            ("role", About::Role(user, role)) => drop(given.insert(user, *role)),
            _ => {}
        }
    }
    let Some(stand) = &standing.roles else {
        return;
    };
    let users: BTreeSet<&str> = given
        .keys()
        .copied()
        .chain(stand.keys().map(String::as_str))
        .collect();
    for user in users {
        let (given, stands) = (given.get(user).copied(), stand.get(user).copied());
        if given != stands {
            findings.push(Finding::Contradicted(Contradiction::RoleOtherwise {
                place: place.to_owned(),
                user: user.to_owned(),
                given,
                stands,
            }));
        }
    }
}
