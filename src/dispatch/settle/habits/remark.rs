//! What an operator is told of a carrier's habits: once for each, and within bounds, however often it comes.

use crate::message::id::CarrierId;
use crate::message::time::Time;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What was told.
#[derive(Debug, Default)]
pub(crate) struct Remarks {
    words: BTreeSet<(CarrierId, Box<str>)>,
    /// How many receipts would fit under another relation of ids, and when it was told.
    unsure: BTreeMap<CarrierId, (u32, Time)>,
    /// Receipts without a message that were kept, since when.
    unread: BTreeMap<CarrierId, (u32, Time)>,
}

impl Remarks {
    /// More words of state than any carrier has: one that has more writes something else there.
    const WORDS_MAX: usize = 32;

    /// From so many on it is no chance.
    const UNSURE_MIN: u32 = 3;
    /// Until then the same is not told again.
    const UNSURE_EVERY: Duration = Duration::from_secs(3_600);

    /// One more receipt of a carrier would fit if its id were converted. How many there were, if that is to be told.
    pub(crate) fn unsure(&mut self, carrier: CarrierId, now: Time) -> Option<u32> {
        let (count, told) = self.unsure.entry(carrier).or_insert((0, Time::NEVER));
        *count = count.saturating_add(1);
        let is_due = Self::UNSURE_MIN <= *count && told.known().is_none_or(|it| Self::UNSURE_EVERY <= now.since(it));
        is_due.then(|| {
            *told = now;
            std::mem::take(count)
        })
    }

    /// Receipts without a message of one carrier that are kept in a day: enough to see what it means by them.
    const UNREAD_MAX: u32 = 1_000;
    const UNREAD_EVERY: Duration = Duration::from_secs(86_400);

    /// Whether one more receipt without a message is kept.
    pub(super) fn keeps_unread(&mut self, carrier: CarrierId, now: Time) -> bool {
        let (kept, since) = self.unread.entry(carrier).or_insert((0, now));
        if Self::UNREAD_EVERY <= now.since(*since) {
            (*kept, *since) = (0, now);
        }
        let keeps = *kept < Self::UNREAD_MAX;
        *kept += u32::from(keeps);
        keeps
    }

    /// Whether a word of a carrier is to be told of: it was not yet, and there were not too many.
    pub(crate) fn word(&mut self, carrier: CarrierId, word: &str) -> bool {
        let word: Box<str> = word.to_ascii_uppercase().into();
        let of_carrier = (carrier, Box::default())..(CarrierId(carrier.0.saturating_add(1)), Box::default());
        !self.words.contains(&(carrier, word.clone()))
            && self.words.range(of_carrier).count() < Self::WORDS_MAX
            && self.words.insert((carrier, word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_told_of_once_and_so_many_of_a_carrier() {
        let mut remarks = Remarks::default();
        let (one, other) = (CarrierId(1), CarrierId(2));
        let told: Vec<bool> = ["NOCRED", "nocred", "SYSERR"].into_iter().map(|it| remarks.word(one, it)).collect();
        assert_eq!((told, remarks.word(other, "NOCRED")), (vec![true, false, true], true));
        let many = (0..100).filter(|it| remarks.word(one, &format!("W{it}"))).count();
        assert_eq!((many, remarks.word(other, "SYSERR")), (Remarks::WORDS_MAX - 2, true));
    }

    #[test]
    fn so_many_receipts_without_a_message_are_kept_of_a_carrier_in_a_day() {
        let mut remarks = Remarks::default();
        let mut kept = |carrier, day: u64| {
            let at = Time(1_000 + day * 86_400_000);
            (0..2_000).filter(|_| remarks.keeps_unread(CarrierId(carrier), at)).count()
        };
        assert_eq!([(1, 0), (1, 0), (2, 0), (1, 1)].map(|(it, day)| kept(it, day)), [1_000, 0, 1_000, 1_000]);
    }

    #[test]
    fn receipts_that_may_be_converted_are_told_of_from_the_third_on_and_once_an_hour() {
        let mut remarks = Remarks::default();
        let mut at = |seconds: u64| remarks.unsure(CarrierId(1), Time(1_000 + seconds * 1_000));
        assert_eq!([0, 1, 2, 3, 3_601].map(&mut at), [None, None, Some(3), None, None]);
        assert_eq!([3_602, 3_603].map(&mut at), [Some(3), None]);
    }
}
