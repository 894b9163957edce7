//! `docs/permissions.md` says what the rules do.

use super::*;
use crate::model::Backscroll;

const DOCUMENT: &str = include_str!("../../../docs/permissions.md");

/// One table of the document.
struct Table {
    heading: &'static str,
    columns: Vec<Column>,
}

/// Who asks, and where.
struct Column {
    head: &'static str,
    name: &'static str,
    scene: fn() -> Scene,
}

fn tables() -> [Table; 3] {
    let column = |head, name, scene| Column { head, name, scene };
    let room_columns = |scene| {
        [
            ("stranger", "stan"),
            ("invited", "ivy"),
            ("member", "mike"),
            ("muted", "max"),
            ("moderator", "mona"),
            ("owner", "olga"),
            ("banned", "bea"),
            ("ex-member", "eve"),
            ("admin outside", "ada"),
            ("admin member", "ann"),
        ]
        .map(|(head, name)| column(head, name, scene))
        .into()
    };
    [
        Table {
            heading: "## The broadcast and direct conversations",
            columns: vec![
                column("`*`: account", "mike", Scene::everyone),
                column("`*`: admin", "ada", Scene::everyone),
                column("`@`: one of the two", "mike", two),
                column("`@`: anybody else", "ada", two),
            ],
        },
        Table {
            heading: "## Public rooms",
            columns: room_columns(|| peopled(Visibility::Public)),
        },
        Table {
            heading: "## Private rooms",
            columns: room_columns(|| peopled(Visibility::Private)),
        },
    ]
}

fn two() -> Scene {
    Scene::direct("mike", "tom")
}

/// A room with somebody in every column, two of them owners.
fn peopled(visibility: Visibility) -> Scene {
    let mut scene = Scene::room(visibility);
    for name in ["max", "eve", "bea", "otto", "ann"] {
        scene.bring_in(name);
    }
    scene.does("olga", set_role("otto", RoomRole::Owner));
    scene.does("olga", mute("max", None));
    scene.does("eve", Command::Leave);
    scene.does("olga", ban("bea", None));
    scene.does("olga", invite("ivy"));
    scene
}

/// What is asked in one row.
enum Ask {
    Find,
    Read,
    Do(Command),
    CallHereAmong(usize),
}

/// Every verb, asked by `actor` of the messages and people of the scene.
fn rows(scene: &Scene, actor: &Actor) -> Vec<(&'static str, Ask)> {
    let message = |author: &Actor, reacted| Target {
        seq: Seq::new(scene.conversation.head.get().max(1)),
        author: Some(author.account.clone()),
        reacted,
        reactions: 0,
    };
    let tom = who("tom");
    let own = || message(actor, false);
    let others = || message(&tom, false);
    let set = |setting| Ask::Do(Command::Set(setting));
    let visibility = Visibility::Public;
    vec![
        ("find it", Ask::Find),
        ("read it", Ask::Read),
        ("create it again", Ask::Do(Command::Create { visibility })),
        ("join", Ask::Do(Command::Join)),
        ("leave", Ask::Do(Command::Leave)),
        ("post, reply", Ask::Do(post("hi"))),
        ("edit one's own message", Ask::Do(edit(own()))),
        ("edit another's", Ask::Do(edit(others()))),
        (
            "delete one's own message",
            Ask::Do(Command::Delete { target: own() }),
        ),
        (
            "delete another's",
            Ask::Do(Command::Delete { target: others() }),
        ),
        ("react", Ask::Do(react(others()))),
        (
            "take a reaction back",
            Ask::Do(unreact(message(&tom, true))),
        ),
        ("call `@here`, up to 50 members", Ask::CallHereAmong(50)),
        ("call `@here`, 51 and more", Ask::CallHereAmong(51)),
        ("set the topic", Ask::Do(topic())),
        ("invite", Ask::Do(invite("stan"))),
        ("kick a member", Ask::Do(kick("tom"))),
        ("mute a member", Ask::Do(mute("tom", None))),
        ("kick a moderator", Ask::Do(kick("mona"))),
        ("mute an owner", Ask::Do(mute("otto", None))),
        ("lift a mute", Ask::Do(unmute("max"))),
        ("ban an outsider", Ask::Do(ban("stan", None))),
        ("ban a member", Ask::Do(ban("tom", None))),
        ("lift a ban", Ask::Do(unban("bea"))),
        ("set slow mode", set(Setting::SlowMode(MINUTE))),
        ("give a role", Ask::Do(set_role("tom", RoomRole::Owner))),
        ("rename", Ask::Do(rename("park"))),
        ("set visibility", set(Setting::Visibility(visibility))),
        ("set backscroll", set(Setting::Backscroll(Backscroll::All))),
        (
            "set retention",
            set(Setting::Retention {
                keep_for: None,
                keep_last: None,
            }),
        ),
        ("archive", set(Setting::Archived(true))),
        ("take out of the archive", set(Setting::Archived(false))),
    ]
}

