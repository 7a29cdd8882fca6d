//! Numbers with their country code, as E.164 has them.

/// An E.164 number: its digits as an integer, which always fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct E164(pub u64);
