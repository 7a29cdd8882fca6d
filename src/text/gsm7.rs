//! gsm7
/// stub
pub fn is_gsm7(_: char) -> bool { true }
