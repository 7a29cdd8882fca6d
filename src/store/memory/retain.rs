//! What a simulated disk forgets: the same messages in the same steps as the other.

use crate::message::id::{PartKey, Seq};
use crate::message::time::Time;
use crate::record::contract::RETAIN_LOOKS;
use crate::store::memory::image::Image;

impl Image {
    /// Messages from `from` on that are over since before `before`, where to go on, and whether there may be more.
    pub(super) fn ended(&self, before: Time, from: Seq, limit: usize) -> (Vec<Seq>, Seq, bool) {
        let mut found = Vec::new();
        let mut next = from;
        for (looked, (seq, body)) in (1..).zip(self.bodies.range(from..)) {
            if found.len() == limit {
                return (found, *seq, true);
            }
            if before <= body.created {
                return (found, *seq, false);
            }
            next = Seq(seq.0 + 1);
            let mut parts = self.parts.range(PartKey::new(*seq, 0)..PartKey::new(Seq(seq.0 + 1), 0));
            if parts.all(|(_, it)| it.phase().is_final() && it.done_at < before) {
                found.push(*seq);
            }
            if looked == limit.saturating_mul(RETAIN_LOOKS) {
                return (found, next, true);
            }
        }
        (found, next, false)
    }

    pub(super) fn forget_actions(&mut self, before: Time, limit: usize) {
        let newest = self.newest();
        let old = self.actions.values().filter(|it| it.at < before && !newest.contains_key(&it.n));
        for n in old.map(|it| it.n).take(limit).collect::<Vec<_>>() {
            self.actions.remove(&n);
        }
    }

    pub(super) fn forget_keys(&mut self, before: Time, limit: usize) {
        let old = self.idempotency.values().filter(|it| it.at < before);
        let mut old: Vec<_> = old.map(|it| (it.at, it.account, it.key.clone())).collect();
        old.sort_unstable();
        for (_, account, key) in old.into_iter().take(limit) {
            self.idempotency.remove(&(account, key));
        }
    }
}
