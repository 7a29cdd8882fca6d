//! Verifications end: by time, or because nobody could be given a code; and what is told of an end.

use crate::dispatch::beat::Addressee;
use crate::dispatch::door::fact::Fact;
use crate::dispatch::{Dice, Dispatch, tried};
use crate::message::id::{MessageId, Seq};
use crate::message::status::Status;
use crate::message::time::Time;
use crate::number::e164::E164;
use crate::record::contract::{Poisoned, Store};
use crate::record::entry::Entry;
use crate::record::event::EventKind;
use crate::record::verification::Verification;
use crate::verify::progress::{VerificationEnd, VerificationStatus};
use serde::Serialize;
use std::collections::BTreeMap;

/// Verifications of one number at most: those who forget him take as many at once.
const OF_NUMBER_MAX: usize = 10_000;

impl Dispatch {
    /// Ends those whose time is over.
    pub(crate) fn end_verifications<S: Store>(&mut self, dice: Dice<'_>, store: &mut S) -> Result<(), Poisoned> {
        for mut it in self.verifications.over(self.beat.now, store)? {
            if it.progress.end(VerificationEnd::Expire, self.beat.now) {
                self.over(&mut it, dice, store)?;
                self.verifications.put(it);
            }
        }
        Ok(())
    }

    /// Ends those of whose code nothing has left and nothing is on its way any more: what was their last message has
    /// ended in this beat.
    pub(crate) fn fail_verifications<S: Store>(&mut self, dice: Dice<'_>, store: &mut S) -> Result<(), Poisoned> {
        let ended = |seq: &Seq| {
            let entry = self.set.get(*seq).map(|it| &it.entry)?;
            let n = entry.body.extras.as_ref()?.verification?;
            (entry.done_at().known().is_some() && entry.sent_at().known().is_none()).then_some(n)
        };
        let over: Vec<u64> = self.beat.out.changes.iter().map(|it| it.seq).filter_map(|it| ended(&it)).collect();
        for n in over {
            let Some(mut it) = self.verifications.numbered(n, store)? else { continue };
            self.bring(&it.messages, store)?;
            let dead = |it: &MessageId| {
                let entry = self.set.get(it.seq).map(|it| &it.entry);
                // What was perhaps written may be in somebody's hands.
                let is_doubted = |it: &Entry| it.parts.iter().any(|part| tried::is_doubted(it, part.key));
                let is_over = |it: &Entry| it.done_at().known().is_some() && it.sent_at().known().is_none();
                entry.is_none_or(|it| is_over(it) && !is_doubted(it))
            };
            if it.messages.iter().all(dead) && it.progress.end(VerificationEnd::Fail, self.beat.now) {
                self.over(&mut it, dice, store)?;
                self.verifications.put(it);
            }
        }
        Ok(())
    }

    /// Somebody is forgotten: his verifications end, and name nobody.
    pub(crate) fn forget_verifications<S: Store>(
        &mut self,
        (number, before): (E164, Time),
        dice: Dice<'_>,
        store: &mut S,
    ) -> Result<(), Poisoned> {
        for mut it in self.verifications.of_number(number, OF_NUMBER_MAX, store)? {
            if before < it.created {
                continue;
            }
            // First, so that what is told of its end names nobody.
            (it.to, it.client_ref, it.words) = (E164::FORGOTTEN, None, BTreeMap::new());
            if it.progress.end(VerificationEnd::Cancel, self.beat.now) {
                self.over(&mut it, dice, store)?;
            }
            self.verifications.put(it);
        }
        Ok(())
    }

