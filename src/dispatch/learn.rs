//! What receipts show of how a carrier writes its ids.

use crate::carrier::dialect::IdForm;
use crate::carrier::id::{Learned, Relation};
use crate::dispatch::Dispatch;
use crate::dispatch::fact::Fact;
use crate::message::id::CarrierId;

impl Dispatch {
    /// How the ids of a carrier relate, as its receipts have shown.
    pub(super) fn believed(&self, carrier: CarrierId) -> Option<Relation> {
        self.learned.get(&carrier).copied().and_then(Learned::believed)
    }

    /// A receipt has found its part by this relation, if it is one alone, and the recipient fits as well.
    pub(super) fn learn(&mut self, carrier: CarrierId, relation: Option<Relation>) {
        let Some(relation) = relation else { return };
        let stated = self.plan.carriers.get(&carrier).map(|it| it.dialect.message_id);
        if stated != Some(IdForm::Auto) {
            return;
        }
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
            self.facts.push(Fact::Learned { carrier, relation: is });
        }
    }
}
