//! The verifications of a beat, and when the next one ends.

use crate::message::id::{AccountId, AppId, VerificationId};
use crate::message::time::Time;
use crate::number::e164::E164;
use crate::record::contract::{Poisoned, Store};
use crate::record::verification::Verification;
use std::collections::BTreeMap;

/// Verifications that end in one beat at most: others wait for it.
const OVER_MAX: usize = 500;

/// The verifications that this beat has changed, and when the next one of all ends.
#[derive(Debug)]
pub(crate) struct Verifications {
    changed: BTreeMap<u64, Verification>,
    /// When the next pending one ends; never where none is known of.
    over: Time,
    /// Whether the guards know what was before the start.
    pub(super) recalled: bool,
}

impl Default for Verifications {
    /// Those of before may have ended at once.
    fn default() -> Self {
        Self { changed: BTreeMap::new(), over: Time(1), recalled: false }
    }
}

impl Verifications {
    /// When the next one ends.
    pub(crate) fn next(&self) -> Option<Time> {
        self.over.known()
    }

    /// The one of an id, if it is this account's.
    pub(super) fn of<S: Store>(
        &self,
        account: AccountId,
        id: VerificationId,
        store: &mut S,
    ) -> Result<Option<Verification>, Poisoned> {
        let found = match self.changed.get(&id.n) {
            Some(it) => Some(it.clone()),
            None => store.verification(id.n)?,
        };
        Ok(found.filter(|it| it.id == id && it.account == account))
    }

    /// The one of this number in records.
    pub(super) fn numbered<S: Store>(&self, n: u64, store: &mut S) -> Result<Option<Verification>, Poisoned> {
        self.changed.get(&n).map_or_else(|| store.verification(n), |it| Ok(Some(it.clone())))
    }

    /// The newest of an account and an app for a number.
    pub(super) fn latest<S: Store>(
        &self,
        of: (AccountId, AppId),
        to: E164,
        store: &mut S,
    ) -> Result<Option<Verification>, Poisoned> {
        let mine = |it: &&Verification| (it.account, it.app, it.to) == (of.0, of.1, to);
        // What this beat has changed is as it has it, which may be nobody's by now.
        let stored = store.latest_verification(of, to)?.filter(|it| !self.changed.contains_key(&it.id.n));
        let here = self.changed.values().rev().find(mine).cloned();
        Ok(here.into_iter().chain(stored).max_by_key(|it| it.id.n))
    }

    /// Of a number all of this beat, and of before the first `limit`, that were begun until then; among them those that
    /// this beat has made nobody's.
    pub(super) fn of_number<S: Store>(
        &self,
        to: E164,
        (until, limit): (Time, usize),
        store: &mut S,
    ) -> Result<Vec<Verification>, Poisoned> {
        let mut all = store.verifications_of(to, until, limit)?;
        for it in &mut all {
            if let Some(changed) = self.changed.get(&it.id.n) {
                it.clone_from(changed);
            }
        }
        let known: Vec<u64> = all.iter().map(|it| it.id.n).collect();
        all.extend(
            self.changed.values().filter(|it| it.to == to && it.created <= until && !known.contains(&it.id.n)).cloned(),
        );
        Ok(all)
    }

    /// Those whose end has come, and when the next one ends after them.
    pub(super) fn over<S: Store>(&mut self, now: Time, store: &mut S) -> Result<Vec<Verification>, Poisoned> {
        if self.over.known().is_none_or(|it| now < it) {
            return Ok(Vec::new());
        }
        let over = store.verifications_over(now, OVER_MAX)?;
        self.over = if over.len() < OVER_MAX { store.next_verification_over(now)?.unwrap_or(Time::NEVER) } else { now };
        Ok(over)
    }

    /// It is so from now on.
    pub(super) fn put(&mut self, it: Verification) {
        if it.progress.is_pending() {
            let ends = it.progress.expires();
            self.over = if self.over == Time::NEVER { ends } else { self.over.min(ends) };
        }
        self.changed.insert(it.id.n, it);
    }

    /// Those that this beat has changed.
    pub(super) fn changed(&self) -> impl Iterator<Item = &Verification> {
        self.changed.values()
    }

    /// Whether this beat has changed one.
    pub(super) fn has_changed(&self, id: VerificationId) -> bool {
        self.changed.contains_key(&id.n)
    }

    /// What this beat has to make durable of them.
    pub(crate) fn settle(&mut self, batch: &mut Vec<Verification>) {
        batch.extend(std::mem::take(&mut self.changed).into_values());
    }
}
