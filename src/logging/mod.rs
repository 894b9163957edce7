//! The log: one event, one line, as text or JSON, to stderr or to a file a day.
//!
//! Nothing a peer sends can forge a line or drive the terminal that shows it, and a log that is
//! read too slowly loses lines, counted in the log itself, rather than hold up the server.

mod daily;
mod fields;
mod lossy;
mod one_line;

use std::{io, panic, path::PathBuf};

use tracing::Subscriber;
use tracing_appender::non_blocking::{NonBlocking, WorkerGuard};
use tracing_subscriber::{
    EnvFilter, Layer, Registry, filter::ParseError, fmt, fmt::MakeWriter, layer::SubscriberExt,
    reload, util::SubscriberInitExt,
};

use crate::config::{Log, LogFormat};

use self::{daily::DailyFile, fields::TextFields, one_line::OneLine};

/// Why logging did not start, or a filter was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The filter says nothing that can be understood.
    #[error(
        "{filter:?} is not a filter for the log ({reason}); write a level such as info, or parts \
         with their levels, such as info,netcomm::tls=debug"
    )]
    Filter {
        /// What was given.
        filter: String,
        /// What is wrong with it.
        reason: ParseError,
    },
    /// The file cannot be written to.
    #[error("cannot write the log file {} (log.file): {reason}", path.display())]
    File {
        /// Where it was to be.
        path: PathBuf,
        /// What the system said.
        reason: io::Error,
    },
    /// Somebody logs in this process already.
    #[error("logging was started before")]
    Running,
    /// Nobody logs any more.
    #[error("logging has ended")]
    Ended,
}

/// The running log. What is still waiting is written when this is dropped.
#[must_use = "dropping it ends the log"]
pub struct Logging {
    filter: FilterHandle,
    _worker: WorkerGuard,
}

type FilterHandle = reload::Handle<EnvFilter, Registry>;

impl Logging {
    /// Starts the log of this process.
    ///
    /// # Errors
    ///
    /// The filter or the file is not usable, or the log was started before.
    pub fn start(settings: &Log) -> Result<Self, LogError> {
        let (writer, worker) = open(settings)?;
        let (subscriber, filter) = subscriber(settings, writer)?;
        subscriber.try_init().map_err(|_| LogError::Running)?;
        log_panics();
        Ok(Self {
            filter,
            _worker: worker,
        })
    }

    /// Logs by another filter from now on.
    ///
    /// # Errors
    ///
    /// The filter is not usable; the old one stays in force.
    pub fn set_filter(&self, filter: &str) -> Result<(), LogError> {
        let filter = parse(filter)?;
        self.filter.reload(filter).map_err(|_| LogError::Ended)
    }
}

fn open(settings: &Log) -> Result<(NonBlocking, WorkerGuard), LogError> {
    let Some(path) = &settings.file else {
        return Ok(lossy::start(
            io::stderr(),
            settings.format,
            lossy::WAITING_MAX,
        ));
    };
    let file = DailyFile::open(path, settings.keep).map_err(|reason| LogError::File {
        path: path.clone(),
        reason,
    })?;
    Ok(lossy::start(file, settings.format, lossy::WAITING_MAX))
}

fn parse(filter: &str) -> Result<EnvFilter, LogError> {
    let parsed = EnvFilter::builder().parse(filter);
    parsed.map_err(|reason| LogError::Filter {
        filter: filter.to_owned(),
        reason,
    })
}

fn subscriber<W>(
    settings: &Log,
    writer: W,
) -> Result<(impl Subscriber + Send + Sync, FilterHandle), LogError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let (filter, handle) = reload::Layer::new(parse(&settings.filter)?);
    let lines = fmt::layer()
        .with_ansi(false)
        .log_internal_errors(false)
        .with_writer(OneLine::new(writer, settings.format));
    let lines = match settings.format {
        LogFormat::Text => lines.fmt_fields(TextFields).boxed(),
        LogFormat::Json => lines
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(true)
            .boxed(),
    };
    Ok((Registry::default().with(filter).with(lines), handle))
}

/// Sends panics through the log, where their text is escaped like everything else.
fn log_panics() {
    panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string);
        tracing::error!(
            location,
            reason = panic.payload_as_str(),
            "a task panicked; this is a defect, please report it"
        );
    }));
}

#[cfg(test)]
mod tests;