fn answer(mut scene: Scene, actor: &Actor, ask: Ask) -> &'static str {
    let id = actor.account.id;
    match ask {
        Ask::Find if scene.conversation.can_see(id) => "yes",
        Ask::Find => "no such",
        Ask::Read if scene.conversation.may_read(id, Seq::FIRST) => "yes",
        Ask::Read => "no",
        Ask::Do(command) => word(scene.asks(actor, &command)),
        Ask::CallHereAmong(members) => {
            for stranger in 100.. {
                if scene
                    .conversation
                    .as_room()
                    .is_none_or(|room| room.members.len() >= members)
                {
                    break;
                }
                scene.append(&account(stranger, "crowd"), Event::Joined);
            }
            word(scene.asks(actor, &calling_here()))
        }
    }
}

/// The words of the document for what the rules answer.
fn word(answer: Result<Event, Refusal>) -> &'static str {
    match answer {
        Ok(Event::Posted {
            text, here: false, ..
        }) if text.as_str() == "@here" => "a word",
        Ok(_) => "yes",
        Err(Refusal::NoSuchConversation) => "no such",
        Err(Refusal::RoomExists) => "taken",
        Err(Refusal::RoomsOnly) => "rooms only",
        Err(Refusal::NotMember) => "join first",
        Err(Refusal::AlreadyMember) => "is in",
        Err(Refusal::NotAuthor) => "author only",
        Err(Refusal::TargetOutranks) => "rank",
        Err(Refusal::Banned { .. }) => "banned",
        Err(Refusal::Muted { .. }) => "muted",
        Err(Refusal::NeedsServerRole { .. }) => "admins",
        Err(Refusal::NeedsRoomRole {
            needed: RoomRole::Moderator,
        }) => "moderators",
        Err(Refusal::NeedsRoomRole { .. }) => "owners",
        Err(other) => panic!("the document has no word for {other:?}"),
    }
}

/// The lines of a table as the rules would have them: the head, then one for each verb.
fn behaviour(table: &Table) -> Vec<Vec<String>> {
    let mut head = vec![String::new()];
    head.extend(table.columns.iter().map(|column| column.head.to_owned()));
    let mut lines = vec![head];
    for Column { name, scene, .. } in &table.columns {
        let actor = who(name);
        for (row, (label, ask)) in rows(&scene(), &actor).into_iter().enumerate() {
            if lines.len() == row + 1 {
                lines.push(vec![label.to_owned()]);
            }
            lines[row + 1].push(answer(scene(), &actor, ask).to_owned());
        }
    }
    lines
}

/// The lines of the table below a heading, without the one that draws the rule.
fn documented(heading: &str) -> Vec<Vec<String>> {
    let cells = |line: &str| {
        let inner = line.trim_matches('|');
        inner
            .split('|')
            .map(|cell| cell.trim().to_owned())
            .collect()
    };
    DOCUMENT
        .lines()
        .skip_while(|line| *line != heading)
        .skip(1)
        .take_while(|line| !line.starts_with("## "))
        .filter(|line| line.starts_with('|') && !line.starts_with("|-"))
        .map(cells)
        .collect()
}

fn markdown(lines: &[Vec<String>]) -> String {
    lines.iter().fold(String::new(), |drawn, cells| {
        drawn + "| " + &cells.join(" | ") + " |\n"
    })
}

#[test]
fn the_permissions_document_says_what_the_rules_do() {
    for table in tables() {
        let behaviour = behaviour(&table);
        let documented = documented(table.heading);
        let differences: Vec<String> = behaviour
            .iter()
            .zip(&documented)
            .flat_map(|(does, says)| {
                let cells = does.iter().zip(says).zip(&behaviour[0]);
                cells
                    .filter(|((does, says), _)| does != says)
                    .map(move |((cell, says), column)| {
                        format!("{} / {column}: says {says:?}, does {cell:?}", does[0])
                    })
            })
            .collect();
        let same_shape = behaviour.len() == documented.len()
            && behaviour
                .iter()
                .zip(&documented)
                .all(|(does, says)| does.len() == says.len());
        assert!(
            differences.is_empty() && same_shape,
            "docs/permissions.md, {}\n{}\nit should be\n{}",
            table.heading,
            differences.join("\n"),
            markdown(&behaviour)
        );
    }
}
