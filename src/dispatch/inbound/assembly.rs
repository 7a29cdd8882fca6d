//! Parts of messages from handsets that wait for the others.

use crate::carrier::mo::{Mo, PartRef, ReferenceKind};
use crate::message::id::CarrierId;
use crate::message::time::Time;
use crate::record::mo::MoPart;
use std::collections::{BTreeMap, BTreeSet};

/// Parts that wait, all together: some ten megabytes with what is around them. Beyond it the oldest message is
/// told as it is.
const PARTS_MAX: usize = 50_000;
/// Their octets, for parts that are long.
const OCTETS_MAX: usize = 16 << 20;
/// What the parts of one message have in common: carrier, source, destination, kind of reference, reference, total.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key(CarrierId, Box<str>, Box<str>, ReferenceKind, u16, u8);

impl Key {
    pub(crate) fn of(carrier: CarrierId, mo: &Mo, place: &PartRef) -> Self {
        let PartRef { kind, reference, total, .. } = *place;
        Self(carrier, mo.source.clone(), mo.destination.clone(), kind, reference, total)
    }
}

/// A message of which parts are missing.
#[derive(Debug)]
struct Waiting {
    parts: BTreeMap<u8, MoPart>,
    until: Time,
}

/// What became of a part that was put to the others.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Put {
    /// It waits for more.
    Waits,
    /// It is there already.
    Again,
    /// It was the last: all of them, in their order.
    Whole(Vec<MoPart>),
}

/// All messages of which parts are missing, in memory: their number and size are bounded.
#[derive(Debug, Default)]
pub(crate) struct WaitingSet {
    by_key: BTreeMap<Key, Waiting>,
    by_time: BTreeSet<(Time, Key)>,
    parts: usize,
    octets: usize,
}

impl WaitingSet {
    /// How many messages wait.
    pub(crate) fn len(&self) -> usize {
        self.by_key.len()
    }

    /// When the first of them has waited long enough.
    pub(crate) fn next(&self) -> Option<Time> {
        self.by_time.first().map(|(until, _)| *until)
    }

    /// Puts a part to the others of its message, which wait `until` then if it is their first.
    pub(crate) fn put(&mut self, key: Key, place: PartRef, part: MoPart, until: Time) -> Put {
        let octets = size(&part);
        let waiting = self.by_key.entry(key.clone()).or_insert_with(|| {
            self.by_time.insert((until, key.clone()));
            Waiting { parts: BTreeMap::new(), until }
        });
        if waiting.parts.contains_key(&place.index) {
            return Put::Again;
        }
        waiting.parts.insert(place.index, part);
        (self.parts, self.octets) = (self.parts + 1, self.octets + octets);
        if waiting.parts.len() < usize::from(place.total) {
            return Put::Waits;
        }
        self.take(&key).map_or(Put::Again, Put::Whole)
    }

    /// The part that waits at a place.
    pub(crate) fn at(&self, key: &Key, index: u8) -> Option<&MoPart> {
        self.by_key.get(key)?.parts.get(&index)
    }

    /// The parts of a message, as far as they came, in their order.
    pub(crate) fn take(&mut self, key: &Key) -> Option<Vec<MoPart>> {
        let waiting = self.by_key.remove(key)?;
        self.by_time.remove(&(waiting.until, key.clone()));
        let parts: Vec<MoPart> = waiting.parts.into_values().collect();
        self.parts -= parts.len();
        self.octets -= parts.iter().map(size).sum::<usize>();
        Some(parts)
    }

    /// The parts of all messages whose first part is so.
    pub(super) fn take_where(&mut self, is: impl Fn(&MoPart) -> bool) -> Vec<MoPart> {
        let firsts = self.by_key.iter().filter_map(|(key, it)| Some((key, it.parts.values().next()?)));
        let keys: Vec<Key> = firsts.filter(|(_, it)| is(it)).map(|it| it.0.clone()).collect();
        keys.iter().filter_map(|it| self.take(it)).flatten().collect()
    }

    /// The oldest message, if it has waited long enough, or there is no room for it.
    pub(super) fn take_due(&mut self, now: Time) -> Option<Vec<MoPart>> {
        let (until, key) = self.by_time.first()?;
        let full = PARTS_MAX < self.parts || OCTETS_MAX < self.octets;
        let key = (*until <= now || full).then(|| key.clone())?;
        self.take(&key)
    }
}

fn size(part: &MoPart) -> usize {
    part.mo.octets.len() + part.mo.tlvs.wire().len() + part.mo.source.len() + part.mo.destination.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIB: usize = 1_024;

    fn part(number: u64, octets: usize) -> (Key, PartRef, MoPart) {
        let place = PartRef { kind: ReferenceKind::Udh16, reference: number as u16, total: 2, index: 1 };
        let mo = Mo {
            source: format!("{number}").into(),
            destination: "12345".into(),
            octets: vec![0; octets].into(),
            concat: Some(place),
            ..Mo::default()
        };
        let part = MoPart { number, carrier: CarrierId(1), mo, at: Time(number) };
        (Key::of(part.carrier, &part.mo, &place), place, part)
    }

    /// How many messages wait after so many of one part each.
    fn left(count: usize, octets: usize) -> (usize, u64) {
        let (mut set, mut oldest) = (WaitingSet::default(), 0);
        for number in 1..=count as u64 {
            let (key, place, part) = part(number, octets);
            assert_eq!(set.put(key, place, part, Time(1_000_000 + number)), Put::Waits);
            while let Some(parts) = set.take_due(Time(0)) {
                assert_eq!(parts[0].number, oldest + 1, "the oldest goes first");
                oldest = parts[0].number;
            }
        }
        (set.len(), oldest)
    }

    #[test]
    fn parts_wait_in_bounded_numbers_and_octets() {
        assert_eq!(left(PARTS_MAX + 10, 1), (PARTS_MAX, 10));
        let (waiting, oldest) = left(400, 64 * KIB);
        assert!((250..256).contains(&waiting) && oldest as usize == 400 - waiting, "{waiting} {oldest}");
    }

    #[test]
    fn what_was_taken_is_gone_from_every_count() {
        let mut set = WaitingSet::default();
        let (key, place, first) = part(1, KIB);
        let second = MoPart { number: 2, ..first.clone() };
        set.put(key.clone(), place, first.clone(), Time(9));
        assert_eq!(set.put(key.clone(), place, second.clone(), Time(10)), Put::Again);
        assert_eq!((set.len(), set.next()), (1, Some(Time(9))));
        let whole = set.put(key, PartRef { index: 2, ..place }, second.clone(), Time(10));
        assert_eq!(whole, Put::Whole(vec![first, second]));
        assert_eq!((set.len(), set.next(), set.parts, set.octets), (0, None, 0, 0));
    }
}
