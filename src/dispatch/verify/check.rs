//! A code comes back, or an application gives up.
//!
//! What a guess costs and what comes of it are one record, in one commit, and the answer leaves behind that: whoever
//! kills the process in between has learned nothing by the guess that is not counted.

use crate::dispatch::door::happening::{CancelVerification, Check, RequestId};
use crate::dispatch::door::reply::{Checked, Denial, Started, Verifying};
use crate::dispatch::{Dice, Dispatch};
use crate::record::contract::{Poisoned, Store};
use crate::verify::code::Lost;
use crate::verify::progress::{CheckResult, VerificationEnd};
use std::sync::Arc;

impl Dispatch {
    /// A guess.
    pub(crate) fn check<S: Store>(
        &mut self,
        request: RequestId,
        asked: Check,
        dice: Dice<'_>,
        store: &mut S,
    ) -> Result<(), Poisoned> {
        let Some(mut it) = self.verifications.of(asked.account, asked.id, store)? else {
            self.beat.deny(request, Denial::NotFound);
            return Ok(());
        };
        if it.progress.is_live(self.beat.now)
            && let Err(denial) = self.admit_guess(&it)
        {
            self.beat.deny(request, denial);
            return Ok(());
        }
        let plan = Arc::clone(&self.beat.plan);
        let (before, seed) = (it.progress, it.seed.clone());
        // One that has ended is answered without a key.
        let is_right = || plan.keys.as_deref().ok_or(Lost(seed.key)).and_then(|ring| seed.is(&asked.guess, ring));
        let Ok(result) = it.progress.check(self.beat.now, is_right) else {
            self.beat.deny(request, Denial::NoKeys);
            return Ok(());
        };
        if result == CheckResult::Incorrect {
            self.note_wrong(&it);
        }
        if it.progress != before {
            self.over(&mut it, dice, store)?;
            self.verifications.put(it.clone());
        }
        self.beat.grant(request, Checked { result, verification: Box::new(it) });
        Ok(())
    }

    /// The application cancels a verification.
    pub(crate) fn cancel_verification<S: Store>(
        &mut self,
        request: RequestId,
        CancelVerification { account, id }: CancelVerification,
        dice: Dice<'_>,
        store: &mut S,
    ) -> Result<(), Poisoned> {
        let Some(it) = self.verifications.of(account, id, store)? else {
            self.beat.deny(request, Denial::NotFound);
            return Ok(());
        };
        let is_live = it.progress.is_live(self.beat.now);
        let end = if is_live { VerificationEnd::Cancel } else { VerificationEnd::Expire };
        let ended = self.end_verification(it.clone(), end, dice, store)?;
        let verification = Box::new(ended.unwrap_or(it));
        self.beat.grant(request, Verifying { started: Started::Running, verification });
        Ok(())
    }
}
