//! How the id in a receipt relates to the id in the answer (quirks 1 to 6).

use crate::carrier::dialect::IdForm;
use crate::message::attempt::{CarrierMessageId, rhash};
use crate::message::id::CarrierId;

/// A form that an id of a receipt may have had in its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    canonical: String,
    /// Not as written: it counts only where the recipient fits, too.
    pub converted: bool,
}

impl Form {
    /// The key under which the store finds it.
    pub fn rhash(&self, carrier: CarrierId) -> u64 {
        rhash(carrier, &self.canonical)
    }

    /// The id as an answer would have written it.
    pub fn id(&self) -> Option<CarrierMessageId> {
        CarrierMessageId::new(&self.canonical)
    }

    /// Whether this is the form of an answer's id.
    pub fn fits(&self, answered: &CarrierMessageId) -> bool {
        self.canonical == answered.canonical()
    }
}

/// Every form that a receipt's id may have had in its answer, most likely first: as written,
/// its hexadecimal read as decimal, its decimal written as hexadecimal.
pub fn forms(receipt: &CarrierMessageId) -> Vec<Form> {
    forms_of(receipt, IdForm::Auto)
}

/// The same, where the operator states how the ids relate.
pub fn forms_of(receipt: &CarrierMessageId, form: IdForm) -> Vec<Form> {
    let written = receipt.canonical();
    // Numbers have 64 bits; what is longer is a name that happens to be of digits.
    let to_decimal = || u64::from_str_radix(&written, 16).ok().map(|it| it.to_string());
    let to_hex = || written.parse::<u64>().ok().map(|it| format!("{it:x}"));
    let converted = match form {
        IdForm::Text | IdForm::Decimal | IdForm::Hex => [None, None],
        IdForm::RespHex => [to_hex(), None],
        IdForm::ReceiptHex => [to_decimal(), None],
        IdForm::Auto => [to_hex(), to_decimal()],
    };
    let mut found = vec![Form { canonical: written.clone(), converted: false }];
    for canonical in converted.into_iter().flatten() {
        if found.iter().all(|it| it.canonical != canonical) {
            found.push(Form { canonical, converted: true });
        }
    }
    if matches!(form, IdForm::RespHex | IdForm::ReceiptHex) && 1 < found.len() {
        // The operator says so: the converted form is the certain one.
        found[1].converted = false;
        found.rotate_left(1);
        found.truncate(1);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> CarrierMessageId {
        CarrierMessageId::new(text).unwrap()
    }

    #[test]
    fn hexadecimal_answers_are_found_from_padded_decimal_receipts() {
        for (answer, receipt) in [("6aad5", "0000436949"), ("18d0e03a", "0416342074"), ("1D305B4C", "0489708364")] {
            assert!(forms(&id(receipt)).iter().any(|it| it.fits(&id(answer))), "{answer} {receipt}");
            assert!(forms_of(&id(receipt), IdForm::RespHex).iter().any(|it| it.fits(&id(answer)) && !it.converted));
            assert!(!forms_of(&id(receipt), IdForm::Text).iter().any(|it| it.fits(&id(answer))));
        }
    }

    #[test]
    fn decimal_answers_are_found_from_hexadecimal_receipts() {
        assert!(forms(&id("6AAD5")).iter().any(|it| it.fits(&id("436949"))));
        assert!(forms_of(&id("6AAD5"), IdForm::ReceiptHex).iter().any(|it| it.fits(&id("436949"))));
    }

    #[test]
    fn opaque_and_long_ids_are_text() {
        for text in
            ["4a38dc46-5125-4969-90be-72104c340d5c", "171026125222636445993424531920171026125222636445993424531920"]
        {
            assert_eq!(forms(&id(text)).len(), 1, "{text}");
        }
    }
}
