//! Which numbering plans are known.

/// Which libphonenumber the numbering plans are from. The crate tells it in its readme alone: a test holds it to the
/// version of the crate, and the judge among the peers to what numbers it takes.
pub const METADATA: &str = "9.0.42";
