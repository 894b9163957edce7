//! What a logged-in session asks besides changes to a conversation.

use tokio::io::{AsyncRead, AsyncWrite};

use crate::{
    hub::{Ended, SessionsToEnd, Unavailable},
    model::{Address, ConversationId, RoomName, Seq, UserName},
    protocol::{
        Answer, Code, Frame, History, HistoryEnd, MemberLine, Positions, RequestId, RoomLine,
        Unread, UserLine, Verb,
    },
    store::PageLimits,
};

use super::{end::End, login::internal, refusal::Refuse, saying, session::Session};

/// The most bytes of one history page.
const HISTORY_BYTES_MAX: usize = 256 * 1024;
/// The most names of one page of a list.
const LIST_MAX: usize = 200;

pub(super) type Answered = Result<Answer, Refuse>;

impl<S: AsyncRead + AsyncWrite + Unpin> Session<'_, S> {
    /// Answers one request, after everything that was committed before the answer was found.
    pub(super) async fn inquire(&mut self, id: RequestId, verb: Verb) -> Result<(), End> {
        let ends_itself = match &verb {
            Verb::Logout(_) => true,
            Verb::Revoke(revoke) => revoke.session == Some(self.identity.token()),
            _ => false,
        };
        let answered = match verb {
            Verb::History(history) => return self.history(id, history).await,
            Verb::Search(search) => return self.search(id, search).await,
            verb => self.find(verb).await,
        };
        let end = match self.catch_up().await {
            Err(End::Ended(Ended::Revoked)) if ends_itself => Some(End::LoggedOut),
            caught_up => {
                caught_up?;
                None
            }
        };
        self.wire.push(&match answered {
            Ok(answer) => Frame::Ok(Answer { id, ..answer }),
            Err(refuse) => refuse.to(id),
        });
        if let Some(end) = end {
            return Err(end);
        }
        self.wire.flush().await?;
        Ok(())
    }

    async fn find(&mut self, verb: Verb) -> Answered {
        match verb {
            Verb::Ping(_) => Ok(Answer::default()),
            Verb::Rooms(listing) => self.rooms(listing.after, listing.limit).await,
            Verb::Members(listing) => {
                self.members(&listing.what.room, listing.after, listing.limit)
                    .await
            }
            Verb::Online(listing) => self.online(listing.after, listing.limit).await,
            Verb::Read(read) => self.set_read(read.conversation, read.seq).await,
            Verb::Silence(silence) => self.silence(&silence.conversation, silence.silent).await,
            Verb::Typing(typing) => {
                self.context
                    .hub
                    .typing(self.feed.key(), typing.conversation)
                    .await;
                Ok(Answer::default())
            }
            Verb::Away(away) => {
                self.context.hub.away(self.feed.key(), away.text).await;
                Ok(Answer::default())
            }
            Verb::Block(with) => self.block(with.user, Blocking::On).await,
            Verb::Unblock(with) => self.block(with.user, Blocking::Off).await,
            Verb::Blocks(_) => self.blocks().await,
            Verb::Password(change) => self.change_password(change).await,
            Verb::Sessions(_) => self.sessions().await,
            Verb::Revoke(revoke) => {
                let which = match revoke.session {
                    Some(token) => SessionsToEnd::One(token),
                    None => SessionsToEnd::AllBut(self.identity.token()),
                };
                self.revoke(which).await
            }
            Verb::Logout(_) => self.revoke(SessionsToEnd::One(self.identity.token())).await,
            Verb::Offer(_) => self.offer().await,
            Verb::Register(_) | Verb::Login(_) | Verb::Resume(_) => Err(Refuse::new(
                Code::AlreadyLoggedIn,
                "you are logged in; connect again for another login",
            )),
            // These go to the hub or are answered elsewhere, and so never come here.
            Verb::Quit(_)
            | Verb::Pong(_)
            | Verb::History(_)
            | Verb::Search(_)
            | Verb::Send(_)
            | Verb::Edit(_)
            | Verb::Delete(_)
            | Verb::React(_)
            | Verb::Unreact(_)
            | Verb::Create(_)
            | Verb::Join(_)
            | Verb::Leave(_)
            | Verb::Invite(_)
            | Verb::Topic(_)
            | Verb::Role(_)
            | Verb::Kick(_)
            | Verb::Ban(_)
            | Verb::Unban(_)
            | Verb::Mute(_)
            | Verb::Unmute(_)
            | Verb::Set(_) => Err(internal(&"a request went the wrong way")),
        }
    }

    /// One answer for what does not exist and for what the asker is not in.
    pub(super) fn conversation(&self, address: &Address) -> Result<ConversationId, Refuse> {
        self.feed.conversation(address).ok_or_else(|| {
            Refuse::new(
                Code::NotFound,
                format!("you are in no conversation {address}"),
            )
        })
    }

    async fn history(&mut self, id: RequestId, history: History) -> Result<(), End> {
        let (page, more) = match self.page(&history).await {
            Ok(found) => found,
            Err(refuse) => {
                self.catch_up().await?;
                self.wire.push(&refuse.to(id));
                self.wire.flush().await?;
                return Ok(());
            }
        };
        self.catch_up().await?;
        for kept in &page.entries {
            let entry = saying::stored(kept, &history.of);
            self.wire.push(&Frame::Past { id, entry });
            if self.wire.output().len() >= super::wire::WRITE_BUFFER_MAX {
                self.wire.flush().await?;
            }
        }
        let count = u64::try_from(page.entries.len()).unwrap_or(u64::MAX);
        let end = HistoryEnd {
            count,
            start: page.start,
            head: page.head,
            more,
        };
        self.wire.push(&Frame::Ok(Answer {
            id,
            history: Some(end),
            ..Answer::default()
        }));
        self.wire.flush().await?;
        Ok(())
    }

    async fn page(&self, history: &History) -> Result<(crate::store::Page, bool), Refuse> {
        let conversation = self.conversation(&history.of)?;
        let (reader, account) = (&self.context.reader, self.identity.account().id);
        let membership = reader
            .membership(account, conversation)
            .await?
            .ok_or_else(|| {
                Refuse::new(
                    Code::NotFound,
                    format!("you are in no conversation {}", history.of),
                )
            })?;
        let max = self.context.config().limits.history_page_max;
        let wanted = history
            .limit
            .map_or(max, |limit| usize::try_from(limit).unwrap_or(max));
        let limits = PageLimits {
            rows: wanted.clamp(1, max),
            bytes: HISTORY_BYTES_MAX,
        };
        let start = membership.start;
        let mut page = match (history.before, history.after) {
            (before, None) => {
                let before = before.unwrap_or_else(|| membership.head.next());
                reader
                    .entries_before(conversation, before, start, limits)
                    .await?
            }
            (before, Some(after)) => {
                let up_to = before
                    .map_or(membership.head, Seq::previous)
                    .min(membership.head);
                let after = after.max(start.previous());
                reader.entries(conversation, after, up_to, limits).await?
            }
        };
        page.start = start;
        let more = match (history.before, history.after) {
            (_, None) => page.entries.first().is_some_and(|first| first.seq > start),
            (before, Some(_)) => {
                let last = before.map_or(page.head, Seq::previous);
                page.entries
                    .last()
                    .is_some_and(|newest| newest.seq < last.min(page.head))
            }
        };
        Ok((page, more))
    }

    async fn rooms(&self, after: Option<String>, limit: Option<u32>) -> Answered {
        let after = after.map(|name| room_name(&name)).transpose()?;
        let limit = list_limit(limit);
        let me = self.identity.account().id;
        let mut rooms = self.context.reader.rooms(me, after, limit + 1).await?;
        let more = rooms.len() > limit;
        rooms.truncate(limit);
        let rooms = rooms.into_iter().map(|room| RoomLine {
            room: room.name,
            topic: room.topic,
            visibility: room.visibility,
            members: room.members,
            joined: room.joined,
        });
        Ok(Answer {
            rooms: Some(rooms.collect()),
            more: Some(more),
            ..Answer::default()
        })
    }

    async fn members(
        &self,
        room: &RoomName,
        after: Option<String>,
        limit: Option<u32>,
    ) -> Answered {
        let conversation = self.conversation(&Address::Room(room.clone()))?;
        let (after, limit) = (user_name(after)?, list_limit(limit));
        let mut members = self
            .context
            .reader
            .members(conversation, after, limit + 1)
            .await?;
        let more = members.len() > limit;
        members.truncate(limit);
        let online = self.context.hub.online().await;
        let online: std::collections::HashSet<_> =
            online.into_iter().map(|there| there.account.id).collect();
        let members = members.into_iter().map(|member| MemberLine {
            online: online.contains(&member.account.id),
            user: member.account.name,
            role: member.role,
        });
        Ok(Answer {
            members: Some(members.collect()),
            more: Some(more),
            ..Answer::default()
        })
    }

    async fn online(&self, after: Option<String>, limit: Option<u32>) -> Answered {
        let (after, limit) = (user_name(after)?, list_limit(limit));
        let online = self.context.hub.online().await;
        let mut users = online
            .into_iter()
            .map(|there| UserLine {
                user: there.account.name,
                away: there.away,
            })
            .skip_while(|line| after.as_ref().is_some_and(|after| line.user <= *after));
        let page = users.by_ref().take(limit).collect();
        Ok(Answer {
            users: Some(page),
            more: Some(users.next().is_some()),
            ..Answer::default()
        })
    }

    async fn set_read(&self, at: Address, seq: Seq) -> Answered {
        let conversation = self.conversation(&at)?;
        let (key, account) = (self.feed.key(), self.identity.account().id);
        let read = self
            .context
            .hub
            .set_read(key, account, (at.clone(), conversation), seq)
            .await?;
        let unread = Unread {
            read: read.seq,
            unread: read.unread,
            mentions: read.mentions,
        };
        let read = Some(Positions {
            conversation: at,
            unread,
        });
        Ok(Answer {
            read,
            ..Answer::default()
        })
    }

    async fn silence(&self, at: &Address, silent: bool) -> Answered {
        let conversation = self.conversation(at)?;
        let account = self.identity.account().id;
        let hub = &self.context.hub;
        hub.write(move |tx, _| tx.set_muted(account, conversation, silent))
            .await?;
        Ok(Answer::default())
    }

    async fn block(&self, user: UserName, blocking: Blocking) -> Answered {
        let me = self.identity.account().id;
        let found = self.context.hub.write(move |tx, _| {
            let Some(other) = tx.account_by_name(&user)? else {
                return Ok(false);
            };
            match blocking {
                Blocking::On => tx.block(me, other.account.id)?,
                Blocking::Off => drop(tx.unblock(me, other.account.id)?),
            }
            Ok(true)
        });
        if found.await? {
            Ok(Answer::default())
        } else {
            Err(Refuse::new(Code::NotFound, "there is no such user"))
        }
    }

    async fn blocks(&self) -> Answered {
        let me = self.identity.account().id;
        let blocked = self.context.reader.blocks(me).await?;
        let users = blocked.into_iter().map(|account| UserLine {
            user: account.name,
            away: None,
        });
        Ok(Answer {
            users: Some(users.collect()),
            ..Answer::default()
        })
    }
}

#[derive(Clone, Copy)]
enum Blocking {
    On,
    Off,
}

fn user_name(name: Option<String>) -> Result<Option<UserName>, Refuse> {
    let name = name.map(|name| UserName::parse(&name)).transpose();
    name.map_err(|error| Refuse::new(Code::BadRequest, error.to_string()))
}

fn room_name(name: &str) -> Result<RoomName, Refuse> {
    let name = name.strip_prefix('#').unwrap_or(name);
    RoomName::parse(name).map_err(|error| Refuse::new(Code::BadRequest, error.to_string()))
}

fn list_limit(limit: Option<u32>) -> usize {
    let limit = limit.map_or(LIST_MAX, |limit| usize::try_from(limit).unwrap_or(LIST_MAX));
    limit.clamp(1, LIST_MAX)
}

impl From<Unavailable> for Refuse {
    fn from(unavailable: Unavailable) -> Self {
        Self::new(Code::Unavailable, unavailable.to_string())
    }
}
