//! What becomes of a line when it is sent.

use super::{Effect, Turn};
use crate::{
    client::{
        command::{self, Action, Context},
        core::Post,
        tui::{
            emoji,
            overlay::{Ask, Asking, Overlay},
            screen::{Aim, Screen},
        },
    },
    model::Text,
    protocol::{NewText, OfMessage, Verb},
};

/// Lines that can be recalled.
const TYPED_MAX: usize = 200;

impl Turn<'_> {
    pub(super) fn submit(&mut self) {
        self.screen.completion = None;
        let pane = self.screen.pane_mut();
        if pane.editor.is_blank() {
            pane.editor.take();
            return;
        }
        let line = emoji::expand(pane.editor.text().trim_end());
        let aim = pane
            .aim
            .filter(|_| !line.starts_with('/') || line.starts_with("//"));
        let done = match aim {
            Some(aim) => self.aimed(aim, &line),
            None => self.spoken(&line),
        };
        if let Err(mistake) = done {
            // What was not taken stays in the line.
            self.fail(mistake);
        }
    }

    fn taken(&mut self) {
        let screen: &mut Screen = self.screen;
        let pane = screen.pane_mut();
        let line = pane.editor.take();
        if let Some(aside) = pane.aside.take() {
            pane.editor.set(&aside);
        }
        pane.aim = None;
        pane.divider = None;
        screen.typed.retain(|known| *known != line);
        screen.typed.push(line);
        if screen.typed.len() > TYPED_MAX {
            screen.typed.remove(0);
        }
        screen.recalled = None;
        screen.unkept = true;
        self.go_to_bottom();
    }

    fn aimed(&mut self, aim: Aim, line: &str) -> Result<(), String> {
        let line = line.strip_prefix('/').unwrap_or(line);
        let text = Text::parse(line).map_err(|error| error.to_string())?;
        let conversation = self.screen.current.clone();
        self.effects.push(match aim {
            Aim::Reply(seq) => Effect::Send(Post {
                reply_to: Some(seq),
                ..Post::plain(conversation, text)
            }),
            Aim::Edit(seq) => Effect::Change(Verb::Edit(OfMessage {
                conversation,
                seq,
                message: None,
                change: NewText { text },
            })),
        });
        self.taken();
        Ok(())
    }

    fn spoken(&mut self, line: &str) -> Result<(), String> {
        let current = self.screen.current.clone();
        let known = self.known.state.conversation(&current);
        let zone = self.screen.zone.clone();
        let context = Context {
            current: &current,
            own_last: known.and_then(|known| known.last_by(self.known.me)),
            zone: &zone,
        };
        let action = command::parse(line, &context).map_err(|mistake| mistake.to_string())?;
        self.taken();
        self.perform(action);
        Ok(())
    }

    fn perform(&mut self, action: Action) {
        let current = self.screen.current.clone();
        match action {
            Action::Nothing => {}
            Action::Send(post) => {
                let to = post.to.clone();
                self.effects.push(Effect::Send(post));
                if to != current {
                    self.go(to);
                }
            }
            Action::Change { verb, go } => {
                self.effects.push(Effect::Change(verb));
                if let Some(go) = go {
                    self.go(go);
                }
            }
            Action::Ask(Verb::Search(search)) => self.search_for(&search),
            Action::Ask(verb) => self.effects.push(Effect::Ask(verb)),
            Action::Go(to) => self.go(to),
            Action::History { .. } => self.effects.push(Effect::History(current)),
            Action::More => self.effects.push(Effect::More),
            Action::MarkRead => self.effects.push(Effect::MarkRead(current)),
            Action::ShowTopic => self.show_topic(),
            Action::Help(spec) => self.help_on(spec),
            Action::Password => {
                let ask = Ask::new(
                    Asking::Change,
                    "All your other sessions will end.".to_owned(),
                );
                self.screen.overlay = Some(Overlay::Ask(ask));
            }
            Action::Retry => self.retry(),
            Action::Logout => self.effects.push(Effect::LogOut),
            Action::Quit => self.effects.push(Effect::Quit),
        }
    }

    fn show_topic(&mut self) {
        let known = self.known.state.conversation(&self.screen.current);
        let topic = known.and_then(|known| known.facts().topic.as_ref());
        let text = match topic.map(|topic| topic.as_str()) {
            Some("") | None => "there is no topic here".to_owned(),
            Some(topic) => format!("topic: {topic}"),
        };
        self.note(text);
    }

    /// A line up, and from the first line to what was typed before.
    pub(super) fn older(&mut self) {
        if self.screen.pane_mut().editor.up() {
            return;
        }
        let before = match self.screen.recalled {
            None => self.screen.typed.len(),
            Some(at) => at,
        };
        let Some(at) = before.checked_sub(1) else {
            return;
        };
        if self.screen.recalled.is_none() {
            // The line one is in is not lost: it is the newest to come back to.
            let line = self.screen.pane_mut().editor.text().to_owned();
            self.screen.unsent_line = line;
        }
        self.recall(Some(at));
    }

    /// A line down, and from the last line to what was typed after.
    pub(super) fn newer(&mut self) {
        if self.screen.pane_mut().editor.down() {
            return;
        }
        if let Some(at) = self.screen.recalled {
            let next = at + 1;
            self.recall((next < self.screen.typed.len()).then_some(next));
        }
    }

    fn recall(&mut self, at: Option<usize>) {
        let line = match at {
            Some(at) => self.screen.typed.get(at).cloned().unwrap_or_default(),
            None => std::mem::take(&mut self.screen.unsent_line),
        };
        self.screen.pane_mut().editor.set(&line);
        self.screen.recalled = at;
        self.screen.unkept = true;
    }
}
