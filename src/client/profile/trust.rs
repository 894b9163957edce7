//! Whom to trust, as it is written down.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::tls::{Pin, Trust};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum TrustWord {
    Ca(PathBuf),
    Pin(String),
    System,
}

impl TrustWord {
    pub(super) fn of(trust: &Trust) -> Self {
        match trust {
            Trust::CaFile(path) => Self::Ca(path.clone()),
            Trust::Pin(pin) => Self::Pin(pin.to_string()),
            Trust::System => Self::System,
        }
    }

    pub(super) fn read(self) -> Option<Trust> {
        Some(match self {
            Self::Ca(path) => Trust::CaFile(path),
            Self::Pin(pin) => Trust::Pin(Pin::parse(&pin).ok()?),
            Self::System => Trust::System,
        })
    }
}
