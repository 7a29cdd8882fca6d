//! What carriers say of parts: each receipt is followed by its id and its word, from the link into the record and to
//! the end, and the end is compared with a reading of our own.

use crate::simulation::smsc::{Name, Taken};
use crate::simulation::world::World;
use nuncio::carrier::dialect::ReceiptsAsked;
use nuncio::carrier::report::{News, Report};
use nuncio::dispatch::door::happening::Happening;
use nuncio::message::attempt::{Answer, Attempt, CarrierMessageId};
use nuncio::message::id::{CarrierId, LinkId, PartKey, Seq};
use nuncio::message::part::Part;
use nuncio::message::phase::Phase;
use nuncio::message::reason::Reason;
use nuncio::message::time::Time;
use nuncio::number::e164::E164;
use std::collections::{BTreeMap, BTreeSet};

/// A word that the gateway has heard.
#[derive(Clone, Debug)]
struct Heard {
    /// When.
    at: Time,
    word: String,
    /// Its part waited to be sent again, or was on its way: a failure of the attempt before that is history.
    again: bool,
    /// Nobody knows whether it was kept: its commit failed.
    unsure: bool,
}

/// What a carrier calls a part of a handset's in its receipts: the id alone may be another's by now.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Called {
    pub(crate) carrier: CarrierId,
    pub(crate) id: String,
    pub(crate) handset: String,
}

/// What the gateway has heard, and what of that it has confirmed.
#[derive(Default)]
pub(crate) struct Hearing {
    words: BTreeMap<Called, Vec<Heard>>,
    /// What waits for its confirmation, by link and tag: about what, and the word.
    asked: BTreeMap<(LinkId, u64), (Called, String)>,
    /// What was confirmed about what, and how often the carrier has not heard that yet.
    confirmed: BTreeMap<(Called, String), u64>,
    /// Ids under which a receipt came that the gateway could not know to be another's.
    astray: BTreeSet<(CarrierId, String)>,
}

/// Parts that have a name by a guess.
type Guesses = BTreeMap<Called, BTreeSet<PartKey>>;

/// What a word means, as the specification has it; `None` is "not yet".
pub(super) fn meaning(word: &str) -> Option<Phase> {
    Some(match word {
        "DELIVRD" => Phase::Delivered,
        "UNDELIV" | "REJECTD" | "DELETED" => Phase::Failed,
        "EXPIRED" => Phase::Expired,
        "ENROUTE" | "ACCEPTD" => return None,
        "UNKNOWN" | "NOCRED" => Phase::Unknown,
        other => panic!("no carrier says {other}"),
    })
}

/// Whether a carrier that says this has ended a part.
fn ends(word: &str) -> bool {
    meaning(word).is_some_and(|it| it != Phase::Unknown)
}

fn canonical(id: &str) -> String {
    CarrierMessageId::new(id).expect("it says something").canonical()
}

/// Whether an attempt is called so by its answer, or by a receipt that has settled a doubt.
fn is_called(attempt: &Attempt, ids: &[&str]) -> bool {
    let own = attempt.carrier_message_id.as_ref().map(CarrierMessageId::canonical);
    own.is_some_and(|own| ids.iter().any(|it| canonical(it) == own))
}

/// The words on the record of an attempt: the one that counts, and what came after it.
fn words(attempt: &Attempt) -> impl Iterator<Item = &str> {
    let receipts = attempt.receipt.iter().flat_map(|it| std::iter::once(&**it).chain(&it.later));
    receipts.map(|it| &*it.raw_status)
}

impl World {
    /// Whether the parts that receipts in these happenings are about are to be sent again.
    pub(super) fn are_again(&self, happenings: &[Happening]) -> Vec<bool> {
        let again = |it: &Called| {
            let taken = self.smscs[&it.carrier].called(it);
            let part = taken.and_then(|it| self.store.parts.get(&self.key_of(it.name)?));
            part.is_some_and(|it| matches!(it.phase(), Phase::Queued | Phase::Intended))
        };
        receipts(happenings).map(|(_, _, it, _)| again(&it)).collect()
    }

