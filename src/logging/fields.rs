//! How fields look in the text format: `name=value`, quoted wherever a value could pass for more.

use std::{error, fmt};

use tracing::field::{Field, Visit};
use tracing_subscriber::{
    field::RecordFields,
    fmt::{FormatFields, format::Writer},
};

/// Writes fields so that no value, `%` or `?`, can be mistaken for another field.
pub(super) struct TextFields;

impl<'w> FormatFields<'w> for TextFields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut line = Fields {
            writer,
            separator: "",
            result: Ok(()),
        };
        fields.record(&mut line);
        line.result
    }
}

struct Fields<'w> {
    writer: Writer<'w>,
    separator: &'static str,
    result: fmt::Result,
}

impl Visit for Fields<'_> {
    fn record_error(&mut self, field: &Field, value: &(dyn error::Error + 'static)) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let name = field.name();
        // What `log` records carry beside the message; the line says it already.
        if self.result.is_err() || name.starts_with("log.") {
            return;
        }
        let separator = self.separator;
        let value = format!("{value:?}");
        self.result = match name {
            "message" => write!(self.writer, "{separator}{value}"),
            _ if reads_as_one(&value) => write!(self.writer, "{separator}{name}={value}"),
            _ => write!(self.writer, "{separator}{name}={value:?}"),
        };
        self.separator = " ";
    }
}

/// Whether a value is one word or one quoted text, and so ends where it seems to end.
fn reads_as_one(value: &str) -> bool {
    let quoted = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    match quoted {
        Some(inner) => {
            let mut escaped = false;
            let stays = inner.chars().all(|c| {
                let ends = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                !ends
            });
            stays && !escaped
        }
        None => {
            let breaks = |c: char| c.is_whitespace() || c.is_control() || "\"={}".contains(c);
            !value.is_empty() && !value.contains(breaks)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::reads_as_one;

    #[test]
    fn only_a_word_or_a_whole_quotation_stands_unquoted() {
        let table = [
            ("alice", true),
            ("127.0.0.1:5", true),
            ("Some(1)", true),
            ("\"two words\"", true),
            ("\"a \\\" b\"", true),
            ("\"\"", true),
            ("", false),
            ("\"", false),
            ("two words", false),
            ("a=b", false),
            ("\"a\" role=\"admin\"", false),
            ("\"open\\\"", false),
            ("x}:", false),
            ("line\nline", false),
        ];
        for (value, expected) in table {
            assert_eq!(reads_as_one(value), expected, "{value}");
        }
    }
}
