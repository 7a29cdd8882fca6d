//! How the id in a receipt relates to the id in the answer (quirks 1 to 6).
//!
//! ```text
//! receipt "0000436949" ─► as written "436949" · in hexadecimal "6aad5" · read as hexadecimal "4416841"
//! ```
//!
//! Which of these the answer had is stated by the operator, or learned: each receipt whose recipient
//! fits too is evidence for one relation ([`Learned`]).

use crate::carrier::dialect::IdForm;
use crate::message::attempt::{CarrierMessageId, rhash};
use crate::message::id::CarrierId;

/// A form that an id of a receipt may have had in its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdCandidate {
    canonical: String,
    /// It counts only where the recipient fits, too: nobody says that the ids relate so.
    pub converted: bool,
    /// How the ids relate if this is the form; `None` where several relations lead to it.
    pub relation: Option<Relation>,
    /// As the receipt writes it, where that may tell two ids apart that are alike but for case and padding.
    verbatim: Option<CarrierMessageId>,
}

/// How near an id of a receipt is to that of an answer which it fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Nearness {
    /// Alike but for case.
    Case,
    /// Alike but for leading zeros.
    Padding,
    /// The same, or the same number where they are numbers.
    Verbatim,
}

closed_set! {
    /// How an id in an answer and the same id in a receipt are written, padding and case apart.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum Relation: all, number, from_number, word {
        /// Alike.
        Same = 0 "text",
        /// Hexadecimal in the answer, decimal in the receipt.
        RespHex = 1 "resp-hex",
        /// Decimal in the answer, hexadecimal in the receipt.
        ReceiptHex = 2 "receipt-hex",
    }
}

/// What a carrier's receipts have shown of its ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Learned {
    /// What most of them showed.
    pub relation: Relation,
    /// How surely: 1 to [`Learned::MATCHES_MAX`].
    pub matches: u8,
}

impl Learned {
    /// From here on the relation is believed as if the operator had stated it.
    pub const BELIEVED: u8 = 3;
    /// More evidence changes nothing, and is not recorded.
    pub const MATCHES_MAX: u8 = 10;

    /// What is known after one more receipt was found by `relation`; evidence against what is
    /// known weighs as much as three for it.
    #[must_use]
    pub fn after(known: Option<Self>, relation: Relation) -> Self {
        match known {
            Some(known) if known.relation == relation => {
                Self { matches: (known.matches + 1).min(Self::MATCHES_MAX), ..known }
            }
            Some(known) if Self::BELIEVED < known.matches => Self { matches: known.matches - Self::BELIEVED, ..known },
            _ => Self { relation, matches: 1 },
        }
    }

    /// The relation, once it is believed.
    pub fn if_believed(self) -> Option<Relation> {
        (Self::BELIEVED <= self.matches).then_some(self.relation)
    }
}

impl IdCandidate {
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

    /// How near it is to an answer's id that it fits.
    pub fn nearness(&self, answered: &CarrierMessageId) -> Nearness {
        let bare = |it: &CarrierMessageId| it.as_str().trim_start_matches('0').to_owned();
        match &self.verbatim {
            Some(verbatim) if verbatim == answered => Nearness::Verbatim,
            Some(verbatim) if bare(verbatim) == bare(answered) => Nearness::Padding,
            Some(_) => Nearness::Case,
            None => Nearness::Verbatim,
        }
    }
}

/// Every form that a receipt's id may have had in its answer, most likely first: as written,
/// its decimal written as hexadecimal, its hexadecimal read as decimal.
pub fn forms(receipt: &CarrierMessageId) -> Vec<IdCandidate> {
    forms_of(receipt, IdForm::Auto, None)
}

