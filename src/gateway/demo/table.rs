//! The table of statuses: redrawn in place on a terminal, a line a change elsewhere.

use crate::message::status::Status;
use std::io::{IsTerminal, Write};

/// How wide a full bar is.
const BAR: usize = 40;

/// Counts of messages by status, shown while they change.
pub(super) struct Table {
    live: bool,
    shown: Option<Vec<usize>>,
}

impl Table {
    /// A table on standard output.
    pub(super) fn new() -> Self {
        Self { live: std::io::stdout().is_terminal(), shown: None }
    }

    /// Shows the counts, in the order of [`Status::ALL`], if they changed.
    pub(super) fn show(&mut self, counts: &[usize], elapsed_ms: u128) {
        if self.shown.as_deref() == Some(counts) {
            return;
        }
        let total: usize = counts.iter().sum();
        let mut text = String::new();
        if self.live {
            if self.shown.is_some() {
                // Back to the first line of the table.
                text.push_str(&format!("\x1b[{}A", Status::ALL.len()));
            }
            for (status, count) in Status::ALL.iter().zip(counts) {
                let bar = "#".repeat((count * BAR).checked_div(total).unwrap_or(0));
                text.push_str(&format!("\x1b[2K  {:<10}{count:>5}  {bar}\n", status.word()));
            }
        } else {
            let words: Vec<String> = Status::ALL
                .iter()
                .zip(counts)
                .filter(|(_, count)| **count != 0)
                .map(|(status, count)| format!("{} {count}", status.word()))
                .collect();
            text = format!("{elapsed_ms:>6} ms  {}\n", words.join("  "));
        }
        let mut out = std::io::stdout().lock();
        // A demo whose output nobody reads goes on all the same.
        _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        self.shown = Some(counts.to_vec());
    }
}

impl Default for Table {
    fn default() -> Self {
        Self::new()
    }
}
