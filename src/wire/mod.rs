//! Connections: how they are made and secured, and how a conversation runs over one.
//!
//! ```text
//!  transport ─► TCP ─► tls ─► Stream ─► driver ◄─► Conversation
//!                                         │
//!                                       codec: octets ◄─► PDUs
//! ```

pub mod capture;
pub mod client;
pub mod codec;
pub mod driver;
pub mod certificate;
pub mod passage;
pub mod guard;
pub mod pin;
mod pipe;
pub mod secret;
pub mod stream;
pub mod tls;
pub mod trace;
pub mod transport;
pub mod url;
