//! A log that waits for nobody: lines go to a thread of their own, and what it cannot take in
//! time is dropped, counted, and reported by the next line that gets through.

use std::{
    io,
    sync::{Arc, OnceLock},
};

use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};

use crate::{config::LogFormat, model::Timestamp};

/// Lines that wait for a slow disk or pipe. A second of a very busy server; when it is full,
/// further lines are dropped.
pub(super) const WAITING_MAX: usize = 8_192;

/// Starts the thread that writes to `inner`.
pub(super) fn start<W>(inner: W, format: LogFormat, waiting: usize) -> (NonBlocking, WorkerGuard)
where
    W: io::Write + Send + 'static,
{
    let dropped = Arc::new(OnceLock::new());
    let (writer, worker) = NonBlockingBuilder::default()
        .lossy(true)
        .buffered_lines_limit(waiting)
        .thread_name("netcomm-log")
        .finish(Counting {
            inner,
            format,
            dropped: Arc::clone(&dropped),
            reported: 0,
        });
    dropped.get_or_init(|| writer.error_counter());
    (writer, worker)
}

/// Writes how many lines were dropped ahead of the first that was not.
struct Counting<W> {
    inner: W,
    format: LogFormat,
    dropped: Arc<OnceLock<ErrorCounter>>,
    reported: usize,
}

impl<W: io::Write> io::Write for Counting<W> {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        let dropped = self.dropped.get().map_or(0, ErrorCounter::dropped_lines);
        if dropped > self.reported {
            let report = report(self.format, Timestamp::now(), dropped - self.reported);
            self.inner.write_all(report.as_bytes())?;
            self.reported = dropped;
        }
        self.inner.write_all(lines)?;
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

fn report(format: LogFormat, now: Timestamp, lines: usize) -> String {
    let message = "lines of the log were dropped: whatever takes them is too slow";
    match format {
        LogFormat::Text => format!("{now}  WARN {}: {message} lines={lines}\n", module_path!()),
        LogFormat::Json => format!(
            "{}\n",
            serde_json::json!({
                "timestamp": now.to_string(),
                "level": "WARN",
                "message": message,
                "lines": lines,
                "target": module_path!(),
            })
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{self, Write as _},
        sync::mpsc,
    };

    use super::{LogFormat, start};

    /// Says when it has a line, and takes it when it is told to.
    struct Gate {
        arrived: mpsc::Sender<String>,
        open: mpsc::Receiver<()>,
    }

    impl io::Write for Gate {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            let text = String::from_utf8_lossy(line).into_owned();
            self.arrived.send(text).map_err(io::Error::other)?;
            self.open.recv().map_err(io::Error::other)?;
            Ok(line.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_stuck_reader_costs_lines_that_are_counted_and_no_time() {
        let (arrived, lines) = mpsc::channel();
        let (open, gate) = mpsc::channel();
        let gate = Gate {
            arrived,
            open: gate,
        };
        let (mut log, _worker) = start(gate, LogFormat::Text, 1);

        log.write_all(b"first\n").unwrap();
        assert_eq!(lines.recv().unwrap(), "first\n");
        for line in ["waits\n", "dropped\n", "dropped\n"] {
            log.write_all(line.as_bytes()).unwrap();
        }
        open.send(()).unwrap();
        let report = lines.recv().unwrap();
        assert!(report.ends_with("is too slow lines=2\n"), "{report}");
        open.send(()).unwrap();
        assert_eq!(lines.recv().unwrap(), "waits\n");
        open.send(()).unwrap();
    }

    #[test]
    fn the_report_is_json_where_the_log_is() {
        let report = super::report(LogFormat::Json, super::Timestamp::default(), 3);
        let report: serde_json::Value = serde_json::from_str(&report).unwrap();
        assert_eq!(report["lines"], 3);
        assert_eq!(report["timestamp"], "1970-01-01T00:00:00Z");
    }
}
