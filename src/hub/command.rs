//! What a request means in the words of the rules: names and places looked up.

use crate::{
    chat::{self, Actor, Command, Mentions},
    model::{Account, ConversationId, Emoji, Seq, UserName},
    store::StoreError,
};

use super::{
    ask::{Refused, Want},
    turn::{Failed, Turn},
};

impl Turn<'_, '_> {
    /// Puts what names and places stand for in their place.
    pub(super) fn command(
        &self,
        actor: &Actor,
        id: ConversationId,
        want: &Want,
    ) -> Result<Command, Failed> {
        let target =
            |seq: Seq, emoji: Option<&Emoji>| self.tx.target(id, seq, actor.account.id, emoji);
        Ok(match want {
            Want::Post {
                text,
                style,
                reply_to,
            } => Command::Post {
                text: text.clone(),
                style: *style,
                reply_to: reply_to.map(|seq| target(seq, None)).transpose()?,
                mentions: self.mentions(text.as_str())?,
            },
            Want::Edit { seq, text } => Command::Edit {
                target: target(*seq, None)?,
                text: text.clone(),
            },
            Want::Delete { seq } => Command::Delete {
                target: target(*seq, None)?,
            },
            Want::React { seq, emoji } => Command::React {
                target: target(*seq, Some(emoji))?,
                emoji: emoji.clone(),
            },
            Want::Unreact { seq, emoji } => Command::Unreact {
                target: target(*seq, Some(emoji))?,
                emoji: emoji.clone(),
            },
            Want::Create { visibility } => Command::Create {
                visibility: *visibility,
            },
            Want::Join => Command::Join,
            Want::Leave => Command::Leave,
            Want::Invite { user } => Command::Invite {
                account: self.account(user)?,
            },
            Want::SetTopic { topic } => Command::SetTopic {
                topic: topic.clone(),
            },
            Want::SetRole { user, role } => Command::SetRole {
                account: self.account(user)?,
                role: *role,
            },
            Want::Kick { user, reason } => Command::Kick {
                account: self.account(user)?,
                reason: reason.clone(),
            },
            Want::Ban {
                user,
                reason,
                until,
            } => Command::Ban {
                account: self.account(user)?,
                reason: reason.clone(),
                until: *until,
            },
            Want::Unban { user } => Command::Unban {
                account: self.account(user)?,
            },
            Want::Mute {
                user,
                reason,
                until,
            } => Command::Mute {
                account: self.account(user)?,
                reason: reason.clone(),
                until: *until,
            },
            Want::Unmute { user } => Command::Unmute {
                account: self.account(user)?,
            },
            Want::Set(setting) => Command::Set(setting.clone()),
        })
    }

    fn account(&self, name: &UserName) -> Result<Account, Failed> {
        let record = self.tx.account_by_name(name)?.ok_or(Refused::NoSuchUser)?;
        Ok(record.account)
    }

    fn mentions(&self, text: &str) -> Result<Mentions, StoreError> {
        let named = chat::named_in(text);
        let mut mentions = Mentions {
            accounts: Vec::new(),
            here: named.here,
        };
        for name in &named.users {
            if let Some(record) = self.tx.account_by_name(name)? {
                mentions.accounts.push(record.account);
            }
        }
        Ok(mentions)
    }
}
