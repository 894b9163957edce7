//! What scripts do: say something, follow a conversation, read what was said, look for words.
//!
//! Promises: success means that the server has answered; nobody is asked anything; where the next
//! start of a screen begins is left as it is; the end of whoever reads the output is a good end.

mod output;
mod say;

use std::{process::ExitCode, time::Duration};

use anyhow::{Context, bail};
use tokio::time::{Instant, timeout_at};

use super::{
    Options,
    core::{Core, Update},
    link::LinkState,
    start,
    state::{Age, Change, Conversation},
};
use crate::{
    model::{Address, MessageId, Seq, Timestamp},
    protocol::{Search, Verb},
};

pub use output::Form;
use output::{Output, Reader};

/// How long a script waits for the server before it gives up.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);
/// Entries asked for at once.
const PAGE: u32 = 200;

/// What a script does.
#[derive(Clone, Debug)]
pub enum Script {
    /// Says something.
    Send {
        /// Where.
        to: Address,
        /// What.
        what: Said,
    },
    /// Shows what is said from now on, and before if asked to.
    Tail {
        /// Where.
        of: Address,
        /// From when on.
        since: Option<Timestamp>,
        /// How.
        form: Form,
    },
    /// Shows what was said last.
    History {
        /// Where.
        of: Address,
        /// How many entries.
        count: usize,
        /// How.
        form: Form,
    },
    /// Shows what holds the words.
    Search {
        /// What to look for.
        search: Search,
        /// How many messages at most.
        count: usize,
        /// How.
        form: Form,
    },
}

/// What is said, and under which name where one was chosen.
#[derive(Clone, Debug)]
pub enum Said {
    /// This.
    Text {
        /// The message.
        text: String,
        /// Its name.
        id: Option<MessageId>,
    },
    /// All of standard input as one message.
    Whole {
        /// Its name.
        id: Option<MessageId>,
    },
    /// Each line of standard input as a message of its own.
    Lines,
}

/// Does what a script wants.
///
/// # Errors
///
/// When it was not done; the sentence says why.
pub async fn run_script(options: Options, script: Script) -> anyhow::Result<ExitCode> {
    let (account, tls) = start::known(&options)?;
    let mut core = Core::start(account, tls)?;
    core.keep_no_cursors();
    let mut session = Session { core };
    session.begin().await?;
    let done = match script {
        Script::Send { to, what } => session.say(&to, what).await,
        Script::Tail { of, since, form } => session.tail(&of, since, form).await,
        Script::History { of, count, form } => session.history(&of, count, form).await,
        Script::Search {
            search,
            count,
            form,
        } => session.search(search, count, form).await,
    };
    session.core.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

/// A session that nobody sits at.
struct Session {
    core: Core,
}

impl Session {
    /// Waits until everything that was missed is here.
    async fn begin(&mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + ANSWER_TIMEOUT;
        let mut reason = "the server did not answer".to_owned();
        loop {
            match timeout_at(deadline, self.next()).await {
                Err(_) => bail!("{reason}; {} s have passed", ANSWER_TIMEOUT.as_secs()),
                Ok(Update::Changed(Change::Current)) => return Ok(()),
                Ok(Update::Link(LinkState::Waiting { reason: last, .. })) => reason = last,
                Ok(update) => check(update)?,
            }
        }
    }

    async fn next(&mut self) -> Update {
        self.core.next().await
    }

    fn conversation(&self, of: &Address) -> anyhow::Result<&Conversation> {
        let known = self.core.state().conversation(of);
        known.with_context(|| format!("{of} is not among your conversations"))
    }

    fn output(&self, form: Form) -> Output {
        Output::new(form, self.core.user().clone())
    }

    async fn tail(
        &mut self,
        of: &Address,
        since: Option<Timestamp>,
        form: Form,
    ) -> anyhow::Result<()> {
        self.conversation(of)?;
        let mut output = self.output(form);
        if let Some(since) = since {
            self.fetch(of, |oldest, _| oldest.is_none_or(|at| at >= since))
                .await?;
            let known = self.conversation(of)?;
            for held in known.entries().filter(|held| held.entry().at >= since) {
                if output.entry(known, held.entry(), Age::Past)? == Reader::Gone {
                    return Ok(());
                }
            }
        }
        loop {
            let update = self.next().await;
            match update {
                Update::Changed(Change::Entry {
                    conversation,
                    seq,
                    age: age @ (Age::New | Age::Missed),
                }) if conversation == *of => {
                    let known = self.conversation(of)?;
                    if let Some(held) = known.held(seq)
                        && output.entry(known, held.entry(), age)? == Reader::Gone
                    {
                        return Ok(());
                    }
                }
                Update::Changed(Change::Gone(address)) if address == *of => {
                    bail!("you are not in {of} any more");
                }
                update => check(update)?,
            }
        }
    }

    async fn history(&mut self, of: &Address, count: usize, form: Form) -> anyhow::Result<()> {
        self.conversation(of)?;
        self.fetch(of, |_, held| held < count).await?;
        let known = self.conversation(of)?;
        let last: Vec<_> = known.entries().rev().take(count).collect();
        let mut output = self.output(form);
        for held in last.into_iter().rev() {
            if output.entry(known, held.entry(), Age::Past)? == Reader::Gone {
                break;
            }
        }
        Ok(())
    }

    /// Fetches earlier pages as long as more are wanted, by the oldest entry and their number.
    async fn fetch(
        &mut self,
        of: &Address,
        wants_more: impl Fn(Option<Timestamp>, usize) -> bool,
    ) -> anyhow::Result<()> {
        loop {
            let known = self.conversation(of)?;
            let oldest = known.entries().next().map(|held| held.entry());
            let oldest = oldest.map(|entry| (entry.seq, entry.at));
            let held = known.entries().count();
            let is_all = oldest.is_some_and(|(seq, _)| seq <= Seq::FIRST);
            if is_all || !wants_more(oldest.map(|(_, at)| at), held) {
                return Ok(());
            }
            if self.core.history(of, PAGE).is_err() {
                return Ok(());
            }
            self.answer().await?;
        }
    }

    async fn search(&mut self, search: Search, count: usize, form: Form) -> anyhow::Result<()> {
        let mut output = self.output(form);
        let mut shown = 0;
        self.core.ask(Verb::Search(search))?;
        loop {
            let Update::Answer { hits, .. } = self.answer().await? else {
                return Ok(());
            };
            for hit in hits.iter().take(count - shown) {
                if output.hit(hit)? == Reader::Gone {
                    return Ok(());
                }
            }
            shown = (shown + hits.len()).min(count);
            if shown == count || self.core.more().is_err() {
                return Ok(());
            }
        }
    }

    /// Waits for the answer to a question.
    async fn answer(&mut self) -> anyhow::Result<Update> {
        let deadline = Instant::now() + ANSWER_TIMEOUT;
        loop {
            let update = timeout_at(deadline, self.next()).await;
            match update.context("the server did not answer")? {
                update @ Update::Answer { .. } => return Ok(update),
                Update::Failed { reason, .. } => bail!("{reason}"),
                update => check(update)?,
            }
        }
    }
}

/// What no script can go on after.
fn check(update: Update) -> anyhow::Result<()> {
    match update {
        Update::NeedsLogin {
            refused: Some(failure),
            ..
        } => bail!("{}; run netcomm connect once to log in", failure.text),
        Update::NeedsLogin { refused: None, .. } => {
            bail!("nobody is logged in; run netcomm connect once")
        }
        Update::Link(LinkState::Stopped(stop)) => Err(stop.into()),
        _ => Ok(()),
    }
}
