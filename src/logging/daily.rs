//! A log file a day (UTC), readable by its owner only, the oldest removed.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use crate::model::Timestamp;

/// Mode of every log file: the owner reads and writes, nobody else does either.
const FILE_MODE: u32 = 0o600;

/// Mode of a folder that had to be made.
const FOLDER_MODE: u32 = 0o700;

/// Appends to `<path>.<date>`, and goes on to the next when the day ends.
pub(super) struct DailyFile {
    path: PathBuf,
    keep: usize,
    clock: fn() -> Timestamp,
    date: String,
    file: File,
}

impl DailyFile {
    /// Opens the file of today, and keeps it and those of `keep - 1` days before.
    pub(super) fn open(path: &Path, keep: usize) -> io::Result<Self> {
        Self::with_clock(path, keep, Timestamp::now)
    }

    fn with_clock(path: &Path, keep: usize, clock: fn() -> Timestamp) -> io::Result<Self> {
        let folder = folder(path);
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(FOLDER_MODE).create(folder)?;
        let date = date(clock());
        let opened = Self {
            path: path.to_owned(),
            keep,
            clock,
            file: private(&dated(path, &date))?,
            date,
        };
        opened.remove_old()?;
        Ok(opened)
    }

    /// Turns to today's file. When that cannot be opened, the old one serves on.
    fn turn(&mut self) {
        let today = date((self.clock)());
        if today == self.date {
            return;
        }
        if let Ok(file) = private(&dated(&self.path, &today)) {
            self.file = file;
            self.date = today;
            // An old file too many is no reason to lose a line.
            drop(self.remove_old());
        }
    }

    fn remove_old(&self) -> io::Result<()> {
        let mut dated: Vec<_> = fs::read_dir(folder(&self.path))?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|file| self.is_ours(file))
            .collect();
        dated.sort_unstable();
        let surplus = dated.len().saturating_sub(self.keep);
        dated.iter().take(surplus).try_for_each(fs::remove_file)
    }

    fn is_ours(&self, file: &Path) -> bool {
        let ending = file.extension().and_then(|ending| ending.to_str());
        file.file_stem() == self.path.file_name()
            && ending.is_some_and(|date| date.parse::<jiff::civil::Date>().is_ok())
    }
}

impl io::Write for DailyFile {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        self.turn();
        self.file.write(lines)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    }
}

fn dated(path: &Path, date: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(date);
    name.into()
}

/// `2026-11-23`, of the moment as `Timestamp` shows it.
fn date(moment: Timestamp) -> String {
    moment
        .to_string()
        .chars()
        .take_while(|&c| c != 'T')
        .collect()
}

fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let file = options
        .create(true)
        .append(true)
        .mode(FILE_MODE)
        .open(path)?;
    file.set_permissions(Permissions::from_mode(FILE_MODE))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        io::Write as _,
        os::unix::fs::PermissionsExt as _,
        path::Path,
        sync::atomic::{AtomicI64, Ordering},
    };

    use super::{DailyFile, Timestamp};

    const DAY: i64 = 24 * 60 * 60 * 1_000;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }

    #[test]
    fn each_day_has_its_file_and_the_oldest_go() {
        static NOW: AtomicI64 = AtomicI64::new(0);
        let clock = || Timestamp::from_millis(NOW.load(Ordering::Relaxed));
        let folder = tempfile::tempdir().unwrap();
        let others = ["chat.log.notes", "chat.log", "other.log.1960-01-01"];
        for other in others {
            fs::write(folder.path().join(other), "").unwrap();
        }
        fs::write(folder.path().join("chat.log.1969-12-30"), "old").unwrap();
        let mut file = DailyFile::with_clock(&folder.path().join("chat.log"), 2, clock).unwrap();
        for line in ["one\n", "two\n", "three\n"] {
            file.write_all(line.as_bytes()).unwrap();
            NOW.fetch_add(DAY, Ordering::Relaxed);
        }
        let mut expected = ["chat.log.1970-01-02", "chat.log.1970-01-03"].to_vec();
        expected.extend(others);
        expected.sort_unstable();
        assert_eq!(names(folder.path()), expected);
        let last = fs::read_to_string(folder.path().join("chat.log.1970-01-03")).unwrap();
        assert_eq!(last, "three\n");
    }

    #[test]
    fn only_the_owner_reads_a_log_file() {
        let folder = tempfile::tempdir().unwrap();
        let clock = || Timestamp::from_millis(0);
        let file = folder.path().join("logs/chat.log.1970-01-01");
        fs::create_dir(folder.path().join("logs")).unwrap();
        fs::write(&file, "before\n").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        let log = folder.path().join("logs/chat.log");
        DailyFile::with_clock(&log, 2, clock)
            .unwrap()
            .write_all(b"after\n")
            .unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "before\nafter\n");
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
}
