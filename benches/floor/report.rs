//! Figures: gathered by side, shown as a table, written down with their plots.

use std::{
    fs,
    io::{self, Write as _},
    path::Path,
};

use crate::{
    bench::{Sample, Side},
    options::Workload,
    plot,
};

/// Says something on the terminal.
pub(crate) fn say(text: &str) {
    // Who closes the terminal does not want to know.
    drop(writeln!(io::stderr(), "{text}"));
}

/// The value below which this share of the sorted values lies.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a length is within it"
)]
pub(crate) fn percentile(sorted: &[u32], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    let at = (last as f64 * share).round() as usize;
    sorted.get(at).copied().map_or(f64::NAN, f64::from)
}

/// What the runs of one side gave for one thing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Runs(Vec<f64>);

impl Runs {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn min(&self) -> f64 {
        self.0.iter().copied().fold(f64::INFINITY, f64::min)
    }

    pub(crate) fn max(&self) -> f64 {
        self.0.iter().copied().fold(f64::NEG_INFINITY, f64::max)
    }

    pub(crate) fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let half = sorted.len() / 2;
        match sorted.as_slice() {
            [] => f64::NAN,
            all if all.len() % 2 == 1 => all[half],
            all => (all[half - 1] + all[half]) / 2.0,
        }
    }

    fn show(&self) -> String {
        match self.0.len() {
            0 => "–".to_owned(),
            1 => short(self.median()),
            _ => {
                let (median, min, max) = (self.median(), self.min(), self.max());
                format!("{} ({}–{})", short(median), short(min), short(max))
            }
        }
    }
}

/// Three digits that count.
pub(crate) fn short(value: f64) -> String {
    match value.abs() {
        v if v >= 100.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// One thing at one size, on both sides.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) case: String,
    pub(crate) what: &'static str,
    pub(crate) floor: Runs,
    pub(crate) netcomm: Runs,
}

/// All that a workload gave.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    pub(crate) workload: Workload,
    pub(crate) lines: Vec<Line>,
}

impl Figures {
    pub(crate) fn new(workload: Workload) -> Self {
        Self {
            workload,
            lines: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, side: Side, samples: Vec<Sample>) {
        for Sample { case, what, value } in samples {
            let is_it = |line: &&mut Line| line.case == case && line.what == what;
            let line = match self.lines.iter_mut().find(is_it) {
                Some(line) => line,
                None => self.lines.push_mut(Line {
                    case,
                    what,
                    floor: Runs::default(),
                    netcomm: Runs::default(),
                }),
            };
            match side {
                Side::Floor => line.floor.0.push(value),
                Side::Netcomm => line.netcomm.0.push(value),
            }
        }
    }

    /// The name of the workload in file names and headings.
    pub(crate) fn name(&self) -> String {
        format!("{:?}", self.workload).to_lowercase()
    }

    /// Medians and extremes, as Markdown.
    pub(crate) fn table(&self) -> String {
        let both = self.lines.iter().any(|line| !line.floor.is_empty());
        let mut text = String::from(if both {
            "| size | figure | floor | NetComm | ratio |\n| --- | --- | --- | --- | --- |\n"
        } else {
            "| size | figure | NetComm |\n| --- | --- | --- |\n"
        });
        for line in &self.lines {
            let netcomm = line.netcomm.show();
            let (case, what) = (&line.case, line.what);
            text.push_str(&if both {
                let ratio = if line.floor.is_empty() {
                    "–".to_owned()
                } else {
                    short(line.netcomm.median() / line.floor.median())
                };
                let floor = line.floor.show();
                format!("| {case} | {what} | {floor} | {netcomm} | {ratio} |\n")
            } else {
                format!("| {case} | {what} | {netcomm} |\n")
            });
        }
        text
    }
}

/// Writes the tables and a plot for each workload.
pub(crate) fn write(folder: &Path, all: &[Figures]) -> anyhow::Result<()> {
    fs::create_dir_all(folder)?;
    for figures in all {
        let name = figures.name();
        let table = format!("## {name}\n\n![{name}]({name}.svg)\n\n{}", figures.table());
        fs::write(folder.join(format!("{name}.md")), table)?;
        fs::write(folder.join(format!("{name}.svg")), plot::svg(figures))?;
    }
    say(&format!("figures and plots are in {}", folder.display()));
    Ok(())
}