    /// The loop has taken up what happened; unless `kept` its commit failed.
    pub(super) fn heard_receipts(&mut self, happenings: &[Happening], before: &[bool], kept: bool) {
        let after = self.are_again(happenings);
        for (place, (link, tag, called, word)) in receipts(happenings).enumerate() {
            let again = before[place] || after[place];
            self.hearing.asked.insert((link, tag), (called.clone(), word.to_owned()));
            if self.may_stray(&called) {
                self.tally.note("receipts astray");
                self.hearing.astray.insert((called.carrier, called.id.clone()));
            }
            if self.is_forgotten(&called) {
                // It is about nothing that there is.
                self.tally.note("receipts of what is forgotten");
                continue;
            }
            self.heard_word(called, word.to_owned(), (again, !kept));
        }
    }

    /// A carrier has said a word of a part.
    pub(super) fn heard_word(&mut self, called: Called, word: String, (again, unsure): (bool, bool)) {
        let heard = Heard { at: self.time(), word, again, unsure };
        self.hearing.words.entry(called).or_default().push(heard);
    }

    /// The loop has something confirmed: if it is a receipt, it has to be on the record by now, or to wait there.
    pub(super) fn confirms(&mut self, link: LinkId, tag: u64) {
        let Some((called, word)) = self.hearing.asked.remove(&(link, tag)) else { return };
        let waits = self.store.parked.values().any(|it| {
            let name = |it: E164| Called { carrier: link.carrier, handset: it.0.to_string(), ..called.clone() };
            it.carrier == link.carrier
                && it.carrier_message_id.as_str() == called.id
                && it.handset.map(name).as_ref() == Some(&called)
                && *it.receipt.raw_status == *word
        });
        assert!(
            waits || self.is_on_record(&called, &word),
            "confirmed-is-durable: {word} of {called:?} on {link:?} is nowhere, {:?}",
            self.tale_of(&called)
        );
        *self.hearing.confirmed.entry((called, word)).or_default() += 1;
    }

    /// A carrier hears that its receipt is safe: so the loop has said.
    pub(super) fn confirmed_receipt(&mut self, called: Called, word: &str) {
        let told = format!("{word} of {called:?}");
        let ordered = self.hearing.confirmed.get_mut(&(called, word.to_owned()));
        let left = ordered.and_then(|it| it.checked_sub(1).map(|left| *it = left));
        assert!(left.is_some(), "commit-before-act: {told} is confirmed and was not ordered to be");
    }

    /// Whether a receipt under an id that its carrier has given to two may be taken for the other's: its own part is
    /// forgotten, or a process of before left it without a name, and this one does not know that it had it.
    fn may_stray(&self, called: &Called) -> bool {
        let smsc = &self.smscs[&called.carrier];
        let Some(taken) = smsc.called(called).filter(|it| smsc.is_given_anew(&it.receipt_id)) else { return false };
        let named = |it: &&Attempt| is_called(it, &[&taken.answer_id, &taken.receipt_id]);
        let unnamed = || !self.tale_of(called).iter().any(named);
        self.is_forgotten(called) || (1 < self.life && unnamed())
    }

    fn is_astray(&self, called: &Called) -> bool {
        self.hearing.astray.contains(&(called.carrier, called.id.clone()))
    }

    /// The attempts of what is called so.
    fn tale_of(&self, called: &Called) -> Vec<&Attempt> {
        let taken = self.smscs[&called.carrier].called(called);
        let key = taken.and_then(|it| self.key_of(it.name));
        key.into_iter().flat_map(|it| self.store.attempts_of(it)).collect()
    }

    fn is_forgotten(&self, called: &Called) -> bool {
        self.smscs[&called.carrier].called(called).is_some_and(|it| self.store.archive.has(it.name.0))
    }

