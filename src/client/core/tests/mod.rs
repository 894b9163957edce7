//! The core against a scripted server, in simulated time.

mod cuts;
mod marks;

use tempfile::TempDir;
use tokio::{io::DuplexStream, sync::mpsc, time::timeout};

use super::*;
use crate::{
    client::fake::{self, Far, hello},
    model::{MessageId, Text},
    protocol::{Answer, Code, Listing, Secret, Unread, WithUser},
};

fn room() -> Address {
    Address::parse("#ops").unwrap()
}

/// A client whose connections arrive at the test.
struct World {
    core: Core,
    arrivals: mpsc::Sender<DuplexStream>,
    said: usize,
}

impl World {
    fn new(state: &TempDir, credentials: Option<Credentials>) -> Self {
        let (arrivals, script) = mpsc::channel(8);
        let account = Account {
            server: ServerAddress::parse("localhost").unwrap(),
            trust: Trust::System,
            user: UserName::parse("alice").unwrap(),
            profile: Profile::in_folder(state.path(), "test").unwrap(),
            credentials,
        };
        let core = Core::over(account, Dialer::script(script)).unwrap();
        Self {
            core,
            arrivals,
            said: 0,
        }
    }

    async fn server(&self) -> Far {
        let (near, mut far) = Far::new();
        self.arrivals.try_send(near).unwrap();
        far.say(&hello(1)).await;
        far
    }

    fn say(&mut self, text: &str) -> MessageId {
        self.said += 1;
        let text = Text::parse(text).unwrap();
        self.core.send(Post::plain(room(), text)).unwrap()
    }

    /// How often one is called in the room.
    fn mentions(&self) -> u64 {
        let known = self.core.state().conversation(&room());
        known.unwrap().facts().unread.mentions
    }

    /// Goes on to an update of this kind.
    async fn until(&mut self, wanted: impl Fn(&Update) -> bool) -> Update {
        let search = async {
            loop {
                let update = self.core.next().await;
                if wanted(&update) {
                    return update;
                }
            }
        };
        timeout(Duration::from_secs(600), search)
            .await
            .expect("an update within ten minutes")
    }

    /// Lets the client work while the test plays the server.
    async fn while_playing<T>(&mut self, play: impl Future<Output = T>) -> (T, Vec<Update>) {
        let mut updates = Vec::new();
        let mut play = std::pin::pin!(play);
        loop {
            select! {
                done = &mut play => return (done, updates),
                update = self.core.next() => updates.push(update),
            }
        }
    }
}

fn password() -> Option<Credentials> {
    Some(Credentials::Password(Secret::new(
        "correct horse".to_owned(),
    )))
}

fn conversation(head: u64) -> Frame {
    Frame::Conversation(fake::conversation("#ops", head))
}

fn is_new_entry(update: &Update) -> bool {
    matches!(update, Update::Changed(Change::Entry { .. }))
}

