//! `nuncio find`, `why`, `status` and `send`: a running gateway on the command line.
//!
//! The configuration says where its listeners are; the gateway itself is asked, so that what is shown is what it holds,
//! and nobody opens its store.

pub mod options;
mod local_client;
mod board;
mod progress;
pub mod send;
mod terminal;
mod words;
pub mod status;
pub(super) mod page;

use crate::config;
use crate::gateway::ask::local_client::{Door, LocalClient};
use crate::gateway::ask::options::{Find, Where, Why};
use crate::gateway::ask::page::Page;
use crate::gateway::ask::words::{list, text};
use crate::gateway::client::ClientError;
use crate::gateway::runtime::block_on;
use serde_json::Value;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

/// Messages whose stories are told at once: what fits on a screen or two.
const STORIES_MAX: usize = 3;

/// Why nothing was shown.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The configuration cannot be read.
    #[error("{0}")]
    Config(#[from] config::error::Error),
    /// There is no key to ask with.
    #[error("a key with the scope {0} is needed: --key-file FILE, or NUNCIO_KEY in the environment")]
    NoKey(&'static str),
    /// The file of the key cannot be read, or holds none.
    #[error("{0}: {1}")]
    KeyFile(PathBuf, String),
    /// Nobody answers.
    #[error("no gateway answers at {at}, where [{section}] of {config} has its listener: {why}; is it running?")]
    NotThere {
        /// Where.
        at: String,
        /// As which section says.
        section: &'static str,
        /// Of which file.
        config: PathBuf,
        /// What the system says.
        why: String,
    },
    /// The key is not good for this.
    #[error("the gateway refuses the key: {0}")]
    Key(String),
    /// The gateway refuses what was asked.
    #[error("{0}")]
    Refused(String),
    /// The gateway stopped answering, or what was asked has to go on later.
    #[error("{0}")]
    Interrupted(String),
    /// There is nothing to show.
    #[error(
        "nothing was found. Messages that ended are kept for {} (retention); what was accepted before {before} may be gone",
        whole_span(*kept)
    )]
    Nothing {
        /// How long messages that ended are kept.
        kept: Duration,
        /// Before this some may be gone.
        before: String,
    },
    /// What was found cannot be written.
    #[error("{0}")]
    Output(#[from] io::Error),
}

/// What is refused for the key, and not for what is asked.
const OF_KEYS: [&str; 2] = ["/problems/scope-missing", "/problems/network-refused"];

impl AskError {
    fn of(error: ClientError) -> Self {
        match error {
            ClientError::Refused { status, answer, .. } => {
                let detail = explain(&answer);
                // The detail of a problem names its field; the text of the error beside the pointer does not.
                match status {
                    401 => Self::Key(detail),
                    403 if OF_KEYS.iter().any(|it| answer["type"] == *it) => Self::Key(detail),
                    _ => Self::Refused(detail),
                }
            }
            error @ ClientError::Unsayable(_) => Self::Refused(error.to_string()),
            // It may answer the next time.
            other => Self::Interrupted(other.to_string()),
        }
    }
}

/// Faults of a refusal that are told.
const FAULTS_MAX: usize = 5;

/// What a problem says: its detail, and below that what is wrong where, as far as the detail does not say it.
fn explain(problem: &Value) -> String {
    let mut said = problem["detail"].as_str().unwrap_or("it does not say why").to_owned();
    let faults = list(&problem["errors"]);
    for fault in faults.iter().take(FAULTS_MAX).filter(|_| 1 < faults.len()) {
        said.push_str(&format!("\n  {} {}", text(&fault["pointer"]), text(&fault["detail"])));
    }
    if FAULTS_MAX < faults.len() {
        said.push_str(&format!("\n  and {} more", faults.len() - FAULTS_MAX));
    }
    said
}

/// Shows the messages that were asked for, newest first; with `why` the stories of the latest.
pub fn find(find: &Find, out: &mut dyn Write) -> Result<(), AskError> {
    block_on(search(find, out))
}

/// Tells the story of one message.
pub fn why(why: &Why, out: &mut dyn Write) -> Result<(), AskError> {
    block_on(async {
        let mut door = LocalClient::open(&why.place, Door::Admin).await?;
        tell(&mut door, &why.id, &Page::new(), out).await?;
        out.flush()?;
        Ok(())
    })
}

async fn search(find: &Find, out: &mut dyn Write) -> Result<(), AskError> {
    let mut door = LocalClient::open(&find.place, Door::Admin).await?;
    let found = door.get(&find.target()).await?;
    let messages = list(&found["data"]);
    let page = Page::new();
    if messages.is_empty() {
        return Err(door.nothing());
    }
    if find.why {
        for (at, message) in messages.iter().take(STORIES_MAX).enumerate() {
            if at != 0 {
                writeln!(out)?;
            }
            tell(&mut door, text(&message["id"]), &page, out).await?;
        }
    } else {
        page.list(messages, out)?;
    }
    let shown = if find.why { messages.len().min(STORIES_MAX) } else { messages.len() };
    if shown < messages.len() || !found["next_cursor"].is_null() {
        writeln!(
            out,
            "\nThere are more. --limit shows up to 1,000; --until {} the older ones.",
            text(&messages[shown - 1]["created_at"])
        )?;
    }
    out.flush()?;
    Ok(())
}

async fn tell(door: &mut LocalClient, id: &str, page: &Page, out: &mut dyn Write) -> Result<(), AskError> {
    let story = door.get(&format!("/admin/v1/messages/{}/story", options::escape(id))).await?;
    page.story(&story, out)?;
    Ok(())
}

/// A span in the largest unit that it is whole in.
fn whole_span(it: Duration) -> String {
    match it.as_secs() {
        seconds if seconds % 86_400 == 0 => format!("{} days", seconds / 86_400),
        seconds if seconds % 3_600 == 0 => format!("{} hours", seconds / 3_600),
        seconds => format!("{seconds} seconds"),
    }
}

impl Where {
    /// The key: of the file, else of the environment.
    fn key(&self, door: Door) -> Result<String, AskError> {
        let scope = if door == Door::Admin { "admin" } else { "send" };
        let key = match &self.key_file {
            Some(file) => {
                let fault = |why: String| AskError::KeyFile(file.clone(), why);
                std::fs::read_to_string(file).map_err(|error| fault(error.to_string()))?
            }
            None => std::env::var("NUNCIO_KEY").map_err(|_| AskError::NoKey(scope))?,
        };
        let key = key.trim();
        let sayable = !key.is_empty() && key.bytes().all(|it| it.is_ascii_graphic() || it == b' ');
        match &self.key_file {
            _ if sayable => Ok(key.to_owned()),
            Some(file) => Err(AskError::KeyFile(
                file.clone(),
                "holds no key; it is one line that `nuncio key` printed".to_owned(),
            )),
            None => Err(AskError::NoKey(scope)),
        }
    }
}