    fn is_on_record(&self, called: &Called, word: &str) -> bool {
        let taken = self.smscs[&called.carrier].called(called).expect("it was taken");
        let says = |attempt: &Attempt| {
            attempt.link.carrier == called.carrier
                && is_called(attempt, &[&taken.answer_id, &taken.receipt_id])
                && self.says(attempt, called, word)
        };
        if self.is_astray(called) || (self.is_forgotten(called) && self.guesses(called).next().is_some()) {
            return true;
        }
        let own = self.key_of(taken.name).is_some_and(|key| self.store.attempts_of(key).any(says));
        own || self.guesses(called).any(|(_, attempt)| self.says(attempt, called, word))
    }

    /// Whether the record of an attempt has this word, or one that means the same, or one that was heard after it and
    /// says more.
    fn says(&self, attempt: &Attempt, called: &Called, word: &str) -> bool {
        let Some(last) = attempt.receipt.as_ref().map(|it| &*it.raw_status) else { return false };
        let Some(heard) = self.hearing.words.get(called) else { return false };
        let this = heard.iter().position(|it| it.word == word);
        let over = !ends(word) && this < heard.iter().rposition(|it| it.word == last);
        over || words(attempt).any(|it| it == word || (it == last && meaning(it) == meaning(word)))
    }

    /// What a process before this one knew, or what is forgotten, may be what a receipt is about.
    const fn may_guess(&self) -> bool {
        1 < self.life || self.scenario.retention.is_some()
    }

    /// Parts that were in doubt when the process died, or another was forgotten, and to which a receipt of this name
    /// was given for want of any other: what the process before it had not learnt nobody remembers. It may be
    /// another's.
    fn guesses(&self, called: &Called) -> impl Iterator<Item = (PartKey, &Attempt)> {
        // It is named as the answer would have named it, where that is known.
        let answer = self.smscs[&called.carrier].called(called).map_or(&called.id, |it| &it.answer_id);
        let (names, carrier) = ([canonical(&called.id), canonical(answer)], called.carrier);
        let own = |it: &&PartKey| self.may_guess() && self.handset_of(**it) == called.handset;
        let all = self.store.parts.keys().filter(own);
        let all = all.flat_map(|key| self.store.attempts_of(*key).map(|it| (*key, it)));
        all.filter(move |(_, it)| {
            it.link.carrier == carrier && it.command_status.is_none() && is_called(it, &[&names[0], &names[1]])
        })
    }

    fn handset_of(&self, key: PartKey) -> String {
        self.store.bodies[&key.seq()].destination.0.to_string()
    }

    pub(super) fn key_of(&self, name: Name) -> Option<PartKey> {
        Some(PartKey::new(*self.store.labels.get(&name.0)?, name.1))
    }

    /// What carriers said is what customers see.
    pub(super) fn check_receipts(&mut self, keys: &BTreeMap<u64, Seq>) {
        let mut taken = BTreeMap::<PartKey, Vec<(CarrierId, &Taken)>>::new();
        for (carrier, smsc) in &self.smscs {
            for it in &smsc.taken {
                taken.entry(PartKey::new(keys[&it.name.0], it.name.1)).or_default().push((*carrier, it));
            }
        }
        let mut guesses = Guesses::new();
        for key in self.store.parts.keys().filter(|_| self.may_guess()) {
            for it in self.store.attempts_of(*key).filter(|it| it.command_status.is_none()) {
                let Some(id) = &it.carrier_message_id else { continue };
                let (id, handset) = (id.canonical(), self.handset_of(*key));
                guesses.entry(Called { carrier: it.link.carrier, id, handset }).or_default().insert(*key);
            }
        }
        let delivered = |(carrier, it): &(CarrierId, &Taken)| self.has_said(&it.called(*carrier), "DELIVRD");
        let with_one: BTreeSet<Seq> =
            taken.iter().filter(|it| it.1.iter().any(delivered)).map(|it| it.0.seq()).collect();
        let mut sure = 0;
        for (key, part) in &self.store.parts {
            let taken = taken.get(key).map_or(&[][..], Vec::as_slice);
            self.check_delivered(part, taken, &with_one);
            sure += u64::from(self.check_end(part, taken, &guesses));
        }
        self.tally.add("ends compared", sure);
    }

