//! Which part a receipt is about, and what it changes there.
//!
//! A receipt finds its part by the carrier's id, in every form that the id may have; where two
//! parts fit, the recipient, then the form that is most trusted, then how it is written, then the newer one
//! decides. A part that has ended counts like any other: a receipt that comes twice is about the same both times.
//! A receipt that finds none is parked until an answer names its id; a part in doubt may also be known by its
//! recipient and sender, if it is the only one.

use crate::carrier::dialect::ReceiptsAsked;
use crate::carrier::id::{Form, Nearness, Relation, forms_of};
use crate::carrier::reason;
use crate::carrier::report::ReceiptNews;
use crate::carrier::sender;
use crate::carrier::whom::Whom;
use crate::dispatch::fact::{Fact, Fate};
use crate::dispatch::{Dice, Dispatch};
use crate::message::attempt::{Answer, Attempt, CarrierMessageId};
use crate::message::id::{CarrierId, PartKey};
use crate::message::part::Part;
use crate::message::phase::{End, Move, Phase};
use crate::message::reason::Reason;
use crate::message::receipt::Receipt;
use crate::message::source::Source;
use crate::message::status::Status;
use crate::message::time::Time;
use crate::number::e164::E164;
use crate::record::parked::Parked;

/// A part that a receipt may be about, and which of its attempts.
struct Match {
    key: PartKey,
    number: u8,
    exact: bool,
    fits_handset: bool,
    /// It is said to be about somebody else.
    another: bool,
    nearness: Nearness,
    relation: Option<Relation>,
}

impl Dispatch {
    pub(super) fn receipt(&mut self, carrier: CarrierId, mut news: ReceiptNews, dice: Dice<'_>) {
        news.receipt.received_at = self.beat.now;
        if news.is_strange && self.remarks.word(carrier, &news.receipt.raw_status) {
            self.tell_of_word(carrier, &news.receipt.raw_status);
        }
        let forms = self.forms(carrier, &news.ids);
        match self.find(carrier, &forms, news.whom()) {
            Some(found) => {
                if found.exact {
                    self.writings.note(carrier, found.nearness);
                }
                if found.fits_handset {
                    self.learn(carrier, found.relation);
                }
                self.take_in(found.key, found.number, carrier, news.receipt);
            }
            None => match self.find_doubtful(carrier, &news) {
                Some(key) => {
                    let number = self.taken_after_all(key, &news.ids);
                    self.take_in(key, number, carrier, news.receipt);
                }
                None if news.ids.is_empty() => self.keep_unread(carrier, &news, dice),
                None => {
                    self.note_unsure(carrier, &forms, news.whom());
                    self.park(carrier, news);
                }
            },
        }
    }

    /// A word that nobody knows: the operator may say what it means.
    fn tell_of_word(&mut self, carrier: CarrierId, word: &str) {
        let calls = self.beat.plan.carriers.get(&carrier).is_some_and(|it| it.dialect.hook.is_some());
        let key = if calls { "receipt.statuses" } else { "statuses" };
        self.beat.tell(Fact::StrangeWord { carrier, word: word.into(), key });
    }

    /// A receipt would fit a part if its id were converted, and does not say whose it is: nothing is learned from such
    /// receipts, however many come, and the operator may state how the ids relate.
    fn note_unsure(&mut self, carrier: CarrierId, forms: &[Form], whom: Whom<'_>) {
        let unsure = self.candidates(carrier, forms, whom).find(|(_, it)| !it.another).and_then(|(_, it)| it.relation);
        if let Some(relation) = unsure
            && let Some(count) = self.remarks.unsure(carrier, self.beat.now)
        {
            self.beat.tell(Fact::UnsureIds { carrier, relation, count });
        }
    }

