//! Amounts as invoices have them: with a point or a comma before the decimals, whichever the whole file has.

use crate::message::money::Money;

/// What stands before decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decimal {
    Point,
    Comma,
}

/// What the amounts of a file show of how they are written: the lines that show it.
#[derive(Debug, Default)]
pub(super) struct Shown {
    point: Option<u64>,
    comma: Option<u64>,
    /// Such as `1,234`, which is one and a bit, or more than a thousand.
    either: Option<u64>,
}

impl Shown {
    pub(super) fn note(&mut self, line: u64, text: &str) {
        let text = bare(text);
        let count = |sign: char| text.matches(sign).count();
        let last = text.rfind(['.', ',']);
        let Some((whole, decimals)) = last.map(|it| (&text[..it], &text[it + 1..])) else { return };
        let by_comma = text[whole.len()..].starts_with(',');
        let decides = match (count('.'), count(',')) {
            (0, 1) | (1, 0) => decimals.len() != 3 || matches!(whole.trim_start_matches('-'), "" | "0"),
            // Several of one sign separate thousands.
            (0, _) => return self.point = self.point.or(Some(line)),
            (_, 0) => return self.comma = self.comma.or(Some(line)),
            _ => true,
        };
        let place = match (decides, by_comma) {
            (true, true) => &mut self.comma,
            (true, false) => &mut self.point,
            (false, true) => &mut self.either,
            // With a point it is what most write.
            (false, false) => return,
        };
        *place = place.or(Some(line));
    }

    pub(super) fn decide(&self) -> Result<Decimal, String> {
        match (self.point, self.comma, self.either) {
            (Some(point), Some(comma), _) => Err(format!(
                "decimals stand behind a point in line {point} and behind a comma in line {comma}: say --decimal"
            )),
            (None, None, Some(line)) => {
                Err(format!("the amount in line {line} can be read in two ways: say --decimal ',' or --decimal '.'"))
            }
            (None, Some(_), _) => Ok(Decimal::Comma),
            _ => Ok(Decimal::Point),
        }
    }
}

/// Without a currency around it and without blanks and apostrophes in it.
fn bare(text: &str) -> String {
    let number = text.trim_matches(|it: char| !it.is_ascii_digit() && !matches!(it, '.' | ',' | '-'));
    number.chars().filter(|it| !it.is_whitespace() && !matches!(it, '\'' | '\u{2019}')).collect()
}

/// The amount; `None` for what is none, or has more than six decimals.
pub(super) fn read(text: &str, decimal: Decimal) -> Option<Money> {
    let (sign, thousands) = if decimal == Decimal::Comma { (',', '.') } else { ('.', ',') };
    let text = bare(text).replace(thousands, "").replace(sign, ".");
    let (negative, text) = text.strip_prefix('-').map_or((false, &*text), |it| (true, it));
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let decimals = decimals.trim_end_matches('0');
    let whole = if whole.is_empty() && !decimals.is_empty() { "0" } else { whole };
    let point = if decimals.is_empty() { "" } else { "." };
    let money = Money::parse(&format!("{whole}{point}{decimals}")).ok()?;
    Some(if negative { Money(-money.0) } else { money })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(all: &[&str]) -> Result<Decimal, String> {
        let mut shown = Shown::default();
        (1..).zip(all).for_each(|(line, it)| shown.note(line, it));
        shown.decide()
    }

    #[test]
    fn the_file_as_a_whole_says_how_its_amounts_are_written() {
        for all in [&["0.0075"][..], &["1", "2"], &["1.234"], &["1,234.5"], &["1,234,567"], &["1,234", "0.5"]] {
            assert_eq!(decimal(all), Ok(Decimal::Point), "{all:?}");
        }
        for all in [&["0,0075"][..], &["0,075"], &["1.234,5"], &["1.234.567"], &["1,234", "0,5"], &["-,5"]] {
            assert_eq!(decimal(all), Ok(Decimal::Comma), "{all:?}");
        }
        assert!(decimal(&["1", "1,234"]).unwrap_err().contains("in line 2 can be read in two ways"));
        assert!(decimal(&["0,5", "1", "0.5"]).unwrap_err().contains("a point in line 3 and behind a comma in line 1"));
    }

    #[test]
    fn amounts_are_read_to_the_last_decimal_or_not_at_all() {
        for (text, by_point, by_comma) in [
            ("0.0075", Some(7_500), Some(75_000_000)),
            ("0,0075", Some(75_000_000), Some(7_500)),
            ("1,234.50", Some(1_234_500_000), Some(1_234_500)),
            ("EUR 0.05", Some(50_000), Some(5_000_000)),
            ("\u{20ac}\u{a0}1'234.5", Some(1_234_500_000), Some(12_345_000_000)),
            ("-0.01 USD", Some(-10_000), Some(-1_000_000)),
            (".5", Some(500_000), Some(5_000_000)),
            ("0.00750000", Some(7_500), Some(750_000_000_000)),
            ("0.0000001", None, Some(1_000_000)),
            ("n/a", None, None),
            ("", None, None),
            ("1-2", None, None),
        ] {
            let read = [Decimal::Point, Decimal::Comma].map(|it| read(text, it).map(|it| it.0));
            assert_eq!(read, [by_point, by_comma], "{text}");
        }
    }
}
