//! Plots, as SVG: for each thing that was measured a panel of bars, with whiskers for the extremes.

use crate::report::{Figures, Line, Runs, short};

const PANEL_WIDTH: f64 = 360.0;
const PANEL_HEIGHT: f64 = 240.0;
const COLUMNS: usize = 2;
const TOP: f64 = 44.0;
const BOTTOM: f64 = 34.0;
const SIDE: f64 = 16.0;
/// Told apart without colour too: one is light, one is dark.
const FLOOR: &str = "#b8c4ce";
const NETCOMM: &str = "#1f6f8b";

/// All panels of a workload.
pub(crate) fn svg(figures: &Figures) -> String {
    let mut names: Vec<&str> = Vec::new();
    for line in &figures.lines {
        if !names.contains(&line.what) {
            names.push(line.what);
        }
    }
    let rows = names.len().div_ceil(COLUMNS);
    let (width, height) = (
        PANEL_WIDTH * COLUMNS as f64,
        PANEL_HEIGHT * rows as f64 + 28.0,
    );
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\" font-size=\"11\" fill=\"#222\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n\
         <rect x=\"16\" y=\"8\" width=\"12\" height=\"12\" fill=\"{FLOOR}\"/>\
         <text x=\"33\" y=\"18\">floor: TLS alone</text>\
         <rect x=\"136\" y=\"8\" width=\"12\" height=\"12\" fill=\"{NETCOMM}\"/>\
         <text x=\"153\" y=\"18\">NetComm</text>\n"
    );
    for (nth, name) in names.iter().enumerate() {
        let (column, row) = (nth % COLUMNS, nth / COLUMNS);
        let (x, y) = (
            PANEL_WIDTH * column as f64,
            PANEL_HEIGHT * row as f64 + 28.0,
        );
        let lines: Vec<&Line> = figures.lines.iter().filter(|l| l.what == *name).collect();
        panel(&mut out, x, y, name, &lines);
    }
    out.push_str("</svg>\n");
    out
}

fn panel(out: &mut String, x: f64, y: f64, name: &str, lines: &[&Line]) {
    let runs = lines.iter().flat_map(|line| [&line.floor, &line.netcomm]);
    let shown = runs.filter(|runs| !runs.is_empty());
    let highest = shown.map(Runs::max).fold(f64::MIN_POSITIVE, f64::max);
    let base = y + PANEL_HEIGHT - BOTTOM;
    let room = PANEL_HEIGHT - TOP - BOTTOM;
    let scale = move |value: f64| room * value / highest;
    let step = (PANEL_WIDTH - 2.0 * SIDE) / lines.len() as f64;
    let bar = (step * 0.35).min(56.0);
    let mut draw = |text: String| {
        out.push_str(&text);
        out.push('\n');
    };
    draw(format!(
        "<text x=\"{:.1}\" y=\"{:.1}\" font-weight=\"bold\">{name}</text>",
        x + SIDE,
        y + 18.0
    ));
    draw(format!(
        "<line x1=\"{:.1}\" y1=\"{base:.1}\" x2=\"{:.1}\" y2=\"{base:.1}\" stroke=\"#888\"/>",
        x + SIDE,
        x + PANEL_WIDTH - SIDE
    ));
    for (nth, line) in lines.iter().enumerate() {
        let middle = x + SIDE + step * (nth as f64 + 0.5);
        draw(format!(
            "<text x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            base + 16.0,
            line.case
        ));
        let both = [(&line.floor, FLOOR), (&line.netcomm, NETCOMM)];
        let shown: Vec<_> = both.iter().filter(|(runs, _)| !runs.is_empty()).collect();
        let left = middle - bar * shown.len() as f64 / 2.0;
        for (nth, (runs, colour)) in shown.iter().enumerate() {
            draw(bars(
                left + bar * nth as f64,
                base,
                bar,
                runs,
                colour,
                scale,
            ));
        }
    }
}

/// One bar, its whisker and its number.
fn bars(
    x: f64,
    base: f64,
    width: f64,
    runs: &Runs,
    colour: &str,
    scale: impl Fn(f64) -> f64,
) -> String {
    let (height, middle) = (scale(runs.median()), x + width / 2.0);
    let (low, high) = (base - scale(runs.min()), base - scale(runs.max()));
    format!(
        "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{height:.1}\" fill=\"{colour}\"/>\
         <line x1=\"{middle:.1}\" y1=\"{low:.1}\" x2=\"{middle:.1}\" y2=\"{high:.1}\" stroke=\"#222\"/>\
         <text x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
        x + 1.0,
        base - height,
        width - 2.0,
        high - 5.0,
        short(runs.median())
    )
}
