//! Why a configuration was refused: which file, line and key, and what would be legal there.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

/// A configuration that was refused.
///
/// Its text names the file with line and key, or the variable, and says what is allowed.
#[derive(Debug)]
pub struct ConfigError {
    place: Place,
    problem: String,
}

#[derive(Debug)]
enum Place {
    File(PathBuf),
    Line {
        file: PathBuf,
        line: usize,
        key: Option<String>,
    },
    Variable(String),
    Default(String),
}

impl ConfigError {
    pub(super) fn unreadable(file: &Path, reason: &io::Error) -> Self {
        let problem = match reason.kind() {
            io::ErrorKind::NotFound => {
                "does not exist; give --config the path of a file, or leave \
                                        it away to run with the defaults"
                    .to_owned()
            }
            _ => format!("cannot be read: {reason}"),
        };
        Self::whole_file(file, problem)
    }

    pub(super) fn whole_file(file: &Path, problem: impl Into<String>) -> Self {
        Self {
            place: Place::File(file.to_owned()),
            problem: problem.into(),
        }
    }

    pub(super) fn at(file: &Path, line: usize, problem: &str) -> Self {
        Self::at_key(file, line, None, problem.to_owned())
    }

    pub(super) fn at_key(file: &Path, line: usize, key: Option<String>, problem: String) -> Self {
        Self {
            place: Place::Line {
                file: file.to_owned(),
                line,
                key,
            },
            problem,
        }
    }

    pub(super) fn variable(name: &str, problem: String) -> Self {
        Self {
            place: Place::Variable(name.to_owned()),
            problem,
        }
    }

    /// A key that only has its default, which does not go with a key that was given.
    pub(super) fn default_key(key: &str, problem: String) -> Self {
        Self {
            place: Place::Default(key.to_owned()),
            problem,
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problem = self.problem.trim_end();
        match &self.place {
            Place::File(file) => write!(f, "configuration file {} {problem}", file.display()),
            Place::Line { file, line, key } => {
                write!(f, "{}:{line}: ", file.display())?;
                match key {
                    Some(key) => write!(f, "{key}: {problem}"),
                    None => write!(f, "{problem}"),
                }
            }
            Place::Variable(name) => write!(f, "environment variable {name}: {problem}"),
            Place::Default(key) => write!(f, "{key} (by default): {problem}"),
        }
    }
}

impl std::error::Error for ConfigError {}
