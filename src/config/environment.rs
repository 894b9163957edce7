//! Variables `NETCOMM_<SECTION>_<KEY>`, for containers: laid over the file, checked the same way.

use std::{collections::BTreeMap, ffi::OsString};

use toml::{Table, Value};

use super::{Config, ConfigError};

/// What every variable of ours begins with.
const PREFIX: &str = "NETCOMM_";

/// Which variable gave which key.
pub(super) type Variables = BTreeMap<String, String>;

/// The settings with the variables laid over them, and which variable set which key.
///
/// Only names whose second word is a section are taken: others belong to the command line.
pub(super) fn overlay(
    written: Config,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<(Config, Variables), ConfigError> {
    let mut config = written;
    let mut variables = Variables::new();
    let mut known = table(&config);
    for (name, value) in environment {
        let Some(name) = name.to_str() else { continue };
        let Some((section, key)) = split(name, &known) else {
            continue;
        };
        let refuse = |problem: String| ConfigError::variable(name, problem);
        let value = value
            .to_str()
            .ok_or_else(|| refuse("is not UTF-8".to_owned()))?;
        let slot = slot(&mut known, &section, &key).map_err(refuse)?;
        *slot = parse(value, slot).map_err(refuse)?;
        config = read(&known).map_err(refuse)?;
        variables.insert(format!("{section}.{key}"), name.to_owned());
    }
    Ok((config, variables))
}

/// All keys and their values, as a file would give them.
pub(super) fn table(config: &Config) -> Table {
    Table::try_from(config).unwrap_or_default()
}

fn split(name: &str, known: &Table) -> Option<(String, String)> {
    let rest = name.strip_prefix(PREFIX)?.to_ascii_lowercase();
    let (section, key) = rest.split_once('_')?;
    known
        .contains_key(section)
        .then(|| (section.to_owned(), key.to_owned()))
}

fn slot<'t>(known: &'t mut Table, section: &str, key: &str) -> Result<&'t mut Value, String> {
    let keys = known.get_mut(section).and_then(Value::as_table_mut);
    let Some(keys) = keys else {
        return Err(format!("there is no section [{section}]"));
    };
    let names = keys.keys().cloned().collect::<Vec<_>>().join(", ");
    keys.get_mut(key).ok_or_else(|| {
        format!("there is no key `{key}` in section [{section}]; its keys are {names}")
    })
}

/// Reads a variable as the kind of value that stands in its place; lists are split at commas.
fn parse(text: &str, current: &Value) -> Result<Value, String> {
    Ok(match current {
        Value::Integer(_) => Value::Integer(
            text.trim()
                .parse()
                .map_err(|_| format!("expected a whole number, found {text:?}"))?,
        ),
        Value::Boolean(_) => Value::Boolean(
            text.trim()
                .parse()
                .map_err(|_| format!("expected true or false, found {text:?}"))?,
        ),
        Value::Array(_) => Value::Array(
            text.split(',')
                .map(|item| Value::String(item.trim().to_owned()))
                .collect(),
        ),
        Value::String(_) | Value::Float(_) | Value::Datetime(_) | Value::Table(_) => {
            Value::String(text.to_owned())
        }
    })
}

fn read(table: &Table) -> Result<Config, String> {
    let read = table.clone().try_into();
    read.map_err(|error: toml::de::Error| error.message().to_owned())
}
