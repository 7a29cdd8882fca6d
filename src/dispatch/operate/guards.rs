//! How the guards stand, for telemetry and for operators who look.

use crate::dispatch::Dispatch;
use crate::dispatch::door::snapshot::GuardsNow;
use crate::guard::block::PrefixBlock;
use crate::guard::policy::GuardMode;

impl Dispatch {
    /// How many prefixes are blocked, and the part of what may be spent that is.
    pub(super) fn guards_stand(&self) -> (usize, f64) {
        let (now, policy) = (self.beat.now, &self.beat.plan.guard);
        let enforced = self.guards.blocks(now).filter(|it| policy.mode(it.guard) == GuardMode::Enforce);
        (enforced.count(), self.guards.spent_ratio(policy, now))
    }

    pub(super) fn guards_now(&self) -> GuardsNow {
        let (beat, now) = (&self.beat, self.beat.now);
        let shown = |it: PrefixBlock| PrefixBlock { since: beat.shown(it.since), until: beat.shown(it.until), ..it };
        GuardsNow {
            blocks: self.guards.blocks(now).map(shown).collect(),
            orders: self.operated.of_prefixes().map(|it| beat.shown(it.clone())).collect(),
            spent: self.guards.spend(&beat.plan.guard, now),
        }
    }
}