    fn has_said(&self, called: &Called, word: &str) -> bool {
        let words = self.hearing.words.get(called);
        words.is_some_and(|it| it.iter().any(|it| it.word == word))
    }

    /// Nothing is delivered of which no carrier said so: of the part itself, or where one receipt speaks for all, of
    /// some part of its message.
    fn check_delivered(&self, part: &Part, taken: &[(CarrierId, &Taken)], with_one: &BTreeSet<Seq>) {
        if part.phase() != Phase::Delivered {
            return;
        }
        let own = taken.iter().any(|(carrier, it)| self.has_said(&it.called(*carrier), "DELIVRD"));
        let shared = self.is_shared(part) && with_one.contains(&part.key.seq());
        let guessed = || {
            self.store.attempts_of(part.key).any(|it| {
                let id = it.carrier_message_id.as_ref().filter(|_| self.may_guess() && it.command_status.is_none());
                id.is_some() && words(it).any(|it| it == "DELIVRD")
            })
        };
        let astray = || taken.iter().any(|(carrier, it)| self.is_astray(&it.called(*carrier)));
        assert!(own || shared || guessed() || astray(), "never-fake-delivery: {part:?}");
    }

    /// Whether the receipt of another part may speak for this one.
    fn is_shared(&self, part: &Part) -> bool {
        // What is said of it after that is history.
        let silent = |it: &&Attempt| it.receipt.as_ref().is_none_or(|it| part.done_at < it.received_at);
        let Some(attempt) = part.attempt.as_ref().filter(silent) else { return false };
        let carrier = self.scenario.plans[0].carriers.get(&attempt.link.carrier);
        carrier.is_some_and(|it| it.dialect.receipts != ReceiptsAsked::All)
            && 1 < self.store.parts_of(part.key.seq()).count()
    }

    /// Since when another part of its message has ended at the carrier that has this one, where that speaks for both.
    fn shared_end(&self, part: &Part) -> Option<Time> {
        let carrier = part.attempt.as_ref().filter(|_| self.is_shared(part))?.link.carrier;
        // The last was asked for.
        let parts = self.store.parts_of(part.key.seq()).last().filter(|it| it.key != part.key);
        let attempts =
            parts.into_iter().flat_map(|it| self.store.attempts_of(it.key)).filter(|it| it.link.carrier == carrier);
        let receipts = attempts.filter_map(|it| it.receipt.as_ref()).filter(|it| it.status.is_final());
        receipts.map(|it| it.received_at).min()
    }

