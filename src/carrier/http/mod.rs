//! A carrier that is asked over HTTP: what it is told, what its answers mean, what its receipts say. Pure.
//!
//! ```text
//!   Submit, one or several ──► request ──► URL, headers, body        each value escaped for where it stands
//!   status, body           ──► answer  ──► Answered, one a recipient
//!   query, body            ──► receipt ──► ReceiptNews, any number
//! ```

pub mod pointer;
pub mod template;
pub mod request;
pub mod answer;
pub mod receipt;
