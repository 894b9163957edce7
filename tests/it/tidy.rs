//! Holds the tree to what it says of itself: layers, sizes, first lines, top level, versions.
//!
//! Reads the sources as text. A test that fails lists every offence with file and line.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Lines that a file may have, its tests included.
const LINES_MAX: usize = 400;

/// What may stand at the top of the tree, beside files whose names begin with a dot.
const TOP_LEVEL: &[&str] = &[
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "benches",
    "certs",
    "config",
    "docs",
    "fuzz",
    "src",
    "tests",
];

/// Words that mark what is not finished or not allowed; in halves, so as not to find themselves.
const UNWANTED: &[&str] = &[
    concat!("un", "safe"),
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
];

/// A source file: its path from the root of the tree, and its text.
struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    /// The layer it belongs to: `hub` for `src/hub/tail.rs`, `cli` for `src/cli.rs`.
    fn layer(&self) -> Option<String> {
        let inside = self.path.strip_prefix("src").ok()?;
        let first = Path::new(inside.components().next()?.as_os_str());
        Some(first.file_stem()?.to_str()?.to_owned())
    }

    /// Says what is wrong in the line that holds the byte at `offset`.
    fn offence(&self, offset: usize, problem: &str) -> String {
        let line = 1 + self.text[..offset].matches('\n').count();
        format!("{}:{line}: {problem}", self.path.display())
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn sources(folder: &str) -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() && !path.ends_with("target") {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let path = path.strip_prefix(root()).unwrap().to_owned();
                found.push(Source { path, text });
            }
        }
    }
    found
}

fn all_sources() -> Vec<Source> {
    ["src", "tests", "benches", "fuzz"]
        .into_iter()
        .flat_map(sources)
        .collect()
}

fn assert_none(offences: &[String]) {
    assert!(offences.is_empty(), "\n{}", offences.join("\n"));
}

/// Row and column of each layer in the table of `src/lib.rs`.
fn layers() -> BTreeMap<String, (usize, usize)> {
    let text = read("src/lib.rs");
    let rows = text.lines().filter_map(|line| line.strip_prefix("//! | `"));
    let rows: Vec<&str> = rows.collect();
    let cells = rows.iter().map(|row| row.split_once(" |").unwrap().0);
    let named = cells.enumerate().flat_map(|(row, cell)| {
        let names = cell.split_whitespace().enumerate();
        names.map(move |(column, name)| (name.trim_matches('`').to_owned(), (row, column)))
    });
    named.collect()
}

/// The first names after each `crate::`, `super::super::` or the like, with their offsets.
///
/// Comments are left out: a document may speak of what its code must not use.
fn paths(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut line_start = 0;
    for line in text.split_inclusive('\n') {
        let code = line.split("//").next().unwrap_or_default();
        for root in ["crate::", "super::"] {
            for (at, _) in code.match_indices(root) {
                let start = line_start + at;
                let names = first_names(&text[start + root.len()..]);
                found.extend(names.into_iter().map(|name| (start, name)));
            }
        }
        line_start += line.len();
    }
    found
}

/// `a` of `a::b`, or `a` and `c` of `{a::b, c::{d, e}}`.
fn first_names(path: &str) -> Vec<String> {
    let name = |text: &str| -> String {
        let text = text.trim_start();
        text.chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect()
    };
    let Some(group) = path.strip_prefix('{') else {
        return vec![name(path)];
    };
    let mut depth = 0_i32;
    let end = group.find(|c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        depth < 0
    });
    let mut depth = 0_i32;
    let items = group[..end.unwrap_or(group.len())].split(|c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        c == ',' && depth == 0
    });
    items.map(name).filter(|name| !name.is_empty()).collect()
}

fn may_use(from: (usize, usize), to: (usize, usize), last_row: usize) -> bool {
    from == to || to.0 > from.0 || (to.0 == from.0 && from.0 == last_row && to.1 < from.1)
}

