//! What the attempts of a message say, and which of its parts are still about anything.

use crate::carrier::answer::spends_nothing;
use crate::message::attempt::{Answer, Attempt};
use crate::message::id::{CarrierId, PartKey};
use crate::message::part::Part;
use crate::message::phase::Phase;
use crate::message::time::Time;
use crate::record::entry::Entry;

/// A part that is sent and awaited, or was: not one that another cut has made superfluous.
pub(super) fn is_live(part: &Part) -> bool {
    part.phase() != Phase::Cancelled
}

/// A part of which no receipt came in time.
pub(super) fn is_late(part: &Part, now: Time) -> bool {
    part.phase() == Phase::Sent && part.due.known().is_some_and(|it| it <= now)
}

pub(super) fn is_open(part: &Part) -> bool {
    is_live(part) && !part.phase().is_final()
}

/// Whether an attempt used anything up. One that is on a link may still turn out not to have.
pub(super) fn counts(attempt: &Attempt) -> bool {
    attempt.answer.is_some_and(|answer| !spends_nothing(answer, attempt.command_status))
}

/// How many attempts a part has had or has.
pub(super) fn tries(entry: &Entry, part: &Part) -> usize {
    let past = entry.past.iter().filter(|it| it.key == part.key && counts(&it.attempt)).count();
    let now = part.attempt.as_ref().is_some_and(|it| part.phase() == Phase::Intended || counts(it));
    past + usize::from(now)
}

/// Every attempt of every part of a message.
pub(super) fn attempts(entry: &Entry) -> impl Iterator<Item = &Attempt> {
    let current = entry.parts.iter().filter_map(|it| it.attempt.as_ref());
    current.chain(entry.past.iter().map(|it| &it.attempt))
}

/// Every attempt of a part.
pub(super) fn attempts_of(entry: &Entry, key: PartKey) -> impl Iterator<Item = &Attempt> {
    let current = entry.parts.get(usize::from(key.index())).and_then(|it| it.attempt.as_ref());
    let past = entry.past.iter().filter(move |it| it.key == key).map(|it| &it.attempt);
    current.into_iter().chain(past)
}

/// An attempt of a part, by its number.
pub(super) fn attempt_of(entry: &Entry, key: PartKey, number: u8) -> Option<&Attempt> {
    attempts_of(entry, key).find(|it| it.number == number)
}

/// Whether an attempt of a part, other than this one, was taken and has no final receipt yet.
pub(super) fn is_pending(entry: &Entry, key: PartKey, but: Option<u8>) -> bool {
    let taken = |it: &&Attempt| it.answer == Some(Answer::Taken) && Some(it.number) != but;
    let ended = |attempt: &Attempt| attempt.receipt.as_ref().is_some_and(|receipt| receipt.status.is_final());
    attempts_of(entry, key).filter(taken).any(|it| !ended(it))
}

/// Whether a carrier had, or perhaps had, a part of a message before the attempt that runs.
pub(super) fn has_left_before(entry: &Entry) -> bool {
    entry.past.iter().any(|it| matches!(it.attempt.answer, Some(Answer::Taken | Answer::Unknown)))
}

/// Whether nobody knows what became of an attempt of a part.
pub(super) fn is_doubted(entry: &Entry, key: PartKey) -> bool {
    attempts_of(entry, key).any(|it| it.answer == Some(Answer::Unknown))
}

/// The first of the attempts of a part at a carrier, up to this one, since which none there was answered.
pub(super) fn unanswered_since(entry: &Entry, key: PartKey, carrier: CarrierId, number: u8) -> u8 {
    let mut before: Vec<&Attempt> =
        attempts_of(entry, key).filter(|it| it.link.carrier == carrier && it.number < number).collect();
    before.sort_unstable_by_key(|it| std::cmp::Reverse(it.number));
    let unanswered = before.into_iter().take_while(|it| it.answer == Some(Answer::Unknown));
    unanswered.last().map_or(number, |it| it.number)
}
