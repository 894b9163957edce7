//! Saying something, and waiting until it is kept.

use anyhow::{Context, bail};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader, stdin},
    time::{Instant, timeout_at},
};

use super::{ANSWER_TIMEOUT, Session, check};
use crate::{
    client::outbox::Standing,
    model::{Address, MessageId, Text},
};

/// The most that is read as one message; no server takes nearly as much.
const WHOLE_MAX: u64 = 1024 * 1024;

impl Session {
    pub(super) async fn say(
        &mut self,
        to: &Address,
        text: Option<String>,
        whole: bool,
    ) -> anyhow::Result<()> {
        if let Some(text) = text {
            return self.say_one(to, &text).await;
        }
        let context = "cannot read standard input";
        if whole {
            let mut text = String::new();
            let mut input = stdin().take(WHOLE_MAX);
            input.read_to_string(&mut text).await.context(context)?;
            return self.say_one(to, text.trim_end()).await;
        }
        let mut lines = BufReader::new(stdin()).lines();
        while let Some(line) = lines.next_line().await.context(context)? {
            if !line.trim().is_empty() {
                self.say_one(to, &line).await?;
            }
        }
        Ok(())
    }

    /// Says it and waits for the server's answer.
    async fn say_one(&mut self, to: &Address, text: &str) -> anyhow::Result<()> {
        let text = Text::parse(text)?;
        let message = self.core.send(to.clone(), text, None, false)?;
        let deadline = Instant::now() + ANSWER_TIMEOUT;
        while self.is_unanswered(&message)? {
            match timeout_at(deadline, self.next()).await {
                Ok(update) => check(update)?,
                Err(_) => bail!(
                    "the server has not answered for it within {} s; it stays in the outbox and goes out with the next start of netcomm",
                    ANSWER_TIMEOUT.as_secs()
                ),
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
