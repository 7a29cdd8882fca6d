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

/// Verifications of somebody that are forgotten in one beat: others wait for it.
const FORGET_MAX: usize = 500;

impl Dispatch {
    /// Ends those whose time is over.
    pub(crate) fn end_verifications<S: Store>(&mut self, dice: Dice<'_>, store: &mut S) -> Result<(), Poisoned> {
        let over = self.verifications.over(self.beat.now, store)?;
        self.bring(over.iter().flat_map(|it| it.messages.iter().map(|it| it.seq)), store)?;
        for it in over {
            self.end_verification(it, VerificationEnd::Expire, dice, store)?;
        }
        Ok(())
    }

    /// Ends those of whose code nothing has left and nothing is on its way any more: what was their last message has
    /// ended in this beat.
    pub(crate) fn fail_verifications<S: Store>(&mut self, dice: Dice<'_>, store: &mut S) -> Result<(), Poisoned> {
        let ended = |seq: Seq| {
            let entry = self.set.get(seq).map(|it| &it.entry)?;
            entry.body.extras.as_ref()?.verification.filter(|_| has_reached_nobody(entry))
        };
        let over: Vec<u64> = self.beat.out.changes.iter().filter_map(|it| ended(it.seq)).collect();
        for n in over {
            let Some(it) = self.verifications.numbered(n, store)? else { continue };
            self.bring(it.messages.iter().map(|it| it.seq), store)?;
            let entry = |it: &MessageId| self.set.get(it.seq).map(|it| &it.entry);
            let in_vain = it.messages.iter().all(|it| entry(it).is_none_or(has_reached_nobody));
            if in_vain && !self.offers(&it) {
                let is_live = it.progress.is_live(self.beat.now);
                let end = if is_live { VerificationEnd::Fail } else { VerificationEnd::Expire };
                self.end_verification(it, end, dice, store)?;
            }
        }
        Ok(())
    }

    /// Somebody is forgotten: his verifications end, and name nobody. Whether there may be more.
    pub(crate) fn forget_verifications<S: Store>(
        &mut self,
        (number, until): (E164, Time),
        dice: Dice<'_>,
        store: &mut S,
    ) -> Result<bool, Poisoned> {
        let all = self.verifications.of_number(number, (until, FORGET_MAX), store)?;
        let more = FORGET_MAX <= all.len();
        self.guards.forget(number);
        for mut it in all.into_iter().filter(|it| it.to == number) {
            // First, so that what is told of its end names nobody.
            (it.to, it.client_ref, it.words) = (E164::FORGOTTEN, None, BTreeMap::new());
            it.sends.iter_mut().for_each(|it| it.address = None);
            self.verifications.put(it.clone());
            self.end_verification(it, VerificationEnd::Cancel, dice, store)?;
        }
        Ok(more)
    }

    /// Ends one, if it is pending; whether it was.
    pub(super) fn end_verification<S: Store>(
        &mut self,
        mut it: Verification,
        end: VerificationEnd,
        dice: Dice<'_>,
        store: &mut S,
    ) -> Result<Option<Verification>, Poisoned> {
        if !it.progress.end(end, self.beat.now) {
            return Ok(None);
        }
        self.over(&mut it, dice, store)?;
        self.verifications.put(it.clone());
        Ok(Some(it))
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
        self.bring(it.messages.iter().map(|it| it.seq), store)?;
        let carrying = self.converting(&it.messages).map(|it| it.seq);
        let carrier = carrying.and_then(|it| self.credited(it));
        match (carrying, it.progress.status()) {
            (Some(seq), VerificationStatus::Approved) => self.note_outcome(seq, true),
            (Some(seq), VerificationStatus::Expired) => self.note_outcome(seq, false),
            _ => {}
        }
        self.end_of_code(&it.messages, store)?;
        let reached = |it: &MessageId| self.set.get(it.seq).is_some_and(|it| !has_reached_nobody(&it.entry));
        let left = it.messages.iter().any(reached);
        self.note_end(it, left);
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
            channel: it.channel.word(),
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
        self.bring(messages.iter().map(|it| it.seq), store)?;
        for it in messages {
            if !self.take_back(it.seq) {
                self.give_up_refused(it.seq);
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
}

/// Whether a message has ended, and nobody can have its code: no carrier took it, and none was perhaps given it.
fn has_reached_nobody(it: &Entry) -> bool {
    let is_doubted = it.parts.iter().any(|part| tried::is_doubted(it, part.key));
    it.done_at().known().is_some() && it.sent_at().known().is_none() && !is_doubted
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
