//! Phone numbers as logs may show them.

use crate::number::e164::E164;
use std::fmt;

/// A number with its middle hidden: enough to tell two apart, not enough to call one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Masked(pub E164);

impl fmt::Display for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.0.to_string();
        match digits.len() {
            8.. => write!(f, "+{}***{}", &digits[..3], &digits[digits.len() - 2..]),
            _ => f.write_str("***"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_a_number_is_hidden() {
        assert_eq!(Masked(E164(31_612_345_678)).to_string(), "+316***78");
        assert_eq!(Masked(E164(1_234_567)).to_string(), "***");
    }
}
