//! A message goes from one carrier to the next: after a refusal, for want of a receipt, or because the carrier is
//! closed or slow.
//!
//! A message of which no carrier has taken a part goes over whole, cut anew where the next carrier wants it so. Of one
//! that was taken in part the rest goes, to a carrier that cuts it alike, unless its route says otherwise; what was
//! taken is awaited where it is. Each carrier of a route is tried once: the attempts say which were.

use crate::dispatch::Dispatch;
use crate::dispatch::door::fact::Fact;
use crate::dispatch::tried::{is_late, is_live, is_open};
use crate::message::attempt::{Answer, Cause};
use crate::message::id::{CarrierId, PartKey, Seq};
use crate::message::part::{Moved, Part};
use crate::message::phase::{End, Move, Phase};
use crate::message::reason::Reason;
use crate::message::time::Time;
use crate::route::score::DeliveryOutcome;

impl Dispatch {
    /// The message goes to the next carrier of its route, if one is left that is open.
    pub(crate) fn fail_over(&mut self, seq: Seq, cause: Cause) -> bool {
        let Some(next) = self.next_carrier(seq, |_| true) else { return false };
        self.move_message(seq, next, cause)
    }

    /// Puts what goes of a message into the lane of another carrier. What is on a link follows once it is
    /// answered. False where the next carrier would cut it otherwise than what has already arrived of it.
    pub(crate) fn move_message(&mut self, seq: Seq, (to, submits): (CarrierId, u8), cause: Cause) -> bool {
        let Some(held) = self.set.get(seq) else { return false };
        let live: Vec<PartKey> = held.entry.parts.iter().filter(|it| is_live(it)).map(|it| it.key).collect();
        let (keeps, going) = (self.keeps(&held.entry, Some(cause)), self.going(&held.entry, Some(cause)));
        let mut moving: Vec<PartKey> = going.map(|it| it.key).collect();
        let Some(first) = moving.first().and_then(|it| self.set.part(*it)) else { return false };
        let (from, message) = (first.lane.carrier(), held.entry.body.id);
        if usize::from(submits) != live.len() && (keeps || !self.recut(seq, &live, submits)) {
            return false;
        }
        if !keeps {
            // Those that another cut has added too.
            moving = self.keys(seq, is_open);
        }
        for key in moving {
            self.move_part(key, to, Moved { from, cause });
        }
        // The patience for a carrier and what was said of the one before do not go along.
        if let Some(held) = self.set.change(live[0]) {
            (held.since, held.refused) = (self.beat.now, None);
        }
        self.beat.tell(Fact::Failover { message, from, to, cause });
        true
    }

    /// Another carrier wants another number of parts: those beyond it are cancelled, those that are missing made.
    fn recut(&mut self, seq: Seq, live: &[PartKey], submits: u8) -> bool {
        let Some(held) = self.set.get(seq) else { return false };
        let parts = &held.entry.parts;
        // What is on a link is about to be answered by its key, and what has ended cannot be taken back.
        let untouched = |key: &PartKey| {
            self.set
                .part(*key)
                .is_some_and(|part| matches!(part.phase(), Phase::Queued | Phase::Sent | Phase::Doubtful))
        };
        // Cancelled parts count too: a key is never used for a second part, for a late answer may still name it.
        let (count, wanted) = (parts.len(), usize::from(submits));
        let added = wanted.saturating_sub(live.len());
        if !live.iter().all(untouched) || PartKey::PARTS_MAX as usize <= count + added {
            return false;
        }
        let Some(model) = self.set.part(live[0]).cloned() else { return false };
        for key in live.iter().skip(wanted) {
            self.return_part(*key);
            self.step(*key, Move::End(End::Cancelled), Some(Reason::Cancelled));
            self.leave_lane(*key);
            self.set.unstage(*key);
        }
        for index in (count..count + added).map(|it| it as u8) {
            let part = Part::new(PartKey::new(seq, index), model.lane, model.ends);
            self.lanes.at(part.lane).queued += 1;
            self.set.add(part);
        }
        true
    }

