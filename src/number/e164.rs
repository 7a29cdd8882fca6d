//! Numbers with their country code, as E.164 has them.

/// An E.164 number: its digits as an integer, which always fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct E164(pub u64);

impl E164 {
    /// The digits, country code first.
    pub fn digits(self) -> String {
        self.0.to_string()
    }
    /// ISO letters of its country.
    pub const fn country(self) -> Option<&'static str> {
        None
    }
    /// As a PDU has it.
    pub fn from_wire(text: &str) -> Option<Self> {
        let digits = text.trim().trim_start_matches('+').trim_start_matches("00");
        (digits.len() <= 15 && digits.bytes().all(|it| it.is_ascii_digit())).then(|| digits.parse().ok().map(Self)).flatten()
    }
}
