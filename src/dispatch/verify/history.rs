//! What the guards saw of a verification, as its record tells it: for a start, and for a replay.

use crate::dispatch::door::plan::Plan;
use crate::guard::guards::{Asker, CodeSend, Outcome, Wish};
use crate::message::channel::Channel;
use crate::message::id::AppId;
use crate::message::time::Time;
use crate::number::e164::E164;
use crate::record::verification::Verification;
use crate::verify::progress::VerificationStatus;

/// Something that the guards saw.
#[derive(Clone, Debug)]
pub struct GuardedEvent {
    /// When.
    pub at: Time,
    /// Of which verification, by its number in records.
    pub of: u64,
    /// Of which app.
    pub app: AppId,
    /// Whose number.
    pub to: E164,
    /// What.
    pub what: GuardedKind,
}

/// What they saw.
#[derive(Clone, Debug)]
pub enum GuardedKind {
    /// A code was sent.
    Sent(CodeSend),
    /// A guess was wrong.
    Wrong,
    /// It ended.
    Ended {
        /// When it began.
        created: Time,
        /// The sends of its code.
        sends: Box<[CodeSend]>,
        /// Whether the code came back.
        approved: bool,
        /// Whether the application chose it.
        chosen: bool,
        /// Whether it went by more than the telephone network.
        elsewhere: bool,
        /// Whether any of its messages left, as far as the verification knows.
        left: bool,
    },
}

impl GuardedEvent {
    /// What they saw of a verification. When its guesses were wrong is not kept: as late as may be.
    pub fn of(it: &Verification) -> Vec<Self> {
        if !it.is_guarded() || !it.to.is_known() {
            return Vec::new();
        }
        let seen = |at, what| Self { at, of: it.id.n, app: it.app, to: it.to, what };
        let end = it.progress.ended();
        let last = if it.progress.is_pending() { it.progress.expires() } else { end };
        let sent = it.sends.iter().map(|it| seen(it.at, GuardedKind::Sent(*it)));
        let wrong = (0..it.progress.wrong()).map(|_| seen(last, GuardedKind::Wrong));
        let approved = it.progress.status() == VerificationStatus::Approved;
        let (sends, chosen) = (it.sends.as_slice().into(), it.is_chosen());
        let left = it.progress.status() != VerificationStatus::Failed;
        let elsewhere = it.is_elsewhere();
        let ended = GuardedKind::Ended { created: it.created, sends, approved, chosen, elsewhere, left };
        let ended = end.known().map(|at| seen(at, ended));
        sent.chain(wrong).chain(ended).collect()
    }

    /// How it ended, if that is what they saw.
    pub fn outcome(&self) -> Option<Outcome<'_>> {
        let GuardedKind::Ended { created, sends, approved, chosen, elsewhere, left } = &self.what else { return None };
        let (at, to, created) = (self.at, self.to, *created);
        let (approved, chosen, elsewhere, left) = (*approved, *chosen, *elsewhere, *left);
        Some(Outcome { at, to, created, sends, approved, chosen, elsewhere, left })
    }
}

/// A code as the guards see it, and what an operator ordered for its number.
pub fn wish(
    plan: &Plan,
    (app, channel, to, by): (AppId, Channel, E164, Asker),
    (at, ordered): (Time, Option<(bool, Time)>),
) -> Wish<'static> {
    let country = plan.country(to);
    let known = plan.apps.get(&app);
    Wish {
        at,
        app,
        channel,
        to,
        by,
        country,
        cost: known.and_then(|it| plan.dearest(it.way(channel)?.route, to)),
        max_price: known.and_then(|it| it.max_price.as_ref()?.price(to, country)),
        ordered,
    }
}