    /// A receipt that has found its attempt.
    fn take_in(&mut self, key: PartKey, number: u8, carrier: CarrierId, receipt: Receipt) {
        let message = self.set.get(key.seq()).map(|it| it.entry.body.id);
        let asked = self.attempt(key, number).map(|it| it.answered_at.known().unwrap_or(it.intended_at));
        let delay = asked.map(|it| self.beat.now.since(it));
        let status = receipt.status;
        let fate = self.apply(key, number, carrier, receipt);
        self.beat.tell(Fact::Receipt { carrier, status, fate, message, delay });
    }

    /// Every form that the ids of a receipt may have had in an answer, most trusted first.
    pub(super) fn forms(&self, carrier: CarrierId, ids: &[CarrierMessageId]) -> Vec<Form> {
        let form = self.beat.plan.carriers.get(&carrier).map(|it| it.dialect.message_id).unwrap_or_default();
        let believed = self.believed(carrier);
        ids.iter().flat_map(|it| forms_of(it, form, believed)).collect()
    }

    fn find(&self, carrier: CarrierId, forms: &[Form], whom: Whom<'_>) -> Option<Match> {
        // An id as written is believed; one that was converted only where the recipient fits.
        let candidates = self.candidates(carrier, forms, whom).filter(|(_, it)| it.exact || it.fits_handset);
        let best = candidates.max_by_key(|(rank, it)| {
            (it.fits_handset, it.exact, std::cmp::Reverse(*rank), it.nearness, it.key, it.number)
        });
        best.map(|(_, it)| it)
    }

    /// The parts in memory that one of the forms names, with the rank of the form.
    fn candidates(&self, carrier: CarrierId, forms: &[Form], whom: Whom<'_>) -> impl Iterator<Item = (usize, Match)> {
        forms.iter().enumerate().flat_map(move |(rank, form)| {
            let named = self.set.by_rhash(form.rhash(carrier));
            named.filter_map(move |key| self.fit(key, carrier, form, whom)).map(move |it| (rank, it))
        })
    }

    /// Whether an id fits as it is written, or as this carrier is known to write them.
    fn is_near(&self, carrier: CarrierId, found: &Match) -> bool {
        found.exact && (found.nearness == Nearness::Verbatim || self.writings.is_loose(carrier))
    }

    /// Whether memory alone says for certain which part a receipt is about: none that has ended and is in the
    /// store alone can fit better.
    pub(super) fn is_certain(&self, carrier: CarrierId, forms: &[Form], whom: Whom<'_>) -> bool {
        self.find(carrier, forms, whom).is_some_and(|it| it.fits_handset && self.is_near(carrier, &it))
    }

