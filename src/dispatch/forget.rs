//! Forgets somebody, some of what names him at a time.
//!
//! What of him has not left is taken back; what has left keeps his number until it has ended, for receipts find their
//! message by it and failover needs it. The rest goes at once: here and in the store together, so that nothing that is
//! written later brings him back.

use crate::dispatch::Dispatch;
use crate::dispatch::door::happening::{Forgetting, Recorded, RequestId};
use crate::dispatch::door::reply::ForgottenSome;
use crate::dispatch::tried::attempts_of;
use crate::message::attempt::Attempt;
use crate::message::body::Body;
use crate::message::id::{CarrierId, PartKey, Seq};
use crate::number::e164::E164;
use std::sync::Arc;

impl Dispatch {
    /// Forgets what is named; there may be `more` of his to be named.
    pub(super) fn forget(&mut self, request: RequestId, it: Forgetting, more: bool) {
        let Forgetting { asked, messages, recorded, events, suppressions, rest } = it;
        let mut done = ForgottenSome { under_way: usize::from(more), ..ForgottenSome::default() };
        for seq in messages {
            match self.forget_message(seq, asked.number, recorded) {
                Some(true) => done.messages += 1,
                Some(false) => done.under_way += 1,
                None => {}
            }
        }
        self.beat.out.batch.events_erased.extend(events);
        for suppression in &suppressions {
            self.handsets.opted_out.veil(&mut self.beat, suppression);
        }
        if rest {
            // What of these is his is seen by nobody before they have arrived.
            done.under_way += self.arrivals.begun_before(asked.below);
            done.receipts = self.parked.forget_person(&mut self.beat, (asked.number, asked.at));
            done.parts = self.handsets.forget_person(&mut self.beat, (asked.number, asked.at));
        }
        self.beat.grant(request, done);
    }

    /// Forgets to whom a message went; false while that has to wait, nothing where it went to somebody else.
    fn forget_message(&mut self, seq: Seq, number: E164, recorded: Recorded) -> Option<bool> {
        let is_his = self.set.get(seq).is_some_and(|it| it.entry.body.destination == number);
        if !is_his || self.arrivals.holds(seq) {
            return None;
        }
        if !self.take_back(seq) {
            self.give_up_refused(seq);
        }
        let entry = &self.set.get(seq)?.entry;
        let keys: Vec<PartKey> = entry.parts.iter().map(|it| it.key).collect();
        let recorded = if keys.len() == 1 { recorded.one } else { recorded.several };
        // One that has ended may still be on a link, where its answer is told by the number.
        let is_over = entry.parts.iter().all(|it| it.phase().is_final());
        if !is_over || recorded < entry.done_at() || keys.iter().any(|it| self.set.is_staged(*it)) {
            return Some(false);
        }
        let (before, after) = (entry.body.clone(), Arc::new(entry.body.forgotten()));
        for key in keys {
            self.no_more_doubt(key, number);
            self.bare_receipts(key);
        }
        // One of its parts changed, so that it stays in memory until this is durable.
        let held = self.set.change(PartKey::new(seq, 0))?;
        held.entry.body = after.clone();
        // A reference that is kept is found as before.
        let gone = before.client_ref.clone().filter(|_| after.client_ref.is_none());
        let batch = &mut self.beat.out.batch;
        batch.erased.retain(|it| it.seq() != seq);
        batch.erased.push(after);
        batch.unfound.push(Arc::new(Body { client_ref: gone, ..(*before).clone() }));
        Some(true)
    }

    /// No other part of his is kept from being told apart by attempts that nobody can ask about any more.
    fn no_more_doubt(&mut self, key: PartKey, number: E164) {
        let Some(entry) = self.set.get(key.seq()).map(|it| &it.entry) else { return };
        let all: Vec<(CarrierId, u8)> = attempts_of(entry, key).map(|it| (it.link.carrier, it.number)).collect();
        all.into_iter().for_each(|(carrier, attempt)| self.owed.note_resolved((carrier, number, key, attempt)));
    }

    /// What carriers said of a part beside its outcome may be of whom it went to.
    fn bare_receipts(&mut self, key: PartKey) {
        let says = |it: &Attempt| it.receipt.as_deref().is_some_and(|it| it.bare().is_some());
        let entry = self.set.get(key.seq()).map(|it| &it.entry);
        if !entry.is_some_and(|it| attempts_of(it, key).any(says)) {
            return;
        }
        let Some(held) = self.set.change(key) else { return };
        let bare = |it: &mut Attempt| {
            it.receipt = it.receipt.as_deref().map(|it| it.bare().unwrap_or_else(|| it.clone()).into());
        };
        held.entry.parts[usize::from(key.index())].attempt.iter_mut().for_each(bare);
        let past = held.entry.past.iter_mut().filter(|it| it.key == key);
        let past: Vec<_> = past
            .map(|it| {
                bare(&mut it.attempt);
                it.clone()
            })
            .collect();
        past.into_iter().for_each(|it| self.set.changed_past(it));
    }
}