    fn move_part(&mut self, key: PartKey, to: CarrierId, moved: Moved) {
        self.return_part(key);
        self.leave_lane(key);
        let Some(held) = self.set.change(key) else { return };
        let expires = held.entry.body.expires;
        let part = &mut held.entry.parts[usize::from(key.index())];
        let before = part.lane;
        (part.lane, part.moved) = (before.at(to), Some(moved));
        let (queued, delayed) = (part.phase() == Phase::Queued, part.due.known().is_some());
        if !queued {
            return;
        }
        // A wait before another try was for the carrier that is left. A time that people stated is looked at again
        // before it goes.
        (part.due, part.ends) = (Time::NEVER, expires);
        let after = part.lane;
        let old = self.lanes.at(before);
        old.queued = old.queued.saturating_sub(1);
        old.delayed = old.delayed.saturating_sub(u64::from(delayed));
        let beats = self.beat.number;
        let has_place = self.has_place(after);
        let queue = self.lanes.at(after);
        queue.queued += 1;
        if has_place {
            return self.put_first(key);
        }
        // Memory is full of what stands there: it is read from the store in its turn.
        (queue.backlog, queue.behind_at) = (true, beats);
        queue.horizon = queue.horizon.min(PartKey(key.0 - 1));
        self.offer(after);
    }

    /// A part whose wait is over goes to the next carrier, if this one has refused it and one is open by now.
    pub(crate) fn leave_refused(&mut self, key: PartKey) -> bool {
        let last = self.set.part(key).and_then(|it| it.attempt.as_ref()).and_then(|it| it.answer);
        // Who only asked for it later is asked again: that is no refusal, and to leave would use up a carrier of the
        // route.
        last == Some(Answer::Elsewhere) && self.fail_over(key.seq(), Cause::Failover)
    }

    /// A part whose wait for another attempt is over goes to the next carrier, if it has waited too long for this one.
    pub(crate) fn leave_late(&mut self, key: PartKey) -> bool {
        let late = self.latest_wait(key).is_some_and(|it| it <= self.beat.now);
        late && self.fail_over(key.seq(), Cause::MaxWait)
    }

    /// No receipt came in time: the next carrier is tried, once, where there is one.
    pub(crate) fn come_late(&mut self, seq: Seq) {
        let now = self.beat.now;
        let keys: Vec<PartKey> = self.keys(seq, |it| is_late(it, now));
        let Some(entry) = self.set.get(seq).map(|it| &it.entry).filter(|_| !keys.is_empty()) else { return };
        let cause = Some(Cause::NoReceipt);
        let left = self.left(entry, cause, self.carriers_tried(entry, cause));
        let next = left.iter().copied().find(|(it, _)| self.is_open(*it, false));
        if next.is_none() && now < entry.body.expires && !left.is_empty() {
            // One may open yet.
            self.beat.stuck.insert(seq);
            return self.set_due(&keys, self.receipt_window(keys[0]).map_or(Time::NEVER, |it| now + it));
        }
        let body = entry.body.clone();
        if let Some(carrier) = self.set.part(keys[0]).and_then(|it| it.attempt.as_ref()).map(|it| it.link.carrier) {
            // A message counts once, however many parts it has.
            if keys[0].index() == 0 {
                self.health.note_outcome(&self.beat, &body, carrier, DeliveryOutcome::NotDelivered);
            }
        }
        let may = next.is_some() && keys.iter().all(|it| self.spend(*it));
        if !may || !next.is_some_and(|it| self.move_message(seq, it, Cause::NoReceipt)) {
            // Nobody is left to try, so that only the receipt itself or the end of the wait for it says anything more.
            self.beat.stuck.insert(seq);
            self.set_due(&keys, Time::NEVER);
        }
    }
}
