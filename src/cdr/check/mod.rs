//! `nuncio cdr check`: a carrier's invoice held against the records of charge.
//!
//! ```text
//!  files of records ─► ours: what each carrier took ──┐
//!                                                     ├─► judge ─► report
//!  invoice.csv ─► rows ─► columns by their names ─────┘
//! ```
//!
//! Files are read line by line; in memory are some hundred octets for each attempt that the carrier took, and nothing
//! of the invoice.

pub mod options;
mod amount;
mod date;
mod invoice;
mod judge;
mod ours;
mod report;
mod rows;

use crate::cdr::check::invoice::Invoice;
use crate::cdr::check::judge::Judge;
use crate::cdr::check::options::CdrCheck;
use crate::cdr::check::ours::Ours;
use crate::cdr::check::report::Report;
use std::io::{self, Write};

/// Why nothing can be said.
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// A file cannot be read.
    #[error("{0}: {1}")]
    File(String, io::Error),
    /// A file is not what it has to be, or an option is missing.
    #[error("{0}")]
    Unclear(String),
    /// The answer cannot be written.
    #[error("{0}")]
    Output(io::Error),
}

/// Says which lines differ, and what it comes to; whether they agree. What is to be known beside it goes to `note`.
pub fn check(options: &CdrCheck, out: &mut impl Write, note: impl Fn(&str)) -> Result<bool, CheckError> {
    let (records, invoice) = options.files()?;
    let ours = Ours::read(records, options.carrier.as_deref())?;
    ours.notes.iter().for_each(|it| note(it));
    let invoice = Invoice::look_at(invoice, options, &ours)?;
    invoice.notes.iter().for_each(|it| note(it));
    let mut report = Report::new(out, options.json, ours.currency);
    let mut judge = Judge::new(ours, &invoice);
    judge.judge(&mut report)?;
    judge.missing(records, &mut report)?;
    report.finish(&judge.totals())
}
