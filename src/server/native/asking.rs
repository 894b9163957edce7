//! From the words of the wire to those of the hub. Decides nothing.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use smallvec::SmallVec;

use crate::{
    chat::{Setting, Style},
    hub::{Ask, Want},
    model::{Address, MessageId, Reason, Timestamp, UserName},
    protocol::{Change, InRoom, Moderate, OfMessage, SetRole, Verb},
    store::Fingerprint,
};

/// What a request asks of the hub, if it does.
///
/// # Errors
///
/// A sentence when a `set` names no setting or several.
pub(super) fn ask(verb: &Verb, now: Timestamp) -> Option<Result<Ask, &'static str>> {
    let addressed = match verb {
        Verb::Set(set) => match setting(&set.what) {
            Some(setting) => Some(room(set, Want::Set(setting))),
            None => return Some(Err("'set' takes exactly one setting")),
        },
        verb => about_messages(verb).or_else(|| about_rooms(verb, now)),
    };
    addressed.map(|(to, message, want)| {
        Ok(Ask {
            to,
            message,
            fingerprint: fingerprint(verb),
            want,
        })
    })
}

fn about_messages(verb: &Verb) -> Option<Addressed> {
    Some(match verb {
        Verb::Send(send) => {
            let style = if send.action {
                Style::Action
            } else {
                Style::Plain
            };
            let want = Want::Post {
                text: send.text.clone(),
                style,
                reply_to: send.reply_to,
            };
            (send.to.clone(), Some(send.message.clone()), want)
        }
        Verb::Edit(edit) => of(
            edit,
            Want::Edit {
                seq: edit.seq,
                text: edit.change.text.clone(),
            },
        ),
        Verb::Delete(delete) => of(delete, Want::Delete { seq: delete.seq }),
        Verb::React(react) => of(
            react,
            Want::React {
                seq: react.seq,
                emoji: react.change.emoji.clone(),
            },
        ),
        Verb::Unreact(react) => of(
            react,
            Want::Unreact {
                seq: react.seq,
                emoji: react.change.emoji.clone(),
            },
        ),
        _ => return None,
    })
}

fn about_rooms(verb: &Verb, now: Timestamp) -> Option<Addressed> {
    Some(match verb {
        Verb::Create(create) => {
            let visibility = create.what.visibility.unwrap_or_default();
            room(create, Want::Create { visibility })
        }
        Verb::Join(join) => room(join, Want::Join),
        Verb::Leave(leave) => room(leave, Want::Leave),
        Verb::Topic(topic) => room(
            topic,
            Want::SetTopic {
                topic: topic.what.topic.clone(),
            },
        ),
        Verb::Invite(invite) => room(
            invite,
            Want::Invite {
                user: invite.what.user.clone(),
            },
        ),
        Verb::Unban(unban) => room(
            unban,
            Want::Unban {
                user: unban.what.user.clone(),
            },
        ),
        Verb::Unmute(unmute) => room(
            unmute,
            Want::Unmute {
                user: unmute.what.user.clone(),
            },
        ),
        Verb::Role(role) => {
            let SetRole { user, role: wanted } = role.what.clone();
            room(role, Want::SetRole { user, role: wanted })
        }
        Verb::Kick(kick) => {
            let (user, reason, _) = moderated(&kick.what, now);
            room(kick, Want::Kick { user, reason })
        }
        Verb::Ban(ban) => {
            let (user, reason, until) = moderated(&ban.what, now);
            room(
                ban,
                Want::Ban {
                    user,
                    reason,
                    until,
                },
            )
        }
        Verb::Mute(mute) => {
            let (user, reason, until) = moderated(&mute.what, now);
            room(
                mute,
                Want::Mute {
                    user,
                    reason,
                    until,
                },
            )
        }
        _ => return None,
    })
}

type Addressed = (Address, Option<MessageId>, Want);

fn of<T>(request: &OfMessage<T>, want: Want) -> Addressed {
    (request.conversation.clone(), request.message.clone(), want)
}

fn room<T>(request: &InRoom<T>, want: Want) -> Addressed {
    (
        Address::Room(request.room.clone()),
        request.message.clone(),
        want,
    )
}

fn moderated(moderate: &Moderate, now: Timestamp) -> (UserName, Reason, Option<Timestamp>) {
    let Moderate {
        user,
        reason,
        seconds,
    } = moderate.clone();
    let until = seconds.map(|seconds| now.after(Duration::from_secs(seconds)));
    (user, reason.unwrap_or_default(), until)
}

fn setting(change: &Change) -> Option<Setting> {
    let settings = [
        change.name.clone().map(Setting::Name),
        change.visibility.map(Setting::Visibility),
        change.backscroll.map(Setting::Backscroll),
        change
            .slow_mode
            .map(|seconds| Setting::SlowMode(Duration::from_secs(seconds))),
        change.retention.map(|retention| Setting::Retention {
            keep_for: retention.keep_for.map(Duration::from_secs),
            keep_last: retention.keep_last,
        }),
        change.archived.map(Setting::Archived),
    ];
    let mut named = settings.into_iter().flatten();
    named.next().filter(|_| named.next().is_none())
}

/// Nearly every request is shorter, written out, and takes no memory for that.
const REQUEST_USUAL: usize = 512;

/// The same for the same request, however its keys were ordered.
#[expect(
    clippy::expect_used,
    reason = "plain data with string keys always serialises"
)]
fn fingerprint(verb: &Verb) -> Fingerprint {
    let mut canonical = SmallVec::<[u8; REQUEST_USUAL]>::new();
    serde_json::to_writer(&mut canonical, verb).expect("a request is plain data");
    let hash = digest(&SHA256, &canonical);
    let mut short = [0; 16];
    for (to, from) in short.iter_mut().zip(hash.as_ref()) {
        *to = *from;
    }
    Fingerprint::new(short)
}
