//! What operators see from afar: metrics and log lines.
//!
//! ```text
//!   dispatch ── Fact ──► facts ──► Meters ──► Exposition ──► GET /metrics
//!   link, api, store, loop ─────────► │          ▲
//!                                     └── names: every metric, once
//! ```
//!
//! Labels come from the configuration or a closed set. Small sets stand at 0 from the start; products of what is
//! configured come with their first event. No number and no text of a message is a label or stands in a log line.

#[macro_use]
pub mod often;
pub mod names;
pub mod recorder;
pub mod labels;
pub mod meters;
pub mod facts;
pub mod log;
pub mod link_status;
pub mod endpoint_status;
