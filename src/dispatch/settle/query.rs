//! Asks carriers about parts that they took and never told the end of.
//!
//! ```text
//! sweep ─► silent for query_after? ─► room at the carrier? ─► Command::Query ─► Report::Queried
//!            └ asked lately, or in vain: later, each time twice as long        └ final: like a receipt
//! ```
//!
//! A part in doubt has no name at the carrier, so it cannot be asked about; once a late answer
//! names it, it is a silent part like others.

use crate::carrier::query::Query;
use crate::carrier::report::Queried;
use crate::dispatch::Dispatch;
use crate::dispatch::door::command::Command;
use crate::dispatch::door::fact::{Fact, QueryResult};
use crate::dispatch::door::plan::Carrier;
use crate::message::attempt::CarrierMessageId;
use crate::message::id::{CarrierId, LinkId, PartKey, Seq};
use crate::message::phase::Phase;
use crate::message::receipt::Receipt;
use crate::message::status::Status;
use crate::message::time::Time;
use crate::record::contract::{Poisoned, Store};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Parts that one step of the search looks at, as many as the sweep does.
const SPAN: usize = 1_000;
/// Questions under way at a carrier: they are for stragglers, and take places of the window.
const UNDER_WAY_MAX: usize = 10;
/// One place of the window in so many may be a question's.
const WINDOW_SHARE: usize = 10;
/// The longest wait between two questions about a part.
const WAIT_MAX: Duration = Duration::from_secs(6 * 3_600);
/// The longest id that query_sm has room for.
const ID_MAX: usize = 64;
/// A carrier that ignores so many questions in a row does not know the operation. More would cost it
/// the link: a window in which nothing is answered counts as dead.
const IGNORED_MAX: u8 = 3;
/// Parts remembered to have been asked about. Those accepted first are forgotten first: they have
/// mostly ended, and what has not is asked again.
const ASKED_MAX: usize = 100_000;

/// What is asked, and what has been.
#[derive(Debug, Default)]
pub(crate) struct Queries {
    /// The last part that the search looked at.
    after: PartKey,
    under_way: BTreeMap<PartKey, LinkId>,
    asked: BTreeMap<PartKey, Asked>,
    /// Carriers that do not know the operation.
    unserved: BTreeSet<CarrierId>,
    /// How many questions in a row a carrier has ignored.
    ignored: BTreeMap<CarrierId, u8>,
}

/// A part that was asked about in vain.
#[derive(Debug)]
struct Asked {
    /// Not again before this.
    next: Time,
    /// How long to wait after the next time.
    wait: Duration,
}

impl Queries {
    /// A link has ended: nothing comes of what was asked on it.
    pub(crate) fn gone(&mut self, link: LinkId) {
        self.under_way.retain(|_, it| *it != link);
    }

    /// Carriers may have learnt the operation.
    pub(crate) fn try_anew(&mut self) {
        self.unserved.clear();
        self.ignored.clear();
    }

    /// A carrier has ignored a question.
    fn note_ignored(&mut self, carrier: CarrierId) {
        let count = self.ignored.entry(carrier).or_default();
        *count += 1;
        if IGNORED_MAX <= *count {
            self.unserved.insert(carrier);
        }
    }

    /// Whether a part may be asked about now.
    fn is_due(&self, key: PartKey, now: Time) -> bool {
        !self.under_way.contains_key(&key) && self.asked.get(&key).is_none_or(|it| it.next <= now)
    }

    /// Asked in vain: not again before a wait that doubles each time, or never.
    fn again(&mut self, key: PartKey, now: Time, first: Option<Duration>) {
        let wait = self.asked.get(&key).map_or(first.unwrap_or(WAIT_MAX), |it| it.wait);
        let next = if first.is_some() { now + wait } else { Time(u64::MAX) };
        self.asked.insert(key, Asked { next, wait: (wait * 2).min(WAIT_MAX) });
        if ASKED_MAX < self.asked.len() {
            self.asked.pop_first();
        }
    }
}

impl Dispatch {
    /// Asks about some of the parts that carriers have long said nothing of.
    pub(crate) fn query_silent<S: Store>(&mut self, store: &mut S) -> Result<(), Poisoned> {
        let asks =
            |it: &Carrier| it.query_after.filter(|_| !self.beat.draining && !self.queries.unserved.contains(&it.id));
        let after: BTreeMap<CarrierId, Duration> =
            self.beat.plan.carriers.values().filter_map(|it| Some((it.id, asks(it)?))).collect();
        let Some(least) = after.values().min() else { return Ok(()) };
        let before = Time(self.beat.now.0.saturating_sub(u64::try_from(least.as_millis()).unwrap_or(u64::MAX)));
        let (silent, next) = store.silent(before, self.queries.after, SPAN)?;
        self.queries.after = next.unwrap_or_default();
        let mut chosen = Vec::new();
        for (key, carrier, answered_at) in silent {
            let waited = after.get(&carrier).is_some_and(|it| *it <= self.beat.now.since(answered_at));
            if waited
                && self.queries.is_due(key, self.beat.now)
                && let Some(link) = self.link_for_query(carrier)
            {
                self.queries.under_way.insert(key, link);
                chosen.push((key, link));
            }
        }
        let missing: Vec<Seq> = chosen.iter().map(|it| it.0.seq()).filter(|it| !self.set.holds(*it)).collect();
        if !missing.is_empty() {
            store.load(&missing)?.into_iter().for_each(|it| self.set.admit(it));
        }
        for (key, link) in chosen {
            self.ask(key, link);
        }
        Ok(())
    }

