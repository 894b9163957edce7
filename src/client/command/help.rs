//! The help texts, made from the table.

use super::{COMMANDS, Group, Spec};

/// Every command in one line each, by group.
#[must_use]
pub fn all() -> Vec<String> {
    let width = COMMANDS.iter().map(|spec| spec.usage().len()).max();
    let width = width.unwrap_or_default();
    let mut lines = Vec::new();
    for group in Group::ALL {
        lines.push(format!("{}:", group.title()));
        let members = COMMANDS.iter().filter(|spec| spec.group == group);
        lines.extend(members.map(|spec| format!("  {:width$}  {}", spec.usage(), spec.summary)));
    }
    lines.push(
        "Any other line is said in the current conversation; // begins a text with a slash."
            .to_owned(),
    );
    lines
}

/// One command in full.
#[must_use]
pub fn one(spec: &Spec) -> Vec<String> {
    let mut lines = vec![format!("{}  {}", spec.usage(), spec.summary)];
    if !spec.aliases.is_empty() {
        lines.push(format!("  also: /{}", spec.aliases.join(", /")));
    }
    lines.push(format!("  for example: {}", spec.example));
    lines
}
