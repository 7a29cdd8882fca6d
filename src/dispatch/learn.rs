//! What receipts show of how a carrier writes its ids.

use crate::carrier::dialect::IdForm;
use crate::carrier::id::{Learned, Nearness, Relation};
use crate::dispatch::Dispatch;
use crate::dispatch::fact::Fact;
use crate::message::id::CarrierId;
use std::collections::BTreeMap;

impl Dispatch {
    /// How the ids of a carrier relate, as its receipts have shown; `None` where the operator states it.
    pub(super) fn believed(&self, carrier: CarrierId) -> Option<Relation> {
        self.learned.get(&carrier).filter(|_| self.is_to_learn(carrier)).copied().and_then(Learned::believed)
    }

    fn is_to_learn(&self, carrier: CarrierId) -> bool {
        self.beat.plan.carriers.get(&carrier).is_some_and(|it| it.dialect.message_id == IdForm::Auto)
    }

    /// A receipt has found its part by this relation, if it is one alone, and the recipient fits as well.
    pub(super) fn learn(&mut self, carrier: CarrierId, relation: Option<Relation>) {
        let Some(relation) = relation.filter(|_| self.is_to_learn(carrier)) else { return };
        let before = self.learned.get(&carrier).copied();
        let after = Learned::after(before, relation);
        if before == Some(after) {
            return;
        }
        self.learned.insert(carrier, after);
        self.beat.out.batch.learned.retain(|it| it.0 != carrier);
        self.beat.out.batch.learned.push((carrier, after));
        let (was, is) = (before.and_then(Learned::believed), after.believed());
        if was != is {
            self.beat.tell(Fact::Learned { carrier, relation: is, before: false });
        }
    }
}

/// How often in a row the receipts of a carrier wrote an id in another case or padding than its answer did.
#[derive(Debug, Default)]
pub(crate) struct Writings(BTreeMap<CarrierId, u8>);

impl Writings {
    /// Whether they always do, so that what fits but for that fits.
    pub(crate) fn is_loose(&self, carrier: CarrierId) -> bool {
        self.0.get(&carrier).is_some_and(|it| Learned::BELIEVED <= *it)
    }

    /// A receipt has found its part under an id that is written so near to it.
    pub(crate) fn note(&mut self, carrier: CarrierId, nearness: Nearness) {
        if nearness == Nearness::Verbatim {
            self.0.remove(&carrier);
        } else {
            let times = self.0.entry(carrier).or_default();
            *times = times.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_carrier_is_loose_once_three_receipts_in_a_row_are_written_otherwise() {
        let (mut writings, one) = (Writings::default(), CarrierId(1));
        let mut after = |nearness| {
            writings.note(one, nearness);
            (writings.is_loose(one), writings.is_loose(CarrierId(2)))
        };
        let loose = [Nearness::Case, Nearness::Padding, Nearness::Padding, Nearness::Case].map(&mut after);
        assert_eq!(loose, [(false, false), (false, false), (true, false), (true, false)]);
        assert_eq!([Nearness::Verbatim, Nearness::Padding].map(after), [(false, false); 2]);
    }
}
