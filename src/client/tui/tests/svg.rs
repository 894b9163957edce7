//! A screen as an SVG picture.

use std::fmt::Write;

use ratatui::{
    buffer::{Buffer, Cell},
    style::{Color, Modifier},
};

use crate::client::tui::{theme::Theme, wrap};

const CELL: (usize, usize) = (9, 19);
const MARGIN: usize = 12;

/// Draws what is on a screen.
pub(super) fn svg(buffer: &Buffer, theme: Theme) -> String {
    let (ink, paper) = match theme {
        Theme::Light => ("#1c1c1c", "#ffffff"),
        Theme::Dark | Theme::Plain => ("#d0d0d0", "#16181d"),
    };
    let columns = usize::from(buffer.area.width);
    let width = columns * CELL.0 + 2 * MARGIN;
    let height = usize::from(buffer.area.height) * CELL.1 + 2 * MARGIN;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"15\" fill=\"{ink}\">\n\
         <rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"{paper}\"/>\n"
    );
    for (row, cells) in buffer.content().chunks(columns).enumerate() {
        let y = MARGIN + row * CELL.1;
        for run in runs(cells) {
            let x = MARGIN + run.from * CELL.0;
            let wide = run.columns * CELL.0;
            let (mut ink, mut paper) = (colour(run.cell.fg), colour(run.cell.bg));
            if run.cell.modifier.contains(Modifier::REVERSED) {
                (ink, paper) = (Some("#16181d".to_owned()), Some("#d0d0d0".to_owned()));
            }
            if let Some(paper) = paper {
                let h = CELL.1;
                writeln!(
                    out,
                    "<rect x=\"{x}\" y=\"{y}\" width=\"{wide}\" height=\"{h}\" fill=\"{paper}\"/>"
                )
                .unwrap();
            }
            if run.text.trim().is_empty() {
                continue;
            }
            let ink = ink.map_or_else(String::new, |ink| format!(" fill=\"{ink}\""));
            let style = style(run.cell.modifier);
            let text = escape(&run.text);
            let base = y + 14;
            writeln!(out, "<text x=\"{x}\" y=\"{base}\" textLength=\"{wide}\" xml:space=\"preserve\"{ink}{style}>{text}</text>").unwrap();
        }
    }
    out.push_str("</svg>\n");
    out
}

/// Neighbours that look the same.
struct Run<'a> {
    from: usize,
    columns: usize,
    text: String,
    cell: &'a Cell,
}

fn runs(cells: &[Cell]) -> Vec<Run<'_>> {
    let mut runs: Vec<Run<'_>> = Vec::new();
    let mut at = 0;
    while let Some(cell) = cells.get(at) {
        let columns = wrap::columns(cell.symbol()).max(1);
        let same = |run: &&mut Run<'_>| {
            (run.cell.fg, run.cell.bg, run.cell.modifier) == (cell.fg, cell.bg, cell.modifier)
        };
        match runs.last_mut().filter(same) {
            Some(run) => {
                run.text.push_str(cell.symbol());
                run.columns += columns;
            }
            None => runs.push(Run {
                from: at,
                columns,
                text: cell.symbol().to_owned(),
                cell,
            }),
        }
        at += columns;
    }
    runs
}

fn style(modifier: Modifier) -> String {
    let mut style = String::new();
    for (part, attribute) in [
        (Modifier::BOLD, " font-weight=\"bold\""),
        (Modifier::ITALIC, " font-style=\"italic\""),
        (Modifier::UNDERLINED, " text-decoration=\"underline\""),
        (Modifier::DIM, " opacity=\"0.7\""),
    ] {
        if modifier.contains(part) {
            style.push_str(attribute);
        }
    }
    style
}

fn colour(colour: Color) -> Option<String> {
    let Color::Indexed(index) = colour else {
        return None;
    };
    let [r, g, b] = if index >= 232 {
        [8 + 10 * (index - 232); 3]
    } else {
        let level = |digit: u8| if digit == 0 { 0 } else { 55 + 40 * digit };
        let cube = index - 16;
        [level(cube / 36), level(cube / 6 % 6), level(cube % 6)]
    };
    Some(format!("#{r:02x}{g:02x}{b:02x}"))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
