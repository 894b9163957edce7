//! What reaches the log, whoever wrote it.

use std::{
    fs, io,
    sync::{Arc, Mutex, PoisonError},
};

use super::{Log, LogError, LogFormat, Logging, open, subscriber};

/// What a hostile peer calls itself.
const HOSTILE: &str = "bob\u{1b}[2J\u{9b}31m\r\n2026 INFO login_ok user=root\u{202e}\u{7}";

#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<u8>>>);

impl Memory {
    fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8(bytes.clone()).unwrap()
    }
}

impl io::Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn settings(format: LogFormat) -> Log {
    Log {
        format,
        ..Log::default()
    }
}

fn logged(format: LogFormat, act: impl FnOnce()) -> String {
    let memory = Memory::default();
    let made = memory.clone();
    let (subscriber, _filter) = subscriber(&settings(format), move || made.clone()).unwrap();
    tracing::subscriber::with_default(subscriber, act);
    memory.text()
}

fn attack() {
    let session = tracing::info_span!("session", user = %HOSTILE, connection = 7);
    let _inside = session.enter();
    tracing::warn!(shown = %HOSTILE, debugged = ?HOSTILE, plain = HOSTILE, "refused {HOSTILE}");
}

fn assert_tame(log: &str) {
    let body = log.strip_suffix('\n').unwrap();
    let raw = body.find(|c: char| c.is_control() || c == '\u{202e}');
    assert_eq!(raw, None, "{log:?}");
}

#[test]
fn no_text_of_a_peer_reaches_the_text_log_raw() {
    let log = logged(LogFormat::Text, attack);
    assert_tame(&log);
    let name = r#""bob\u{1b}[2J\u{9b}31m\r\n2026 INFO login_ok user=root\u{202e}\u{7}""#;
    for field in ["session{user=", "shown=", "debugged=", "plain="] {
        assert!(log.contains(&format!("{field}{name}")), "{field} in {log}");
    }
    assert!(log.contains("refused bob\\u{1b}[2J"), "{log}");
}

#[test]
fn no_text_of_a_peer_reaches_the_json_log_raw_and_none_is_lost() {
    let log = logged(LogFormat::Json, attack);
    assert_tame(&log);
    let event: serde_json::Value = serde_json::from_str(&log).unwrap();
    assert_eq!(event["level"], "WARN");
    assert_eq!(event["shown"], HOSTILE);
    assert_eq!(event["plain"], HOSTILE);
    assert_eq!(event["message"], format!("refused {HOSTILE}"));
}

#[test]
fn json_lines_carry_the_fields_of_their_spans() {
    let log = logged(LogFormat::Json, || {
        let _outer = tracing::info_span!("listener", address = "here").entered();
        let session = tracing::info_span!("session", user = tracing::field::Empty).entered();
        session.record("user", "alice");
        tracing::info!(event = "login_ok", "logged in");
    });
    let event: serde_json::Value = serde_json::from_str(&log).unwrap();
    assert_eq!(event["event"], "login_ok");
    assert_eq!(event["spans"][0]["address"], "here");
    assert_eq!(event["spans"][1]["name"], "session");
    assert_eq!(event["spans"][1]["user"], "alice");
}

#[test]
fn fields_recorded_later_stand_beside_the_first() {
    let log = logged(LogFormat::Text, || {
        let session = tracing::info_span!("session", id = 1, user = tracing::field::Empty);
        session.record("user", "alice");
        session.in_scope(|| tracing::info!(bytes = 3, "posted"));
    });
    assert!(log.contains(r#"session{id=1 user="alice"}: "#), "{log}");
    assert!(log.ends_with(": posted bytes=3\n"), "{log}");
}

#[test]
fn a_filter_can_be_changed_while_running() {
    let memory = Memory::default();
    let made = memory.clone();
    let (subscriber, filter) =
        subscriber(&settings(LogFormat::Text), move || made.clone()).unwrap();
    let (_writer, worker) = open(&settings(LogFormat::Text)).unwrap();
    let logging = Logging {
        filter,
        _worker: worker,
    };
    tracing::subscriber::with_default(subscriber, || {
        tracing::debug!("unheard");
        logging.set_filter("netcomm::logging=debug").unwrap();
        tracing::debug!("heard");
        let refused = logging.set_filter("netcomm=loud").unwrap_err();
        assert!(matches!(refused, LogError::Filter { .. }));
        tracing::debug!("still heard");
    });
    let log = memory.text();
    assert!(!log.contains("unheard"), "{log}");
    assert!(
        log.contains(": heard\n") && log.contains(": still heard\n"),
        "{log}"
    );
}

#[test]
fn a_log_file_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let blocked = folder.path().join("file");
    fs::write(&blocked, "").unwrap();
    let settings = Log {
        file: Some(blocked.join("netcomm.log")),
        ..Log::default()
    };
    let refused = open(&settings).map(|_| ()).unwrap_err().to_string();
    assert!(refused.contains("netcomm.log (log.file): "), "{refused}");
}
