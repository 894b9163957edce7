//! What the documents name is there: files, tests, and whatever they link to.

use std::{fs, path::Path};

/// The text of each document, with its path from the root of the tree.
fn documents() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let listed = fs::read_dir(root.join("docs")).unwrap();
    let names = listed.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut paths: Vec<_> = names.map(|name| format!("docs/{name}")).collect();
    paths.push("README.md".to_owned());
    paths.retain(|path| path.ends_with(".md"));
    let read = |path: String| Some((fs::read_to_string(root.join(&path)).ok()?, path));
    paths
        .into_iter()
        .filter_map(read)
        .map(|(text, path)| (path, text))
        .collect()
}

/// What stands in backticks, outside of examples.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    let prose = text.split("\n```").step_by(2);
    prose.flat_map(|part| {
        part.lines()
            .flat_map(|line| line.split('`').skip(1).step_by(2))
    })
}

fn sources() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut text = String::new();
    let mut folders = vec![root.join("src"), root.join("tests")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                text += &fs::read_to_string(path).unwrap();
            }
        }
    }
    text
}

#[test]
fn every_file_that_a_document_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let is_file =
        |name: &&str| name.contains('/') && (name.ends_with(".rs") || name.starts_with("docs/"));
    let mut lost = Vec::new();
    for (document, text) in documents() {
        for name in quoted(&text).filter(is_file) {
            if !root.join(name).exists() && !root.join("src").join(name).exists() {
                lost.push(format!("{document}: {name}"));
            }
        }
    }
    assert_eq!(lost, Vec::<String>::new());
}

#[test]
fn every_test_that_a_document_names_is_there() {
    let sources = sources();
    let is_test = |name: &&str| {
        let words = name.split('_').count();
        words > 3
            && name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    let mut lost = Vec::new();
    for (document, text) in documents() {
        for name in quoted(&text).filter(is_test) {
            if !sources.contains(&format!("fn {name}(")) {
                lost.push(format!("{document}: {name}"));
            }
        }
    }
    assert_eq!(lost, Vec::<String>::new());
}

#[test]
fn every_link_between_documents_leads_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut lost = Vec::new();
    for (document, text) in documents() {
        let folder = root.join(&document).parent().unwrap().to_owned();
        let targets = text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next());
        for target in targets.filter(|target| !target.contains("://")) {
            let file = target.split('#').next().unwrap_or_default();
            if !folder.join(file).exists() {
                lost.push(format!("{document}: {target}"));
            }
        }
    }
    assert_eq!(lost, Vec::<String>::new());
}
