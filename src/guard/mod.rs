//! Guards of one-time codes: limits and blocks that stand before money is spent.
//!
//! ```text
//!  asked ─► guards ─► refused by one of them, until then │ sent, which is noted
//!             ▲
//!             └── what was sent, what came back and what was guessed wrongly
//! ```
//!
//! All of it is made of the verifications that are stored, in the order in which they happened: a start reads those of
//! the last day once more, and `nuncio guard replay` as many as it is told to.

pub mod rate;
pub mod prefix;
pub mod policy;
pub mod kept;
pub mod conversion;
pub mod block;
pub mod spend;
pub mod guards;
#[cfg(test)]
mod tests;
