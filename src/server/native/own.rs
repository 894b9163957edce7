//! What a session does about its own account: password, sessions, invites.

use tokio::io::{AsyncRead, AsyncWrite};

use crate::{
    auth::{AUDIT, InviteSecret},
    hub::SessionsToEnd,
    model::{ServerRole, Timestamp},
    protocol::{self, Answer, Code, SessionLine},
    store::NewInvite,
};

use super::{
    inquire::Answered,
    login::{internal, password},
    refusal::Refuse,
    session::Session,
};

impl<S: AsyncRead + AsyncWrite + Unpin> Session<'_, S> {
    pub(super) async fn change_password(&self, change: protocol::Password) -> Answered {
        let account = self.identity.account().clone();
        let (auth, hub) = (&self.context.auth, &self.context.hub);
        let old = password(&change.old)?;
        auth.check_password(&account.name, old, self.peer).await?;
        let new = auth
            .new_password(&account.name, password(&change.new)?)
            .await?;
        hub.change_password(account.id, new, Some(self.identity.token()))
            .await?;
        tracing::info!(target: AUDIT, event = "password_changed", user = %account.name);
        Ok(Answer::default())
    }

    pub(super) async fn sessions(&self) -> Answered {
        let me = self.identity.account().id;
        let tokens = self.context.reader.tokens_of(me).await?;
        let online = self.context.hub.tokens_online(me).await;
        let sessions = tokens.into_iter().map(|token| SessionLine {
            session: token.id,
            device: token.device,
            created: token.created,
            last_used: token.last_used,
            this: token.id == self.identity.token(),
            online: online.contains(&token.id),
        });
        Ok(Answer {
            sessions: Some(sessions.collect()),
            ..Answer::default()
        })
    }

    pub(super) async fn revoke(&self, which: SessionsToEnd) -> Answered {
        let account = self.identity.account();
        let ended = self.context.hub.revoke(account.id, which).await?;
        tracing::info!(target: AUDIT, event = "tokens_revoked", user = %account.name, ended);
        if ended == 0 && matches!(which, SessionsToEnd::One(_)) {
            return Err(Refuse::new(Code::NotFound, "you have no such session"));
        }
        Ok(Answer::default())
    }

    pub(super) async fn offer(&self) -> Answered {
        let me = self.identity.account().clone();
        let secret = InviteSecret::generate().map_err(|error| internal(&error))?;
        let link = self.context.invite_link(&secret)?;
        let expires = Timestamp::now().after(self.context.config().invites.lifetime);
        let (hash, made_by) = (secret.hash(), Some(me.id));
        let invite = NewInvite {
            hash,
            role: ServerRole::Member,
            made_by,
            expires,
        };
        // The role may have changed since this session began.
        let made = self.context.hub.write(move |tx, _| {
            let role = tx.account(me.id)?.map(|record| record.role);
            if role < Some(ServerRole::Admin) {
                return Ok(false);
            }
            tx.insert_invite(&invite).map(|_| true)
        });
        if !made.await? {
            let text = "only the server's admin may invite to it";
            return Err(Refuse::new(Code::Forbidden, text));
        }
        tracing::info!(target: AUDIT, event = "invite_made", user = %self.identity.account().name);
        Ok(Answer {
            link: Some(link.to_string()),
            ..Answer::default()
        })
    }
}