/// The same, where the operator states how the ids relate, or where it is believed.
pub fn forms_of(receipt: &CarrierMessageId, form: IdForm, believed: Option<Relation>) -> Vec<IdCandidate> {
    let relations: &[Relation] = match form {
        IdForm::Text | IdForm::Decimal | IdForm::Hex => &[Relation::Same],
        IdForm::RespHex => &[Relation::RespHex],
        IdForm::ReceiptHex => &[Relation::ReceiptHex],
        IdForm::Auto => &Relation::ALL,
    };
    let certain = believed.or_else(|| (relations.len() == 1).then_some(relations[0])).unwrap_or(Relation::Same);
    // What is stated to be a number is the same number however it is written.
    let verbatim = || Some(receipt.clone()).filter(|_| !matches!(form, IdForm::Decimal | IdForm::Hex));
    let mut found: Vec<IdCandidate> = Vec::with_capacity(relations.len());
    let (first, others): (Vec<Relation>, Vec<Relation>) = relations.iter().partition(|it| **it == certain);
    for relation in first.into_iter().chain(others) {
        let Some(canonical) = convert(receipt, relation) else { continue };
        match found.iter_mut().find(|it| it.canonical == canonical) {
            Some(same) => same.relation = None,
            None => found.push(IdCandidate {
                canonical,
                converted: relation != certain,
                relation: Some(relation),
                verbatim: if relation == Relation::Same { verbatim() } else { None },
            }),
        }
    }
    if found.is_empty() {
        // An id that cannot be what the operator says is what it is.
        found.push(IdCandidate {
            canonical: receipt.canonical(),
            converted: false,
            relation: None,
            verbatim: verbatim(),
        });
    }
    found
}

/// The id of the answer, of 64 bits if it is a number, where it relates so to that of the receipt; `None` where it
/// cannot.
fn convert(receipt: &CarrierMessageId, relation: Relation) -> Option<String> {
    let canonical = receipt.canonical();
    match relation {
        Relation::Same => Some(canonical),
        Relation::RespHex => canonical.parse::<u64>().ok().map(|it| format!("{it:x}")),
        Relation::ReceiptHex => u64::from_str_radix(&canonical, 16).ok().map(|it| it.to_string()),
    }
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
            let stated = forms_of(&id(receipt), IdForm::RespHex, None);
            assert!(stated.iter().any(|it| it.fits(&id(answer)) && !it.converted));
            assert_eq!(stated.len(), 1);
            assert!(!forms_of(&id(receipt), IdForm::Text, None).iter().any(|it| it.fits(&id(answer))));
        }
    }

    #[test]
    fn decimal_answers_are_found_from_hexadecimal_receipts() {
        assert!(forms(&id("6AAD5")).iter().any(|it| it.fits(&id("436949"))));
        assert!(forms_of(&id("6AAD5"), IdForm::ReceiptHex, None).iter().any(|it| it.fits(&id("436949"))));
    }

    #[test]
    fn opaque_and_long_ids_are_text() {
        for text in
            ["4a38dc46-5125-4969-90be-72104c340d5c", "171026125222636445993424531920171026125222636445993424531920"]
        {
            for form in [IdForm::Auto, IdForm::RespHex, IdForm::ReceiptHex] {
                assert_eq!(forms_of(&id(text), form, None).len(), 1, "{text}");
                assert!(forms_of(&id(text), form, None)[0].fits(&id(text)));
            }
        }
    }

    #[test]
    fn what_is_believed_comes_first_and_needs_no_recipient() {
        let order = |believed| -> Vec<(Option<Relation>, bool)> {
            forms_of(&id("0000436949"), IdForm::Auto, believed).iter().map(|it| (it.relation, it.converted)).collect()
        };
        let [same, resp, receipt] = Relation::ALL.map(Some);
        assert_eq!(order(None), [(same, false), (resp, true), (receipt, true)]);
        assert_eq!(order(resp), [(resp, false), (same, true), (receipt, true)]);
        assert_eq!(order(receipt), [(receipt, false), (same, true), (resp, true)]);
        // An id that is the same in both is certain either way, and no evidence.
        let short = forms_of(&id("5"), IdForm::Auto, resp);
        assert_eq!(short.iter().map(|it| (it.relation, it.converted)).collect::<Vec<_>>(), [(None, false)]);
    }

    #[test]
    fn a_relation_is_believed_after_three_receipts_and_given_up_after_as_many_against_it() {
        let (same, hex) = (Relation::Same, Relation::RespHex);
        let learn =
            |from: Option<Learned>, relation, times| (0..times).fold(from, |it, _| Some(Learned::after(it, relation)));
        assert_eq!(learn(None, hex, 2).and_then(Learned::if_believed), None);
        let sure = learn(None, hex, 50);
        assert_eq!(sure, Some(Learned { relation: hex, matches: Learned::MATCHES_MAX }));
        assert_eq!(learn(sure, same, 1).and_then(Learned::if_believed), Some(hex));
        assert_eq!(learn(sure, same, 3).and_then(Learned::if_believed), None);
        assert_eq!(learn(sure, same, 6).and_then(Learned::if_believed), Some(same));
    }
}
