//! The first digits of numbers, and the addresses of people.

use crate::number::e164::E164;
use std::fmt;

/// The first digits of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Prefix(u64);

impl Prefix {
    /// The fewest digits that are one: fewer are half a country, or several.
    const DIGITS_MIN: u32 = 3;

    /// What is written with `+` and at least three digits.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('+')?;
        let plain = (Self::DIGITS_MIN as usize..=E164::DIGITS_MAX).contains(&digits.len())
            && digits.bytes().all(|it| it.is_ascii_digit());
        digits.parse().ok().filter(|_| plain && !digits.starts_with('0')).map(Self)
    }

    /// That of a record.
    pub const fn of_record(number: u64) -> Self {
        Self(number)
    }

    /// It as a number.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The number but for its last digits, of which so many are left away; four at least stay.
    pub fn of(number: E164, last: u32) -> Self {
        let most = digits(number.0).saturating_sub(4);
        Self(number.0 / 10_u64.pow(last.min(most)))
    }

    /// Every one of a number, the longest first.
    pub fn all(number: E164) -> impl Iterator<Item = Self> {
        std::iter::successors(Some(number.0), |it| Some(it / 10)).take_while(|it| *it != 0).map(Self)
    }

    /// Its first digits, and how many there are more: what may stand in a log.
    pub const fn masked(self) -> MaskedPrefix {
        MaskedPrefix(self)
    }

    /// Whether a number begins so.
    pub fn covers(self, number: E164) -> bool {
        Self::all(number).any(|it| it == self)
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}", self.0)
    }
}

/// A prefix of which the digits behind the fourth are hidden.
#[derive(Clone, Copy, Debug)]
pub struct MaskedPrefix(Prefix);

impl fmt::Display for MaskedPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hidden = digits(self.0.0).saturating_sub(4);
        write!(f, "+{}{:*<2$}", self.0.0 / 10_u64.pow(hidden), "", hidden as usize)
    }
}

const fn digits(number: u64) -> u32 {
    match number.checked_ilog10() {
        Some(it) => it + 1,
        None => 0,
    }
}

/// An address of IPv6, or one of IPv4 as IPv6 writes it (RFC 4291, 2.5.5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PersonAddress(pub u128);

impl PersonAddress {
    /// The network of its household or its provider: 24 bits of IPv4, 64 of IPv6.
    #[must_use]
    pub const fn network(self) -> Self {
        let is_4 = self.0 >> 32 == 0xFFFF;
        Self(if is_4 { self.0 & !0xFF } else { self.0 & !(u64::MAX as u128) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NUMBER: E164 = E164(31_612_345_678);

    #[test]
    fn prefixes_of_a_number_are_its_first_digits() {
        assert_eq!(
            [0, 2, 4, 6, 8, 20].map(|it| Prefix::of(NUMBER, it).number()),
            [31_612_345_678, 316_123_456, 3_161_234, 31_612, 3_161, 3_161]
        );
        let all: Vec<u64> = Prefix::all(NUMBER).map(Prefix::number).collect();
        assert_eq!((all.len(), all[0], all[10]), (11, 31_612_345_678, 3));
        let covers = |it: &str| Prefix::parse(it).expect("a prefix").covers(NUMBER);
        assert!(covers("+316") && covers("+31612345678") && !covers("+317") && !covers("+613"));
        assert_eq!(Prefix::parse("+3161").expect("a prefix").to_string(), "+3161");
        let masked = |it: &str| Prefix::parse(it).expect("a prefix").masked().to_string();
        assert_eq!((masked("+316"), masked("+3161234")), ("+316".to_owned(), "+3161***".to_owned()));
        for bad in ["", "+", "+31", "3161", "+0316", "+31x1", "+1234567890123456"] {
            assert_eq!(Prefix::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn networks_are_24_bits_of_the_old_and_64_of_the_new() {
        let address = |it: &str| {
            let it: std::net::IpAddr = it.parse().expect("an address");
            PersonAddress(match it {
                std::net::IpAddr::V4(it) => it.to_ipv6_mapped().to_bits(),
                std::net::IpAddr::V6(it) => it.to_bits(),
            })
        };
        for (one, other, same) in [
            ("192.0.2.1", "192.0.2.254", true),
            ("192.0.2.1", "192.0.3.1", false),
            ("2001:db8:0:1::1", "2001:db8:0:1:ffff::9", true),
            ("2001:db8:0:1::1", "2001:db8:0:2::1", false),
        ] {
            assert_eq!(address(one).network() == address(other).network(), same, "{one} {other}");
        }
    }
}
