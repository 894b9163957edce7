//! The line one types in: text, a cursor, and what the usual keys do to them. Pure.
//!
//! Promises: the cursor stands between characters as people see them, and the text holds nothing
//! that a terminal would obey.

use unicode_segmentation::UnicodeSegmentation;

use crate::client::sanitize;

/// A text being written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Editor {
    text: String,
    /// A byte offset between two characters.
    at: usize,
    /// What was cut last, for [`Editor::yank`].
    cut: String,
}

impl Editor {
    /// A text to go on with.
    pub(crate) fn with(text: &str) -> Self {
        let mut editor = Self::default();
        editor.insert(text);
        editor
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Where the cursor is, in bytes.
    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    /// Puts the cursor before the character that holds this byte.
    pub(crate) fn move_to(&mut self, at: usize) {
        let starts = self.text.grapheme_indices(true).map(|(start, _)| start);
        let before = starts.take_while(|start| *start <= at).last();
        self.at = if at >= self.text.len() {
            self.text.len()
        } else {
            before.unwrap_or(0)
        };
    }

    pub(crate) fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// What stands before the cursor.
    pub(crate) fn before(&self) -> &str {
        &self.text[..self.at]
    }

    fn after(&self) -> &str {
        &self.text[self.at..]
    }

    /// Puts text in at the cursor, from the keyboard or pasted.
    pub(crate) fn insert(&mut self, text: &str) {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let safe = sanitize::lines(&text).collect::<Vec<_>>().join("\n");
        self.text.insert_str(self.at, &safe);
        self.at += safe.len();
    }

    /// Replaces the last bytes before the cursor.
    pub(crate) fn complete(&mut self, bytes: usize, with: &str) {
        let from = self.at.saturating_sub(bytes);
        self.text.replace_range(from..self.at, "");
        self.at = from;
        self.insert(with);
    }

    /// Takes the text out; what was cut stays.
    pub(crate) fn take(&mut self) -> String {
        self.at = 0;
        std::mem::take(&mut self.text)
    }

    /// Another text instead of this one, with the cursor at its end.
    pub(crate) fn set(&mut self, text: &str) {
        self.take();
        self.insert(text);
    }

    pub(crate) fn left(&mut self) {
        self.at = self.previous();
    }

    pub(crate) fn right(&mut self) {
        self.at = self.following();
    }

    pub(crate) fn word_left(&mut self) {
        self.at = self.word_start();
    }

    pub(crate) fn word_right(&mut self) {
        self.at = self.word_end();
    }

    /// To the beginning of the line.
    pub(crate) fn home(&mut self) {
        self.at = self.line_start();
    }

    /// To the end of the line.
    pub(crate) fn end(&mut self) {
        self.at = self.line_end();
    }

    /// To the line above; says whether there is one.
    pub(crate) fn up(&mut self) -> bool {
        let start = self.line_start();
        let column = self.text[start..self.at].graphemes(true).count();
        if start == 0 {
            return false;
        }
        self.at = start - 1;
        self.at = self.line_start();
        self.forward(column);
        true
    }

    /// To the line below; says whether there is one.
    pub(crate) fn down(&mut self) -> bool {
        let column = self.text[self.line_start()..self.at]
            .graphemes(true)
            .count();
        let end = self.line_end();
        if end == self.text.len() {
            return false;
        }
        self.at = end + 1;
        self.forward(column);
        true
    }

    pub(crate) fn backspace(&mut self) {
        let from = self.previous();
        self.text.replace_range(from..self.at, "");
        self.at = from;
    }

    pub(crate) fn delete(&mut self) {
        let to = self.following();
        self.text.replace_range(self.at..to, "");
    }

    pub(crate) fn cut_word_left(&mut self) {
        let from = self.word_start();
        self.cut(from, self.at);
    }

    pub(crate) fn cut_word_right(&mut self) {
        self.cut(self.at, self.word_end());
    }

    pub(crate) fn cut_to_start(&mut self) {
        let from = self.line_start();
        self.cut(from, self.at);
    }

    pub(crate) fn cut_to_end(&mut self) {
        self.cut(self.at, self.line_end());
    }

    /// Puts in what was cut last.
    pub(crate) fn yank(&mut self) {
        let cut = self.cut.clone();
        self.insert(&cut);
    }

    fn cut(&mut self, from: usize, to: usize) {
        if from < to {
            self.cut = self.text[from..to].to_owned();
            self.text.replace_range(from..to, "");
            self.at = from;
        }
    }

    fn forward(&mut self, characters: usize) {
        let end = self.line_end();
        let line = &self.text[self.at..end];
        let step: usize = line.graphemes(true).take(characters).map(str::len).sum();
        self.at += step;
    }

    fn previous(&self) -> usize {
        let last = self.before().graphemes(true).next_back();
        self.at - last.map_or(0, str::len)
    }

    fn following(&self) -> usize {
        let next = self.after().graphemes(true).next();
        self.at + next.map_or(0, str::len)
    }

    fn word_start(&self) -> usize {
        let words = self.before().trim_end();
        words
            .rfind(char::is_whitespace)
            .map_or(0, |space| space + space_length(words, space))
    }

    fn word_end(&self) -> usize {
        let rest = self.after();
        let blank = rest.len() - rest.trim_start().len();
        let word = rest[blank..].find(char::is_whitespace);
        self.at + word.map_or(rest.len(), |end| blank + end)
    }

    fn line_start(&self) -> usize {
        self.before().rfind('\n').map_or(0, |newline| newline + 1)
    }

    fn line_end(&self) -> usize {
        let end = self.after().find('\n');
        end.map_or(self.text.len(), |end| self.at + end)
    }
}

fn space_length(text: &str, at: usize) -> usize {
    text[at..].chars().next().map_or(0, char::len_utf8)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_cursor_moves_by_what_people_see_as_one_character() {
        let mut editor = Editor::with("a👨‍👩‍👧e\u{301}");
        editor.backspace();
        assert_eq!(editor.text(), "a👨‍👩‍👧");
        editor.left();
        assert_eq!(editor.before(), "a");
        editor.delete();
        assert_eq!(editor.text(), "a");
    }

    #[test]
    fn what_is_cut_can_be_put_in_elsewhere() {
        let mut editor = Editor::with("one two three");
        editor.cut_word_left();
        assert_eq!(editor.text(), "one two ");
        editor.home();
        editor.yank();
        assert_eq!(editor.text(), "threeone two ");
        editor.cut_to_end();
        assert_eq!(editor.text(), "three");
        editor.cut_to_start();
        assert!(editor.is_blank());
    }

    #[test]
    fn several_lines_are_walked_up_and_down() {
        let mut editor = Editor::with("first\nsecond line\nx");
        assert!(editor.up());
        assert_eq!(editor.before(), "first\ns");
        assert!(editor.up());
        assert!(!editor.up());
        assert!(editor.down());
        editor.end();
        assert_eq!(editor.before(), "first\nsecond line");
    }

    #[test]
    fn pasted_text_cannot_drive_the_terminal() {
        let mut editor = Editor::default();
        editor.insert("a\u{1b}[2J\r\nb");
        assert_eq!(editor.text(), "a␛[2J\nb");
    }

    proptest! {
        #[test]
        fn whatever_is_typed_the_cursor_stands_in_the_text(
            text in "\\PC{0,20}(\n\\PC{0,10}){0,2}",
            keys in proptest::collection::vec(0..14_usize, 0..40),
        ) {
            let mut editor = Editor::with(&text);
            let moves: [fn(&mut Editor); 14] = [
                Editor::left, Editor::right, Editor::word_left, Editor::word_right,
                Editor::home, Editor::end, |e| { e.up(); }, |e| { e.down(); },
                Editor::backspace, Editor::delete, Editor::cut_word_left,
                Editor::cut_word_right, Editor::cut_to_start, Editor::yank,
            ];
            for key in keys {
                moves[key](&mut editor);
                prop_assert!(editor.text().is_char_boundary(editor.at()));
            }
        }
    }
}
