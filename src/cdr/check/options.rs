//! What is asked of `nuncio cdr check`.

use crate::cdr::check::CheckError;
use crate::cdr::check::date;
use clap::Args;
use std::path::{Path, PathBuf};

/// What is asked.
#[derive(Args, Clone, Debug, Default)]
pub struct CdrCheck {
    /// Files of records of charge, packed by gzip or not, and the invoice as the last, unless --invoice names it.
    #[arg(required = true, value_name = "FILE")]
    pub(super) files: Vec<PathBuf>,
    /// The invoice: CSV whose header names its columns.
    #[arg(long, value_name = "FILE")]
    pub(super) invoice: Option<PathBuf>,
    /// Whose invoice it is; needed where the records are of several carriers.
    #[arg(long)]
    pub(super) carrier: Option<String>,
    /// The column with the carrier's id of the message.
    #[arg(long, value_name = "NAME")]
    pub(super) id_column: Option<String>,
    /// The column with what is charged.
    #[arg(long, value_name = "NAME")]
    pub(super) price_column: Option<String>,
    /// The column with how many SMS a line is for.
    #[arg(long, value_name = "NAME")]
    pub(super) count_column: Option<String>,
    /// The column with when it was sent; without a zone UTC is meant.
    #[arg(long, value_name = "NAME")]
    pub(super) date_column: Option<String>,
    /// The column with the currency.
    #[arg(long, value_name = "NAME")]
    pub(super) currency_column: Option<String>,
    /// The price is that of one SMS, and not that of the line.
    #[arg(long)]
    pub(super) price_each: bool,
    /// What stands before the decimals, where the invoice could be read in two ways.
    #[arg(long, value_parser = ["," , "."], value_name = "SIGN")]
    pub(super) decimal: Option<String>,
    /// Of what was taken from then on the invoice has to be: a date or a time of RFC 3339. Default: its first date.
    #[arg(long, value_name = "TIME", value_parser = date::since)]
    pub(super) since: Option<u64>,
    /// Of what was taken before then. Default: its last date.
    #[arg(long, value_name = "TIME", value_parser = date::since)]
    pub(super) until: Option<u64>,
    /// One JSON object a line: each difference, then the totals.
    #[arg(long)]
    pub(super) json: bool,
}

impl CdrCheck {
    /// The files of records, and the invoice.
    pub(super) fn files(&self) -> Result<(&[PathBuf], &Path), CheckError> {
        match (&self.invoice, self.files.split_last()) {
            (Some(invoice), _) => Ok((&self.files, invoice)),
            (None, Some((invoice, records))) if !records.is_empty() => Ok((records, invoice)),
            _ => Err(CheckError::Unclear("name the files of records, and behind them the invoice".to_owned())),
        }
    }
}