    /// How a part ended is what its carriers said. Returns whether there was no doubt what that is.
    fn check_end(&self, part: &Part, taken: &[(CarrierId, &Taken)], guesses: &Guesses) -> bool {
        let attempts: Vec<&Attempt> = self.store.attempts_of(part.key).collect();
        let (mut all, mut silent) = (Vec::new(), false);
        for attempt in &attempts {
            let of = |it: &&(CarrierId, &Taken)| it.0 == attempt.link.carrier && is_called(attempt, &[&it.1.answer_id]);
            let Some((carrier, it)) = taken.iter().find(of) else {
                // What is in doubt may have been taken, and what its carrier says of it goes by another name.
                silent |= !attempt.answer.is_some_and(|it| !matches!(it, Answer::Taken | Answer::Unknown));
                continue;
            };
            // Which of them such a receipt was about nobody could know.
            let called = it.called(*carrier);
            if self.is_astray(&called) {
                return false;
            }
            let names = [&it.receipt_id, &it.answer_id].map(|it| Called { id: canonical(it), ..called.clone() });
            if names.iter().filter_map(|it| guesses.get(it)).flatten().any(|key| *key != part.key) {
                return false;
            }
            let heard = self.hearing.words.get(&called).map_or(&[][..], Vec::as_slice);
            if heard.iter().any(|it| it.unsure) {
                return false;
            }
            // The first that ends it counts, else the first that says that nothing is known.
            let word = heard.iter().find(|it| ends(&it.word));
            silent |= word.is_none() && 1 < attempts.len();
            let word = word.or_else(|| heard.iter().find(|it| meaning(&it.word).is_some()));
            let current = part.attempt.as_ref().is_some_and(|it| it.number == attempt.number);
            // What came before its answer was not known to be about it.
            let taken_at = attempt.answer.filter(|it| *it == Answer::Taken).map(|_| attempt.answered_at);
            // Of one that has said that it knows nothing no more is awaited.
            let denied = heard.first().is_some_and(|it| !ends(&it.word) && meaning(&it.word).is_some());
            let taken_at = taken_at.filter(|_| !denied);
            all.extend(word.map(|it| Said { known: it.at.max(attempt.answered_at), heard: it, current, taken_at }));
        }
        all.sort_by_key(|it| it.known);
        let expected = match self.shared_end(part) {
            // The receipt of another part has ended it, but for what another carrier may still deliver.
            Some(at) => all.first().filter(|it| attempts.len() == 2 && it.is_awaited(at)).map(|_| Phase::Delivered),
            None => expected(&all, silent),
        };
        let Some(expected) = expected else { return false };
        // What the route gave up before is not taken back.
        let given_up = part.phase() == Phase::Failed
            && part.reason != Some(Reason::Undeliverable)
            && all.iter().all(|it| part.done_at <= it.known);
        assert!(
            part.phase() == expected || given_up,
            "said-is-told: {all:?} makes it {expected:?}, it is {part:?}, {attempts:?}"
        );
        !given_up
    }
}

/// The word about an attempt that counts.
#[derive(Debug)]
struct Said<'a> {
    /// Since when it was known to be about it.
    known: Time,
    heard: &'a Heard,
    /// It is about the last attempt.
    current: bool,
    /// When its carrier took that, as far as it answered.
    taken_at: Option<Time>,
}

impl Said<'_> {
    /// It says that the part was delivered, and was waited for at this moment.
    fn is_awaited(&self, at: Time) -> bool {
        self.heard.word == "DELIVRD" && self.taken_at.is_some_and(|it| it <= at) && at < self.known
    }
}

/// What words about attempts make of a part, in the order in which they were known; `None` where that depends on more
/// than words.
fn expected(all: &[Said<'_>], silent: bool) -> Option<Phase> {
    let first = all.first()?;
    let end = meaning(&first.heard.word)?;
    let agreed = all.iter().all(|it| !it.heard.again && meaning(&it.heard.word) == Some(end));
    match end {
        // One that has delivered is believed, whatever the others say after it.
        Phase::Delivered if all.iter().all(|it| first.known < it.known || it.heard.word == "DELIVRD") => Some(end),
        Phase::Delivered => None,
        // Whoever else took it may still deliver it.
        _ if all.len() == 2 && all[1].is_awaited(first.known) => Some(Phase::Delivered),
        // Which of two that failed it otherwise decides depends on where the part was when each came.
        _ => Some(end).filter(|_| agreed && !silent && all.iter().any(|it| it.current)),
    }
}

/// The receipts in happenings: link, tag, about what, word.
fn receipts(happenings: &[Happening]) -> impl Iterator<Item = (LinkId, u64, Called, &str)> {
    happenings.iter().filter_map(|it| match it {
        Happening::Link(link, Report::Inbound { tag, news: News::Receipt(news) }) => {
            let (id, handset) = (news.ids.first()?.as_str().to_owned(), news.handset?.0.to_string());
            Some((*link, *tag, Called { carrier: link.carrier, id, handset }, &*news.receipt.raw_status))
        }
        _ => None,
    })
}
