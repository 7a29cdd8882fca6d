//! Which carrier a message may go to next, and what of the message goes. This only reads.

use crate::dispatch::Dispatch;
use crate::dispatch::tried::{attempts, counts, is_late, is_live, is_open, tries};
use crate::message::attempt::{Answer, Attempt, Cause};
use crate::message::id::{CarrierId, LaneId, PartKey, Seq};
use crate::message::money::Money;
use crate::message::part::Part;
use crate::message::phase::Phase;
use crate::message::time::Time;
use crate::record::entry::Entry;
use crate::route::plan::{Partial, UnknownPolicy};

impl Dispatch {
    /// The carrier that is tried next, and in how many submits: one that is open, has not been tried, fits, and is
    /// within what the route lets a message cost.
    pub(crate) fn next_carrier(&self, seq: Seq, fits: impl Fn(CarrierId) -> bool) -> Option<(CarrierId, u8)> {
        let entry = &self.set.get(seq)?.entry;
        let left = self.left(entry, None, self.carriers_tried(entry, None));
        left.into_iter().find(|(it, _)| self.is_open(*it, false) && fits(*it))
    }

    /// Whether a carrier is left that has not been tried, open or closed.
    pub(crate) fn has_next(&self, seq: Seq) -> bool {
        self.set.get(seq).is_some_and(|it| !self.left(&it.entry, None, self.carriers_tried(&it.entry, None)).is_empty())
    }

    /// A carrier that has refused a message and is open now, for one that waits for a closed carrier: it may have
    /// changed its mind. Not one that took it.
    pub(super) fn way_back(&self, seq: Seq, fits: impl Fn(CarrierId) -> bool) -> Option<(CarrierId, u8)> {
        let entry = &self.set.get(seq)?.entry;
        let resends =
            self.beat.plan.routes.get(&entry.body.route).is_some_and(|it| it.unknown == UnknownPolicy::Resend);
        // What was never answered may have arrived. Where the route would not send it again, it bars like what was
        // taken.
        let barred = |it: &&Attempt| match it.answer {
            Some(Answer::Unknown) => !resends,
            answer => answer == Some(Answer::Taken),
        };
        let barred = attempts(entry).filter(barred).map(|it| it.link.carrier).collect();
        self.left(entry, None, barred).into_iter().find(|(it, _)| self.is_open(*it, false) && fits(*it))
    }

    /// The carriers that a message may go to besides the one that it waits for and those that are barred, best first.
    pub(crate) fn left(&self, entry: &Entry, cause: Option<Cause>, barred: Vec<CarrierId>) -> Vec<(CarrierId, u8)> {
        // Of a message whose parts are at two carriers the one that is left is that of the parts that go.
        let Some(now_at) = self.going(entry, cause).next().map(|it| it.lane.carrier()) else { return Vec::new() };
        if !self.may_go_on(entry, cause) {
            return Vec::new();
        }
        let ranking = self.health.ranking(&self.beat.plan, &entry.body);
        let ranked = ranking.carriers().filter(|it| *it != now_at && !barred.contains(it));
        let live = entry.parts.iter().filter(|it| is_live(it)).count();
        // What stays behind says how many parts there are: with another number the handset could not join them.
        let alike = self.keeps(entry, cause);
        let able = ranked.filter_map(|it| Some((it, self.beat.plan.submits_at(&entry.body, it)?)));
        let able = able.filter(|(_, submits)| !alike || usize::from(*submits) == live);
        able.filter(|it| self.may_cost(entry, *it)).collect()
    }

    /// Whether every part that goes may be tried once more: not one that is in doubt
    /// where its route does not send such again, nor one that has had the attempts that its route allows.
    fn may_go_on(&self, entry: &Entry, cause: Option<Cause>) -> bool {
        let Some(route) = self.beat.plan.routes.get(&entry.body.route) else { return false };
        // What one carrier refused for good is offered to no other, whatever becomes of its other parts.
        if attempts(entry).any(|it| it.answer == Some(Answer::Never)) {
            return false;
        }
        let held = |it: &Part| it.phase() == Phase::Doubtful && route.unknown != UnknownPolicy::Resend;
        self.going(entry, cause).all(|it| !held(it) && tries(entry, it) < usize::from(route.retry.attempts))
    }

