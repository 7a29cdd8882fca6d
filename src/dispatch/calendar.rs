//! What may not go, or not yet: messages that are asked for at a time, and the quiet hours of recipients.
//!
//! Both are a part's due time. It is set when a message is accepted, and again when a part comes to be given to a
//! link in quiet hours: after a long queue, before another try, or because the hours were changed meanwhile. Validity
//! goes on all the same, and ends what waits too long as EXPIRED.

use crate::dispatch::Dispatch;
use crate::message::id::{PartKey, RouteId};
use crate::message::part::Part;
use crate::message::phase::{End, Phase};
use crate::message::time::Time;
use crate::number::e164::E164;

impl Dispatch {
    /// Until when a message may not go that could go at `begins`; `None` where that is now.
    pub(super) fn first_due(&self, route: RouteId, recipient: E164, begins: Time) -> Option<Time> {
        self.quiet_until(route, recipient, begins).or((self.now < begins).then_some(begins))
    }

    /// When the quiet hours are over in which a recipient is at `time`, if he is.
    fn quiet_until(&self, route: RouteId, recipient: E164, time: Time) -> Option<Time> {
        self.plan.routes.get(&route)?.quiet_hours?.over_at(time, recipient)
    }

    /// Takes the part at the head of its lane out of it if it may not go now: because its recipient does not want it
    /// any more, which ends it, or has quiet hours; whether it did.
    pub(super) fn hold_back(&mut self, key: PartKey) -> bool {
        let Some(held) = self.set.get(key.seq()) else { return false };
        if let Some(reason) = self.unwanted(&held.entry.body) {
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
        let Some(due) = self.quiet_until(held.entry.body.route, held.entry.body.destination, self.now) else {
            return false;
        };
        let Some(held) = self.set.change(key) else { return false };
        let part = &mut held.entry.parts[usize::from(key.index())];
        part.due = due;
        let queue = self.lanes.entry(part.lane).or_default();
        queue.delayed += 1;
        self.take_head(key);
        self.set.unstage(key);
        self.sweep.due_at(due);
        true
    }

    fn take_head(&mut self, key: PartKey) {
        let lane = self.set.part(key).and_then(|it| self.lanes.get_mut(&it.lane));
        lane.map(|it| it.ready.pop_front());
    }
}
