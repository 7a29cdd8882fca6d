//! Whom a receipt is about, as far as its two addresses say.
//!
//! ```text
//! source        destination
//! 31612345678   SHOP           as it should be: the other way round than in the submit (SMPP 3.4, 4.6.1)
//! SHOP          31612345678    not turned round
//! 0612345678    SHOP           a national number: the end of the recipient's
//! 31612***678   SHOP           masked: it says nothing
//! ```

use crate::message::source::Source;
use crate::number::e164::E164;

/// Digits of a national number at least: shorter ones may be short codes.
pub const NATIONAL_MIN: usize = 7;
/// What may stand before a national number: a country code of three digits, and a digit for mobiles.
pub const CODE_MAX: usize = 4;

/// The addresses of a receipt.
#[derive(Clone, Copy, Debug)]
pub struct Whom<'a> {
    /// The number in the recipient's place.
    pub handset: Option<E164>,
    /// What stands there, where it is no number with its country code.
    pub address: Option<&'a str>,
    /// What stands in the sender's place.
    pub sender: &'a str,
}

impl<'a> Whom<'a> {
    /// Whether one of the addresses is that of a recipient, whole or as a national number.
    pub fn fits(self, recipient: E164) -> bool {
        let ends = |text: &str| is_end_of(text, recipient);
        self.handset == Some(recipient)
            || self.handset.is_some_and(|it| ends(&it.digits()))
            || self.address.is_some_and(ends)
            || is_number_of(self.sender, recipient)
    }

    /// Whether it is about somebody else than a recipient: it names a number, and that is neither this one nor that
    /// of the message's own sender. Nobody is another than who is forgotten.
    pub fn is_another(self, recipient: E164, source: &Source) -> bool {
        let named = match (self.handset, self.address) {
            (Some(handset), _) => *handset.digits() != *source.octets(),
            (None, Some(address)) => national(address).is_some() && address != source.octets(),
            (None, None) => false,
        };
        named && recipient.is_known() && !self.fits(recipient)
    }

    /// The recipient and the sender, where the addresses name a whole number: as they should stand, or not turned
    /// round.
    pub fn pair(self) -> Option<(E164, &'a str)> {
        match (self.handset, self.address) {
            (Some(handset), _) => Some((handset, self.sender)),
            (None, Some(address)) => E164::from_wire(0, self.sender).map(|it| (it, address)),
            (None, None) => None,
        }
    }
}

/// The digits of a national number, without the zeros that are dialled before it.
fn national(text: &str) -> Option<&str> {
    let digits = text.trim_matches(|it: char| it == '\0' || it.is_whitespace()).trim_start_matches('0');
    let is_number = NATIONAL_MIN <= digits.len() && digits.bytes().all(|it| it.is_ascii_digit());
    is_number.then_some(digits)
}

/// Whether a text is a number, with its country code or as it is dialled in its country.
pub fn is_number_of(text: &str, recipient: E164) -> bool {
    E164::from_wire(0, text) == Some(recipient) || is_end_of(text, recipient)
}

fn is_end_of(text: &str, recipient: E164) -> bool {
    let whole = recipient.digits();
    let code = national(text).and_then(|it| whole.strip_suffix(it));
    code.is_some_and(|it| (1..=CODE_MAX).contains(&it.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECIPIENT: E164 = E164(31_612_345_678);

    fn whom<'a>(source: &'a str, sender: &'a str) -> Whom<'a> {
        let handset = E164::from_wire(0, source);
        Whom { handset, address: Some(source).filter(|it| handset.is_none() && !it.is_empty()), sender }
    }

    #[test]
    fn a_recipient_is_known_in_either_place_and_by_the_end_of_the_number() {
        for (source, destination, fits, another) in [
            ("31612345678", "SHOP", true, false),
            ("+31612345678", "SHOP", true, false),
            ("SHOP", "31612345678", true, false),
            ("SHOP", "0612345678", true, false),
            ("0612345678", "SHOP", true, false),
            ("612345678", "SHOP", true, false),
            ("31687654321", "31612345678", true, false),
            ("", "SHOP", false, false),
            ("31612***678", "SHOP", false, false),
            // Its own sender, and nobody else.
            ("31600000000", "31612***678", false, false),
            ("31612345679", "SHOP", false, true),
            ("0612345679", "SHOP", false, true),
            ("345678", "87654321", false, true),
            ("5678", "SHOP", false, true),
        ] {
            let whom = whom(source, destination);
            let sender = Source::International("31600000000".into());
            assert_eq!(
                (whom.fits(RECIPIENT), whom.is_another(RECIPIENT, &sender)),
                (fits, another),
                "{source} {destination}"
            );
        }
    }

    #[test]
    fn a_number_and_who_wrote_to_it_are_a_pair_either_way_round() {
        assert_eq!(whom("31612345678", "SHOP").pair(), Some((RECIPIENT, "SHOP")));
        assert_eq!(whom("SHOP", "31612345678").pair(), Some((RECIPIENT, "SHOP")));
        assert_eq!(whom("0612345678", "SHOP").pair(), None);
        assert_eq!(whom("", "31612345678").pair(), None);
    }
}
