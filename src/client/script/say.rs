//! Saying something, and waiting until it is kept.

use anyhow::{Context, anyhow, bail};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader, stdin},
    time::{Instant, timeout_at},
};

use super::{ANSWER_TIMEOUT, Said, Session, check};
use crate::{
    client::{core::Post, outbox::Standing},
    model::{Address, MessageId, Text},
};

/// The most that is read as one message; no server takes nearly as much.
const WHOLE_MAX: u64 = 1024 * 1024;

impl Session {
    pub(super) async fn say(&mut self, to: &Address, what: Said) -> anyhow::Result<()> {
        let context = "cannot read standard input";
        match what {
            Said::Text { text, id } => self.say_one(to, &text, id).await,
            Said::Whole { id } => {
                let mut text = String::new();
                let mut input = stdin().take(WHOLE_MAX);
                input.read_to_string(&mut text).await.context(context)?;
                self.say_one(to, text.trim_end(), id).await
            }
            Said::Lines => {
                let mut lines = BufReader::new(stdin()).lines();
                while let Some(line) = lines.next_line().await.context(context)? {
                    if !line.trim().is_empty() {
                        self.say_one(to, &line, None).await?;
                    }
                }
                Ok(())
            }
        }
    }

    /// Says it and waits for the server's answer. What was not answered is not tried again: whoever
    /// is told that it failed may have done something else by then.
    async fn say_one(
        &mut self,
        to: &Address,
        text: &str,
        id: Option<MessageId>,
    ) -> anyhow::Result<()> {
        let text = Text::parse(text)?;
        let post = Post::plain(to.clone(), text);
        let message = match id {
            Some(id) => self.core.send_named(id, post)?,
            None => self.core.send(post)?,
        };
        let deadline = Instant::now() + ANSWER_TIMEOUT;
        while self.is_unanswered(&message)? {
            let update = timeout_at(deadline, self.next()).await;
            if let Err(error) = update.map_err(|_| unanswered(&message)).and_then(check) {
                self.core.dismiss(&message);
                return Err(error);
            }
        }
        Ok(())
    }

    fn is_unanswered(&mut self, message: &MessageId) -> anyhow::Result<bool> {
        let items = self.core.outbox().items();
        let Some(item) = items.iter().find(|item| item.message == *message) else {
            return Ok(false);
        };
        if let Standing::Refused(reason) = &item.standing {
            let reason = reason.clone();
            self.core.dismiss(message);
            bail!("{reason}");
        }
        Ok(true)
    }
}

fn unanswered(message: &MessageId) -> anyhow::Error {
    anyhow!(
        "the server has not answered within {} s: whether it is kept is not known; \
         send it with --id {} to have it there once",
        ANSWER_TIMEOUT.as_secs(),
        message.as_str()
    )
}

#[cfg(test)]
mod tests {
    use tokio::{join, sync::mpsc};

    use super::*;
    use crate::{
        auth::ServerAddress,
        client::{
            core::{Account, Core, Credentials},
            fake::{Far, hello},
            link::Dialer,
            profile::Profile,
        },
        model::UserName,
        protocol::Secret,
        tls::Trust,
    };

    /// A script's session, whose one connection arrives at the test.
    fn session(state: &tempfile::TempDir) -> (Session, Far) {
        let (near, far) = Far::new();
        let (arrivals, script) = mpsc::channel(1);
        arrivals.try_send(near).unwrap();
        let account = Account {
            server: ServerAddress::parse("localhost").unwrap(),
            trust: Trust::System,
            user: UserName::parse("alice").unwrap(),
            profile: Profile::in_folder(state.path(), "test").unwrap(),
            credentials: Some(Credentials::Token(Secret::new("token".to_owned()))),
        };
        let core = Core::over(account, Dialer::script(script)).unwrap();
        (Session { core }, far)
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_not_answered_is_a_failure_and_is_not_sent_later() {
        let state = tempfile::tempdir().unwrap();
        let (mut session, mut far) = session(&state);
        let serve = async {
            far.say(&hello(1)).await;
            far.let_in("resume").await;
            far.expect("send").await;
            // Read, and never answered.
            far
        };
        let what = Said::Text {
            text: "hello".to_owned(),
            id: MessageId::parse("m-1").ok(),
        };
        let (failed, _far) = join!(session.say(&Address::Everyone, what), serve);
        let why = failed.unwrap_err().to_string();
        assert!(
            why.contains("not known") && why.contains("--id m-1"),
            "{why}"
        );
        assert!(session.core.outbox().items().is_empty());
    }
}
