//! What is known of many keys, each as long as it is of use.

use crate::message::time::Time;
use std::collections::BTreeMap;
use std::ops::Bound;

/// Keys that are known at most; of more, one goes that was known before.
const KEYS_MAX: usize = 1_000_000;
/// Keys that are looked at for each that is noted.
const LOOKS: usize = 2;

/// What is known of many keys. For each that is noted two others are looked at, and forgotten where nothing asks for
/// them any more; so there are never many more than are of use.
#[derive(Debug)]
pub(super) struct KeptKeys<K, V> {
    all: BTreeMap<K, V>,
    /// Where the next look begins.
    from: Option<K>,
}

impl<K, V> Default for KeptKeys<K, V> {
    fn default() -> Self {
        Self { all: BTreeMap::new(), from: None }
    }
}

impl<K: Ord + Copy, V: Default> KeptKeys<K, V> {
    pub(super) fn get(&self, key: K) -> Option<&V> {
        self.all.get(&key)
    }

    pub(super) fn get_mut(&mut self, key: K) -> Option<&mut V> {
        self.all.get_mut(&key)
    }

    pub(super) fn remove(&mut self, key: K) {
        self.all.remove(&key);
    }

    /// What is known of a key, to be added to. What `is_old` is of no use any more.
    pub(super) fn at(&mut self, key: K, is_old: impl Fn(&V) -> bool) -> &mut V {
        for _ in 0..LOOKS {
            self.look(key, &is_old);
        }
        if KEYS_MAX <= self.all.len()
            && !self.all.contains_key(&key)
            && let Some(other) = self.next()
        {
            self.all.remove(&other);
        }
        self.all.entry(key).or_default()
    }

    fn look(&mut self, but: K, is_old: impl Fn(&V) -> bool) {
        let next = self.next();
        if let Some(key) = next.filter(|it| *it != but)
            && self.all.get(&key).is_some_and(is_old)
        {
            self.all.remove(&key);
        }
        self.from = next;
    }

    /// The key behind the one that was looked at last; behind the last comes the first.
    fn next(&self) -> Option<K> {
        let behind = self.from.and_then(|it| self.all.range((Bound::Excluded(it), Bound::Unbounded)).next());
        behind.or_else(|| self.all.first_key_value()).map(|(key, _)| *key)
    }
}

/// The last of some times, which stand in their order.
pub(super) fn last(times: &[Time]) -> Time {
    times.last().copied().unwrap_or(Time::NEVER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_of_no_use_goes_while_others_come() {
        let mut kept: KeptKeys<u64, u64> = KeptKeys::default();
        for key in 0..10_000_u64 {
            // Of use for a hundred keys.
            *kept.at(key * 7_919 % 10_007, |it| *it + 100 < key) = key;
            assert!(kept.all.len() < 250, "{}", kept.all.len());
        }
        let newest: Vec<u64> = kept.all.values().copied().filter(|it| 9_900 < *it).collect();
        assert_eq!(newest.len(), 99, "and nothing before");
    }
}
