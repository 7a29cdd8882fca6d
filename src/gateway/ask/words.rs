//! How numbers, spans and what is not there are said.

use serde_json::Value;

pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], |it| it)
}

pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("-")
}

/// A number with its thousands apart.
pub(super) fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut said = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at != 0 && (digits.len() - at).is_multiple_of(3) {
            said.push(',');
        }
        said.push(digit);
    }
    said
}

/// About how long something is, in its largest unit.
pub(super) fn span(seconds: f64) -> String {
    match seconds {
        it if it < 0.001 => "0 s".to_owned(),
        it if it < 1.0 => format!("{:.0} ms", it * 1_000.0),
        it if it < 60.0 => format!("{it:.0} s"),
        it if it < 3_600.0 => format!("{:.0} min", (it / 60.0).floor()),
        it if it < 86_400.0 => format!("{:.0} h", (it / 3_600.0).floor()),
        it => format!("{:.0} d", (it / 86_400.0).floor()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_said_in_their_largest_unit_and_thousands_apart() {
        let cases =
            [(0.0, "0 s"), (0.2, "200 ms"), (59.0, "59 s"), (150.0, "2 min"), (7_300.0, "2 h"), (200_000.0, "2 d")];
        for (seconds, said) in cases {
            assert_eq!(span(seconds), said);
        }
        assert_eq!([0, 999, 1_000, 1_234_567].map(number), ["0", "999", "1,000", "1,234,567"]);
    }
}
