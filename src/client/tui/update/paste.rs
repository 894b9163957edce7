//! What is pasted: into the line, or looked at first when it is long.

use crossterm::event::KeyCode;

use super::{Turn, open};
use crate::{
    client::tui::{
        keys::{Act, Chord},
        overlay::{Overlay, Pasted},
    },
    model::TEXT_MAX,
};

/// More lines than this are shown before they are sent: more than the input line shows at once.
const LINES_MAX: usize = 5;
/// So is more text than this.
const BYTES_MAX: usize = 1000;

impl Turn<'_> {
    pub(super) fn paste(&mut self, text: &str) {
        if self.is_reading() {
            self.screen.overlay = None;
        }
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        if let Some(overlay) = &mut self.screen.overlay {
            open::paste(overlay, &text);
            return;
        }
        let lines = text.lines().count();
        if lines > LINES_MAX || text.len() > BYTES_MAX {
            let mut pasted = Pasted::default();
            pasted.add(&text);
            self.screen.completion = None;
            self.screen.overlay = Some(Overlay::Paste(pasted));
            return;
        }
        self.screen.pane_mut().editor.insert(&text);
        if lines > 1 {
            self.note(format!(
                "{lines} lines pasted: nothing is sent before Enter"
            ));
        }
        self.edited();
    }

    pub(super) fn key_in_paste(&mut self, pasted: Pasted, chord: Chord, act: Option<Act>) {
        let sends = chord.code() == KeyCode::Enter;
        let goes_on = chord.typed();
        if !sends && act != Some(Act::Complete) && goes_on.is_none() {
            self.screen.overlay = Some(Overlay::Paste(pasted));
            return;
        }
        if pasted.text.len() > TEXT_MAX {
            self.fail(format!(
                "a message is at most {} KiB long; this was not taken",
                TEXT_MAX / 1024
            ));
            self.screen.overlay = Some(Overlay::Paste(pasted));
            return;
        }
        let editor = &mut self.screen.pane_mut().editor;
        if editor.is_blank() && pasted.text.starts_with('/') {
            // What is pasted is said, whatever it begins with.
            editor.insert("/");
        }
        editor.insert(&pasted.text);
        match goes_on {
            // Whoever goes on writing has seen what was pasted: they write on after it.
            Some(c) => self.type_in(c),
            None => self.edited(),
        }
        if sends {
            self.submit();
        }
    }
}
