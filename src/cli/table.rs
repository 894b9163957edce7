//! Lists for people, as a table, and for programs, as JSON Lines.

use std::io::{self, Write};

use serde::Serialize;

use crate::model::Timestamp;

/// How a list is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// For people.
    Table,
    /// For programs: one JSON object a line.
    Lines,
}

impl Form {
    /// What `--json` asks for.
    #[must_use]
    pub(super) const fn of(json: bool) -> Self {
        if json { Self::Lines } else { Self::Table }
    }
}

/// Rows under a heading, each column as wide as its widest cell.
#[derive(Clone, Debug)]
pub(super) struct Table<const N: usize> {
    rows: Vec<[String; N]>,
}

impl<const N: usize> Table<N> {
    /// A table with nothing but its heading.
    #[must_use]
    pub(super) fn new(heading: [&str; N]) -> Self {
        Self {
            rows: vec![heading.map(str::to_owned)],
        }
    }

    /// Adds a row.
    pub(super) fn row(&mut self, cells: [String; N]) {
        self.rows.push(cells);
    }

    /// Writes it out.
    ///
    /// # Errors
    ///
    /// When that fails.
    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let mut widths = [0; N];
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        for row in &self.rows {
            let cells = row.iter().zip(widths);
            let line: Vec<_> = cells
                .map(|(cell, width)| format!("{cell:width$}"))
                .collect();
            writeln!(out, "{}", line.join("  ").trim_end())?;
        }
        Ok(())
    }
}

/// Writes each value as one line of JSON.
///
/// # Errors
///
/// When that fails.
pub(super) fn json_lines(out: &mut impl Write, values: &[impl Serialize]) -> io::Result<()> {
    for value in values {
        serde_json::to_writer(&mut *out, value)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// A moment to the second, from milliseconds since 1970.
#[must_use]
pub(super) fn moment(millis: i64) -> String {
    Timestamp::from_millis(millis - millis.rem_euclid(1000)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_and_lines_end_without_spaces() {
        let mut table = Table::new(["A", "BB", "C"]);
        table.row(["1", "2", ""].map(str::to_owned));
        table.row(["333", "4", "5"].map(str::to_owned));
        let mut out = Vec::new();
        table.write(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text, "A    BB  C\n1    2\n333  4   5\n");
    }

    #[test]
    fn a_moment_is_told_to_the_second() {
        assert_eq!(moment(1_500), "1970-01-01T00:00:01Z");
        assert_eq!(moment(-1), "1969-12-31T23:59:59Z");
    }
}
