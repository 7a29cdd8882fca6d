//! What may not go, or not yet: messages that are asked for at a time, and the quiet hours of recipients.
//!
//! Both are a part's due time. It is set when a message is accepted, and again when a part comes to be given to a
//! link in quiet hours: after a long queue, before another try, or because the hours were changed meanwhile. Validity
//! goes on all the same, and ends what waits too long as EXPIRED.
//!
//! People state both in times of the wall, and a due time is one of logical time. So what comes due is judged once
//! more by the wall, and put back if it is early; and where the wall has jumped, all that waits is looked at once and
//! its due time made anew.

use crate::dispatch::Dispatch;
use crate::message::body::Body;
use crate::message::era::{Ahead, Eras, Wall};
use crate::message::id::{PartKey, Seq};
use crate::message::part::Part;
use crate::message::phase::{End, Phase};
use crate::message::time::Time;
use crate::record::batch::Batch;
use crate::record::contract::{Poisoned, Store};
use crate::record::entry::Entry;
use std::sync::Arc;
use std::time::Duration;

/// A smaller change of the wall does not have what waits for a time be looked at: it is woken a little early and put
/// back, or goes a little late.
const RESTATED_FROM: u64 = 1_000;
/// Messages that one beat looks at: some milliseconds.
const RESTATED_MAX: usize = 500;

/// Where the look at what waits for a time stands at a start: a crash may have cut one short that an era began.
pub(crate) fn begin(eras: &Eras) -> (Ahead, Option<Time>) {
    (eras.now(), (!eras.all().is_empty()).then_some(Time(1)))
}

impl Dispatch {
    /// Makes durable how late it is, where no beat does: a start tells by it for how long nothing ran.
    pub fn mark<S: Store>(&mut self, now: Time, store: &mut S) -> Result<(), Poisoned> {
        self.beat.now = self.beat.now.max(now);
        self.beat.out.marks.time = self.beat.now;
        store.commit(&Batch { marks: self.beat.out.marks.clone(), ..Batch::default() })
    }

    /// The wall shows another time than was known.
    pub(crate) fn wall_is(&mut self, wall: Wall) {
        self.beat.wall = wall;
        self.beat.out.marks.eras.begin(self.beat.now, wall.ahead);
        if RESTATED_FROM <= wall.exact.off(self.sweep.restated.0) {
            self.sweep.restated = (wall.exact, Some(Time(1)));
        }
    }

    /// Goes on with the look at what waits for a time.
    pub(crate) fn restate<S: Store>(&mut self, store: &mut S) -> Result<(), Poisoned> {
        let Some(from) = self.sweep.restated.1 else { return Ok(()) };
        let entries = store.delayed(from, RESTATED_MAX)?;
        let more = RESTATED_MAX <= entries.len();
        let due =
            |entry: &Entry| entry.parts.iter().filter_map(|part| part.due.known()).filter(|due| from <= *due).min();
        let last = entries.last().and_then(due).unwrap_or(from);
        let mut moved = false;
        for entry in entries {
            let seq = entry.body.seq();
            if !self.arrivals.holds(seq) {
                self.set.admit(entry);
                moved |= self.restate_message(seq);
            }
        }
        // What was moved stands elsewhere now; where nothing was, the same are not looked at again.
        self.sweep.restated.1 = more.then(|| if moved { last } else { last + Duration::from_millis(1) });
        Ok(())
    }

    /// Makes the due times of a message anew that has not been tried; whether that changed one.
    fn restate_message(&mut self, seq: Seq) -> bool {
        let waits = |it: &Part| it.phase() == Phase::Queued && it.due.known().is_some() && it.attempt.is_none();
        let keys = self.keys(seq, waits);
        let mut moved = false;
        for key in keys {
            let due = self.due_by_wall(key).unwrap_or(self.beat.now);
            let stands = self.set.part(key).map_or(Time::NEVER, |it| it.due);
            if RESTATED_FROM <= due.0.abs_diff(stands.0) {
                self.wait_until(key, due);
                moved = true;
            }
        }
        moved
    }

    /// Puts a part back that came due before its time on the wall; whether it did.
    pub(crate) fn put_back(&mut self, key: PartKey) -> bool {
        let Some(due) = self.due_by_wall(key) else { return false };
        self.wait_until(key, due);
        true
    }

    /// Until when a part waits that has not been tried, in logical time; `None` where it may go.
    fn due_by_wall(&self, key: PartKey) -> Option<Time> {
        let body = &self.set.get(key.seq())?.entry.body;
        let begins = body.send_at.unwrap_or_default().max(self.beat.wall_now());
        let due = self.beat.first_due(body.route, body.destination, begins)?;
        Some(self.beat.wall.exact.logical(due))
    }

    /// A delayed part waits until then. What it was worth sending from its time on, it is worth still.
    fn wait_until(&mut self, key: PartKey, due: Time) {
        let Some(body) = self.set.get(key.seq()).map(|it| it.entry.body.clone()) else { return };
        let Some(held) = self.set.change(key) else { return };
        let part = &mut held.entry.parts[usize::from(key.index())];
        // What is to end before its time comes ends then all the same, and what was not asked for at a time is worth
        // sending from its acceptance on.
        let stays = body.send_at.is_none() || part.ends <= part.due;
        let ends = if stays { part.ends } else { due + part.ends.since(part.due) };
        (part.due, part.ends) = (due, ends);
        if body.expires != ends {
            held.entry.body = Arc::new(Body { expires: ends, ..Body::clone(&body) });
            self.beat.out.batch.erased.retain(|it| it.seq() != key.seq());
            self.beat.out.batch.erased.push(held.entry.body.clone());
        }
        self.set.unstage(key);
        self.sweep.due_at(due);
    }

    /// Takes the part at the head of its lane out of it if it may not go now: because its recipient does not want it
    /// any more, which ends it, or has quiet hours; whether it did.
    pub(super) fn hold_back(&mut self, key: PartKey) -> bool {
        let Some(held) = self.set.get(key.seq()) else { return false };
        if let Some(reason) = self.handsets.opted_out.reason_against(&self.beat.plan, &held.entry.body) {
            self.take_head(key);
            self.end_or_wait(key, End::Failed, reason);
            self.set.unstage(key);
            return true;
        }
        // Half a message in the evening and half in the morning would be worse than a late one.
        let left = |it: &Part| it.attempt.is_some() && it.phase() != Phase::Queued;
        if held.entry.parts.iter().any(left) {
            return false;
        }
        let Some(due) = self.beat.quiet_until(held.entry.body.route, held.entry.body.destination, self.beat.wall_now())
        else {
            return false;
        };
        let due = self.beat.wall.exact.logical(due);
        let Some(held) = self.set.change(key) else { return false };
        let part = &mut held.entry.parts[usize::from(key.index())];
        part.due = due;
        let queue = self.lanes.at(part.lane);
        queue.delayed += 1;
        self.take_head(key);
        self.set.unstage(key);
        self.sweep.due_at(due);
        true
    }

    fn take_head(&mut self, key: PartKey) {
        let lane = self.set.part(key).and_then(|it| self.lanes.get_mut(it.lane));
        lane.map(|it| it.ready.pop_front());
    }
}
