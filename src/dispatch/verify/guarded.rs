//! Guards stand before a code is sent and before a guess is looked at.
//!
//! They are asked in the order of requests, one after the other, and what is sent is noted in the same beat: of a
//! thousand that come at once each sees those before it.

use crate::dispatch::Dispatch;
use crate::dispatch::door::fact::Fact;
use crate::dispatch::door::happening::{Predict, RequestId};
use crate::dispatch::door::reply::{Denial, Predicted};
use crate::dispatch::verify::history::{GuardedEvent, GuardedKind, wish};
use crate::guard::guards::{Asker, Judgement, Notice, Objection, Outcome, Wish, letters};
use crate::guard::policy::{GuardKind, GuardMode};
use crate::message::channel::Channel;
use crate::message::id::AppId;
use crate::message::time::Time;
use crate::number::e164::E164;
use crate::number::line::LineType;
use crate::record::contract::{Poisoned, Store, VERIFICATION_AGE};
use crate::record::verification::{Converted, Verification};
use crate::verify::progress::VerificationStatus;
use std::sync::Arc;
use std::time::Duration;

/// Whoever was verified since so long is known.
pub const KNOWN: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// Verifications that are read at once at a start.
const PAGE: usize = 1_000;

impl Dispatch {
    /// What the guards say to another send of a verification.
    pub(super) fn admit_send<S: Store>(
        &mut self,
        it: &Verification,
        by: Asker,
        store: &mut S,
    ) -> Result<Result<(), Denial>, Poisoned> {
        if !it.is_guarded() {
            return Ok(Ok(()));
        }
        let judgement = self.ask_guards(&self.wish(it, by), store)?;
        for objection in judgement.shadowed {
            self.beat.tell(Fact::Guarded { guard: objection.guard, mode: GuardMode::Shadow });
        }
        let of = (it.app, by.line);
        Ok(judgement.refused.map_or(Ok(()), |it| Err(self.guarded(of, it))))
    }

    /// What the guards would say to a code; nothing counts.
    pub(crate) fn predict<S: Store>(
        &mut self,
        request: RequestId,
        Predict { app, channel, to, by, is_free }: Predict,
        store: &mut S,
    ) -> Result<(), Poisoned> {
        let wish = self.wish_of((app, channel, to, by), self.beat.now);
        let judgement = if is_free { Judgement::default() } else { self.ask_guards(&wish, store)? };
        let shown = |it: Objection| Objection { until: self.beat.shown(it.until), ..it };
        let refused = judgement.refused.map(shown);
        let shadowed = judgement.shadowed.iter().map(|it| it.guard).collect();
        let mut channels = Vec::new();
        for way in self.beat.plan.apps.get(&app).map_or(&[][..], |it| &it.ways) {
            let wish = self.wish_of((app, way.channel, to, by), self.beat.now);
            let goes = match way.channel == channel {
                true => refused.is_none(),
                false => is_free || self.ask_guards(&wish, store)?.refused.is_none(),
            };
            if goes {
                channels.push(way.channel);
            }
        }
        self.beat.grant(request, Predicted { refused, shadowed, channels });
        Ok(())
    }

    fn ask_guards<S: Store>(&self, wish: &Wish<'_>, store: &mut S) -> Result<Judgement, Poisoned> {
        let since = self.beat.now.0.saturating_sub(KNOWN.as_millis() as u64);
        let mut is_known = || store.was_verified(wish.to, Time(since.max(1)));
        self.guards.judge(&self.beat.plan.guard, wish, &mut is_known)
    }

    /// A code was sent: the guards see it from now on.
    pub(super) fn note_send(&mut self, it: &Verification, by: Asker) {
        if !it.is_guarded() {
            return;
        }
        let plan = Arc::clone(&self.beat.plan);
        let wish = self.wish(it, by);
        let notices = self.guards.sent(&plan.guard, &wish);
        self.notice(notices);
    }

    /// What the guards say to a guess.
    pub(super) fn admit_guess(&mut self, it: &Verification) -> Result<(), Denial> {
        let plan = Arc::clone(&self.beat.plan);
        let guard = GuardKind::WrongGuesses;
        match self.guards.may_guess(&plan.guard, it.to, self.beat.now) {
            _ if !it.is_guarded() => Ok(()),
            Some(_) if plan.guard.mode(guard) == GuardMode::Shadow => {
                self.beat.tell(Fact::Guarded { guard, mode: GuardMode::Shadow });
                Ok(())
            }
            Some(until) => Err(self.guarded((it.app, LineType::Other), Objection { guard, until })),
            None => Ok(()),
        }
    }

    /// A guess was wrong.
    pub(super) fn note_wrong(&mut self, it: &Verification) {
        let plan = Arc::clone(&self.beat.plan);
        if it.is_guarded() {
            self.guards.guessed_wrong(&plan.guard, it.to, self.beat.now);
        }
    }