    fn ask(&mut self, key: PartKey, link: LinkId) {
        let part = self.set.part(key).filter(|it| it.phase() == Phase::Sent);
        let attempt = part.and_then(|it| it.attempt.as_ref()).filter(|it| it.link.carrier == link.carrier);
        // A longer one does not go into the PDU (SMPP 3.4 section 4.8.1).
        let fits = |it: &CarrierMessageId| it.as_str().len() <= ID_MAX;
        let id = attempt.and_then(|it| it.carrier_message_id.clone()).filter(fits);
        let body = self.set.get(key.seq()).map(|it| it.entry.body.clone());
        match (id, body) {
            (Some(id), Some(body)) => self.beat.order(Command::Query(link, Query { key, id, body })),
            // It cannot be asked, or memory is ahead of the disk and it has ended meanwhile.
            _ => drop(self.queries.under_way.remove(&key)),
        }
    }

    /// A link of a carrier that has room for a question.
    fn link_for_query(&self, id: CarrierId) -> Option<LinkId> {
        let asked_on = |link: LinkId| self.queries.under_way.values().filter(|it| **it == link).count();
        let under_way = self.queries.under_way.values().filter(|it| it.carrier == id).count();
        let links = self.carriers.get(&id)?.links.iter().zip(0_u8..);
        let mut free = links.filter_map(|(state, bind)| {
            let link = LinkId { carrier: id, bind };
            let room = if state.window == 0 { 0 } else { (state.window / WINDOW_SHARE).max(1) };
            (asked_on(link) < room).then_some(link)
        });
        free.next().filter(|_| under_way < UNDER_WAY_MAX)
    }

    /// What a carrier said of a part.
    pub(crate) fn take_query_result(&mut self, carrier: CarrierId, key: PartKey, queried: Queried) {
        self.queries.under_way.remove(&key);
        match queried {
            Queried::Ignored => self.queries.note_ignored(carrier),
            Queried::Unanswered => (),
            _ => drop(self.queries.ignored.remove(&carrier)),
        }
        let first = self.beat.plan.carriers.get(&carrier).and_then(|it| it.query_after);
        let result = match queried {
            Queried::State(receipt) if receipt.status.is_final() && receipt.status != Status::Unknown => {
                self.queries.asked.remove(&key);
                let attempt = self.set.part(key).and_then(|it| it.attempt.as_ref());
                let number = attempt.filter(|it| it.link.carrier == carrier).map(|it| it.number);
                let receipt = Receipt { received_at: self.beat.now, ..receipt };
                number.map(|it| self.apply(key, it, carrier, receipt));
                QueryResult::Final
            }
            Queried::State(_) => {
                self.queries.again(key, self.beat.now, first);
                QueryResult::Pending
            }
            Queried::Refused => {
                self.queries.again(key, self.beat.now, None);
                QueryResult::Refused
            }
            Queried::Unserved => {
                self.queries.unserved.insert(carrier);
                QueryResult::Refused
            }
            Queried::Unanswered | Queried::Ignored => {
                self.queries.again(key, self.beat.now, first);
                QueryResult::Unanswered
            }
        };
        let message = self.set.get(key.seq()).map(|it| it.entry.body.id);
        self.beat.tell(Fact::Queried { carrier, message, result });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: PartKey = PartKey(16);

    #[test]
    fn each_vain_question_doubles_the_wait_for_the_next() {
        let mut queries = Queries::default();
        let (mut now, minute) = (Time(1_000), Duration::from_secs(60));
        assert!(queries.is_due(KEY, now));
        for wait in [60, 120, 240, 480] {
            queries.again(KEY, now, Some(minute));
            let next = now + Duration::from_secs(wait);
            assert!(!queries.is_due(KEY, Time(next.0 - 1)) && queries.is_due(KEY, next), "{wait}");
            now = next;
        }
        (0..20).for_each(|_| queries.again(KEY, now, Some(minute)));
        assert!(queries.is_due(KEY, now + WAIT_MAX));
        queries.again(KEY, now, None);
        assert!(!queries.is_due(KEY, Time(u64::MAX - 1)));
    }

    #[test]
    fn a_carrier_that_ignores_three_questions_in_a_row_is_not_asked_any_more() {
        let (mut queries, carrier) = (Queries::default(), CarrierId(1));
        (1..IGNORED_MAX).for_each(|_| queries.note_ignored(carrier));
        assert!(queries.unserved.is_empty());
        queries.note_ignored(carrier);
        assert!(queries.unserved.contains(&carrier));
        queries.try_anew();
        assert!(queries.unserved.is_empty() && queries.ignored.is_empty());
    }

    #[test]
    fn what_was_asked_on_a_link_that_ended_may_be_asked_again() {
        let mut queries = Queries::default();
        let link = LinkId { carrier: CarrierId(1), bind: 0 };
        queries.under_way.insert(KEY, link);
        assert!(!queries.is_due(KEY, Time(1)));
        queries.gone(link);
        assert!(queries.is_due(KEY, Time(1)));
    }
}
