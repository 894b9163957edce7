//! Where the parts of the screen are. Pure: drawing and the mouse ask the same function.

use ratatui::layout::{Constraint, Layout, Rect};

use super::{
    screen::{Known, Screen, Side},
    wrap,
};
use crate::model::Address;

/// Below this width the messages need it all.
const LIST_FROM: u16 = 60;
/// Below this width there is no place for the members.
const MEMBERS_FROM: u16 = 100;
/// What the members leave to the messages before the conversations give way.
const MESSAGES_FROM: u16 = 40;
/// Nobody can read messages that are narrower.
const MESSAGES_LEAST: u16 = 20;
/// From this width on the lists are wider.
const WIDE_FROM: u16 = 140;
/// Rows the input line grows to; a longer text scrolls in them.
const INPUT_MAX: usize = 8;

/// The parts of the screen; what is not shown is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Areas {
    pub(crate) topic: Rect,
    pub(crate) list: Rect,
    pub(crate) messages: Rect,
    pub(crate) members: Rect,
    pub(crate) foot: Rect,
    pub(crate) input: Rect,
    pub(crate) status: Rect,
}

/// Divides the screen.
pub(crate) fn areas(screen: &Screen, known: Known<'_>) -> Areas {
    let area = screen.area;
    let [topic, body, foot, input, status] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Min(1),
        Constraint::Length(1),
        Constraint::Length(input_height(screen, area)),
        Constraint::Length(1),
    ])
    .areas(area);
    let (list, members) = sides(screen, known);
    let [list, messages, members] = Layout::horizontal([
        Constraint::Length(list),
        Constraint::Min(1),
        Constraint::Length(members),
    ])
    .areas(body);
    Areas {
        topic,
        list,
        messages,
        members,
        foot,
        input,
        status,
    }
}

/// The columns of the conversations and of the members.
fn sides(screen: &Screen, known: Known<'_>) -> (u16, u16) {
    let width = screen.area.width;
    let wide = width >= WIDE_FROM;
    let in_room = matches!(screen.current, Address::Room(_))
        && known.state.conversation(&screen.current).is_some();
    let members = match screen.members {
        Side::Auto if in_room && width >= MEMBERS_FROM && wide => 24,
        Side::Auto if in_room && width >= MEMBERS_FROM => 18,
        Side::Shown if in_room && wide => 24,
        Side::Shown if in_room && width >= LIST_FROM => 18,
        Side::Auto | Side::Shown | Side::Hidden => 0,
    };
    let list = if wide { 28 } else { 18 };
    let list = match screen.list {
        Side::Auto if width >= LIST_FROM && width >= list + members + MESSAGES_FROM => list,
        Side::Shown if width >= list + members + MESSAGES_LEAST => list,
        Side::Auto | Side::Shown | Side::Hidden => 0,
    };
    (list, members)
}

/// The width of what is typed, beside the mark before it.
pub(crate) const fn input_width(area: Rect) -> u16 {
    area.width.saturating_sub(3)
}

fn input_height(screen: &Screen, area: Rect) -> u16 {
    let Some(pane) = screen.pane() else { return 1 };
    let width = usize::from(input_width(area));
    let rows: usize = pane
        .editor
        .text()
        .split('\n')
        .map(|line| wrap::columns(line) / width.max(1) + 1)
        .sum();
    let most = INPUT_MAX.min(usize::from(area.height / 3)).max(1);
    u16::try_from(rows.min(most)).unwrap_or(1)
}
