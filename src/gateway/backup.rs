//! `nuncio backup` and `nuncio restore`: copies of the store that the configuration names.

use crate::clock::Clock;
use crate::config;
use crate::gateway::failure::Failure;
use crate::message::time::Time;
use crate::store::sqlite::backup::{self, Summary};
use std::path::Path;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Copies the store into a file; says what is in it.
pub fn back_up(config: &Path, to: &Path, force: bool) -> Result<String, Failure> {
    let draft = config::read(config)?;
    let summary = backup::back_up(&draft.store().path, to, force)?;
    Ok(format!("{}: {}; read whole and sound", to.display(), words(&summary)))
}

/// Puts a copy in the place of the store; says what there is to know of it.
pub fn restore(config: &Path, from: &Path) -> Result<String, Failure> {
    let draft = config::read(config)?;
    let directory = &draft.store().path;
    let restored = backup::restore(from, directory, |_| Clock::of_the_wall())?;
    let aside =
        restored.aside.map_or_else(String::new, |it| format!("\nThe store that was there is in {}.", it.display()));
    Ok(format!(
        "{}: restored: {}.{aside}\nWhat it has queued is held, for it may have been sent after the backup was made. Start the daemon, look, and\n\
         POST /admin/v1/store/release lets it go.",
        directory.display(),
        words(&restored.summary)
    ))
}

fn words(summary: &Summary) -> String {
    let Summary { messages, queued, at, octets } = summary;
    format!("messages {messages}, parts queued {queued}, octets {octets}, last change {}", rfc3339(*at))
}

fn rfc3339(at: Time) -> String {
    let at = i64::try_from(at.0 / 1_000).ok().and_then(|it| OffsetDateTime::from_unix_timestamp(it).ok());
    at.and_then(|it| it.format(&Rfc3339).ok()).unwrap_or_default()
}
