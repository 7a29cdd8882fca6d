//! What is known of the habits of carriers: how their receipts write ids, and what else they write.

mod remark;
mod unread;

use crate::carrier::dialect::IdForm;
use crate::carrier::id::{IdCandidate, Learned, Nearness, Relation, forms_of};
use crate::dispatch::beat::Beat;
use crate::dispatch::door::fact::Fact;
use crate::dispatch::door::plan::Plan;
use crate::dispatch::settle::habits::remark::Remarks;
use crate::message::attempt::CarrierMessageId;
use crate::message::id::CarrierId;
use std::collections::BTreeMap;

/// What is known of the habits of carriers.
#[derive(Debug, Default)]
pub(crate) struct Habits {
    /// What receipts have shown of how each carrier writes its ids.
    learned: BTreeMap<CarrierId, Learned>,
    /// How receipts write the ids of answers.
    writings: Writings,
    /// What was told of them.
    remarks: Remarks,
}

impl Habits {
    /// As it was known at the last commit; tells what is believed by it.
    pub(crate) fn recover(learned: Vec<(CarrierId, Learned)>, beat: &mut Beat) -> Self {
        for (carrier, learned) in &learned {
            let (carrier, believed) = (*carrier, learned.if_believed());
            beat.out.facts.extend(believed.map(|it| Fact::Learned { carrier, relation: Some(it), before: true }));
        }
        Self { learned: learned.into_iter().collect(), ..Self::default() }
    }

    /// How the ids of a carrier relate, as its receipts have shown; `None` where the operator states it.
    pub(crate) fn relation(&self, plan: &Plan, carrier: CarrierId) -> Option<Relation> {
        self.learned.get(&carrier).filter(|_| is_to_learn(plan, carrier)).copied().and_then(Learned::if_believed)
    }

    /// Every form that the ids of a receipt may have had in an answer, most trusted first.
    pub(crate) fn forms(&self, plan: &Plan, carrier: CarrierId, ids: &[CarrierMessageId]) -> Vec<IdCandidate> {
        let form = plan.carriers.get(&carrier).map(|it| it.dialect.message_id).unwrap_or_default();
        let believed = self.relation(plan, carrier);
        ids.iter().flat_map(|it| forms_of(it, form, believed)).collect()
    }

    /// A receipt has found its part by this relation, if it is one alone, and the recipient fits as well.
    pub(super) fn learn(&mut self, beat: &mut Beat, carrier: CarrierId, relation: Option<Relation>) {
        let Some(relation) = relation.filter(|_| is_to_learn(&beat.plan, carrier)) else { return };
        let before = self.learned.get(&carrier).copied();
        let after = Learned::after(before, relation);
        if before == Some(after) {
            return;
        }
        self.learned.insert(carrier, after);
        beat.out.batch.learned.retain(|it| it.0 != carrier);
        beat.out.batch.learned.push((carrier, after));
        let (was, is) = (before.and_then(Learned::if_believed), after.if_believed());
        if was != is {
            beat.tell(Fact::Learned { carrier, relation: is, before: false });
        }
    }

    /// A receipt has found its part under an id that is written so near to it.
    pub(crate) fn note_writing(&mut self, carrier: CarrierId, nearness: Nearness) {
        self.writings.note(carrier, nearness);
    }

    /// Whether the receipts of a carrier always write ids otherwise than its answers, so that what fits but for that
    /// fits.
    pub(crate) fn is_loose(&self, carrier: CarrierId) -> bool {
        self.writings.is_loose(carrier)
    }

    /// A word of state that nobody knows: the operator may say what it means.
    pub(super) fn note_word(&mut self, beat: &mut Beat, carrier: CarrierId, word: &str) {
        if !self.remarks.word(carrier, word) {
            return;
        }
        let calls = beat.plan.carriers.get(&carrier).is_some_and(|it| it.dialect.hook.is_some());
        let key = if calls { "receipt.statuses" } else { "statuses" };
        beat.tell(Fact::StrangeWord { carrier, word: word.into(), key });
    }

    /// A receipt would fit a part if its id were converted, and does not say whose it is: nothing is learned from such
    /// receipts, however many come, and the operator may state how the ids relate.
    pub(super) fn note_unsure(&mut self, beat: &mut Beat, carrier: CarrierId, relation: Relation) {
        if let Some(count) = self.remarks.unsure(carrier, beat.now) {
            beat.tell(Fact::UnsureIds { carrier, relation, count });
        }
    }
}

fn is_to_learn(plan: &Plan, carrier: CarrierId) -> bool {
    plan.carriers.get(&carrier).is_some_and(|it| it.dialect.message_id == IdForm::Auto)
}

/// How often in a row the receipts of a carrier wrote an id in another case or padding than its answer did.
#[derive(Debug, Default)]
struct Writings(BTreeMap<CarrierId, u8>);

impl Writings {
    /// Whether they always do, so that what fits but for that fits.
    pub(super) fn is_loose(&self, carrier: CarrierId) -> bool {
        self.0.get(&carrier).is_some_and(|it| Learned::BELIEVED <= *it)
    }

    /// A receipt has found its part under an id that is written so near to it.
    fn note(&mut self, carrier: CarrierId, nearness: Nearness) {
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
