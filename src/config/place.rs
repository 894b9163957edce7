//! Where in a TOML text something stands: the line of an offset, the key of a span, and back.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

/// The line, counted from 1, in which the byte at `offset` stands.
pub(super) fn line(text: &[u8], offset: usize) -> usize {
    1 + text
        .iter()
        .take(offset)
        .filter(|&&byte| byte == b'\n')
        .count()
}

/// The full name, such as `server.listen`, of the key whose name or value holds `span`.
///
/// Works on a text with mistakes in it: it is asked for where the mistake is.
pub(super) fn key_at(text: &str, span: &Range<usize>) -> Option<String> {
    let (table, _) = DeTable::parse_recoverable(text);
    find_span(table.get_ref(), span).or_else(|| {
        let written = text.get(span.clone())?.trim();
        let is_key = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        (!written.is_empty() && written.chars().all(is_key)).then(|| written.to_owned())
    })
}

fn find_span(table: &DeTable<'_>, span: &Range<usize>) -> Option<String> {
    let holds = |outer: Range<usize>| outer.start <= span.start && span.end <= outer.end;
    table.iter().find_map(|(name, value)| {
        let deeper = match value.get_ref() {
            DeValue::Table(inner) => find_span(inner, span),
            _ => None,
        };
        match deeper {
            Some(rest) => Some(format!("{}.{rest}", name.get_ref())),
            None if holds(name.span()) || holds(value.span()) => Some(name.get_ref().to_string()),
            None => None,
        }
    })
}

/// Where the value of `section.key` begins, if the text gives one.
pub(super) fn offset_of(text: &str, key: &str) -> Option<usize> {
    let (section, key) = key.split_once('.')?;
    let document = DeTable::parse(text).ok()?;
    match document.get_ref().get(section)?.get_ref() {
        DeValue::Table(table) => table.get(key).map(|value| value.span().start),
        _ => None,
    }
}
