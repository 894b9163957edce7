//! Line mode: a chat of lines, on a terminal or between pipes.
//!
//! What is typed goes to the current conversation or is a command; what comes in is printed above
//! it. Between pipes chat goes to standard output and everything else to standard error, and the end
//! of the input waits until all of it was answered.

mod answer;
mod console;
mod desk;
pub(super) mod entry;
mod output;
mod screen;
#[cfg(test)]
mod tests;
mod view;

use std::{process::ExitCode, time::Duration};

use tokio::{
    select,
    time::{Instant, sleep_until},
};

use super::{
    command::{self, Action, Context},
    core::{Core, NotNow, Update},
    link::LinkState,
    prompt::{self, Asker},
    sanitize,
    state::{Change, Conversation},
};
use crate::model::{Address, Seq};

pub(super) use console::{Ask, Console, Reply};
pub(super) use desk::{Desk, Signals};
pub(super) use output::{Output, Shown};
pub(super) use view::View;

/// How long the end of a pipe waits until everything is answered.
const FINISH_TIMEOUT: Duration = Duration::from_secs(30);
/// How long one who leaves by hand waits for what they typed last.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(3);
/// Unanswered messages at which a pipe is read no further.
const UNSENT_MAX: usize = 256;

/// Why line mode ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leave {
    /// As asked.
    Done,
    /// The session is over, or the server may not be talked to.
    Failed,
}

struct Line {
    core: Core,
    desk: Desk,
    current: Address,
    /// When not to wait any longer for what is unanswered; set once the input has ended.
    deadline: Option<Instant>,
    /// Something that was typed was not taken.
    has_failed: bool,
    needs_login: Option<prompt::Needed>,
    /// A question from a pipe that waits until all before it is answered; nothing is read meanwhile.
    question: Option<Action>,
}

/// Chats until the input or the session ends.
pub(super) async fn run(core: Core, desk: Desk) -> ExitCode {
    let mut line = Line {
        core,
        desk,
        current: Address::Everyone,
        deadline: None,
        has_failed: false,
        needs_login: None,
        question: None,
    };
    let leave = line.chat().await;
    line.leave(leave).await
}

impl Line {
    async fn chat(&mut self) -> Leave {
        loop {
            if self.core.is_idle()
                && let Some(question) = self.question.take()
            {
                self.deadline = None;
                self.perform(question).await;
            }
            if let Some(leave) = self.is_over() {
                return leave;
            }
            self.ask_for_more();
            let Desk {
                console,
                output,
                signals,
                ..
            } = &mut self.desk;
            select! {
                update = self.core.next(), if output.has_room() => {
                    if let Some(leave) = self.show(update) {
                        return leave;
                    }
                }
                reply = console.reply(), if console.is_asked() => {
                    if let Some(leave) = self.typed(reply).await {
                        return leave;
                    }
                }
                drained = output.drain(), if !output.is_empty() => if drained.is_err() {
                    // Nobody reads any more, as in `netcomm connect | head`.
                    return Leave::Done;
                },
                () = signals.next() => return Leave::Done,
                () = at(self.deadline) => return self.late(),
            }
        }
    }

    /// Once the input has ended: everything is answered.
    fn is_over(&self) -> Option<Leave> {
        (self.deadline.is_some() && self.core.is_idle()).then_some(Leave::Done)
    }

    fn late(&mut self) -> Leave {
        if self.question.take().is_some() {
            self.complain(&NotNow::NotConnected);
        }
        Leave::Done
    }

    fn ask_for_more(&mut self) {
        let console = &mut self.desk.console;
        let has_room = console.is_terminal() || self.core.outbox().unsent() < UNSENT_MAX;
        if self.deadline.is_none() && self.question.is_none() && has_room {
            let prompt = format!("{}> ", self.current);
            console.ask(Ask::Command { prompt });
        }
    }

    fn show(&mut self, update: Update) -> Option<Leave> {
        for line in self.desk.view.lines(&update, self.core.state()) {
            self.desk.output.show(line);
        }
        match update {
            Update::Link(LinkState::Stopped(_)) => Some(Leave::Failed),
            Update::LoggedOut => Some(Leave::Done),
            Update::Refused(item) => {
                self.has_failed = true;
                self.core.dismiss(&item.message);
                None
            }
            Update::Failed { .. } => {
                self.has_failed = true;
                None
            }
            Update::Changed(change) => {
                self.follow(&change);
                None
            }
            Update::NeedsLogin { hello, refused } => {
                let needed = prompt::Needed { hello, refused };
                if !self.desk.console.is_terminal() {
                    let output = &mut self.desk.output;
                    output.notice(needed.without_a_terminal());
                    return Some(Leave::Failed);
                }
                let because = needed.reason();
                let output = &mut self.desk.output;
                output.notice(format!("-- {because}: press Enter to log in again"));
                self.needs_login = Some(needed);
                None
            }
            _ => None,
        }
    }

    /// Where one is may be called something else now, or be gone.
    fn follow(&mut self, change: &Change) {
        match change {
            Change::Renamed { was, now } if *was == self.current => self.current = now.clone(),
            Change::Gone(address) if *address == self.current => self.current = Address::Everyone,
            _ => {}
        }
    }