    /// It has ended, if it has: what is on its way is of no use to anybody, and the account is told.
    pub(super) fn over<S: Store>(
        &mut self,
        it: &mut Verification,
        dice: Dice<'_>,
        store: &mut S,
    ) -> Result<(), Poisoned> {
        if it.progress.is_pending() {
            return Ok(());
        }
        self.bring(&it.messages, store)?;
        let carrying = self.converting(&it.messages).map(|it| it.seq);
        let carrier = carrying.and_then(|it| self.credited(it));
        match (carrying, it.progress.status()) {
            (Some(seq), VerificationStatus::Approved) => self.note_outcome(seq, true),
            (Some(seq), VerificationStatus::Expired) => self.note_outcome(seq, false),
            _ => {}
        }
        self.end_of_code(&it.messages, store)?;
        let (status, took) = (it.progress.status(), it.progress.ended().since(it.created));
        if !it.is_test {
            let country = self.beat.plan.country(it.to);
            self.beat.tell(Fact::Verified { app: it.app, carrier, country, status, took });
        }
        let data = Data {
            id: self.beat.veil.verification(it.id).to_string(),
            app: self.beat.plan.app_name(it.app).map(str::to_owned),
            to: it.to.to_string(),
            status: status.word(),
            channel: "sms",
            client_ref: it.client_ref.as_deref(),
            test: it.is_test,
            sends: it.messages.len(),
            seconds: took.as_millis() as f64 / 1_000.0,
            carrier: carrier
                .filter(|_| status == VerificationStatus::Approved)
                .and_then(|it| self.beat.plan.carrier_name(it)),
            created_at: self.beat.shown(it.created).to_string(),
            ended_at: self.beat.shown(it.progress.ended()).to_string(),
        };
        let data = serde_json::to_string(&data).expect("texts and numbers are JSON");
        let id = self.beat.event_id(dice);
        self.beat.write_event(id, kind(status), Addressee::of(Some(it.account)), data);
        // What was said beside the code is nobody's business any more.
        it.words.clear();
        Ok(())
    }

    /// No code of these messages is of use any more: what has not left does not, and what has is tried nowhere else.
    pub(super) fn end_of_code<S: Store>(&mut self, messages: &[MessageId], store: &mut S) -> Result<(), Poisoned> {
        self.bring(messages, store)?;
        for it in messages {
            if !self.take_back(it.seq) {
                self.end_tries(it.seq);
            }
        }
        Ok(())
    }

    /// By which of its messages the code came, as far as one can tell: of those that were delivered the last, else the
    /// last that left.
    pub(super) fn converting(&self, messages: &[MessageId]) -> Option<MessageId> {
        let delivered = |it: &&MessageId| self.set.get(it.seq).is_some_and(|it| it.entry.status() == Status::Delivered);
        let left = |it: &&MessageId| self.set.get(it.seq).is_some_and(|it| it.entry.sent_at().known().is_some());
        messages.iter().rev().find(delivered).or_else(|| messages.iter().rev().find(left)).copied()
    }

    /// Brings messages into memory.
    pub(super) fn bring<S: Store>(&mut self, messages: &[MessageId], store: &mut S) -> Result<(), Poisoned> {
        let seqs: Vec<Seq> = messages.iter().map(|it| it.seq).filter(|it| !self.set.holds(*it)).collect();
        if !seqs.is_empty() {
            store.load(&seqs)?.into_iter().for_each(|it| self.set.admit(it));
        }
        Ok(())
    }
}

/// The event of an end.
fn kind(status: VerificationStatus) -> EventKind {
    match status {
        VerificationStatus::Approved => EventKind::VerificationApproved,
        VerificationStatus::Canceled => EventKind::VerificationCanceled,
        VerificationStatus::Expired | VerificationStatus::Pending => EventKind::VerificationExpired,
        VerificationStatus::MaxAttemptsReached => EventKind::VerificationMaxAttemptsReached,
        VerificationStatus::Failed => EventKind::VerificationFailed,
    }
}

/// The particulars of an end.
#[derive(Serialize)]
struct Data<'a> {
    id: String,
    app: Option<String>,
    to: String,
    status: &'static str,
    channel: &'static str,
    client_ref: Option<&'a str>,
    test: bool,
    sends: usize,
    seconds: f64,
    carrier: Option<&'a str>,
    created_at: String,
    ended_at: String,
}
