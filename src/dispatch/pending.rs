//! What a carrier that took a part may still deliver: while that is so, the part does not fail, whatever others say.

use crate::dispatch::Dispatch;
use crate::message::attempt::{Answer, Attempt};
use crate::message::id::PartKey;
use crate::message::phase::{End, Move};
use crate::message::reason::Reason;
use crate::message::time::Time;

impl Dispatch {
    /// Whether an attempt of a part, other than this one, was taken and has no final receipt yet.
    pub(super) fn is_pending(&self, key: PartKey, but: Option<u8>) -> bool {
        let Some(held) = self.set.get(key.seq()) else { return false };
        let current = held.entry.parts.get(usize::from(key.index())).and_then(|it| it.attempt.as_ref());
        let past = held.entry.past.iter().filter(|it| it.key == key).map(|it| &it.attempt);
        let taken = |it: &&Attempt| it.answer == Some(Answer::Taken) && Some(it.number) != but;
        let ended = |it: &Attempt| it.receipt.as_ref().is_some_and(|it| it.status.is_final());
        current.into_iter().chain(past).filter(taken).any(|it| !ended(it))
    }

    /// A part that goes to no carrier any more ends; unless one took it before: then its receipt is waited for.
    pub(super) fn end_or_wait(&mut self, key: PartKey, end: End, reason: Reason) {
        if !self.is_pending(key, None) {
            return self.step(key, Move::End(end), Some(reason));
        }
        let timeout = self.receipt_timeout(key);
        self.step(key, Move::Take, None);
        let now = self.now;
        if let Some(held) = self.set.change(key) {
            let expires = held.entry.body.expires;
            let part = &mut held.entry.parts[usize::from(key.index())];
            (part.ends, part.due) = (expires.max(now) + timeout, Time::NEVER);
        }
    }
}
