//! How far one has read.

use super::*;
use crate::protocol::Positions;

/// Answers a request that says how far one has read.
async fn take_mark(far: &mut Far) -> u64 {
    let request = far.expect("read").await;
    let Verb::Read(mark) = request.verb else {
        panic!("it was a read");
    };
    let read = Positions {
        conversation: mark.conversation,
        unread: Unread {
            read: mark.seq,
            ..Unread::default()
        },
    };
    far.say(&Frame::Ok(Answer {
        id: request.id,
        read: Some(read),
        ..Answer::default()
    }))
    .await;
    mark.seq.get()
}

#[tokio::test(start_paused = true)]
async fn a_flood_that_is_looked_at_is_marked_as_read_to_its_end_with_two_requests() {
    const FLOOD: u64 = 600;
    let state = tempfile::tempdir().unwrap();
    let mut world = World::new(&state, password());
    let mut far = world.server().await;
    let says = async {
        far.let_in("login").await;
        far.say(&conversation(0)).await;
        far.say(&Frame::Current {}).await;
        for seq in 1..=FLOOD {
            let entry = fake::entry("#ops", seq, "bob", fake::posted("more"));
            far.say(&Frame::Entry(entry)).await;
        }
    };
    let looks = async {
        let mut seen = 0;
        while seen < FLOOD {
            let update = world.core.next().await;
            if is_new_entry(&update) {
                seen += 1;
                world.core.mark_read(&room());
            }
        }
    };
    tokio::join!(says, looks);
    let marks = async { [take_mark(&mut far).await, take_mark(&mut far).await] };
    let ([first, second], _) = world.while_playing(marks).await;
    assert!(first < FLOOD, "it was told early how far");
    assert_eq!(second, FLOOD);
    world.until(|update| matches!(update, Update::Idle)).await;
    let known = world.core.state().conversation(&room()).unwrap();
    assert_eq!(known.facts().unread.unread, 0);
}
