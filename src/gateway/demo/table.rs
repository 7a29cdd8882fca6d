//! What is seen while the demo runs: redrawn in place on a terminal, a line a change elsewhere.

use crate::message::status::Status;
use std::io::{self, IsTerminal, Write};

/// How wide a full bar is.
const BAR: usize = 40;

/// What stands where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Picture {
    /// Messages by status, in the order of [`Status::ALL`].
    pub(super) statuses: Vec<usize>,
    /// What each carrier has taken and refused.
    pub(super) carriers: [(&'static str, u64, u64); 2],
}

/// Pictures, shown while they change.
pub(super) struct Table {
    live: bool,
    shown: Option<Picture>,
}

impl Table {
    /// A table on standard output.
    pub(super) fn new() -> Self {
        Self { live: io::stdout().is_terminal(), shown: None }
    }

    /// Shows a picture if it is another one.
    pub(super) fn show(&mut self, picture: Picture, elapsed_ms: u128) -> io::Result<()> {
        if self.shown.as_ref() == Some(&picture) {
            return Ok(());
        }
        let total: usize = picture.statuses.iter().sum();
        let mut text = String::new();
        if self.live {
            if self.shown.is_some() {
                // Back to the first line of the table.
                text.push_str(&format!("\x1b[{}A", Status::ALL.len() + picture.carriers.len()));
            }
            for (status, count) in Status::ALL.iter().zip(&picture.statuses) {
                let bar = "#".repeat((count * BAR).checked_div(total).unwrap_or(0));
                text.push_str(&format!("\x1b[2K  {:<10}{count:>5}  {bar}\n", status.word()));
            }
            for (name, taken, refused) in picture.carriers {
                text.push_str(&format!("\x1b[2K  {name:<10}took {taken}, refused {refused}\n"));
            }
        } else {
            let statuses = Status::ALL.iter().zip(&picture.statuses).filter(|(_, count)| **count != 0);
            let statuses: Vec<String> = statuses.map(|(status, count)| format!("{} {count}", status.word())).collect();
            let carriers =
                picture.carriers.map(|(name, taken, refused)| format!("{name} took {taken}, refused {refused}"));
            text = format!("{elapsed_ms:>6} ms  {}\n           {}\n", statuses.join("  "), carriers.join("; "));
        }
        self.shown = Some(picture);
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush())
    }

    /// Says a sentence between two pictures; the next one is drawn below it.
    pub(super) fn say(&mut self, sentence: &str) -> io::Result<()> {
        self.shown = None;
        let mut out = io::stdout().lock();
        writeln!(out, "{sentence}").and_then(|()| out.flush())
    }
}
