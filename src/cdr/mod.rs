//! Records of charge: a line of JSON for each part that ended, and carriers' invoices judged by them.
//!
//! ```text
//!  log of events ─► writer, a thread ─► line ─► file ─► synced ─► mark ─► loop
//!        ▲             │        message, parts, attempts
//!      loop            ▼
//!                    store
//! ```
//!
//! Nothing in the loop waits for the file. The writer is one more reader of the log, beside the senders of webhooks: it
//! reads how messages ended, writes what their records say, has the disk keep it, and only then has its mark moved. One
//! step at a time is ahead of the mark, and its lines are found again at the end of the file: so each is there once.

pub mod options;
pub mod file;
mod line;
pub mod writer;
pub mod check;
