//! A link to a carrier that is asked over HTTP: requests instead of sessions.
//!
//! ```text
//!      Down ──► Connecting ── a connection is made ──► Bound ── none can be made ──► Draining ──► Down
//!        ▲                                                                                         │
//!        └──────────────────────────────── wait (back off, jitter) ◄───────────────────────────────┘
//! ```
//!
//! A request takes what waits in the link's channel when its turn comes, one message or as many as the carrier takes
//! at once; nothing waits for company. Receipts come by another way: the carrier calls the API.

pub mod options;
mod waiting;
mod lack_log;
pub mod supervisor;
