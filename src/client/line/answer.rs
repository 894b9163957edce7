//! Answers to questions as lines of text. Pure.

use jiff::tz::TimeZone;

use crate::{
    client::{answered, sanitize},
    model::{Seq, Timestamp},
    protocol::{Answer, Hit, MemberLine, RoomLine, SessionLine, UserLine, Verb},
};

/// The lines of an answer; none when what it did shows by itself.
pub(super) fn lines(verb: &Verb, answer: &Answer, hits: &[Hit], zone: &TimeZone) -> Vec<String> {
    match verb {
        Verb::Rooms(_) => listed(verb, answer.rooms.as_deref(), room),
        Verb::Members(_) => listed(verb, answer.members.as_deref(), member),
        Verb::Online(_) | Verb::Blocks(_) => listed(verb, answer.users.as_deref(), user),
        Verb::Sessions(_) => {
            let session = |line: &SessionLine| session(line, zone);
            listed(verb, answer.sessions.as_deref(), session)
        }
        Verb::Search(_) => found(hits, answer.next.is_some(), zone),
        Verb::History(_) => match &answer.history {
            None => Vec::new(),
            Some(end) if end.more => Vec::new(),
            Some(end) if end.start > Seq::FIRST => {
                vec!["-- that is all there is to read; what was before is not kept --".to_owned()]
            }
            Some(_) => vec!["-- that is the beginning --".to_owned()],
        },
        Verb::Offer(_) => answer
            .link
            .iter()
            .map(|link| {
                format!(
                    "for one person, who connects with: netcomm connect '{}'",
                    sanitize::line(link)
                )
            })
            .collect(),
        verb => answered::done(verb).into_iter().collect(),
    }
    .into_iter()
    .chain((answer.more == Some(true)).then(|| more(verb, answer)))
    .collect()
}

fn listed<T>(verb: &Verb, list: Option<&[T]>, line: impl Fn(&T) -> String) -> Vec<String> {
    match list {
        None | Some([]) => vec![answered::nothing(verb).to_owned()],
        Some(list) => list.iter().map(line).collect(),
    }
}

fn more(verb: &Verb, answer: &Answer) -> String {
    let last = answer.rooms.as_ref().and_then(|rooms| rooms.last());
    match (verb, last) {
        (Verb::Rooms(_), Some(last)) => format!("there are more: /rooms {}", last.room),
        _ => "there are more than these".to_owned(),
    }
}

fn room(line: &RoomLine) -> String {
    let joined = if line.joined { "  (joined)" } else { "" };
    let topic = sanitize::line(line.topic.as_str());
    let name = format!("#{}", line.room);
    format!("  {name:<24} {:>5}  {topic}{joined}", line.members)
}

fn member(line: &MemberLine) -> String {
    let here = if line.online { "online" } else { "" };
    let line = format!("  {:<32} {:<10} {here}", line.user, line.role.as_str());
    line.trim_end().to_owned()
}

fn user(line: &UserLine) -> String {
    match &line.away {
        Some(away) => format!("  {} (away: {})", line.user, sanitize::line(away.as_str())),
        None => format!("  {}", line.user),
    }
}

fn session(line: &SessionLine, zone: &TimeZone) -> String {
    let mark = match (line.this, line.online) {
        (true, _) => "  this one",
        (false, true) => "  connected",
        (false, false) => "",
    };
    let device = sanitize::line(&line.device);
    let (since, used) = (moment(line.created, zone), moment(line.last_used, zone));
    format!(
        "  {:>5}  {device}, since {since}, last used {used}{mark}",
        line.session
    )
}

fn found(hits: &[Hit], more: bool, zone: &TimeZone) -> Vec<String> {
    if hits.is_empty() {
        return vec!["nothing was found".to_owned()];
    }
    let hits = hits.iter().map(|hit| {
        let at = moment(hit.at, zone);
        let text = sanitize::line(&marked(hit.text.as_str(), &hit.marks));
        format!(
            "  {at} {} [{}] {}: {text}",
            hit.conversation, hit.seq, hit.by
        )
    });
    hits.chain(more.then(|| "/more shows older ones".to_owned()))
        .collect()
}

/// The text with what matched between « and ». Marks that do not fit are left out.
fn marked(text: &str, marks: &[(u32, u32)]) -> String {
    let mut marked = String::new();
    let mut done = 0;
    for &(first, length) in marks {
        let (Ok(first), Ok(length)) = (usize::try_from(first), usize::try_from(length)) else {
            continue;
        };
        let end = first.saturating_add(length);
        let (Some(before), Some(word)) = (text.get(done..first), text.get(first..end)) else {
            continue;
        };
        marked.push_str(before);
        marked.push('«');
        marked.push_str(word);
        marked.push('»');
        done = end;
    }
    marked.push_str(text.get(done..).unwrap_or_default());
    marked
}

fn moment(at: Timestamp, zone: &TimeZone) -> String {
    match jiff::Timestamp::from_millisecond(at.as_millis()) {
        Ok(moment) => moment
            .to_zoned(zone.clone())
            .strftime("%Y-%m-%d %H:%M")
            .to_string(),
        Err(_) => "at an unknown time".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matched_is_marked_and_marks_that_do_not_fit_do_no_harm() {
        assert_eq!(
            marked("disk is full", &[(0, 4), (8, 4)]),
            "«disk» is «full»"
        );
        assert_eq!(marked("é", &[(1, 1)]), "é");
        assert_eq!(marked("ab", &[(1, 9), (0, 1), (0, 1)]), "«a»b");
    }
}