    /// A verification has ended, of which some message left, or none.
    pub(super) fn note_end(&mut self, it: &Verification, left: bool) {
        if !it.is_guarded() || !it.to.is_known() {
            return;
        }
        let plan = Arc::clone(&self.beat.plan);
        let (at, to, created) = (self.beat.now, it.to, it.created);
        let (approved, chosen) = (it.progress.status() == VerificationStatus::Approved, it.is_chosen());
        let elsewhere = it.is_elsewhere();
        let outcome = Outcome { at, to, created, sends: &it.sends, approved, chosen, elsewhere, left };
        let notices = self.guards.ended(&plan.guard, outcome);
        self.notice(notices);
        for send in it.sends.iter().filter(|_| !left) {
            let cost = plan.apps.get(&it.app).and_then(|app| plan.dearest(app.way(send.channel)?.route, to));
            if let Some(cost) = cost {
                self.guards.give_back(cost, send.at);
            }
        }
        let country = plan.country(it.to);
        if it.progress.status() == VerificationStatus::Approved
            && !elsewhere
            && let Some(count) = self.guards.convert(it.app, country)
        {
            let country = letters(country);
            self.beat.out.batch.converted.retain(|other| (other.app, other.country) != (it.app, country));
            self.beat.out.batch.converted.push(Converted { app: it.app, country, count });
        }
    }

    /// The guards see what they have not: what of the last day is stored, and what this beat has done. Once at a start,
    /// when there is an app, and again where they are to look at it otherwise.
    pub(crate) fn recall_guards<S: Store>(&mut self, store: &mut S) -> Result<(), Poisoned> {
        if self.verifications.recalled || self.beat.plan.apps.is_empty() {
            return Ok(());
        }
        self.verifications.recalled = true;
        let now = self.beat.now;
        let mut seen = Vec::new();
        let mut from = u64::MAX;
        loop {
            let page = store.verifications_before(from, PAGE)?;
            let is_recent = |it: &Verification| now < it.created + VERIFICATION_AGE;
            page.iter().for_each(|it| self.take_offered(it));
            let counts = |it: &&Verification| is_recent(it) && !self.verifications.has_changed(it.id);
            seen.extend(page.iter().filter(counts).flat_map(GuardedEvent::of));
            match page.last().filter(|it| is_recent(it)) {
                Some(last) if PAGE <= page.len() => from = last.id.n,
                _ => break,
            }
        }
        seen.extend(self.verifications.changed().flat_map(GuardedEvent::of));
        // What one of them ended made way for the next.
        seen.sort_by_key(|it| (it.at, it.of));
        let plan = Arc::clone(&self.beat.plan);
        for it in seen {
            match &it.what {
                GuardedKind::Sent(send) => {
                    let by = Asker { address: send.address, line: LineType::Other };
                    let wish = self.wish_of((it.app, send.channel, it.to, by), it.at);
                    _ = self.guards.sent(&plan.guard, &wish);
                }
                GuardedKind::Wrong => self.guards.guessed_wrong(&plan.guard, it.to, it.at),
                GuardedKind::Ended { .. } => _ = it.outcome().map(|it| self.guards.ended(&plan.guard, it)),
            }
        }
        Ok(())
    }

    /// The guards are to look at everything anew, for they are others, or there are some only now.
    pub(crate) fn look_anew(&mut self) {
        self.guards.clear();
        self.verifications.recalled = false;
    }

    fn wish(&self, it: &Verification, by: Asker) -> Wish<'static> {
        self.wish_of((it.app, it.channel, it.to, by), self.beat.now)
    }

    fn wish_of(&self, (app, channel, to, by): (AppId, Channel, E164, Asker), at: Time) -> Wish<'static> {
        wish(&self.beat.plan, (app, channel, to, by), (at, self.operated.lets_through(to)))
    }

    /// The denial for what a guard says, which is counted.
    fn guarded(&mut self, (app, line): (AppId, LineType), Objection { guard, until }: Objection) -> Denial {
        self.beat.tell(Fact::Guarded { guard, mode: GuardMode::Enforce });
        let wait = until.known().map(|it| it.since(self.beat.now));
        let ways = self.beat.plan.apps.get(&app).into_iter().flat_map(|it| &it.ways);
        let channels = ways.map(|it| it.channel).filter(|it| !guard.withholds(*it, line)).collect();
        Denial::Guarded { guard, until: self.beat.shown(until), wait, channels }
    }

    fn notice(&mut self, notices: impl IntoIterator<Item = Notice>) {
        notices.into_iter().for_each(|it| self.beat.tell(Fact::Noticed(it)));
    }
}
