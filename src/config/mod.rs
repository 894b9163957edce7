//! The server's settings: the file `config/server.toml`, then the environment on top of it.
//!
//! Every key has a default, every value is checked where it is read, and whatever is unknown or
//! out of range is refused with file, line and key. A [`Config`] that was loaded is usable as it
//! stands; nothing further in checks it again. Knows nothing of who uses which setting.

mod environment;
mod error;
mod place;
mod reload;
mod sections;
mod value;
mod warnings;

use std::{
    ffi::OsString,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

pub use error::ConfigError;
pub use reload::Reload;
pub use sections::{
    Invites, Limits, Log, LogFormat, Passwords, Registration, Retention, Server, Sessions, Tls,
};
pub use value::Concurrency;

/// Longest configuration file that is read; one that documents every key is a tenth of it.
const FILE_MAX: u64 = 256 * 1024;

/// All settings of a server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Who it is, where it listens, where it keeps its data, who may register.
    pub server: Server,
    /// Certificate files and protocol versions.
    pub tls: Tls,
    /// What one peer, one account or all of them together may use.
    pub limits: Limits,
    /// What a password must be, and what hashing one costs.
    pub passwords: Passwords,
    /// How long a login lasts.
    pub sessions: Sessions,
    /// How long an invite lasts.
    pub invites: Invites,
    /// How long what is said is kept.
    pub retention: Retention,
    /// What is logged, how, and where to.
    pub log: Log,
}

impl Config {
    /// Reads `file`, or takes the defaults when there is none, and lays the variables
    /// `NETCOMM_<SECTION>_<KEY>` of `environment` over it.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or a file or variable holds something that is not a legal setting.
    pub fn load(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
        let source = file.map(Source::read).transpose()?;
        Self::from_source(source.as_ref(), environment)
    }

    fn from_source(
        source: Option<&Source>,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
        let written = match source {
            Some(source) => source.parse()?,
            None => Self::default(),
        };
        let (config, variables) = environment::overlay(written, environment)?;
        let limits = &config.limits;
        if limits.dead_after > limits.ping_interval {
            return Ok(config);
        }
        let key = "limits.dead_after";
        let problem = "must be longer than limits.ping_interval".to_owned();
        Err(match (variables.get(key), source) {
            (Some(variable), _) => ConfigError::variable(variable, problem),
            (None, Some(source)) => source.refuse_key(key, problem),
            (None, None) => ConfigError::default_key(key, problem),
        })
    }

    /// The `host:port` to print in invite links: `server.public_address`, or where it listens.
    #[must_use]
    pub fn public_address(&self) -> String {
        match (&self.server.public_address, self.server.listen.first()) {
            (Some(address), _) => address.clone(),
            (None, Some(address)) => address.to_string(),
            (None, None) => String::new(),
        }
    }
}

/// The text of a configuration file, and the name to refuse it by.
struct Source {
    file: PathBuf,
    text: String,
}

impl Source {
    fn read(file: &Path) -> Result<Self, ConfigError> {
        let unreadable = |reason| ConfigError::unreadable(file, &reason);
        if file.is_dir() {
            return Err(ConfigError::whole_file(file, "is a folder, not a file"));
        }
        let mut bytes = Vec::new();
        File::open(file)
            .and_then(|opened| opened.take(FILE_MAX + 1).read_to_end(&mut bytes))
            .map_err(unreadable)?;
        if u64::try_from(bytes.len()).is_ok_and(|length| length > FILE_MAX) {
            return Err(ConfigError::whole_file(file, "is longer than 256 KiB"));
        }
        Self::decode(file, bytes)
    }

    fn decode(file: &Path, bytes: Vec<u8>) -> Result<Self, ConfigError> {
        if bytes.starts_with(b"\xEF\xBB\xBF") {
            let problem = "begins with a byte order mark; save it as UTF-8 without one";
            return Err(ConfigError::at(file, 1, problem));
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let legal = error.utf8_error().valid_up_to();
            let line = place::line(error.as_bytes(), legal);
            ConfigError::at(file, line, "is not UTF-8")
        })?;
        if text.trim().is_empty() {
            let problem = "is empty; copy config/server.toml, or leave --config away to run with \
                           the defaults";
            return Err(ConfigError::whole_file(file, problem));
        }
        Ok(Self {
            file: file.to_owned(),
            text,
        })
    }

    fn parse(&self) -> Result<Config, ConfigError> {
        toml::from_str(&self.text).map_err(|error| {
            let problem = error.message().replace("unknown field", "unknown key");
            match error.span() {
                Some(span) => {
                    let line = place::line(self.text.as_bytes(), span.start);
                    let key = place::key_at(&self.text, &span);
                    ConfigError::at_key(&self.file, line, key, problem)
                }
                None => ConfigError::whole_file(&self.file, problem),
            }
        })
    }

    fn refuse_key(&self, key: &str, problem: String) -> ConfigError {
        match place::offset_of(&self.text, key) {
            Some(offset) => {
                let line = place::line(self.text.as_bytes(), offset);
                ConfigError::at_key(&self.file, line, Some(key.to_owned()), problem)
            }
            None => ConfigError::default_key(key, problem),
        }
    }
}

#[cfg(test)]
mod tests;
