//! What scripts print.

use std::io::{self, Write};

use jiff::tz::TimeZone;

use crate::{
    client::{
        line::entry,
        sanitize,
        state::{Age, Conversation},
    },
    model::{Timestamp, UserName},
    protocol::{EntryBody, EntryFrame, Frame, Hit},
};

/// How it is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A line for people.
    Text,
    /// A frame a line, as it stands on the wire.
    Json,
}

/// Whoever reads the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    There,
    /// They have what they wanted.
    Gone,
}

pub(super) struct Output {
    form: Form,
    me: UserName,
    zone: TimeZone,
}

impl Output {
    pub(super) fn new(form: Form, me: UserName) -> Self {
        Self {
            form,
            me,
            zone: TimeZone::system(),
        }
    }

    pub(super) fn entry(
        &mut self,
        conversation: &Conversation,
        entry: &EntryFrame,
        age: Age,
    ) -> io::Result<Reader> {
        if self.form == Form::Json {
            return frame(&Frame::Entry(entry.clone()));
        }
        let deeds = entry::Reader {
            me: &self.me,
            zone: &self.zone,
        };
        let deed = || Some(format!("-- {}", deeds.deed(conversation, entry, age)?));
        match said(entry).or_else(deed) {
            Some(text) => line(&format!("{}  {text}", self.time(entry.at))),
            None => Ok(Reader::There),
        }
    }

    pub(super) fn hit(&mut self, hit: &Hit) -> io::Result<Reader> {
        match self.form {
            Form::Json => frame(&Frame::Hit(hit.clone())),
            Form::Text => {
                let text = sanitize::line(hit.text.as_str());
                let (time, place) = (self.time(hit.at), &hit.conversation);
                line(&format!("{time}  {place}  {}: {text}", hit.by))
            }
        }
    }

    fn time(&self, at: Timestamp) -> String {
        let moment = jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or_default();
        let moment = moment.to_zoned(self.zone.clone());
        moment.strftime("%Y-%m-%d %H:%M:%S").to_string()
    }
}

/// Who said what, in one line.
fn said(entry: &EntryFrame) -> Option<String> {
    let EntryBody::Posted { text, action, .. } = &entry.body else {
        return None;
    };
    let by = &entry.by;
    let text = match text {
        Some(text) => sanitize::line(text.as_str()),
        None => "(deleted)".to_owned(),
    };
    Some(if *action {
        format!("* {by} {text}")
    } else {
        format!("{by}: {text}")
    })
}

fn frame(frame: &Frame) -> io::Result<Reader> {
    let mut bytes = Vec::new();
    frame.encode(&mut bytes);
    written(io::stdout().write_all(&bytes))
}

fn line(text: &str) -> io::Result<Reader> {
    written(writeln!(io::stdout(), "{text}"))
}

/// A pipe whose end is closed has a reader who has seen enough.
fn written(result: io::Result<()>) -> io::Result<Reader> {
    let flushed = result.and_then(|()| io::stdout().flush());
    match flushed {
        Ok(()) => Ok(Reader::There),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Reader::Gone),
        Err(error) => Err(error),
    }
}
