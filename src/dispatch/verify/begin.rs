//! A verification begins, or its code is sent again.
//!
//! Of an account, an app and a number one lives at a time: whoever asks for another meanwhile is given that one, and
//! its code goes out again once `resend_after` is over. So two taps on a button are one SMS, and a code that is late is
//! good.

use crate::dispatch::door::happening::{RequestId, Submission, Verify};
use crate::dispatch::door::reply::{Denial, Started, Verifying};
use crate::dispatch::{Dice, Dispatch};
use crate::message::extras::Extras;
use crate::message::hidden::{CodeForm, Hidden, Seed};
use crate::message::id::{OrderId, VerificationId};
use crate::message::time::Time;
use crate::record::batch::Idempotency;
use crate::record::contract::{Poisoned, Store};
use crate::record::verification::Verification;
use crate::verify::app::{App, Resend, SENDS_MAX};
use crate::verify::code::Code;
use crate::verify::progress::Standing;
use std::sync::Arc;

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
        let live = match asked.again {
            Some(id) => match self.verifications.of(asked.account, id, store)? {
                None => return Ok(Err(Denial::NotFound)),
                Some(it) if !it.progress.is_live(now) => return Ok(Err(Denial::Over)),
                live => live,
            },
            None => {
                let latest = self.verifications.latest((asked.account, asked.app), asked.to, store)?;
                latest.filter(|it| it.progress.is_live(now))
            }
        };
        match live {
            None => self.begin_verification(app, asked, dice, store),
            Some(it) => self.verify_again(app, (it, asked), dice, store),
        }
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
        let Some(seed) = self.seed((id, 0), app.form, code, dice) else { return Ok(Err(Denial::NoKeys)) };
        let mut it = Verification {
            id,
            account: asked.account,
            app: asked.app,
            to: asked.to,
            progress: Standing::new(app.checks, now + app.lifetime),
            seed,
            is_test: asked.send.is_none(),
            created: now,
            sent: now,
            messages: Vec::new(),
            client_ref: asked.client_ref,
            language: asked.language,
            words: asked.words,
        };
        if let Some((submission, places)) = asked.send
            && let Err(denial) = self.send_code(&mut it, (submission, places), dice, store)?
        {
            return Ok(Err(denial));
        }
        if let Some(keyed) = asked.idempotency {
            let (key, hash, order) = (keyed.key, keyed.hash, OrderId::from_record(id.n));
            self.beat.out.batch.idempotency.push(Idempotency { account: it.account, key, hash, order, at: now });
        }
        self.verifications.put(it.clone());
        Ok(Ok(Verifying { started: Started::Created, verification: Box::new(it) }))
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
        let again = it.sent + app.resend_after;
        if now < again {
            // Whoever names it means it; whoever begins anew has perhaps tapped twice.
            let named = asked.again.is_some();
            let running = Verifying { started: Started::Running, verification: Box::new(it) };
            return Ok(if named { Err(Denial::Soon(again.since(now))) } else { Ok(running) });
        }
        if usize::from(SENDS_MAX) <= it.messages.len() {
            return Ok(Err(Denial::Soon(it.progress.expires().since(now))));
        }
        let before = it.seed.clone();
        if app.resend == Resend::New && !it.is_test {
            let generation = (it.id, it.seed.generation.saturating_add(1));
            let Some(seed) = self.seed(generation, it.seed.form, None, dice) else { return Ok(Err(Denial::NoKeys)) };
            it.seed = seed;
        }
        (it.language, it.words) = (asked.language, asked.words);
        if let Some((submission, places)) = asked.send.filter(|_| !it.is_test)
            && let Err(denial) = self.send_code(&mut it, (submission, places), dice, store)?
        {
            return Ok(Err(denial));
        }
        if it.seed != before {
            // What is on its way says a code that is dead.
            let old: Vec<_> = it.messages.iter().rev().skip(1).copied().collect();
            self.end_of_code(&old, store)?;
        }
        it.sent = now;
        self.verifications.put(it.clone());
        Ok(Ok(Verifying { started: Started::Resent, verification: Box::new(it) }))
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

    /// A message with the code, judged and paid for as any other.
    fn send_code<S: Store>(
        &mut self,
        it: &mut Verification,
        (mut submission, places): (Box<Submission>, Box<[u16]>),
        dice: Dice<'_>,
        store: &mut S,
    ) -> Result<Result<(), Denial>, Poisoned> {
        submission.validity = it.progress.expires().since(self.beat.now);
        for to in &mut submission.recipients {
            let extras = to.extras.as_deref().cloned().unwrap_or_default();
            let code = Some(Box::new(Hidden { places: places.clone(), seed: it.seed.clone() }));
            to.extras = Some(Arc::new(Extras { code, verification: Some(it.id.n), ..extras }));
        }
        Ok(match self.accept_now(*submission, dice, store)? {
            Ok(messages) => {
                it.messages.extend(messages);
                it.sent = self.beat.now;
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
