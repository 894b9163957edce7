//! Getting in from the screen: passwords, new accounts, invites, and servers that are not to be
//! talked to.

use crossterm::event::KeyCode;

use super::{Effect, Turn};
use crate::{
    auth::InviteLink,
    client::{
        sanitize,
        tui::{
            keys::{Act, Chord},
            overlay::{Ask, Asking, Overlay},
            screen::Registration,
        },
    },
    protocol::{Code, Failure, Hello, Secret},
};

impl Turn<'_> {
    /// Nobody is logged in.
    pub(super) fn needs_login(&mut self, hello: Option<&Hello>, refused: Option<Failure>) {
        let entrance = &mut self.screen.entrance;
        if let Some(hello) = hello {
            entrance.registration = match hello.registration.as_str() {
                "invite" => Registration::Invite,
                "closed" => Registration::Closed,
                _ => Registration::Open,
            };
        }
        if refused
            .as_ref()
            .is_some_and(|failure| failure.code == Code::NameTaken)
        {
            // They say it is their name: then they have an account.
            entrance.registers = false;
        }
        let is_asked = |overlay: &Option<Overlay>| match overlay {
            Some(Overlay::Ask(ask)) => ask.what != Asking::Change,
            _ => false,
        };
        if refused.is_none() && (is_asked(&self.screen.overlay) || is_asked(&entrance.aside)) {
            // The connection is another, the question is not: whoever is answering it goes on, and
            // who has put it aside is not disturbed.
            return;
        }
        let why = refused.map(|failure| sanitize::line(&failure.text));
        let ask = if entrance.registers {
            self.new_account()
        } else {
            Ask::new(Asking::Login, String::new())
        };
        self.screen.overlay = Some(Overlay::Ask(Ask {
            why: why.unwrap_or(ask.why),
            ..ask
        }));
    }

    /// The questions that lead to a new account here.
    fn new_account(&self) -> Ask {
        let entrance = &self.screen.entrance;
        match entrance.registration {
            Registration::Invite if !entrance.invited => {
                Ask::new(Asking::Join, "A new account needs an invite.".to_owned())
            }
            _ => Ask::new(Asking::Register, "A new account is made.".to_owned()),
        }
    }

    pub(super) fn key_in_question(&mut self, mut ask: Ask, chord: Chord, act: Option<Act>) {
        let is_change = ask.what == Asking::Change;
        let is_new = matches!(ask.what, Asking::Register | Asking::Join);
        match (chord.code(), act) {
            (KeyCode::Enter, _) => return self.answer_question(ask),
            (_, Some(Act::Cancel)) => return self.put_aside(Overlay::Ask(ask)),
            (_, Some(Act::Clear | Act::Quit)) => self.effects.push(Effect::Quit),
            (_, Some(Act::Complete)) if !is_change => self.effects.push(Effect::Elsewhere),
            (_, Some(Act::Newer)) if ask.what == Asking::Login => {
                if self.screen.entrance.registration == Registration::Closed {
                    ask.why = "Its operator makes the accounts here: ask for one.".to_owned();
                } else {
                    ask = self.new_account();
                }
            }
            (_, Some(Act::Older)) if is_new => ask = Ask::new(Asking::Login, String::new()),
            (_, Some(Act::Backspace)) => ask.retype(|text| {
                text.pop();
            }),
            (_, Some(Act::CutStart)) => ask.retype(String::clear),
            _ => {
                if let Some(c) = chord.typed() {
                    ask.retype(|text| text.push(c));
                }
            }
        }
        self.screen.overlay = Some(Overlay::Ask(ask));
    }

    /// What is on this machine can be read and written to without getting in.
    fn put_aside(&mut self, overlay: Overlay) {
        self.screen.entrance.aside = Some(overlay);
        let keys = self.screen.settings.keys.of(Act::Retry);
        self.note(format!(
            "{keys} asks again; what you write is kept until then"
        ));
    }

    /// Tries to get in now, or asks again what was put aside.
    pub(super) fn retry(&mut self) {
        match self.screen.entrance.aside.take() {
            Some(overlay) => self.screen.overlay = Some(overlay),
            None => self.effects.push(Effect::Retry),
        }
    }

    pub(super) fn key_where_stopped(&mut self, why: Vec<String>, chord: Chord, act: Option<Act>) {
        match (chord.code(), act) {
            (KeyCode::Enter, _) => self.effects.push(Effect::Elsewhere),
            (_, Some(Act::Clear)) => self.effects.push(Effect::Quit),
            (_, Some(Act::Retry)) => self.effects.push(Effect::Retry),
            (_, Some(Act::Cancel)) => return self.put_aside(Overlay::Stopped(why)),
            _ => {}
        }
        self.screen.overlay = Some(Overlay::Stopped(why));
    }

    fn answer_question(&mut self, mut ask: Ask) {
        if ask.typing.expose().is_empty() {
            self.screen.overlay = Some(Overlay::Ask(ask));
            return;
        }
        if ask.is_open()
            && let Err(problem) = self.invite(ask.typing.expose())
        {
            ask.why = problem;
            ask.retype(String::clear);
            self.screen.overlay = Some(Overlay::Ask(ask));
            return;
        }
        let typed = std::mem::replace(&mut ask.typing, Secret::new(String::new()));
        ask.given.push(typed);
        if ask.given.len() < ask.questions().len() {
            self.screen.overlay = Some(Overlay::Ask(ask));
            return;
        }
        let (what, mut given) = (ask.what, ask.given);
        let Some(last) = given.pop() else { return };
        let twice = what != Asking::Login;
        if twice && given.pop() != Some(last.clone()) {
            let mut again = Ask::new(what, "The two were not the same.".to_owned());
            if what != Asking::Register {
                // Link and old password need not be typed again.
                again.given = given;
            }
            self.screen.overlay = Some(Overlay::Ask(again));
            return;
        }
        self.screen.entrance.registers = matches!(what, Asking::Register | Asking::Join);
        let effect = match (what, given.pop()) {
            (Asking::Change, Some(old)) => Effect::ChangePassword { old, new: last },
            (Asking::Register | Asking::Join, link) => Effect::Register {
                password: last,
                invite: link.and_then(|link| self.invite(link.expose()).ok()),
            },
            (Asking::Login | Asking::Change, _) => Effect::LogIn(last),
        };
        self.effects.push(effect);
    }

    /// The secret of an invite link to this server.
    fn invite(&self, pasted: &str) -> Result<Secret, String> {
        let link = InviteLink::parse(pasted).map_err(|error| error.to_string())?;
        if link.server != *self.known.server {
            return Err(format!(
                "This link leads to {}: Tab goes there.",
                link.server
            ));
        }
        Ok(Secret::new(link.secret.reveal().as_str().to_owned()))
    }
}
