//! Roles on the command line.

use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::model::ServerRole;

/// Reads the word for a server role, and lists the words in the help.
pub(super) fn server_role() -> impl TypedValueParser<Value = ServerRole> {
    PossibleValuesParser::new(ServerRole::ALL.map(ServerRole::as_str))
        .map(|word| ServerRole::parse(&word).unwrap_or_default())
}
