//! What is pasted: into the line, or looked at first when it is long.

use crossterm::event::KeyCode;

use super::{Turn, open};
use crate::{
    client::{
        sanitize,
        tui::{
            keys::{Act, Chord},
            overlay::{Overlay, Pasted},
        },
    },
    model::TEXT_MAX,
};

/// More lines than this are shown before they are sent: more than the input line shows at once.
const LINES_MAX: usize = 5;
/// So is more text than this.
const BYTES_MAX: usize = 1000;

impl Turn<'_> {
    pub(super) fn paste(&mut self, text: &str) {
        if let Some(overlay) = &mut self.screen.overlay {
            open::paste(overlay, text);
            return;
        }
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let lines = text.lines().count();
        if lines > LINES_MAX || text.len() > BYTES_MAX {
            let safe: Vec<_> = sanitize::lines(text.trim_end()).collect();
            let text = safe.join("\n");
            self.screen.completion = None;
            self.screen.overlay = Some(Overlay::Paste(Pasted { text, at: 0 }));
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
        if !sends && act != Some(Act::Complete) {
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
        self.edited();
        if sends {
            self.submit();
        }
    }
}
