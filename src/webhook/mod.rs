//! Tells applications their events, by signed HTTP calls (Standard Webhooks 1.0.0).
//!
//! ```text
//!  log of events ─► sender, one an endpoint ─► queue: what, when, in which order
//!        ▲               │         ▲                 │
//!        │ bell          ▼         └── verdict ──────┘
//!      loop ◄── progress ── sign ─► guard ─► POST
//! ```
//!
//! Nothing in the loop waits for an endpoint: senders read the log by themselves, and what came of it goes back as a
//! happening, to be made durable with everything else.

pub mod options;
pub mod queue;
pub mod schedule;
pub mod sign;
pub mod call;
pub mod collector;
pub mod sender;
pub mod running;
