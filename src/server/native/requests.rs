//! A session's requests: taken up one after another, as fast as the limits let them.

use std::{mem, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::Instant,
};
use tracing::Instrument;

use crate::{
    model::Timestamp,
    protocol::{Code, FramingError, Request, Verb},
    server::pace::Rate,
};

use super::{asking, end::End, refusal, session::Session};

/// The most requests of one session that wait for the hub. More are not read until some are answered.
const IN_FLIGHT_MAX: usize = 64;
/// Coming to rooms and going is what people do now and then; each time tells all others in them.
const ROOM_RATE: Rate = Rate {
    burst: 10,
    per_second: 1,
};
/// Questions cost a read of the store each: enough to page quickly, too few to keep others waiting.
const QUESTION_RATE: Rate = Rate {
    burst: 100,
    per_second: 50,
};

/// Whether the session can do with more input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Input {
    Wanted,
    /// Not before something else has happened: an answer, or time.
    Held,
}

/// What has become of the next request.
enum Taken {
    /// It is on its way to the hub.
    Up,
    /// It was refused, which is to be told before the next.
    Refused,
    /// It is to be answered now. Boxed: every session that waits would have room for it.
    Question(Box<Request>),
    /// There is none to be done now.
    Nothing(Input),
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<'_, S> {
    /// Does what the peer has asked, as far as it may now.
    pub(super) async fn requests(&mut self) -> Result<Input, End> {
        let input = self.read_requests().await;
        if !self.asks.is_empty() {
            let asks = mem::take(&mut self.asks);
            Box::pin(self.context.hub.ask(self.feed.key(), asks)).await;
        }
        input
    }

    async fn read_requests(&mut self) -> Result<Input, End> {
        if self.leaving.is_some() {
            return Ok(Input::Held);
        }
        loop {
            match self.next_request()? {
                Taken::Up => {}
                Taken::Refused => self.wire.flush().await?,
                Taken::Question(request) => {
                    let span = self.span.clone();
                    Box::pin(self.answer(*request)).instrument(span).await?;
                }
                Taken::Nothing(input) => return Ok(input),
            }
        }
    }

    fn next_request(&mut self) -> Result<Taken, End> {
        let limit = self.context.config().limits.frame_max;
        let request = match self.held.take() {
            Some(request) => request,
            None => match self.wire.next_line(limit).map_err(too_long)? {
                None => return Ok(Taken::Nothing(Input::Wanted)),
                Some(line) => match Request::parse(line) {
                    Ok(request) => request,
                    Err(malformed) => {
                        let (frame, fatal) = refusal::malformed(malformed);
                        if fatal {
                            return Err(End::from(frame));
                        }
                        self.wire.push(&frame);
                        return Ok(Taken::Refused);
                    }
                },
            },
        };
        Ok(self.take_up(request))
    }

    /// Has the hub asked what is for the hub, unless it has to wait.
    fn take_up(&mut self, request: Request) -> Taken {
        if self.in_flight >= IN_FLIGHT_MAX {
            return self.hold(request, None);
        }
        let now = Instant::now();
        let Some(ask) = asking::ask(&request.verb, Timestamp::now()) else {
            if self.in_flight > 0 {
                return self.hold(request, None);
            }
            return match self.question_pace.take(QUESTION_RATE, now.into_std()) {
                Ok(()) => Taken::Question(Box::new(request)),
                Err(wait) => self.hold(request, Some(now + wait)),
            };
        };
        if let Err(wait) = self.take_pace(&request.verb, now) {
            return self.hold(request, Some(now + wait));
        }
        match ask {
            Ok(ask) => {
                self.in_flight += 1;
                self.asks.push((request.id, ask));
            }
            Err(sentence) => {
                let refuse = refusal::Refuse::new(Code::BadRequest, sentence);
                self.wire.push(&refuse.to(request.id));
            }
        }
        Taken::Up
    }

    /// Keeps a request until then, or until something has been answered.
    fn hold(&mut self, request: Request, until: Option<Instant>) -> Taken {
        self.held = Some(request);
        if let Some(until) = until {
            self.others.hurry_timer(until);
        }
        Taken::Nothing(Input::Held)
    }

    /// Takes one from what this connection may ask now, or says how long until it may.
    fn take_pace(&mut self, verb: &Verb, now: Instant) -> Result<(), Duration> {
        let now = now.into_std();
        if matches!(verb, Verb::Create(_) | Verb::Join(_) | Verb::Leave(_)) {
            return self.room_pace.take(ROOM_RATE, now);
        }
        let limits = &self.context.config().limits;
        let rate = Rate {
            burst: limits.messages_burst,
            per_second: limits.messages_per_second,
        };
        self.pace.take(rate, now)
    }

    async fn answer(&mut self, request: Request) -> Result<(), End> {
        match request.verb {
            Verb::Quit(_) => Err(End::Quit(request.id)),
            Verb::Pong(_) => Ok(()),
            verb => self.inquire(request.id, verb).await,
        }
    }
}

fn too_long(error: FramingError) -> End {
    End::from(refusal::Refuse::from(error).fatal())
}
