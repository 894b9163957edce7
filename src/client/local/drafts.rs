//! What was being written, by conversation.

use std::{collections::BTreeMap, io, path::Path};

use crate::client::private;

/// The text of each conversation in which something is being written, by its address.
pub(in crate::client) type Drafts = BTreeMap<String, String>;

/// The drafts of the last run; none when they cannot be read any more.
pub(super) fn read(path: &Path) -> Drafts {
    let bytes = private::read(path).ok().flatten();
    bytes
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default()
}

/// Keeps the drafts.
pub(super) fn keep(path: &Path, drafts: &Drafts) -> io::Result<()> {
    if drafts.is_empty() {
        return private::remove(path);
    }
    let bytes = serde_json::to_vec(drafts).map_err(io::Error::other)?;
    private::replace(path, &bytes)
}
