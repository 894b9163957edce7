//! Answers, made into lists.

use super::{Effect, FoundHere, Turn};
use crate::{
    client::{
        answered, sanitize,
        tui::{
            overlay::{Lead, List, ListItem, Looking, Overlay},
            pieces,
        },
    },
    model::{Address, RoomName, Seq, Timestamp, UserName},
    protocol::{Answer, Hit, Listing, MemberLine, Of, RoomLine, SessionLine, UserLine, Verb},
};

impl Turn<'_> {
    pub(super) fn answered(&mut self, verb: &Verb, answer: Answer, hits: Vec<Hit>) {
        match verb {
            Verb::Search(_) => {
                let items = hits.into_iter().map(|hit| {
                    self.found_line(
                        hit.conversation,
                        hit.seq,
                        hit.at,
                        &hit.by,
                        hit.text.as_str(),
                    )
                });
                let items = items.collect();
                self.found(items, Looking::Server);
            }
            Verb::History(history) => {
                self.screen
                    .panes
                    .entry(history.of.clone())
                    .or_default()
                    .fetching = false;
                self.shown_after_fetch(&history.of);
            }
            Verb::Members(list) => self.members(verb, list, answer),
            Verb::Rooms(_) => self.list(verb, "rooms", rooms(answer.rooms.unwrap_or_default())),
            Verb::Online(_) => self.list(verb, "online", users(answer.users.unwrap_or_default())),
            Verb::Blocks(_) => self.list(verb, "blocked", users(answer.users.unwrap_or_default())),
            Verb::Sessions(_) => {
                let lines = answer.sessions.unwrap_or_default();
                let items = lines.iter().map(|line| self.session(line)).collect();
                self.list(verb, "your sessions", items);
            }
            Verb::Offer(_) => {
                let link = sanitize::line(answer.link.as_deref().unwrap_or_default());
                self.effects.push(Effect::Copy(link.clone()));
                let lines = [
                    "Give this link to one person; it makes one account.",
                    &link,
                    "It was copied to the clipboard, if the terminal allows that.",
                ];
                self.help(lines.map(str::to_owned).to_vec(), "invite link");
            }
            verb => {
                if let Some(done) = answered::done(verb) {
                    self.note(done);
                }
            }
        }
    }

    /// What was chosen before it was here is brought into view.
    fn shown_after_fetch(&mut self, of: &Address) {
        if *of != self.screen.current {
            return;
        }
        let chosen = self.screen.pane().and_then(|pane| pane.chosen);
        let known = self.known.state.conversation(of);
        if let Some(seq) =
            chosen.filter(|seq| known.is_some_and(|known| known.held(*seq).is_some()))
        {
            self.show(seq);
        }
    }

    fn members(&mut self, verb: &Verb, asked: &Listing<Of>, answer: Answer) {
        let room = &asked.what.room;
        let lines = answer.members.unwrap_or_default();
        let Some(at) = self.screen.listing.iter().position(|known| known == room) else {
            let title = format!("members of #{room}");
            return self.list(verb, &title, lines.iter().map(member).collect());
        };
        match lines.last().filter(|_| answer.more == Some(true)) {
            Some(last) => self.effects.push(Effect::Ask(Verb::Members(Listing {
                after: Some(last.user.to_string()),
                limit: asked.limit,
                what: Of { room: room.clone() },
            }))),
            None => drop(self.screen.listing.remove(at)),
        }
    }

    pub(super) fn found_here(&mut self, found: Vec<FoundHere>) {
        let items = found.into_iter().map(|found| {
            self.found_line(
                found.conversation,
                found.seq,
                found.at,
                &found.by,
                &found.text,
            )
        });
        let items = items.collect();
        self.found(items, Looking::Here);
    }

    fn found_line(
        &self,
        conversation: Address,
        seq: Seq,
        at: Timestamp,
        by: &UserName,
        text: &str,
    ) -> ListItem {
        let day = pieces::date(at, &self.screen.zone);
        let clock = pieces::clock(at, &self.screen.zone);
        let text = sanitize::line(text);
        ListItem {
            text: format!("{day} {clock}  {conversation}  {by}: {text}"),
            leads: Lead::Message(conversation, seq),
        }
    }

    fn found(&mut self, items: Vec<ListItem>, state: Looking) {
        if let Some(Overlay::Search(search)) = &mut self.screen.overlay {
            search.state = state;
            search.found = Some(List {
                title: String::new(),
                items,
                at: 0,
            });
        }
    }

    fn list(&mut self, verb: &Verb, title: &str, items: Vec<ListItem>) {
        if items.is_empty() {
            return self.note(answered::nothing(verb));
        }
        self.screen.overlay = Some(Overlay::List(List {
            title: title.to_owned(),
            items,
            at: 0,
        }));
    }

    fn session(&self, line: &SessionLine) -> ListItem {
        let used = pieces::date(line.last_used, &self.screen.zone);
        let device = sanitize::line(&line.device);
        let mark = match (line.this, line.online) {
            (true, _) => "this one",
            (false, true) => "connected",
            (false, false) => "",
        };
        ListItem {
            text: format!(
                "{:>6}  {device:20}  last login {used}  {mark}",
                line.session
            ),
            leads: Lead::Nowhere,
        }
    }
}

fn rooms(lines: Vec<RoomLine>) -> Vec<ListItem> {
    let item = |line: RoomLine| {
        let mark = if line.joined { "✓" } else { " " };
        let topic = sanitize::line(line.topic.as_str());
        let room: RoomName = line.room;
        ListItem {
            text: format!(
                "{mark} {:24} {:>5}  {topic}",
                format!("#{room}"),
                line.members
            ),
            leads: if line.joined {
                Lead::Go(Address::Room(room))
            } else {
                Lead::Join(room)
            },
        }
    };
    lines.into_iter().map(item).collect()
}

fn users(lines: Vec<UserLine>) -> Vec<ListItem> {
    let item = |line: UserLine| {
        let away = line.away.map(|why| sanitize::line(why.as_str()));
        ListItem {
            text: format!("{:24} {}", line.user.as_str(), away.unwrap_or_default()),
            leads: Lead::Go(Address::Direct(line.user)),
        }
    };
    lines.into_iter().map(item).collect()
}

fn member(line: &MemberLine) -> ListItem {
    let mark = if line.online { "●" } else { "○" };
    ListItem {
        text: format!("{mark} {:24} {}", line.user.as_str(), line.role.as_str()),
        leads: Lead::Go(Address::Direct(line.user.clone())),
    }
}
