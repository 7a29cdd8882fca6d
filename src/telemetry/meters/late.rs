//! Metrics that come with their first event.
//!
//! The products of what is configured, carriers by countries by answers, are many, and most of them never happen: kept
//! at 0 they would be most of what is stored and scraped.

use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::sync::{PoisonError, RwLock};

/// The handles of those labels of a metric that have had an event.
pub(super) struct Late<K, T>(RwLock<foldhash::HashMap<K, T>>);

impl<K, T> Default for Late<K, T> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<K: Copy + Eq + Hash, T> Late<K, T> {
    /// Hands out the handle of these labels; it is made if this is their first event.
    pub(super) fn with<R>(&self, labels: K, make: impl FnOnce() -> T, then: impl FnOnce(&T) -> R) -> R {
        if let Some(handle) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&labels) {
            return then(handle);
        }
        match self.0.write().unwrap_or_else(PoisonError::into_inner).entry(labels) {
            Entry::Occupied(it) => then(it.get()),
            Entry::Vacant(it) => then(it.insert(make())),
        }
    }
}
