//! What the screen asks for, done: by the core, the terminal and the disk.

use std::{
    io,
    process::{Command, Stdio},
};

use super::{Address, Change, Client, Editor, Event, FoundHere, Local, Tone, update::Effect};
use crate::{
    client::{
        core::Credentials,
        local::{Drafts, Job, Opened},
    },
    protocol::{EntryBody, EntryFrame},
};

/// The name of the copy in the account's folder.
const COPY: &str = "copy.sqlite";
/// The name of the drafts there.
const DRAFTS: &str = "drafts.json";
/// Entries asked for at once.
const PAGE: u32 = 200;

impl Client {
    /// Takes in what the last run has kept.
    pub(super) fn remember(&mut self) {
        let folder = self.core.folder();
        let opened = match Local::open(&folder.place(COPY), folder.place(DRAFTS)) {
            Ok(opened) => opened,
            Err(error) => {
                let text = format!("nothing is kept for working offline: {error}");
                self.screen.note = Some(super::screen::Note {
                    text,
                    tone: Tone::Bad,
                    until: crate::model::Timestamp::from_millis(i64::MAX),
                });
                return;
            }
        };
        let Opened {
            local,
            conversations,
            drafts,
        } = opened;
        for (facts, entries) in conversations {
            self.core.recall(facts, entries);
        }
        let current = drafts.current.and_then(|text| Address::parse(&text).ok());
        if let Some(current) = current.filter(|of| self.core.state().conversation(of).is_some()) {
            self.screen.current = current;
        }
        for (address, text) in drafts.texts {
            if let Ok(address) = Address::parse(&address) {
                let pane = self.screen.panes.entry(address).or_default();
                pane.editor = Editor::with(&text);
            }
        }
        self.local = Some(local);
    }

    /// Keeps for the next run what has changed.
    pub(super) fn copy(&self, change: &Change) {
        let Some(local) = &self.local else { return };
        let state = self.core.state();
        let job = match change {
            Change::Entry {
                conversation, seq, ..
            }
            | Change::Amended { conversation, seq } => {
                let known = state.conversation(conversation);
                let held = known.and_then(|known| known.held(*seq));
                held.map(|held| Job::Entry(Box::new(held.entry().clone())))
            }
            Change::Conversation(address) | Change::Read(address) => state
                .conversation(address)
                .map(|known| Job::Conversation(Box::new(known.facts().clone()))),
            Change::Renamed { was, now } => Some(Job::Renamed {
                was: was.clone(),
                now: now.clone(),
            }),
            Change::Gone(address) => Some(Job::Gone(address.clone())),
            Change::Gap { .. }
            | Change::Presence(_)
            | Change::Typing { .. }
            | Change::Invited(_)
            | Change::Notice(_)
            | Change::Current => None,
        };
        if let Some(job) = job {
            // What finds no room is a gap in the copy, which is fetched when it is looked at.
            local.order(job);
        }
        if let Change::Renamed { now, .. } = change
            && let Some(known) = state.conversation(now)
        {
            local.order(Job::Conversation(Box::new(known.facts().clone())));
        }
    }

    pub(super) fn keep_drafts(&mut self) {
        let drafts = self.screen.drafts();
        let drafts = drafts.map(|(address, text)| (address.to_string(), text.to_owned()));
        let job = Job::Drafts(Drafts {
            current: Some(self.screen.current.to_string()),
            texts: drafts.collect(),
        });
        let taken = self.local.as_ref().is_none_or(|local| local.order(job));
        self.screen.unkept = !taken;
    }

    /// Does what the screen asks for. What cannot be done is said on the screen.
    pub(super) fn perform(&mut self, effect: Effect) -> io::Result<()> {
        let core = &mut self.core;
        let done = match effect {
            Effect::Send(post) => core.send(post).map(drop).map_err(sentence),
            Effect::Change(verb) => core.change(verb).map(drop).map_err(sentence),
            Effect::Ask(verb) => core.ask(verb).map_err(sentence),
            Effect::History(of) => self.history(&of),
            Effect::Around(of, seq) => core.around(&of, seq).map_err(sentence),
            Effect::More => core.more().map_err(sentence),
            Effect::ChangePassword { old, new } => core.change_password(old, new).map_err(sentence),
            Effect::LogOut => core.log_out().map_err(sentence),
            effect => return self.perform_quietly(effect),
        };
        match done {
            Ok(()) => Ok(()),
            Err(text) => self.happen(Event::Failed(text)),
        }
    }

    fn perform_quietly(&mut self, effect: Effect) -> io::Result<()> {
        match effect {
            Effect::MarkRead(of) => self.core.mark_read(&of),
            Effect::Typing(of) => self.core.typing(&of),
            Effect::Dismiss(message) => self.core.dismiss(&message),
            Effect::Retry => self.core.retry(),
            Effect::LogIn(password) => self.core.sign_in(Credentials::Password(password)),
            Effect::Register { password, invite } => {
                let invite = invite.or_else(|| self.invite.clone());
                self.core
                    .sign_in(Credentials::Register { password, invite });
            }
            Effect::Elsewhere => {
                self.leaving = true;
                self.elsewhere = true;
            }
            Effect::SearchHere(words) => {
                self.order(Job::Search(words));
            }
            Effect::KeepDrafts => self.keep_drafts(),
            Effect::Open(link) => self.open(link),
            Effect::Quit => self.leaving = true,
            Effect::Copy(text) => self.seat.terminal.copy(&text)?,
            Effect::Notify(text) => {
                let how = self.screen.settings.notify;
                self.seat.terminal.notify(how, &text)?;
            }
            Effect::Suspend => self.seat.terminal.suspend()?,
            Effect::Redraw => self.seat.terminal.clear()?,
            Effect::Mouse(mouse) => self.seat.terminal.use_mouse(mouse)?,
            Effect::Send(_)
            | Effect::Change(_)
            | Effect::Ask(_)
            | Effect::History(_)
            | Effect::Around(..)
            | Effect::More
            | Effect::ChangePassword { .. }
            | Effect::LogOut => {}
        }
        Ok(())
    }

    /// What was before: from the server, or from this machine when it cannot be reached.
    fn history(&mut self, of: &Address) -> Result<(), String> {
        if self.core.is_connected() {
            return self.core.history(of, PAGE).map_err(sentence);
        }
        let known = self.core.state().conversation(of);
        if let Some(before) = known.and_then(|known| known.page_before()) {
            self.order(Job::Past {
                of: of.clone(),
                before,
            });
        }
        Ok(())
    }

    fn order(&self, job: Job) {
        if let Some(local) = &self.local {
            local.order(job);
        }
    }

    /// Has the system open a link; its program sees one argument and no shell.
    fn open(&mut self, link: String) {
        let program = if cfg!(target_os = "macos") {
            "open"
        } else {
            "xdg-open"
        };
        self.helpers.spawn_blocking(move || {
            let mut command = Command::new(program);
            command.arg(link).stdin(Stdio::null());
            // A machine without such a program opens nothing; the link can still be copied.
            let _missing = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
        });
    }
}

impl FoundHere {
    /// The message an entry is, if it is one.
    pub(super) fn of(entry: EntryFrame) -> Option<Self> {
        let EntryBody::Posted {
            text: Some(text), ..
        } = entry.body
        else {
            return None;
        };
        Some(Self {
            conversation: entry.conversation,
            seq: entry.seq,
            at: entry.at,
            by: entry.by,
            text: text.as_str().to_owned(),
        })
    }
}

fn sentence(error: impl std::fmt::Display) -> String {
    error.to_string()
}
