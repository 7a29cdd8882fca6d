//! Phone numbers: E.164, which country they belong to, and what time it is there.

pub mod codes;
pub mod e164;
pub mod library;
pub mod line;
pub mod metadata;
pub mod refusal;
pub mod shared;
pub mod written;
pub mod zone;
