//! Full-text search over what the session's account may read.

use tokio::io::{AsyncRead, AsyncWrite};

use crate::{
    model::Timestamp,
    protocol::{self, Answer, Code, Frame, RequestId},
    store::{Found, Hit, Query, Readable, Words},
};

use super::{end::End, refusal::Refuse, session::Session};

/// The longest search, in bytes.
const WORDS_MAX: usize = 1024;
/// The most hits of one page.
const HITS_MAX: usize = 50;

impl<S: AsyncRead + AsyncWrite + Unpin> Session<'_, S> {
    /// Answers with a page of hits, the newest first.
    pub(super) async fn search(
        &mut self,
        id: RequestId,
        search: protocol::Search,
    ) -> Result<(), End> {
        let found = self.find_words(search).await;
        self.catch_up().await?;
        match found {
            Ok(Found { hits, next }) => {
                for hit in hits {
                    self.push_hit(id, hit);
                }
                self.wire.push(&Frame::Ok(Answer {
                    id,
                    next,
                    ..Answer::default()
                }));
            }
            Err(refuse) => self.wire.push(&refuse.to(id)),
        }
        self.wire.flush().await?;
        Ok(())
    }

    async fn find_words(&self, search: protocol::Search) -> Result<Found, Refuse> {
        if search.words.len() > WORDS_MAX {
            let text = format!("a search is at most {WORDS_MAX} bytes");
            return Err(Refuse::new(Code::BadRequest, text));
        }
        let words = Words::parse(&search.words)
            .ok_or_else(|| Refuse::new(Code::BadRequest, "there is no word in the search"))?;
        let within = search
            .conversation
            .as_ref()
            .map(|at| self.conversation(at))
            .transpose()?;
        let memberships = self
            .context
            .reader
            .memberships(self.identity.account().id)
            .await?;
        let readable = memberships
            .iter()
            .filter(|membership| within.is_none_or(|id| id == membership.conversation))
            .map(|membership| Readable {
                conversation: membership.conversation,
                from: membership.start,
            });
        let author = match search.by {
            None => None,
            Some(name) => {
                let found = self.context.reader.account_by_name(name).await?;
                let record =
                    found.ok_or_else(|| Refuse::new(Code::NotFound, "there is no such user"))?;
                Some(record.account.id)
            }
        };
        let query = Query {
            words,
            within: readable.collect(),
            author,
            before: search.before.map(Timestamp::from_millis),
            after: search.after.map(Timestamp::from_millis),
            from: search.page,
            limit: HITS_MAX,
        };
        Ok(self.context.searcher.search(query).await?)
    }

    /// A conversation that was left meanwhile has no name to show its hits under.
    fn push_hit(&mut self, id: RequestId, hit: Hit) {
        let Some(conversation) = self.feed.address(hit.conversation).cloned() else {
            return;
        };
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let marks = hit
            .marks
            .iter()
            .map(|mark| (number(mark.start), number(mark.len())))
            .collect();
        self.wire.push(&Frame::Hit(protocol::Hit {
            id,
            conversation,
            seq: hit.seq,
            at: hit.at,
            by: hit.author.name,
            text: hit.text,
            marks,
        }));
    }
}
