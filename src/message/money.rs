//! Money: whole micro-units of a currency that stands beside it.

use std::fmt;

/// An amount in millionths of its currency's unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Money(pub i64);

/// A currency of ISO 4217: three capital letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

/// Why an amount or a currency is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadMoney {
    /// Not a decimal number, or with more than six decimals.
    #[error("an amount is a decimal number with at most six decimals")]
    Amount,
    /// Not three capital letters.
    #[error("a currency is three capital letters of ISO 4217")]
    Currency,
}

impl Money {
    const UNIT: i64 = 1_000_000;

    /// Reads a decimal number: `0.087`.
    pub fn parse(text: &str) -> Result<Self, BadMoney> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        let digits = |it: &str| it.bytes().all(|it| it.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(decimals) || 6 < decimals.len() || text.ends_with('.') {
            return Err(BadMoney::Amount);
        }
        let micros: i64 = format!("{decimals:0<6}").parse().map_err(|_| BadMoney::Amount)?;
        let whole: i64 = whole.parse().map_err(|_| BadMoney::Amount)?;
        whole.checked_mul(Self::UNIT).and_then(|it| it.checked_add(micros)).map(Self).ok_or(BadMoney::Amount)
    }

    /// It without rounding: as many decimals as it has, at least three.
    pub const fn exact(self) -> Exact {
        Exact(self)
    }

    /// So many times this.
    pub const fn times(self, count: u64) -> Self {
        Self(self.0.saturating_mul(count as i64))
    }
}

impl std::ops::Add for Money {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// Rounded half to even, at three decimals.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.unsigned_abs();
        let (mut mills, rest) = (micros / 1_000, micros % 1_000);
        if 500 < rest || (rest == 500 && mills % 2 == 1) {
            mills += 1;
        }
        let sign = if self.0 < 0 && 0 < mills { "-" } else { "" };
        write!(f, "{sign}{}.{:03}", mills / 1_000, mills % 1_000)
    }
}

/// An amount that shows itself without rounding, for books that must add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exact(Money);

impl fmt::Display for Exact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = self.0.0.unsigned_abs();
        let (whole, mut decimals) = (micros / Money::UNIT.unsigned_abs(), micros % Money::UNIT.unsigned_abs());
        let mut digits = 6;
        while 3 < digits && decimals.is_multiple_of(10) {
            (decimals, digits) = (decimals / 10, digits - 1);
        }
        write!(f, "{}{whole}.{decimals:0digits$}", if self.0.0 < 0 { "-" } else { "" })
    }
}

impl Currency {
    /// Reads three capital letters.
    pub fn parse(text: &str) -> Result<Self, BadMoney> {
        let letters: [u8; 3] = text.as_bytes().try_into().map_err(|_| BadMoney::Currency)?;
        if letters.iter().all(u8::is_ascii_uppercase) { Ok(Self(letters)) } else { Err(BadMoney::Currency) }
    }

    /// The three letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("a currency is made of ASCII letters")
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_exactly_and_shown_half_to_even() {
        for (text, micros, shown) in [
            ("0.087", 87_000, "0.087"),
            ("12", 12_000_000, "12.000"),
            ("0.0005", 500, "0.000"),
            ("0.0015", 1_500, "0.002"),
        ] {
            assert_eq!((Money::parse(text), Money(micros).to_string().as_str()), (Ok(Money(micros)), shown));
        }
    }

    #[test]
    fn exact_amounts_lose_nothing() {
        for (micros, shown) in
            [(0, "0.000"), (87_000, "0.087"), (500, "0.0005"), (-1, "-0.000001"), (26_960_000, "26.960")]
        {
            assert_eq!(Money(micros).exact().to_string(), shown);
        }
    }

    #[test]
    fn what_is_not_an_amount_is_refused() {
        for bad in ["", ".5", "1.", "-1", "1e3", "0.0000001", "99999999999999"] {
            assert_eq!(Money::parse(bad), Err(BadMoney::Amount), "{bad}");
        }
    }
}
