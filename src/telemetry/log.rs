//! Log lines: on stderr, as text for people or as JSON for machines.
//!
//! journald adds the time itself, so that text to it carries none.

use std::io;
use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
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
    #[error("{0:?} is not a log level: expected error, warn, info, debug, trace or target=level, separated by commas")]
    Level(Box<str>),
    /// Somebody was faster.
    #[error("log lines go elsewhere already")]
    Taken,
}

/// Sends all log lines of this process to stderr. `level` is `info`, or `info,nuncio::link=debug`.
pub fn init(format: Format, level: &str) -> Result<(), LogError> {
    let journal = std::env::var_os("JOURNAL_STREAM").is_some();
    let subscriber = subscriber(format, level, journal, io::stderr)?;
    tracing::subscriber::set_global_default(subscriber).map_err(|_| LogError::Taken)
}

fn subscriber<W>(
    format: Format,
    level: &str,
    journal: bool,
    to: W,
) -> Result<Box<dyn Subscriber + Send + Sync>, LogError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(level).map_err(|_| LogError::Level(level.into()))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(to).with_ansi(false);
    Ok(match (format, journal) {
        (Format::Json, _) => Box::new(builder.json().flatten_event(true).finish()),
        (Format::Text, true) => Box::new(builder.without_time().finish()),
        (Format::Text, false) => Box::new(builder.finish()),
    })
}

#[cfg(test)]
pub(in crate::telemetry) mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    /// What was logged while `work` ran on this thread.
    pub(in crate::telemetry) fn logged(format: Format, level: &str, journal: bool, work: impl FnOnce()) -> String {
        let page = Page::default();
        let kept = page.clone();
        let to = subscriber(format, level, journal, move || page.clone()).expect("a level");
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
        let json = logged(Format::Json, "info", false, line);
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!((value["message"].as_str(), value["message_id"].as_str()), (Some("said"), Some("7")));
        assert!(value["timestamp"].is_string());
        assert!(logged(Format::Text, "info", true, line).trim_start().starts_with("INFO"));
        assert!(logged(Format::Text, "info", false, line).starts_with("20"));
        assert_eq!(logged(Format::Text, "warn", false, line), "");
    }

    #[test]
    fn a_level_that_is_none_is_refused() {
        assert!(matches!(subscriber(Format::Text, "loud=very", false, io::stderr), Err(LogError::Level(_))));
    }
}
