//! What goes over one connection, as frames: what is asked, answered and shown there.

use std::collections::BTreeMap;

use crate::{
    cli::torture::checker::Event,
    model::{MessageId, UserName},
    protocol::{
        Code, ConversationFrame, Cursors, EntryFrame, Failure, Frame, FrameBuffer, Request,
        RequestId, Verb,
    },
};

use super::{story::Story, view::View};

const FRAME_MAX: usize = 1 << 20;

pub(super) struct Tap {
    me: UserName,
    story: Story,
    up: FrameBuffer,
    down: FrameBuffer,
    /// The names of what was asked.
    names: BTreeMap<RequestId, MessageId>,
    cursors: Cursors,
    current: bool,
    view: View,
}

impl Tap {
    pub(super) fn new(me: &UserName, view: View, story: Story) -> Self {
        Self {
            me: me.clone(),
            story,
            up: FrameBuffer::default(),
            down: FrameBuffer::default(),
            names: BTreeMap::new(),
            cursors: Cursors::new(),
            current: false,
            view,
        }
    }

    /// The client has written these bytes.
    pub(super) fn asked(&mut self, bytes: &[u8]) {
        self.up.extend(bytes);
        while let Some(line) = self.up.next_line(FRAME_MAX).unwrap() {
            let request = Request::parse(line).unwrap();
            if let Some(name) = name(&request.verb) {
                self.names.insert(request.id, name.clone());
            }
            match request.verb {
                Verb::Resume(resume) => self.cursors = resume.cursors,
                Verb::Login(login) => self.cursors = login.cursors,
                _ => {}
            }
        }
    }

    /// These bytes reach the client.
    pub(super) fn told(&mut self, bytes: &[u8]) {
        self.down.extend(bytes);
        while let Some(line) = self.down.next_line(FRAME_MAX).unwrap() {
            if let Some(frame) = Frame::parse(line).unwrap() {
                self.frame(frame);
            }
        }
    }

    fn frame(&mut self, frame: Frame) {
        match frame {
            Frame::Conversation(frame) => self.conversation(&frame),
            Frame::Current {} => self.current = true,
            Frame::Entry(entry) => {
                self.view.entry(&entry);
                self.own(&entry);
            }
            // What was asked for by the page is not told live, but shows what was kept as well.
            Frame::Past { entry, .. } => self.own(&entry),
            Frame::Gap {
                conversation,
                from,
                to,
            } => self.view.gap(&conversation, from, to),
            Frame::Read(positions) => self.view.read_to(&positions),
            Frame::Ok(answer) => {
                if let Some(positions) = &answer.read {
                    self.view.read_to(positions);
                }
                if let (Some(name), Some(sent)) = (self.names.get(&answer.id), answer.sent) {
                    self.answered(name, sent.seq.get());
                }
            }
            Frame::Error(failure) => self.refused(failure),
            _ => {}
        }
    }

    fn conversation(&mut self, frame: &ConversationFrame) {
        let at = &frame.conversation;
        let cursor = self.cursors.remove(&at.to_string());
        match cursor.filter(|_| !self.current) {
            Some(cursor) => self.view.knows(at, cursor),
            // The log is read from its end, or from somewhere before it when it was entered just
            // now: then the head counts what is shown.
            None => self.view.begins(at, frame.head.get() + 1),
        }
    }

    /// Whoever sees what they said knows that it is kept.
    fn own(&self, entry: &EntryFrame) {
        if let Some(message) = entry.message.as_ref().filter(|_| entry.by == self.me) {
            self.answered(message, entry.seq.get());
        }
    }

    fn answered(&self, message: &MessageId, seq: u64) {
        let message = message.as_str().to_owned();
        self.story
            .asked(self.me.as_str(), Event::Answered { message, seq });
    }

    fn refused(&self, failure: Failure) {
        let name = failure.id.and_then(|id| self.names.get(&id));
        let event = match (failure.code, name) {
            (Code::Busy | Code::Throttled | Code::Unavailable | Code::SlowDown, _) => return,
            (code, Some(name)) => Event::Refused {
                message: name.as_str().to_owned(),
                code: format!("{code:?}"),
            },
            (Code::Conflict, None) => Event::HistoryShrank { what: failure.text },
            (_, None) => {
                let me = &self.me;
                return self.story.tell(format!("{me} is told: {}", failure.text));
            }
        };
        self.story.asked(self.me.as_str(), event);
    }
}

fn name(verb: &Verb) -> Option<&MessageId> {
    match verb {
        Verb::Send(send) => Some(&send.message),
        Verb::Edit(of) => of.message.as_ref(),
        Verb::Delete(of) => of.message.as_ref(),
        Verb::React(of) => of.message.as_ref(),
        Verb::Create(room) => room.message.as_ref(),
        Verb::Join(room) | Verb::Leave(room) => room.message.as_ref(),
        Verb::Invite(room) => room.message.as_ref(),
        Verb::Topic(room) => room.message.as_ref(),
        Verb::Role(room) => room.message.as_ref(),
        Verb::Kick(room) => room.message.as_ref(),
        _ => None,
    }
}
