//! A link: the supervised life of one bind. Connect, bind, lose, back off, again.
//!
//! ```text
//!        ┌───────────── wait (back off, jitter) ◄──────────────┐
//!        ▼                                                     │
//!      Down ──► Connecting ── bound ──► Bound ── lost ─────────┤
//!                   └─────── refused, failed ──────────────────┤
//!                                       Bound ── stop ──► Draining ──► gone
//! ```
//!
//! One task, one socket at a time: the old connection is closed before the next is opened.

pub mod options;
pub mod channels;
mod backoff;
mod metered;
mod expiry;
mod hint;
pub mod supervisor;
pub mod http;
