//! A verification begins, or its code is sent again.
//!
//! Of an account, an app and a number one lives at a time: whoever asks for another meanwhile is given that one, and
//! its code goes out again once `resend_after` is over. So two taps on a button are one SMS, and a code that is late is
//! good.

use crate::dispatch::door::happening::{Keyed, RequestId, Submission, Verify};
use crate::dispatch::door::reply::{Denial, Started, Verifying};
use crate::dispatch::{Dice, Dispatch};
use crate::guard::guards::{Asker, CodeSend};
use crate::message::extras::Extras;
use crate::message::hidden::{CodeForm, Hidden, Seed};
use crate::message::id::{OrderId, VerificationId};
use crate::message::time::Time;
use crate::record::batch::Idempotency;
use crate::record::contract::{Poisoned, Store};
use crate::record::verification::Verification;
use crate::verify::app::{App, Resend, SENDS_MAX};
use crate::verify::code::Code;
use crate::verify::progress::{VerificationEnd, VerificationState, VerificationStatus};
use std::sync::Arc;
use std::time::Duration;

/// What a code has to live at least when it is sent: less, and nobody can read it and type it.
const LEFT_MIN: Duration = Duration::from_secs(15);

impl Dispatch {
    pub(crate) fn verify<S: Store>(
        &mut self,
        request: RequestId,
        asked: Verify,
        dice: Dice<'_>,
        store: &mut S,
    ) -> Result<(), Poisoned> {
        let reply = if self.beat.draining { Err(Denial::Draining) } else { self.verify_or_not(asked, dice, store)? };
        self.beat.reply(request, reply);
        Ok(())
    }

    fn verify_or_not<S: Store>(
        &mut self,
        asked: Verify,
        dice: Dice<'_>,
        store: &mut S,
    ) -> Result<Result<Verifying, Denial>, Poisoned> {
        let plan = Arc::clone(&self.beat.plan);
        let Some(app) = plan.apps.get(&asked.app) else { return Ok(Err(Denial::NotFound)) };
        match self.beat.before(asked.account, asked.idempotency.as_ref(), store)? {
            Some(Ok(n)) => {
                let before = self.verifications.numbered(n, store)?.filter(|it| it.account == asked.account);
                let repeated = |it| Verifying { started: Started::Repeated, verification: Box::new(it) };
                return Ok(before.map(repeated).ok_or(Denial::KeyReused));
            }
            Some(Err(reused)) => return Ok(Err(reused)),
            None => (),
        }
        let now = self.beat.now;
        let fits =
            |it: &Verification| LEFT_MIN <= it.progress.expires().since(now) && asked.send.is_none() == it.is_test;
        let live = match asked.again {
            Some(id) => match self.verifications.of(asked.account, id, store)? {
                None => return Ok(Err(Denial::NotFound)),
                Some(it) if asked.by_itself && it.offered != Some(asked.channel) => return Ok(Err(Denial::Over)),
                Some(it) if it.progress.is_live(now) && fits(&it) => Some(it),
                Some(_) => return Ok(Err(Denial::Over)),
            },
            None => self.verifications.latest((asked.account, asked.app), asked.to, store)?,
        };
        let Some(it) = live else { return self.begin_verification(app, asked, dice, store) };
        let rests = now < it.sent + app.resend_after && !it.is_test;
        match (it.progress.is_live(now), it.progress.status()) {
            (true, _) if rests || fits(&it) => return self.verify_again(app, (it, asked), dice, store),
            // What is nearly over makes way for the next, and what was a number for tests for one that is not; once
            // there is a next.
            (true, _) => {
                let begun = self.begin_verification(app, asked, dice, store)?;
                if begun.is_ok() {
                    self.end_verification(it, VerificationEnd::Cancel, dice, store)?;
                }
                return Ok(begun);
            }
            (false, VerificationStatus::Approved) => {}
            // Whoever cancels one, or guesses it away, is sent no other sooner for it.
            (false, _) if rests => return Ok(Err(Denial::Soon((it.sent + app.resend_after).since(now)))),
            (false, _) => {}
        }
        self.begin_verification(app, asked, dice, store)
    }

    fn begin_verification<S: Store>(
        &mut self,
        app: &App,
        asked: Verify,
        dice: Dice<'_>,
        store: &mut S,
    ) -> Result<Result<Verifying, Denial>, Poisoned> {
        let now = self.beat.now;
        let id = VerificationId { n: self.beat.next_event(), token: dice() };
        let code = asked.code.as_ref();
        let Some(seed) = self.seed((id, 0), asked.form, code, dice) else { return Ok(Err(Denial::NoKeys)) };
        let mut it = Verification {
            id,
            account: asked.account,
            app: asked.app,
            to: asked.to,
            progress: VerificationState::new(app.checks, now + app.lifetime),
            seed,
            is_test: asked.send.is_none(),
            is_sandbox: self.beat.plan.accounts.get(&asked.account).is_some_and(|it| it.is_sandbox),
            created: now,
            sent: now,
            messages: Vec::new(),
            sends: Vec::new(),
            channel: asked.channel,
            offered: None,
            client_ref: asked.client_ref,
            language: asked.language,
            words: asked.words,
        };
        if let Some((submission, places)) = asked.send
            && let Err(denial) = self.send_code(&mut it, (submission, places, asked.by), dice, store)?
        {
            return Ok(Err(denial));
        }
        self.offer_where_all_is_closed(app, &mut it, dice);
        self.verifications.put(it.clone());
        Ok(Ok(self.done(Started::Created, it, asked.idempotency)))
    }

