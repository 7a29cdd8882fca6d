//! (laid by the octets branch)
pub mod gsm7;
/// Which alphabet a customer asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Requested { /// a
 Auto, /// b
 Gsm7, /// c
 Ucs2, /// d
 Latin1 }

/// stub
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Alphabet { /// a
 Gsm7, /// b
 Ascii, /// c
 Latin1, /// d
 Ucs2 }
