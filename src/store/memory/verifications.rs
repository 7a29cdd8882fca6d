//! What a simulated disk has of verifications.

use crate::message::id::{AccountId, AppId};
use crate::message::time::Time;
use crate::number::e164::E164;
use crate::record::verification::{Converted, Verification};
use crate::store::memory::image::Image;
use crate::verify::progress::VerificationStatus;

impl Image {
    pub(super) fn latest_verification(&self, of: (AccountId, AppId), to: E164) -> Option<Verification> {
        let mine = |it: &&Verification| (it.account, it.app) == of && it.to == to;
        self.verifications.values().rev().find(mine).cloned()
    }

    pub(super) fn verifications_of(&self, to: E164, until: Time, limit: usize) -> Vec<Verification> {
        self.verifications.values().filter(|it| it.to == to && it.created <= until).take(limit).cloned().collect()
    }

    pub(super) fn verifications_before(&self, n: u64, limit: usize) -> Vec<Verification> {
        self.verifications.range(..n).rev().map(|it| it.1).take(limit).cloned().collect()
    }

    pub(super) fn was_verified(&self, to: E164, since: Time) -> bool {
        self.verifications.values().any(|it| it.to == to && it.shows_owner() && since <= it.progress.ended())
    }

    pub(super) fn converted(&self) -> Vec<Converted> {
        self.converted
            .iter()
            .map(|((app, country), count)| Converted { app: *app, country: *country, count: *count })
            .collect()
    }

    pub(super) fn verifications_over(&self, now: Time, limit: usize) -> Vec<Verification> {
        let mut over: Vec<_> = self.pending().filter(|it| it.progress.expires() <= now).cloned().collect();
        over.sort_by_key(|it| it.progress.expires());
        over.truncate(limit);
        over
    }

    pub(super) fn next_verification_over(&self, now: Time) -> Option<Time> {
        self.pending().map(|it| it.progress.expires()).filter(|it| now < *it).min()
    }

    pub(super) fn forget_verifications(&mut self, before: Time, limit: usize) {
        let old = self.verifications.values().take_while(|it| it.created < before).take(limit);
        for n in old.map(|it| it.id.n).collect::<Vec<_>>() {
            self.verifications.remove(&n);
        }
    }

    fn pending(&self) -> impl Iterator<Item = &Verification> {
        self.verifications.values().filter(|it| it.progress.status() == VerificationStatus::Pending)
    }
}
