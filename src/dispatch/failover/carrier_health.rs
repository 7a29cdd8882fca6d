//! How carriers do: what their breakers and scores learn from answers and receipts, and what is made of it.

use crate::carrier::report::Answered;
use crate::dispatch::beat::Beat;
use crate::dispatch::door::fact::Fact;
use crate::dispatch::door::plan::Plan;
use crate::dispatch::door::snapshot::Minute;
use crate::dispatch::failover::usual::Usual;
use crate::message::attempt::{Answer, Attempt};
use crate::message::body::Body;
use crate::message::id::{CarrierId, PartKey, RouteId};
use crate::message::time::Time;
use crate::route::score::{DeliveryOutcome, Judged, Score};
use std::collections::BTreeMap;
use std::time::Duration;

/// How often what the scores mean is worked out anew.
const JUDGED_EVERY: Duration = Duration::from_secs(1);
/// Routes times countries that are worked out each second: a millisecond.
const JUDGED_AT_ONCE: usize = 100;
/// Routes times countries of which it is worked out: what is beyond has the order of its list.
const JUDGED_MAX: usize = 2_000;

/// What was learned of carriers, and what it means for the routes that ask for it.
#[derive(Debug, Default)]
pub(crate) struct Health {
    score: Score,
    judged: BTreeMap<(RouteId, Option<&'static str>), Vec<Judged>>,
    next: Time,
    /// How carriers answer, beside how they usually do.
    usual: BTreeMap<CarrierId, Usual>,
}

impl Health {
    /// What the carriers of a route are worth in a country.
    pub(crate) fn scores(&self, route: RouteId, country: Option<&'static str>) -> &[Judged] {
        self.judged.get(&(route, country)).map_or(&[], Vec::as_slice)
    }

    /// All that is known, by route and country.
    pub(crate) fn all(&self) -> impl Iterator<Item = (RouteId, Option<&'static str>, &[Judged])> {
        self.judged.iter().map(|((route, country), it)| (*route, *country, it.as_slice()))
    }
}

impl Health {
    /// The configuration is another: what it does not name is forgotten.
    pub(crate) fn forget_unnamed(&mut self, plan: &Plan) {
        self.usual.retain(|it, _| plan.carriers.contains_key(it));
    }

    /// How a carrier answered in the last minute.
    pub(crate) fn minute(&self, carrier: CarrierId, now: Time) -> Minute {
        self.usual.get(&carrier).map(|it| it.minute(now)).unwrap_or_default()
    }

    /// An attempt has ended so long after it was written: is its carrier as usual? What asks for a slower pace is told
    /// elsewhere.
    pub(crate) fn note_usual(&mut self, beat: &mut Beat, carrier: CarrierId, answered: &Answered) {
        let Some(took) = answered.took.filter(|_| answered.answer != Answer::NotSent) else { return };
        let refused = !answered.throttled && !matches!(answered.answer, Answer::Taken | Answer::Unknown);
        let turns = self.usual.entry(carrier).or_default().note(beat.now, took, refused);
        beat.out.facts.extend(turns.into_iter().map(|turn| Fact::Turned { carrier, turn }));
    }

    /// What has become of the first part of a message at a carrier says something of the carrier: a message counts
    /// once, however many parts it has.
    pub(crate) fn note_outcome(&mut self, beat: &Beat, body: &Body, carrier: CarrierId, outcome: DeliveryOutcome) {
        let country = beat.plan.country(body.destination);
        self.score.note(beat.now, carrier, country, outcome);
        if self.judged.len() < JUDGED_MAX {
            self.judged.entry((body.route, country)).or_default();
        }
    }

    /// A part has ended at a carrier by a receipt.
    pub(crate) fn note_receipt(&mut self, beat: &mut Beat, part: (&Body, PartKey), attempt: &Attempt, delivered: bool) {
        let (body, key) = part;
        let (carrier, taken_at) = (attempt.link.carrier, attempt.answered_at.known().unwrap_or(attempt.intended_at));
        let after = beat.now.since(taken_at);
        if let Some(status) = attempt.receipt.as_ref().map(|it| it.status) {
            let (country, class) = (beat.plan.country(body.destination), body.class);
            beat.tell(Fact::Outcome { carrier, country, class, status, after });
        }
        if key.index() == 0 {
            let outcome = if delivered { DeliveryOutcome::Delivered { after } } else { DeliveryOutcome::NotDelivered };
            self.note_outcome(beat, body, carrier, outcome);
        }
    }

    /// Works out, now and then, what the scores mean.
    pub(crate) fn judge(&mut self, beat: &Beat) {
        if beat.now < self.next {
            return;
        }
        // The more there is to be worked out, the less often.
        let many = u32::try_from(self.judged.len() / JUDGED_AT_ONCE).unwrap_or(u32::MAX);
        self.next = beat.now + JUDGED_EVERY * (1 + many);
        for ((route, country), judged) in &mut self.judged {
            *judged = self.score.judge(beat.now, beat.serves(*route), *country);
        }
        self.judged.retain(|(route, _), _| beat.plan.routes.contains_key(route));
    }
}
