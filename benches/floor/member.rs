//! A member of a group under load: sends by its plan, and sees that everything comes once, in order.

use std::{
    mem,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use tokio::{select, time::sleep_until};

use crate::client::Client;

/// How many bytes a text has.
const TEXT_BYTES: usize = 100;
/// How long after the last message everything must have come.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(60);
/// When messages say that they were sent, in milliseconds; any time will do.
const EPOCH: u128 = 1_764_000_000_000;
const ENTRY: &[u8] = b"{\"type\":\"entry\",\"in\":\"";

/// When a member sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    /// Never.
    Listen,
    /// Always so many that it has not seen come back yet.
    Pipeline(u64),
    /// One at each tick, late or not; its age counts from the tick (coordinated omission).
    Every(Duration),
    /// Whenever the other one has said something; the first begins.
    Answer { begins: bool },
}

/// What all members of a run have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) begin: Instant,
    pub(crate) end: Instant,
    /// How many members of each group send, counted from the first.
    pub(crate) senders: usize,
}

/// How a member speaks to its server.
#[derive(Clone, Debug)]
pub(crate) enum Speech {
    /// The floor: lines as NetComm would send them, to be copied as they are.
    Copied { group: String, name: String },
    /// NetComm: requests.
    Requests { to: String },
}

/// What a member has seen.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) sent: u64,
    pub(crate) received: u64,
    /// How often something came: about as often as the server has written.
    pub(crate) reads: u64,
    /// Microseconds from when each was due to be sent until it was here. Not of a sender's first and
    /// last: the readers take memory for the first that comes, and begin to leave with the last.
    pub(crate) ages: Vec<u32>,
}

pub(crate) struct Member {
    pub(crate) client: Client,
    /// Its place among the senders, or behind them.
    pub(crate) number: usize,
    pub(crate) plan: Plan,
    pub(crate) speech: Speech,
    pub(crate) run: Run,
}

/// What stands in a text.
struct Said {
    by: usize,
    nth: u64,
    due: Duration,
    last: bool,
}

/// Where a member stands in a run.
struct Progress {
    seen: Seen,
    /// How many have come of each sender.
    counts: Vec<u64>,
    finished: usize,
    answers: u64,
    seq: Option<u64>,
    owed: bool,
    last_said: bool,
    /// Whether the server wants to know if it is still there.
    pinged: bool,
}

impl Member {
    /// Sends and receives until every sender's last message has come.
    pub(crate) async fn run(mut self) -> anyhow::Result<Seen> {
        let mut progress = Progress {
            seen: Seen::default(),
            counts: vec![0; self.run.senders],
            finished: 0,
            answers: 0,
            seq: None,
            owed: self.plan == Plan::Answer { begins: true },
            last_said: false,
            pinged: false,
        };
        let mut output = Vec::new();
        let deadline = tokio::time::Instant::from_std(self.run.end + DRAIN_TIMEOUT);
        loop {
            self.say(&mut progress, &mut output);
            if mem::take(&mut progress.pinged) {
                output.extend_from_slice(b"{\"type\":\"pong\"}\n");
            }
            if !output.is_empty() {
                self.client.write(&output).await?;
                output.clear();
            }
            if self.is_done(&progress) {
                self.client.leave().await;
                return Ok(progress.seen);
            }
            let tick = self.next_tick(&progress, deadline);
            select! {
                filled = self.client.fill() => {
                    filled?;
                    progress.seen.reads += 1;
                }
                () = sleep_until(tick) => {
                    if tokio::time::Instant::now() >= deadline {
                        bail!("{} of {} came", progress.seen.received, self.number);
                    }
                }
            }
            while let Some(line) = self.client.line() {
                progress.take(line, &self.speech, &self.run, self.plan)?;
            }
        }
    }

    fn is_done(&self, progress: &Progress) -> bool {
        let answered = match self.speech {
            Speech::Copied { .. } => true,
            Speech::Requests { .. } => progress.answers == progress.seen.sent,
        };
        let all = match self.plan {
            Plan::Answer { .. } => 1,
            _ => self.run.senders,
        };
        progress.finished == all && answered
    }

    fn next_tick(
        &self,
        progress: &Progress,
        deadline: tokio::time::Instant,
    ) -> tokio::time::Instant {
        match self.plan {
            Plan::Every(_) if !progress.last_said => self.due(progress.seen.sent).into(),
            _ => deadline,
        }
    }

    fn due(&self, nth: u64) -> Instant {
        match self.plan {
            Plan::Every(interval) => {
                self.run.begin + interval * u32::try_from(nth).unwrap_or(u32::MAX)
            }
            _ => Instant::now(),
        }
    }