    async fn typed(&mut self, reply: Reply) -> Option<Leave> {
        let line = match reply {
            Reply::Line(line) => {
                self.mark_seen();
                line
            }
            Reply::Interrupted => {
                self.desk.output.notice("(/quit or Ctrl-D leaves)");
                return None;
            }
            Reply::Secret(_) => return None,
            Reply::End => {
                self.end_of_input();
                return None;
            }
        };
        let context = Context {
            current: &self.current,
            own_last: self.own_last(),
            zone: self.desk.view.zone(),
        };
        match command::parse(&line, &context) {
            Ok(action @ (Action::Ask(_) | Action::History { .. } | Action::More))
                if !self.desk.console.is_terminal() =>
            {
                self.question = Some(action);
                self.deadline = Some(Instant::now() + FINISH_TIMEOUT);
            }
            Ok(action) => self.perform(action).await,
            Err(mistake) => self.complain(&mistake),
        }
        match self.needs_login.take() {
            Some(needed) => self.log_in_again(needed).await,
            None => None,
        }
    }

    /// Whoever types at a terminal has what stands above before their eyes.
    fn mark_seen(&mut self) {
        if !self.desk.console.is_terminal() {
            return;
        }
        let unread = |known: &&Conversation| known.facts().unread.unread > 0;
        let seen = self.core.state().conversations().filter(unread);
        let seen: Vec<_> = seen.map(|known| known.address().clone()).collect();
        for address in seen {
            self.core.mark_read(&address);
        }
    }

    fn own_last(&self) -> Option<Seq> {
        let conversation = self.core.state().conversation(&self.current)?;
        conversation.last_by(self.core.user())
    }

    fn end_of_input(&mut self) {
        let wait = if self.desk.console.is_terminal() {
            LEAVE_TIMEOUT
        } else {
            FINISH_TIMEOUT
        };
        self.deadline = Some(Instant::now() + wait);
    }

    fn complain(&mut self, problem: &impl ToString) {
        self.has_failed = true;
        let text = sanitize::line(&problem.to_string());
        self.desk.output.notice(text);
    }

    fn check<T>(&mut self, done: Result<T, impl ToString>) {
        if let Err(problem) = done {
            self.complain(&problem);
        }
    }

    async fn perform(&mut self, action: Action) {
        match action {
            Action::Nothing => {}
            Action::Send(post) => {
                let sent = self.core.send(post);
                self.check(sent);
            }
            Action::Change { verb, go } => {
                let kept = self.core.change(verb);
                self.check(kept);
                self.go(go);
            }
            Action::Ask(verb) => {
                let asked = self.core.ask(verb);
                self.check(asked);
            }
            Action::Go(address) => self.go(Some(address)),
            Action::History { count } => {
                let current = self.current.clone();
                let asked = self.core.history(&current, count);
                self.check(asked);
            }
            Action::More => {
                let asked = self.core.more();
                self.check(asked);
            }
            Action::MarkRead => self.core.mark_read(&self.current),
            Action::ShowTopic => self.show_topic(),
            Action::Help(spec) => {
                for line in spec.map_or_else(command::all, command::one) {
                    self.desk.output.show(Shown::Chat(line));
                }
            }
            Action::Password => self.change_password().await,
            Action::Retry => self.core.retry(),
            Action::Logout => {
                let asked = self.core.log_out();
                self.check(asked);
            }
            Action::Quit => self.end_of_input(),
        }
    }

    fn go(&mut self, address: Option<Address>) {
        if let Some(address) = address {
            self.current = address;
        }
    }

    fn show_topic(&mut self) {
        let known = self.core.state().conversation(&self.current);
        let topic = known
            .and_then(|known| known.facts().topic.clone())
            .unwrap_or_default();
        let line = match topic.as_str() {
            "" => format!("{} has no topic", self.current),
            topic => format!("{}: {}", self.current, sanitize::line(topic)),
        };
        self.desk.output.show(Shown::Chat(line));
    }

    async fn change_password(&mut self) {
        let mut asker = Asker::new(&mut self.desk);
        match asker.change_password().await {
            Ok((old, new)) => {
                let asked = self.core.change_password(old, new);
                self.check(asked);
            }
            Err(problem) => self.complain(&problem),
        }
    }

    async fn log_in_again(&mut self, needed: prompt::Needed) -> Option<Leave> {
        let mut asker = Asker::new(&mut self.desk);
        match asker.password(self.core.user(), &needed).await {
            Ok(credentials) => {
                self.core.sign_in(credentials);
                None
            }
            Err(_) => Some(Leave::Failed),
        }
    }

    async fn leave(self, leave: Leave) -> ExitCode {
        let Self { core, mut desk, .. } = self;
        let unsent = core.outbox().unsent();
        if unsent > 0 {
            let (what, they) = if unsent == 1 {
                ("message is", "it goes")
            } else {
                ("messages are", "they go")
            };
            desk.output.notice(format!(
                "-- {unsent} {what} not sent yet; {they} out at the next start"
            ));
        }
        let in_pipe = !desk.console.is_terminal();
        core.close().await;
        desk.output.finish().await;
        let failed = leave == Leave::Failed || unsent > 0 || (in_pipe && self.has_failed);
        if failed {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        }
    }
}

/// Never comes when there is no deadline.
async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