    fn fit(&self, key: PartKey, carrier: CarrierId, form: &Form, whom: Whom<'_>) -> Option<Match> {
        let entry = &self.set.get(key.seq())?.entry;
        let current = entry.parts.get(usize::from(key.index()))?.attempt.as_ref();
        let past = entry.past.iter().filter(|it| it.key == key).map(|it| &it.attempt);
        let name = |it: &'_ Attempt| {
            let id = it.carrier_message_id.as_ref().filter(|id| it.link.carrier == carrier && form.fits(id))?;
            Some((form.nearness(id), it.number))
        };
        let (nearness, number) = current.into_iter().chain(past).filter_map(name).max()?;
        let fits_handset = whom.fits(entry.body.destination);
        let another = !fits_handset && whom.is_another(entry.body.destination, &entry.body.source);
        // What was learned yields to a receipt that names another handset.
        let learned = form.relation.is_some_and(|it| it != Relation::Same && self.believed(carrier) == Some(it));
        let (exact, relation) = (!(form.converted || learned && another), form.relation);
        Some(Match { key, number, exact, fits_handset, another, nearness, relation })
    }

    /// Changes the part by what the receipt says of one of its attempts.
    pub(super) fn apply(&mut self, key: PartKey, number: u8, carrier: CarrierId, receipt: Receipt) -> Fate {
        let (Some(part), Some(attempt)) = (self.set.part(key), self.attempt(key, number)) else { return Fate::Late };
        let (phase, status) = (part.phase(), receipt.status);
        let current = part.attempt.as_ref().is_some_and(|it| it.number == number);
        let before = attempt.receipt.as_ref().map(|it| it.status);
        let Some(end) = end_of(status) else {
            let news = !phase.is_final() && before.is_none_or(|it| !it.is_final());
            return match (before == Some(status), news) {
                (true, _) => Fate::Duplicate,
                (_, false) => self.write_later(key, number, receipt),
                (_, true) => {
                    self.write_receipt(key, number, receipt);
                    Fate::Matched
                }
            };
        };
        if before == Some(status) {
            return Fate::Duplicate;
        }
        // What the carrier itself has ended is not corrected by its later words.
        if matches!(before, Some(Status::Delivered | Status::Failed | Status::Expired)) {
            return self.write_later(key, number, receipt);
        }
        // A failure of an attempt that is superseded, or about to be, is history.
        let decides = match phase {
            Phase::Queued | Phase::Intended => end == End::Delivered,
            Phase::Unknown | Phase::Expired => end == End::Delivered || (current && end != End::Unknown),
            // Whoever else took it may still deliver it.
            phase => {
                let last = !self.is_pending(key, Some(number)) && (current || phase == Phase::Sent);
                end == End::Delivered || last
            }
        };
        let moves = decides && phase.after(Move::End(end)).is_some();
        let double = phase == Phase::Delivered && end == End::Delivered;
        // What comes after the end is history, and is shown: each attempt has its own receipt.
        if moves || !phase.is_final() || before.is_none_or(|it| !it.is_final()) {
            let reason = (end != End::Delivered).then(|| self.reason(carrier, &receipt, end));
            self.write_receipt(key, number, receipt);
            if let Some(attempt) = self.attempt(key, number).cloned() {
                self.note_receipt(key, &attempt, end == End::Delivered);
            }
            if moves {
                self.end_by_receipt(key, end, reason);
            } else if current && end != End::Delivered && phase == Phase::Sent {
                // It is waited for another's receipt; this one's is not missing.
                self.set_due(&[key], Time::NEVER);
            }
            if end == End::Delivered {
                self.end_rest(key, carrier);
            }
        } else {
            self.write_later(key, number, receipt);
        }
        match phase.is_final() {
            _ if double => Fate::Double,
            true => Fate::Late,
            false => Fate::Matched,
        }
    }

    fn end_by_receipt(&mut self, key: PartKey, end: End, reason: Option<Reason>) {
        self.end_part(key, end, reason);
        for sibling in self.without_receipt(key) {
            self.end_part(sibling, end, reason);
        }
    }

    /// The parts of the same message that share the end of this one, because no receipt was asked for them.
    fn without_receipt(&self, key: PartKey) -> Vec<PartKey> {
        let Some(held) = self.set.get(key.seq()).filter(|it| 1 < it.entry.parts.len()) else { return Vec::new() };
        let carrier = |it: &Part| it.attempt.as_ref().map(|it| it.link.carrier);
        let of = held.entry.parts.get(usize::from(key.index())).and_then(carrier);
        let asked = of.and_then(|it| self.beat.plan.carriers.get(&it)).map(|it| it.dialect.receipts);
        if !matches!(asked, Some(ReceiptsAsked::First | ReceiptsAsked::Last)) {
            return Vec::new();
        }
        let shares = |it: &&Part| it.key != key && it.phase() == Phase::Sent && carrier(it) == of;
        held.entry.parts.iter().filter(shares).map(|it| it.key).collect()
    }

    fn end_part(&mut self, key: PartKey, end: End, reason: Option<Reason>) {
        let on_a_link = self.set.part(key).is_some_and(|it| it.phase() == Phase::Intended);
        self.step(key, Move::End(end), reason);
        if !on_a_link {
            self.set.unstage(key);
        }
    }

    /// Why a part ended by a receipt: the carrier's code, where the operator says what it means.
    fn reason(&self, carrier: CarrierId, receipt: &Receipt, end: End) -> Reason {
        let plan = self.beat.plan.carriers.get(&carrier);
        plan.and_then(|it| reason::of_receipt(&it.dialect, receipt)).unwrap_or_else(|| reason_of(end))
    }

    fn attempt(&self, key: PartKey, number: u8) -> Option<&Attempt> {
        let entry = &self.set.get(key.seq())?.entry;
        let current = entry.parts.get(usize::from(key.index()))?.attempt.as_ref();
        let past = entry.past.iter().filter(|it| it.key == key).map(|it| &it.attempt);
        current.into_iter().chain(past).find(|it| it.number == number)
    }

    fn write_receipt(&mut self, key: PartKey, number: u8, receipt: Receipt) {
        self.change_attempt(key, number, |attempt| {
            let later = attempt.receipt.take().map(|it| it.later).unwrap_or_default();
            attempt.receipt = Some(Box::new(Receipt { later, ..receipt }));
        });
    }

    /// What came after the end changes nothing any more, and is kept for whoever asks what the carrier said.
    fn write_later(&mut self, key: PartKey, number: u8, receipt: Receipt) -> Fate {
        let Some(attempt) = self.attempt(key, number) else { return Fate::Late };
        match attempt.receipt.as_deref() {
            None => self.write_receipt(key, number, receipt),
            Some(first) if first.later.iter().any(|it| it.says_as(&receipt)) => return Fate::Duplicate,
            Some(first) if Receipt::LATER_MAX <= first.later.len() => {}
            Some(_) => self.change_attempt(key, number, |attempt| {
                attempt.receipt.as_mut().expect("it has a receipt").later.push(receipt);
            }),
        }
        Fate::Late
    }

    fn change_attempt(&mut self, key: PartKey, number: u8, change: impl FnOnce(&mut Attempt)) {
        let Some(held) = self.set.change(key) else { return };
        let current = held.entry.parts[usize::from(key.index())].attempt.as_mut().filter(|it| it.number == number);
        if let Some(attempt) = current {
            change(attempt);
        } else if let Some(past) = held.entry.past.iter_mut().find(|it| it.key == key && it.attempt.number == number) {
            change(&mut past.attempt);
            let past = past.clone();
            self.set.changed_past(past);
        }
    }

    /// A sender as the receipts of a carrier have it.
    fn sender_at(&self, carrier: CarrierId, source: &Source) -> Box<str> {
        let dialect = self.beat.plan.carriers.get(&carrier).map(|it| &it.dialect);
        dialect.map_or_else(|| source.octets().into(), |it| sender::returned(source, it).into())
    }

    /// The one part in doubt that a receipt may be about by its recipient and sender.
    fn find_doubtful(&self, carrier: CarrierId, news: &ReceiptNews) -> Option<PartKey> {
        let (handset, sender) = news.whom().pair().filter(|_| !news.receipt.raw_status.is_empty())?;
        let only = self.only_doubt(carrier, handset)?;
        let held = self.set.get(only.seq())?;
        (*self.sender_at(carrier, &held.entry.body.source) == *sender).then_some(only)
    }

    /// The part in doubt at a carrier for a handset, where a receipt under an unknown name can be
    /// about nothing else: no other part is in doubt or on a link there, and no other attempt
    /// was ever left without an outcome.
    fn only_doubt(&self, carrier: CarrierId, handset: E164) -> Option<PartKey> {
        let mut doubtful = self.doubtful_for(carrier, handset);
        let only = doubtful.next()?;
        let in_flight = self.carriers.get(&carrier).is_some_and(|it| it.pinned.contains_key(&handset));
        let alone = doubtful.next().is_none() && !in_flight && self.unresolved.is_only(carrier, handset, only);
        alone.then_some(only)
    }

    /// Nothing is on a link for a handset any more, perhaps: a doubt may now be settled.
    pub(super) fn settle_waiting(&mut self, carrier: CarrierId, handset: E164) {
        if let Some(key) = self.only_doubt(carrier, handset) {
            self.settle_by_handset(key);
        }
    }

    /// The parts in doubt at a carrier for a handset.
    pub(super) fn doubtful_for(&self, carrier: CarrierId, handset: E164) -> impl Iterator<Item = PartKey> + '_ {
        let range = (carrier, handset, PartKey(0))..=(carrier, handset, PartKey(u64::MAX));
        self.doubtful.range(range).map(|(_, _, key)| *key)
    }

    /// The carrier took a part in doubt, as its receipt shows. Returns the number of the attempt.
    fn taken_after_all(&mut self, key: PartKey, ids: &[CarrierMessageId]) -> u8 {
        let carrier = self.set.part(key).and_then(|it| it.attempt.as_ref()).map(|it| it.link.carrier);
        // As its answer would have named it: the next receipt is looked for under that.
        let name = carrier.and_then(|it| self.forms(it, ids).first().and_then(Form::id));
        self.step(key, Move::Take, None);
        let (timeout, window) = (self.receipt_timeout(key), self.receipt_window(key));
        let now = self.beat.now;
        let Some(held) = self.set.get(key.seq()) else { return 0 };
        let cost = carrier.and_then(|it| self.cost_at(&held.entry.body, it));
        let Some(held) = self.set.change(key) else { return 0 };
        let part = &mut held.entry.parts[usize::from(key.index())];
        part.ends = part.ends.max(now) + timeout;
        part.taken_at = part.taken_at.known().unwrap_or(now);
        if let Some(window) = window {
            part.due = now + window;
            self.sweep.late_at(part.due);
        }
        let Some(attempt) = part.attempt.as_mut() else { return 0 };
        attempt.answer = Some(Answer::Taken);
        attempt.carrier_message_id = name;
        attempt.cost = cost;
        let (number, rhash, carrier) = (attempt.number, attempt.rhash(), attempt.link.carrier);
        self.resolved(carrier, key, number);
        if let Some(rhash) = rhash {
            self.set.named(rhash, key);
        }
        number
    }

    /// A part has come into doubt: a parked receipt may know better. True if one did.
    pub(super) fn settle_by_handset(&mut self, key: PartKey) -> bool {
        let Some(held) = self.set.get(key.seq()) else { return false };
        let destination = held.entry.body.destination;
        let Some(attempt) = held.entry.parts[usize::from(key.index())].attempt.as_ref() else { return false };
        let (carrier, intended_at) = (attempt.link.carrier, attempt.intended_at);
        let sender = self.sender_at(carrier, &held.entry.body.source);
        if self.only_doubt(carrier, destination) != Some(key) {
            return false;
        }
        // A receipt that came before the intent is about something else.
        let about = |it: &Parked| {
            it.whom().pair().is_some_and(|(_, it)| *it == *sender) && intended_at <= it.receipt.received_at
        };
        let waiting = self.parked.for_handset(carrier, destination);
        let fitting: Vec<u64> = waiting.into_iter().filter(|it| self.parked.get(*it).is_some_and(about)).collect();
        if fitting.is_empty() {
            return false;
        }
        let ids: std::collections::BTreeSet<String> =
            fitting.iter().filter_map(|it| self.parked.get(*it)).map(|it| it.carrier_message_id.canonical()).collect();
        if 1 < ids.len() {
            return false;
        }
        let mut taken = None;
        for number in fitting {
            let Some(parked) = self.parked.take(number) else { continue };
            self.forget_parked(number);
            let attempt = *taken.get_or_insert_with(|| self.taken_after_all(key, &[parked.carrier_message_id]));
            self.apply(key, attempt, carrier, parked.receipt);
        }
        true
    }
}

/// How a part ends by a receipt of this status; `None` while more is to come.
const fn end_of(status: Status) -> Option<End> {
    match status {
        Status::Delivered => Some(End::Delivered),
        Status::Failed => Some(End::Failed),
        Status::Expired => Some(End::Expired),
        Status::Unknown => Some(End::Unknown),
        Status::Queued | Status::Sent | Status::Cancelled => None,
    }
}

const fn reason_of(end: End) -> Reason {
    match end {
        End::Expired => Reason::Expired,
        End::Unknown => Reason::OutcomeUnknown,
        _ => Reason::Undeliverable,
    }
}
