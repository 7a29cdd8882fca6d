//! Log lines: on stderr, as text for people or as JSON for machines.
//!
//! journald adds the time itself, so that text to it carries none.

use std::io;
use std::sync::{Mutex, PoisonError};
use tracing::Subscriber;
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{EnvFilter, Layer, reload};

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One object a line.
    Json,
}

/// Why nothing can be logged.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The level is none.
    #[error("{0:?} is not a log level: expected error, warn, info, debug or trace")]
    Level(Box<str>),
    /// Somebody was faster.
    #[error("log lines go elsewhere already")]
    Taken,
    /// Whoever writes them is not there any more.
    #[error("nobody writes log lines")]
    Gone,
}

/// Sends all log lines of this process to stderr. `level` is `error`, `warn`, `info`, `debug` or `trace`. What is
/// returned changes how they look, and which there are.
pub fn init(format: LogFormat, level: &str) -> Result<Log, LogError> {
    let journal = std::env::var_os("JOURNAL_STREAM").is_some();
    let (subscriber, log) = subscriber(format, level, journal, io::stderr)?;
    tracing::subscriber::set_global_default(subscriber).map_err(|_| LogError::Taken)?;
    Ok(log)
}

/// The log of this process, whose look and level may change while it runs.
pub struct Log {
    is: Mutex<(LogFormat, String)>,
    set: Box<dyn Fn(LogFormat, EnvFilter) -> Result<(), reload::Error> + Send + Sync>,
}

impl Log {
    /// Has lines look so from now on, from this level on. Whether that is another than it was.
    pub fn set(&self, format: LogFormat, level: &str) -> Result<bool, LogError> {
        let mut is = self.is.lock().unwrap_or_else(PoisonError::into_inner);
        if *is == (format, level.to_owned()) {
            return Ok(false);
        }
        (self.set)(format, filter(level)?).map_err(|_| LogError::Gone)?;
        *is = (format, level.to_owned());
        Ok(true)
    }
}

fn filter(level: &str) -> Result<EnvFilter, LogError> {
    EnvFilter::try_new(level).map_err(|_| LogError::Level(level.into()))
}

type Lines<S> = Box<dyn Layer<S> + Send + Sync>;

fn lines<S, W>(format: LogFormat, journal: bool, to: W) -> Lines<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = fmt::layer().with_writer(to).with_ansi(false);
    match (format, journal) {
        (LogFormat::Json, _) => Box::new(lines.json().flatten_event(true)),
        (LogFormat::Text, true) => Box::new(lines.without_time()),
        (LogFormat::Text, false) => Box::new(lines),
    }
}

fn subscriber<W>(
    format: LogFormat,
    level: &str,
    journal: bool,
    to: W,
) -> Result<(Box<dyn Subscriber + Send + Sync>, Log), LogError>
where
    W: for<'a> MakeWriter<'a> + Clone + Send + Sync + 'static,
{
    let (filter, filters) = reload::Layer::new(filter(level)?);
    let (shown, shows) = reload::Layer::new(lines(format, journal, to.clone()));
    let subscriber = tracing_subscriber::registry().with(filter).with(shown);
    let set = move |format, filter| {
        shows.reload(lines(format, journal, to.clone()))?;
        filters.reload(filter)
    };
    Ok((Box::new(subscriber), Log { is: Mutex::new((format, level.to_owned())), set: Box::new(set) }))
}

#[cfg(test)]
pub(in crate::telemetry) mod tests {
    use super::*;
    use std::sync::Arc;

    /// What was logged while `work` ran on this thread.
    pub(in crate::telemetry) fn logged(format: LogFormat, level: &str, journal: bool, work: impl FnOnce()) -> String {
        let page = Page::default();
        let kept = page.clone();
        let (to, _) = subscriber(format, level, journal, move || page.clone()).expect("a level");
        tracing::subscriber::with_default(to, work);
        String::from_utf8(kept.0.lock().unwrap().clone()).unwrap()
    }

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Page {
        fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(octets);
            Ok(octets.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_are_json_or_text_and_have_a_time_unless_journald_has_it() {
        let line = || tracing::info!(message_id = "7", "said");
        let json = logged(LogFormat::Json, "info", false, line);
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!((value["message"].as_str(), value["message_id"].as_str()), (Some("said"), Some("7")));
        assert!(value["timestamp"].is_string());
        assert!(logged(LogFormat::Text, "info", true, line).trim_start().starts_with("INFO"));
        assert!(logged(LogFormat::Text, "info", false, line).starts_with("20"));
        assert_eq!(logged(LogFormat::Text, "warn", false, line), "");
    }

    #[test]
    fn look_and_level_change_while_it_runs() {
        let page = Page::default();
        let kept = page.clone();
        let (to, log) = subscriber(LogFormat::Text, "warn", true, move || page.clone()).expect("a level");
        tracing::subscriber::with_default(to, || {
            tracing::info!("unheard");
            assert!(log.set(LogFormat::Json, "info").expect("it is there"));
            assert!(!log.set(LogFormat::Json, "info").expect("it is there"), "it is so already");
            tracing::info!("heard");
            assert!(matches!(log.set(LogFormat::Text, "loud=very"), Err(LogError::Level(_))));
            tracing::info!("heard again");
        });
        let said = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<serde_json::Value> = said.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
        let messages: Vec<_> = lines.iter().filter_map(|it| it["message"].as_str()).collect();
        assert_eq!(messages, ["heard", "heard again"]);
    }

    #[test]
    fn a_level_that_is_none_is_refused() {
        assert!(matches!(subscriber(LogFormat::Text, "loud=very", false, io::stderr), Err(LogError::Level(_))));
    }
}