#[test]
fn arrows_between_layers_only_point_down() {
    let layers = layers();
    let last_row = layers.values().map(|(row, _)| *row).max().unwrap();
    let mut offences = Vec::new();
    for source in sources("src") {
        let layer = source.layer().unwrap();
        let Some(from) = layers.get(&layer) else {
            continue;
        };
        for (offset, name) in paths(&source.text) {
            // A child module may be called as a layer is.
            let child = root().join("src").join(&layer).join(&name);
            let own = child.is_dir() || child.with_extension("rs").is_file();
            let through_root = !source.text[offset..].starts_with("super::") || !own;
            match layers.get(&name) {
                Some(to) if through_root && !may_use(*from, *to, last_row) => {
                    offences.push(source.offence(offset, &format!("{layer} may not use {name}")));
                }
                Some(_) | None => {}
            }
        }
    }
    assert_none(&offences);
}

#[test]
fn the_table_of_layers_names_every_module() {
    let layers = layers();
    let mut modules: Vec<_> = sources("src").iter().filter_map(Source::layer).collect();
    modules.retain(|module| module != "lib");
    modules.sort_unstable();
    modules.dedup();
    assert_eq!(modules, layers.into_keys().collect::<Vec<_>>());
}

#[test]
fn an_upward_arrow_is_found_however_it_is_written() {
    let text = "use crate::{\n    chat::{State, hub},\n    config, // crate::client\n};\n\
                fn f(s: &crate::server::Session) {}\nuse super::super::auth;\n";
    let names: Vec<_> = paths(text).into_iter().map(|(_, name)| name).collect();
    assert_eq!(names, ["chat", "config", "server", "super", "auth"]);
    assert!(may_use((1, 0), (2, 1), 3), "down");
    assert!(!may_use((2, 0), (1, 0), 3), "up");
    assert!(!may_use((2, 1), (2, 0), 3), "across");
    assert!(may_use((3, 1), (3, 0), 3), "left in the last row");
    assert!(!may_use((3, 0), (3, 1), 3), "right in the last row");
}

#[test]
fn no_file_is_too_long_to_read_at_once() {
    let mut offences = Vec::new();
    for source in all_sources() {
        let lines = source.text.lines().count();
        if lines > LINES_MAX {
            offences.push(format!("{}: {lines} lines", source.path.display()));
        }
    }
    assert_none(&offences);
}

#[test]
fn every_file_begins_by_saying_what_it_is_for() {
    let mut offences = Vec::new();
    for source in all_sources() {
        if !source.text.starts_with("//! ") {
            offences.push(source.offence(0, "does not begin with //!"));
        }
    }
    assert_none(&offences);
}

#[test]
fn nothing_is_left_for_later_or_out_of_the_compilers_sight() {
    let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let mut offences = Vec::new();
    for source in all_sources() {
        for word in UNWANTED {
            for (offset, _) in source.text.match_indices(word) {
                let before = source.text[..offset].chars().next_back();
                let after = source.text[offset + word.len()..].chars().next();
                if !is_word(before) && !is_word(after) {
                    offences.push(source.offence(offset, word));
                }
            }
        }
    }
    assert_none(&offences);
}

#[test]
fn the_top_level_holds_only_what_belongs_there() {
    let mut git = Command::new("git");
    let listed = git
        .args(["ls-tree", "--name-only", "HEAD"])
        .current_dir(root())
        .output();
    // Outside a clone there is no list, and whatever lies about is nobody's fault.
    let Some(listed) = listed.ok().filter(|listed| listed.status.success()) else {
        return;
    };
    let names = String::from_utf8(listed.stdout).unwrap();
    let odd = names
        .lines()
        .filter(|name| !name.starts_with('.') && !TOP_LEVEL.contains(name));
    assert_none(&odd.map(str::to_owned).collect::<Vec<_>>());
}

#[test]
fn the_rust_version_is_the_same_wherever_it_is_named() {
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    let version = manifest["package"]["rust-version"].as_str().unwrap();
    if let Ok(toolchain) = fs::read_to_string(root().join("rust-toolchain.toml")) {
        let toolchain: toml::Table = toolchain.parse().unwrap();
        assert_eq!(toolchain["toolchain"]["channel"].as_str(), Some(version));
    }
    let readme = fs::read_to_string(root().join("README.md")).unwrap_or_default();
    for (at, _) in readme.match_indices("Rust 1.") {
        let named: String = readme[at + "Rust ".len()..]
            .chars()
            .take_while(|c| c.is_ascii_digit() || *c == '.')
            .collect();
        assert_eq!(named.trim_end_matches('.'), version, "README.md");
    }
}