    /// Sends the code of one that is live again, if it is time.
    fn verify_again<S: Store>(
        &mut self,
        app: &App,
        (mut it, asked): (Verification, Verify),
        dice: Dice<'_>,
        store: &mut S,
    ) -> Result<Result<Verifying, Denial>, Poisoned> {
        let now = self.beat.now;
        let (again, moves) = (it.sent + app.resend_after, asked.channel != it.channel);
        // What is offered may be taken at once.
        if now < again && !(moves && it.offered == Some(asked.channel)) {
            // Whoever names it means it; whoever begins anew has perhaps tapped twice.
            return Ok(match asked.again {
                Some(_) => Err(Denial::Soon(again.since(now))),
                None => Ok(self.done(Started::Running, it, asked.idempotency)),
            });
        }
        if usize::from(SENDS_MAX) <= it.messages.len() {
            let left = it.progress.expires().since(now);
            return Ok(Err(if asked.again.is_some() { Denial::Over } else { Denial::Soon(left) }));
        }
        let before = it.seed.clone();
        if !it.is_test && self.is_another(app, &it.seed, &asked) {
            let generation = (it.id, it.seed.generation.saturating_add(1));
            let Some(seed) = self.seed(generation, asked.form, asked.code.as_ref(), dice) else {
                return Ok(Err(Denial::NoKeys));
            };
            it.seed = seed;
        }
        (it.language, it.words) = (asked.language, asked.words);
        (it.channel, it.offered) = (asked.channel, None);
        if let Some((submission, places)) = asked.send
            && let Err(denial) = self.send_code(&mut it, (submission, places, asked.by), dice, store)?
        {
            return Ok(Err(denial));
        }
        if it.seed != before || moves {
            // What is on its way says a code that is dead, or would come beside the call.
            let old: Vec<_> = it.messages.iter().rev().skip(1).copied().collect();
            self.end_of_code(&old, store)?;
        }
        it.sent = now;
        self.offer_where_all_is_closed(app, &mut it, dice);
        self.verifications.put(it.clone());
        Ok(Ok(self.done(Started::Resent, it, asked.idempotency)))
    }

    /// Whether what is sent now is another code: by the will of the app or of the application, because codes look
    /// otherwise by now, or because nobody can say the one before. One that the application chose stays where it
    /// chooses no other.
    fn is_another(&self, app: &App, seed: &Seed, asked: &Verify) -> bool {
        let Some(Ok(code)) = self.beat.plan.keys.as_deref().map(|it| seed.code(it)) else { return true };
        seed.form != asked.form
            || match &asked.code {
                Some(chosen) => *chosen != code,
                None => app.resend == Resend::New && seed.locked.is_none(),
            }
    }

    /// What was done, and under which key, so that a repeat of the request is answered and does nothing.
    fn done(&mut self, started: Started, it: Verification, key: Option<Keyed>) -> Verifying {
        if let Some(Keyed { key, hash, .. }) = key {
            let (account, order, at) = (it.account, OrderId::from_record(it.id.n), self.beat.now);
            self.beat.out.batch.idempotency.push(Idempotency { account, key, hash, order, at });
        }
        Verifying { started, verification: Box::new(it) }
    }

    /// What a code is made of: one that the application chose, or one that is derived. `None` without keys.
    fn seed(&self, of: (VerificationId, u8), form: CodeForm, chosen: Option<&Code>, dice: Dice<'_>) -> Option<Seed> {
        let ring = self.beat.plan.keys.as_deref()?;
        let mut nonce = [0; 16];
        nonce[..8].copy_from_slice(&dice().to_be_bytes());
        nonce[8..].copy_from_slice(&dice().to_be_bytes());
        Some(match chosen {
            Some(code) => Seed::chosen(of, form, (ring, nonce), code),
            None => Seed::derived(of, form, ring, nonce),
        })
    }

    /// A message with the code, if no guard refuses it; judged and paid for as any other.
    fn send_code<S: Store>(
        &mut self,
        it: &mut Verification,
        (mut submission, places, by): (Box<Submission>, Box<[u16]>, Asker),
        dice: Dice<'_>,
        store: &mut S,
    ) -> Result<Result<(), Denial>, Poisoned> {
        if let Err(denial) = self.admit_send(it, by, store)? {
            return Ok(Err(denial));
        }
        submission.validity = it.progress.expires().since(self.beat.now);
        for to in &mut submission.recipients {
            let extras = to.extras.as_deref().cloned().unwrap_or_default();
            let code = Some(Box::new(Hidden { places: places.clone(), seed: it.seed.clone() }));
            to.extras = Some(Arc::new(Extras { code, verification: Some(it.id.n), ..extras }));
        }
        Ok(match self.accept_now(*submission, dice, store)? {
            Ok(messages) => {
                it.messages.extend(messages);
                it.sends.push(CodeSend { at: self.beat.now, address: by.address, channel: it.channel });
                self.note_send(it, by);
                Ok(())
            }
            Err(denial) => Err(denial),
        })
    }

    /// When the next verification ends.
    pub(crate) fn next_of_verifications(&self) -> Option<Time> {
        self.verifications.next().map(|it| it.max(self.beat.now))
    }
}
