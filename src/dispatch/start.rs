//! A start takes up where the last commit left off.

use crate::dispatch::Dispatch;
use crate::dispatch::admit::accounts::Accounts;
use crate::dispatch::admit::arrive::Arrivals;
use crate::dispatch::admit::cancel::Withdrawals;
use crate::dispatch::beat::Beat;
use crate::dispatch::door::fact::DoubtCause;
use crate::dispatch::door::plan::Plan;
use crate::dispatch::failover::carrier_health::Health;
use crate::dispatch::failover::relocate::Relocation;
use crate::dispatch::inbound::handsets::Handsets;
use crate::dispatch::open_orders::OpenOrders;
use crate::dispatch::operate::standing_orders::Operated;
use crate::dispatch::operate::tally::Tallies;
use crate::dispatch::queue::lane::Lanes;
use crate::dispatch::queue::strict::Strict;
use crate::dispatch::queue::working_set::Set;
use crate::dispatch::settle::habits::Habits;
use crate::dispatch::settle::owed::Owed;
use crate::dispatch::settle::parked::ParkedSet;
use crate::dispatch::settle::query::Queries;
use crate::dispatch::sweep::Sweep;
use crate::dispatch::verify::verifications::Verifications;
use crate::guard::guards::Guards;
use crate::message::id::PartKey;
use crate::message::phase::Phase;
use crate::message::time::Time;
use crate::record::action::Action;
use crate::record::contract::Recovered;
use crate::record::entry::Entry;
use std::collections::BTreeMap;
use std::sync::Arc;

impl Dispatch {
    /// Takes up where the last commit left off. What was on a link then is in doubt now.
    pub fn new(plan: Arc<Plan>, recovered: Recovered, now: Time) -> Self {
        let now = now.max(recovered.marks.time);
        let owed = Owed::recover(&recovered.marks.awaiting);
        let sweep = Sweep::new(now, &recovered.marks.eras);
        let open_orders = OpenOrders::new(recovered.marks.next_order);
        let mut beat = Beat::new(plan.clone(), now, recovered.marks, recovered.veil);
        let mut dispatch = Self {
            set: Set::new(plan.limits.awaited),
            lanes: Lanes::default(),
            carriers: BTreeMap::new(),
            owed,
            parked: ParkedSet::default(),
            habits: Habits::recover(recovered.learned, &mut beat),
            health: Health::default(),
            queries: Queries::default(),
            strict: Strict::default(),
            arrivals: Arrivals::default(),
            open_orders,
            withdrawals: Withdrawals::default(),
            accounts: Accounts::recover(recovered.balances, recovered.quotas),
            handsets: Handsets::new(recovered.opted_out, recovered.veil),
            operated: Operated::default(),
            sweep,
            relocation: Relocation::default(),
            tallies: Tallies::default(),
            verifications: Verifications::default(),
            guards: Guards::default(),
            beat,
        };
        recovered.converted.into_iter().for_each(|it| dispatch.guards.recall_converted((it.app, it.country), it.count));
        // What ended before the last commit was told then.
        let last = dispatch.beat.out.marks.time;
        let stands = |it: &Action| it.until.known().is_none_or(|it| last < it);
        recovered.actions.into_iter().filter(stands).for_each(|it| dispatch.operated.take(it));
        dispatch.reconfigure(plan);
        recovered.parked.into_iter().for_each(|it| dispatch.parked.put(it));
        dispatch.handsets.recall(&dispatch.beat, recovered.mo_parts, recovered.mo_seen);
        dispatch.lanes.hold(recovered.held);
        for lane in recovered.lanes {
            let state = dispatch.lanes.at(lane.lane);
            (state.queued, state.delayed, state.backlog) = (lane.count, lane.delayed, true);
            dispatch.offer(lane.lane);
        }
        // All doubts are noted before the first is judged: what fits one of them may fit another.
        let keys: Vec<Vec<PartKey>> = recovered.doubtful.into_iter().map(|it| dispatch.recall(it)).collect();
        for key in keys.into_iter().flatten() {
            dispatch.owed.goes();
            dispatch.doubt(key, DoubtCause::Crash);
        }
        dispatch
    }

    /// A message that was on a link, or in doubt, when the daemon stopped. Returns the parts that were on a link.
    fn recall(&mut self, entry: Entry) -> Vec<PartKey> {
        let open = |phases: &[Phase]| -> Vec<PartKey> {
            entry.parts.iter().filter(|it| phases.contains(&it.phase())).map(|it| it.key).collect()
        };
        let (intended, all) = (open(&[Phase::Intended]), open(&[Phase::Intended, Phase::Doubtful]));
        self.set.admit(entry);
        all.into_iter().for_each(|key| self.note_doubt(key));
        intended
    }
}