    /// Adds what is to be said now. After the end each sender says one last thing.
    fn say(&self, progress: &mut Progress, output: &mut Vec<u8>) {
        let now = Instant::now();
        let over = now >= self.run.end;
        loop {
            let sent = progress.seen.sent;
            let ready = match self.plan {
                Plan::Listen => false,
                Plan::Pipeline(window) => {
                    let back = progress.counts.get(self.number).copied();
                    sent - back.unwrap_or_default() < window || over
                }
                Plan::Every(_) => now >= self.due(sent) || over,
                Plan::Answer { .. } => progress.owed,
            };
            if !ready || progress.last_said || now < self.run.begin {
                return;
            }
            let due = match self.plan {
                Plan::Every(_) if !over => self.due(sent),
                _ => now,
            };
            self.write(sent, due - self.run.begin, over, output);
            progress.owed = false;
            progress.last_said = over;
            progress.seen.sent += 1;
        }
    }

    fn write(&self, nth: u64, due: Duration, last: bool, output: &mut Vec<u8>) {
        let mark = if last { 'L' } else { '-' };
        let (by, due) = (self.number, due.as_micros());
        let text = format!("{by:04} {nth:010} {due:012} {mark} ");
        // Ids hold for ever, and a world may see a run of each kind.
        let kind = match self.plan {
            Plan::Answer { .. } => 'p',
            _ => 'm',
        };
        // As clients name their messages: by the time first.
        let message = format!("{:012x}{by:04x}{kind}{nth:08}", EPOCH + due / 1000);
        let line = match &self.speech {
            Speech::Copied { group, name } => format!(
                "{{\"type\":\"entry\",\"in\":\"{group}\",\"seq\":{nth:06},\"at\":{EPOCH},\
                 \"by\":\"{name}\",\"message\":\"{message}\",\"kind\":\"posted\",\
                 \"text\":\"{text:x<TEXT_BYTES$}\"}}\n"
            ),
            Speech::Requests { to } => format!(
                "{{\"id\":{nth},\"type\":\"send\",\"to\":\"{to}\",\"message\":\"{message}\",\
                 \"text\":\"{text:x<TEXT_BYTES$}\"}}\n"
            ),
        };
        output.extend_from_slice(line.as_bytes());
    }
}

impl Progress {
    fn take(&mut self, line: &[u8], speech: &Speech, run: &Run, plan: Plan) -> anyhow::Result<()> {
        if !line.starts_with(ENTRY) {
            if line.starts_with(b"{\"type\":\"ok\"") {
                self.answers += 1;
            }
            self.pinged |= line.starts_with(b"{\"type\":\"ping\"");
            ensure!(
                !line.starts_with(b"{\"type\":\"error\"")
                    && !line.starts_with(b"{\"type\":\"gap\""),
                "unexpected: {}",
                String::from_utf8_lossy(line)
            );
            return Ok(());
        }
        if let Speech::Requests { .. } = speech {
            let seq = seq(line).context("an entry without a place")?;
            let next = self.seq.replace(seq).map_or(seq, |last| last + 1);
            ensure!(seq == next, "entry {seq} came where {next} was due");
        }
        let said = Said::parse(line).context("an entry with another text")?;
        let count = self.counts.get_mut(said.by).context("an unknown sender")?;
        ensure!(
            said.nth == *count,
            "message {} of sender {} came where {count} was due",
            said.nth,
            said.by
        );
        *count += 1;
        self.seen.received += 1;
        let own = matches!(plan, Plan::Answer { .. }) && self.own(&said, plan);
        let counts = said.nth > 0 && !said.last && !own;
        if !matches!(plan, Plan::Pipeline(_)) && counts {
            let age = run.begin.elapsed().saturating_sub(said.due);
            self.seen.ages.push(u32::try_from(age.as_micros())?);
        }
        self.owed |= matches!(plan, Plan::Answer { .. }) && !own && !said.last;
        self.finished += usize::from(said.last);
        Ok(())
    }

    /// Of two that answer each other, the one that begins is the first.
    fn own(&self, said: &Said, plan: Plan) -> bool {
        (said.by == 0) == (plan == Plan::Answer { begins: true })
    }
}

impl Said {
    /// The text is the last thing in the line.
    fn parse(line: &[u8]) -> Option<Self> {
        let start = line.len().checked_sub(TEXT_BYTES + 2)?;
        let text = line.get(start..)?;
        Some(Self {
            by: usize::try_from(number(text.get(0..4)?)?).ok()?,
            nth: number(text.get(5..15)?)?,
            due: Duration::from_micros(number(text.get(16..28)?)?),
            last: *text.get(29)? == b'L',
        })
    }
}

fn seq(line: &[u8]) -> Option<u64> {
    let rest = line.get(ENTRY.len()..)?;
    let rest = rest.get(memchr::memchr(b'"', rest)? + r#"","seq":"#.len()..)?;
    number(rest.get(..memchr::memchr(b',', rest)?)?)
}

fn number(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0_u64, |number, digit| {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit <= 9)?;
        Some(number * 10 + u64::from(digit))
    })
}
