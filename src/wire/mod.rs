//! What carries SMPP and keeps its secrets.

pub mod secret;
