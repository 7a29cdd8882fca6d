//! One-time codes: what they are made of, how they are said, and what becomes of a verification. All of it is pure:
//! keys, time and chance are given to it.
//!
//! ```text
//! key_ring ─► code      a code is derived from a key, a verification and chance, and is stored nowhere
//! app ─► wording        what an app says, and where in it the code goes
//! progress              pending; then approved, canceled, expired, out of guesses, or failed
//! ```

pub mod key_ring;
pub mod code;
pub mod wording;
pub mod app;
pub mod progress;
