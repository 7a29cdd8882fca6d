//! What receipts show of how a carrier writes its ids.

use crate::carrier::dialect::IdForm;
use crate::carrier::id::{Learned, Relation};
use crate::dispatch::Dispatch;
use crate::dispatch::fact::Fact;
use crate::message::id::CarrierId;

impl Dispatch {
    /// How the ids of a carrier relate, as its receipts have shown; `None` where the operator states it.
    pub(super) fn believed(&self, carrier: CarrierId) -> Option<Relation> {
        self.learned.get(&carrier).filter(|_| self.is_to_learn(carrier)).copied().and_then(Learned::believed)
    }

    fn is_to_learn(&self, carrier: CarrierId) -> bool {
        self.plan.carriers.get(&carrier).is_some_and(|it| it.dialect.message_id == IdForm::Auto)
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
        self.batch.learned.retain(|it| it.0 != carrier);
        self.batch.learned.push((carrier, after));
        let (was, is) = (before.and_then(Learned::believed), after.believed());
        if was != is {
            self.facts.push(Fact::Learned { carrier, relation: is, before: false });
        }
    }
}
