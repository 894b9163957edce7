//! Where one was and what was being written, by conversation.

use std::{collections::BTreeMap, io, path::Path};

use serde::{Deserialize, Serialize};

use crate::client::private;

/// What a screen goes on with at its next start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::client) struct Drafts {
    /// The conversation one was in.
    pub(in crate::client) current: Option<String>,
    /// The text of each conversation in which something is being written, by its address.
    pub(in crate::client) texts: BTreeMap<String, String>,
}

/// The drafts of the last run; none when they cannot be read any more.
pub(super) fn read(path: &Path) -> Drafts {
    let bytes = private::read(path).ok().flatten();
    bytes
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default()
}

/// Keeps the drafts.
pub(super) fn keep(path: &Path, drafts: &Drafts) -> io::Result<()> {
    let bytes = serde_json::to_vec(drafts).map_err(io::Error::other)?;
    private::replace(path, &bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_start_finds_where_one_was_and_what_one_wrote() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("drafts");
        assert_eq!(read(&path), Drafts::default());
        let drafts = Drafts {
            current: Some("#ops".to_owned()),
            texts: BTreeMap::from([("@bob".to_owned(), "half a tho".to_owned())]),
        };
        keep(&path, &drafts).unwrap();
        assert_eq!(read(&path), drafts);
        std::fs::write(&path, "not what it was").unwrap();
        assert_eq!(read(&path), Drafts::default());
    }
}
