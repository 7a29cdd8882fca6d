//! Phone numbers: E.164, and which country they belong to.

pub mod codes;
pub mod e164;
pub mod shared;
