//! Verifications: of random numbers, apps and ends, and asked for in every way.

use crate::guard::guards::CodeSend;
use crate::guard::prefix::PersonAddress;
use crate::message::channel::Channel;
use crate::message::hidden::{CodeAlphabet, CodeForm, KeyId, Seed};
use crate::message::id::{AccountId, AppId, MessageId, Seq, VerificationId};
use crate::message::time::Time;
use crate::number::e164::E164;
use crate::record::batch::Batch;
use crate::record::contract::{Poisoned, Store};
use crate::record::verification::{Converted, Verification};
use crate::store::tests::model::Model;
use crate::store::tests::script::Script;
use crate::verify::progress::{VerificationState, VerificationStatus};
use std::collections::BTreeMap;

impl Script {
    /// Some begin, and some of those that are there change.
    pub(super) fn verify(&mut self, model: &Model, batch: &mut Batch) {
        for _ in 0..self.below(3) {
            let n = batch.marks.next_event;
            batch.marks.next_event += 1;
            let it = self.verification(n);
            batch.verifications.push(it);
        }
        if self.one_in(2) {
            let (app, country) = (AppId(self.below(2) as u16 + 1), *b"NL");
            batch.converted.push(Converted { app, country, count: self.below(9) as u32 });
        }
        if let Some(old) = model.verifications.values().next_back().filter(|_| self.one_in(2)) {
            let id = old.id;
            batch.verifications.push(Verification { id, ..self.verification(id.n) });
        }
    }

    fn verification(&mut self, n: u64) -> Verification {
        let id = VerificationId { n, token: self.chance() };
        let expires = Time(self.now.0 + self.below(700_000));
        let status =
            if self.one_in(2) { VerificationStatus::Pending } else { VerificationStatus::ALL[self.below(6) as usize] };
        let message = |it: &mut Self| MessageId { seq: Seq(it.below(100)), token: it.chance() };
        let send = |it: &mut Self| {
            let address = it.one_in(2).then(|| PersonAddress(it.chance().into()));
            CodeSend { at: it.now, address, channel: Channel::ALL[n as usize % 4] }
        };
        Verification {
            id,
            account: AccountId(self.below(2) as u16 + 1),
            app: AppId(self.below(2) as u16 + 1),
            to: E164(31_612_345_670 + self.below(3)),
            progress: VerificationState::of_record(status, (self.below(5) as u8, 5), expires, self.now),
            seed: self.seed(id),
            is_test: self.one_in(2),
            is_sandbox: self.one_in(3),
            created: self.now,
            sent: self.now,
            sends: (0..self.below(2)).map(|_| send(self)).collect(),
            channel: Channel::ALL[n as usize % 4],
            offered: n.is_multiple_of(3).then_some(Channel::Voice),
            messages: (0..self.below(3)).map(|_| message(self)).collect(),
            client_ref: self.one_in(2).then(|| "λ".into()),
            language: "en".into(),
            words: if self.one_in(2) { BTreeMap::new() } else { [("a".into(), "b".into())].into() },
        }
    }

    fn seed(&mut self, verification: VerificationId) -> Seed {
        Seed {
            verification,
            generation: self.below(3) as u8,
            key: KeyId(self.below(9) as u32 + 1),
            nonce: [self.chance() as u8; 16],
            form: CodeForm::new(4 + self.below(7) as u8, CodeAlphabet::ALL[self.below(2) as usize]).expect("a form"),
            locked: self.one_in(3).then(|| [1, 2, 3].into()),
        }
    }
}

/// The store answers every question about verifications as the model does.
pub(super) fn agree(store: &mut impl Store, model: &Model, script: &mut Script) -> Result<(), Poisoned> {
    for n in model.verifications.keys().rev().take(8).copied().chain([0]) {
        assert_eq!(store.verification(n)?.as_ref(), model.verifications.get(&n));
    }
    let newest = || model.verifications.values().rev();
    for to in (0..4).map(|it| E164(31_612_345_670 + it)) {
        for (account, app) in [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1)].map(|it| (AccountId(it.0), AppId(it.1))) {
            let latest = newest().find(|it| (it.account, it.app, it.to) == (account, app, to));
            assert_eq!(store.latest_verification((account, app), to)?.as_ref(), latest);
        }
        let (limit, until) = (1 + script.below(5) as usize, Time(script.now.0 - script.below(600_000)));
        let first = model.verifications.values().filter(|it| it.to == to && it.created <= until).take(limit);
        assert_eq!(store.verifications_of(to, until, limit)?, first.cloned().collect::<Vec<_>>());
    }
    let (n, since) = (script.below(200), Time(script.now.0 - script.below(600_000)));
    let before = newest().filter(|it| it.id.n < n).take(7).cloned().collect::<Vec<_>>();
    assert_eq!(store.verifications_before(n, 7)?, before);
    for to in (0..4).map(|it| E164(31_612_345_670 + it)) {
        let found = newest().any(|it| it.to == to && it.shows_owner() && since <= it.progress.ended());
        assert_eq!(store.was_verified(to, since)?, found);
    }
    let now = Time(script.now.0 + script.below(600_000));
    let pending = || model.verifications.values().filter(|it| it.progress.is_pending()).map(|it| it.progress.expires());
    assert_eq!(store.next_verification_over(now)?, pending().filter(|it| now < *it).min());
    let over = store.verifications_over(now, 1_000)?;
    assert!(over.is_sorted_by_key(|it| it.progress.expires()));
    assert_eq!(over.len(), pending().filter(|it| *it <= now).count());
    assert!(over.iter().all(|it| it.progress.is_pending() && model.verifications.get(&it.id.n) == Some(it)));
    assert_eq!(store.verifications_over(now, 2)?.len(), over.len().min(2));
    Ok(())
}