#[tokio::test(start_paused = true)]
async fn what_is_typed_before_the_server_is_there_is_sent_when_it_is() {
    let state = tempfile::tempdir().unwrap();
    let mut world = World::new(&state, password());
    let message = world.say("hello");
    let mut far = world.server().await;
    let play = async {
        far.let_in("login").await;
        far.expect("send").await
    };
    let (request, _) = world.while_playing(play).await;
    assert!(matches!(request.verb, Verb::Send(send) if send.message == message));
    assert_eq!(world.core.outbox().unsent(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_kept_and_the_next_start_resumes_with_it_where_this_one_ended() {
    let state = tempfile::tempdir().unwrap();
    let mut world = World::new(&state, password());
    let mut far = world.server().await;
    let play = async {
        far.let_in("login").await;
        far.say(&conversation(7)).await;
        far.say(&Frame::Current {}).await;
    };
    world.while_playing(play).await;
    world
        .until(|update| matches!(update, Update::Changed(Change::Current)))
        .await;
    tokio::join!(world.core.close(), async {
        far.expect("quit").await;
        drop(far);
    });
    let profile = Profile::in_folder(state.path(), "test").unwrap();
    let server = ServerAddress::parse("localhost").unwrap();
    let known = profile.known(&server).unwrap().unwrap();
    let folder = profile.account(&server, &known.user.unwrap()).unwrap();
    let token = folder.token().unwrap().unwrap();
    let mut world = World::new(&state, Some(Credentials::Token(token)));
    let mut far = world.server().await;
    let (request, _) = world.while_playing(far.let_in("resume")).await;
    let Verb::Resume(resume) = request.verb else {
        panic!("it was a resume");
    };
    assert_eq!(resume.token.expose(), "token");
    assert_eq!(resume.cursors, Cursors::from([("#ops".to_owned(), 7)]));
}

#[tokio::test(start_paused = true)]
async fn a_refused_message_stays_with_its_reason_and_the_next_one_goes() {
    let state = tempfile::tempdir().unwrap();
    let mut world = World::new(&state, password());
    let (first, second) = (world.say("first"), world.say("second"));
    let mut far = world.server().await;
    let play = async {
        far.let_in("login").await;
        let request = far.expect("send").await;
        far.refuse(Some(request.id), Code::Forbidden, None).await;
        far.expect("send").await
    };
    let (request, updates) = world.while_playing(play).await;
    assert!(matches!(request.verb, Verb::Send(send) if send.message == second));
    let refused = updates.iter().find_map(|update| match update {
        Update::Refused(item) => Some(item.message.clone()),
        _ => None,
    });
    assert_eq!(refused, Some(first.clone()));
    world.core.dismiss(&first);
    assert_eq!(world.core.outbox().items().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_cannot_write_just_now_is_asked_again_in_the_same_order() {
    let state = tempfile::tempdir().unwrap();
    let mut world = World::new(&state, password());
    let names = [world.say("first"), world.say("second")];
    let mut far = world.server().await;
    let play = async {
        far.let_in("login").await;
        let request = far.expect("send").await;
        far.refuse(Some(request.id), Code::Unavailable, Some(5000))
            .await;
        let mut seen = Vec::new();
        for _ in 0..2 {
            let request = far.expect("send").await;
            let Verb::Send(send) = request.verb else {
                panic!("it was a send");
            };
            seen.push(send.message);
            far.say(&Frame::Ok(Answer {
                id: request.id,
                ..Answer::default()
            }))
            .await;
        }
        seen
    };
    assert_eq!(world.while_playing(play).await.0, names);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_refused_is_forgotten_and_the_password_asked_for() {
    let state = tempfile::tempdir().unwrap();
    let token = Secret::new("old".to_owned());
    let mut world = World::new(&state, Some(Credentials::Token(token.clone())));
    world.core.folder.keep_token(&token).unwrap();
    let mut far = world.server().await;
    let play = async {
        let request = far.expect("resume").await;
        far.refuse(Some(request.id), Code::TokenRefused, None).await;
    };
    world.while_playing(play).await;
    world
        .until(|update| matches!(update, Update::NeedsLogin { .. }))
        .await;
    assert!(world.core.folder.token().unwrap().is_none());
    world
        .core
        .sign_in(Credentials::Password(Secret::new("right".to_owned())));
    world.while_playing(far.let_in("login")).await;
    world
        .until(|update| matches!(update, Update::LoggedIn(_)))
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_history_that_is_not_the_one_known_here_is_begun_again_with_the_same_token() {
    let state = tempfile::tempdir().unwrap();
    let token = Secret::new("token".to_owned());
    let mut world = World::new(&state, Some(Credentials::Token(token.clone())));
    world.core.folder.keep_token(&token).unwrap();
    let mut far = world.server().await;
    let play = async {
        far.let_in("resume").await;
        far.say(&conversation(7)).await;
        far.say(&Frame::Current {}).await;
    };
    world.while_playing(play).await;
    world
        .until(|update| matches!(update, Update::Changed(Change::Current)))
        .await;
    drop(far);
    // Put back from a backup of when there were two entries.
    let mut far = world.server().await;
    let play = async {
        let request = far.expect("resume").await;
        far.refuse(Some(request.id), Code::Conflict, None).await;
        let again = far.let_in("resume").await;
        far.say(&conversation(2)).await;
        far.say(&Frame::Current {}).await;
        again
    };
    let (again, updates) = world.while_playing(play).await;
    let Verb::Resume(resume) = again.verb else {
        panic!("it was a resume");
    };
    assert_eq!((resume.token.expose(), resume.cursors.len()), ("token", 0));
    let asked = |update: &Update| matches!(update, Update::NeedsLogin { .. });
    assert!(!updates.iter().any(asked), "nobody need do anything");
    world
        .until(|update| matches!(update, Update::Changed(Change::Current)))
        .await;
    assert_eq!(world.core.state().cursors()["#ops"], 2);
    assert!(world.core.folder.token().unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_registration_whose_answer_was_lost_ends_in_the_account_it_made() {
    let state = tempfile::tempdir().unwrap();
    let credentials = || Credentials::Register {
        password: Secret::new("correct horse".to_owned()),
        invite: None,
    };
    for was_made in [true, false] {
        let mut world = World::new(&state, Some(credentials()));
        let mut far = world.server().await;
        world.while_playing(far.expect("register")).await;
        drop(far);
        let mut far = world.server().await;
        let play = async {
            if was_made {
                far.let_in("login").await;
            } else {
                let request = far.expect("login").await;
                far.refuse(Some(request.id), Code::LoginRefused, None).await;
                far.let_in("register").await;
            }
        };
        world.while_playing(play).await;
        world
            .until(|update| matches!(update, Update::LoggedIn(_)))
            .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_question_whose_answer_is_lost_is_said_to_be() {
    let state = tempfile::tempdir().unwrap();
    let mut world = World::new(&state, password());
    let mut far = world.server().await;
    world.while_playing(far.let_in("login")).await;
    world
        .until(|update| matches!(update, Update::LoggedIn(_)))
        .await;
    world.core.ask(Verb::Online(Listing::default())).unwrap();
    world.while_playing(far.expect("online")).await;
    drop(far);
    world
        .until(|update| matches!(update, Update::Failed { .. }))
        .await;
    assert_eq!(
        world.core.ask(Verb::Online(Listing::default())),
        Err(NotNow::NotConnected)
    );
}

#[tokio::test(start_paused = true)]
async fn whom_one_has_blocked_is_asked_at_login_and_followed() {
    let calling = |seq, by| Frame::Entry(fake::entry("#ops", seq, by, fake::calling("alice")));
    let is_notice = |update: &Update| matches!(update, Update::Changed(Change::Notice(_)));
    let state = tempfile::tempdir().unwrap();
    let mut world = World::new(&state, password());
    let mut far = world.server().await;
    let play = async {
        far.let_in("login").await;
        let asked = far.any_request().await.expect("whom one has blocked");
        assert!(matches!(asked.verb, Verb::Blocks(_)), "{asked:?}");
        far.block_list(asked.id, &["bob"]).await;
        far.say(&conversation(0)).await;
        far.say(&Frame::Current {}).await;
        far.say(&calling(1, "bob")).await;
        far.say(&calling(2, "carol")).await;
        far.say(&Frame::Notice {
            text: "said".to_owned(),
        })
        .await;
    };
    world.while_playing(play).await;
    world.until(is_notice).await;
    assert_eq!(world.mentions(), 1);
    let verb = Verb::Block(WithUser {
        user: UserName::parse("carol").unwrap(),
    });
    world.core.ask(verb).unwrap();
    let play = async {
        let id = far.expect("block").await.id;
        let answer = Answer::default();
        far.say(&Frame::Ok(Answer { id, ..answer })).await;
        far.say(&calling(3, "carol")).await;
        far.say(&Frame::Notice {
            text: "said".to_owned(),
        })
        .await;
    };
    world.while_playing(play).await;
    world.until(is_notice).await;
    assert_eq!(world.mentions(), 1);
}