    /// The open parts of a message that go to another carrier: all of them, or where its route leaves what was taken
    /// those that were not; for want of a receipt, those of which none came in time.
    pub(super) fn going<'e>(&self, entry: &'e Entry, cause: Option<Cause>) -> impl Iterator<Item = &'e Part> + use<'e> {
        let (rest, partial, now) = (self.leaves_taken(entry), self.is_partial(entry), self.beat.now);
        let late = rest && cause == Some(Cause::NoReceipt);
        entry.parts.iter().filter(move |it| match () {
            () if late => is_late(it, now),
            () => is_open(it) && !(partial && it.phase() == Phase::Sent),
        })
    }

    /// Whether parts of a message stay where they are when others go: then it must be cut alike.
    pub(crate) fn keeps(&self, entry: &Entry, cause: Option<Cause>) -> bool {
        let live = entry.parts.iter().filter(|it| is_live(it)).count();
        self.leaves_taken(entry) && self.going(entry, cause).count() < live
    }

    fn leaves_taken(&self, entry: &Entry) -> bool {
        // A route that is configured no more has no say, and to leave what was taken repeats nothing.
        self.beat.plan.routes.get(&entry.body.route).is_none_or(|it| it.partial == Partial::Rest)
    }

    /// Whether a carrier has taken some parts of a message and not others, and its route leaves these there.
    pub(crate) fn is_partial(&self, entry: &Entry) -> bool {
        let taken = |it: &Part| it.phase() == Phase::Sent || (is_live(it) && it.phase().is_final());
        let left = |it: &Part| is_open(it) && !taken(it);
        self.leaves_taken(entry) && entry.parts.iter().any(taken) && entry.parts.iter().any(left)
    }

    /// The carriers that were tried, by what goes or by all.
    pub(crate) fn carriers_tried(&self, entry: &Entry, cause: Option<Cause>) -> Vec<CarrierId> {
        // A message that goes whole has been wherever any of its parts was, those too that another cut has cancelled.
        if !self.keeps(entry, cause) {
            return attempts(entry).filter(|it| counts(it)).map(|it| it.link.carrier).collect();
        }
        let keys: Vec<PartKey> = self.going(entry, cause).map(|it| it.key).collect();
        let current = self.going(entry, cause).filter_map(|it| it.attempt.as_ref());
        let past = entry.past.iter().filter(|it| keys.contains(&it.key)).map(|it| &it.attempt);
        current.chain(past).filter(|it| counts(it)).map(|it| it.link.carrier).collect()
    }

    /// Whether the attempts of a message stay within what its route lets it cost, with others at this carrier.
    fn may_cost(&self, entry: &Entry, (carrier, submits): (CarrierId, u8)) -> bool {
        let Some(most) = self.beat.plan.routes.get(&entry.body.route).and_then(|it| it.max_cost) else { return true };
        let spent = attempts(entry).filter_map(|it| it.cost).fold(Money::default(), |sum, it| sum + it);
        let next = self.beat.plan.cost_at(&entry.body, carrier).unwrap_or_default();
        spent + next.times(submits.into()) <= most
    }

    /// Whether parts of a lane may go to others for want of patience, so that they are wanted in memory.
    pub(crate) fn hurries(&self, lane: LaneId) -> bool {
        let may = self.beat.plan.routes.get(&lane.route()).is_some_and(|it| it.max_wait.is_some());
        let another = |id: &CarrierId| {
            *id != lane.carrier() && self.carriers.get(id).is_some_and(|carrier| carrier.could_take(self.beat.now))
        };
        may && self.beat.serves(lane.route()).iter().any(another)
    }

    /// Until when a part waits for its carrier, where another could have it.
    pub(crate) fn latest_wait(&self, key: PartKey) -> Option<Time> {
        let held = self.set.get(key.seq())?;
        let most = self.beat.plan.routes.get(&held.entry.body.route)?.max_wait?;
        // Without another that is open patience has no end: a look at the time would find nothing to do, again and
        // again.
        self.next_carrier(key.seq(), |_| true).map(|_| held.since + most)
    }
}
