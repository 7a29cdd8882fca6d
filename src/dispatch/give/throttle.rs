//! What a carrier throttles: whether it is about the rate, which the pace finds out, or about one recipient, which then
//! rests and holds nobody up.

use crate::carrier::report::Answered;
use crate::dispatch::give::backoff::backoff;
use crate::dispatch::queue::carrier::Openness;
use crate::dispatch::queue::rest::{Resting, Says, Strike};
use crate::dispatch::{Dice, Dispatch};
use crate::message::attempt::Answer;
use crate::message::id::{CarrierId, LaneId, LinkId, PartKey};
use crate::message::part::Part;
use crate::message::phase::{Move, Phase};
use crate::message::time::Time;
use crate::number::e164::E164;
use std::collections::BTreeMap;

/// Recipients that are looked at in one beat: some milliseconds.
const LOOKS_MAX: usize = 500;

impl Dispatch {
    /// The carrier answered a part, or the part has come back: what that says of its pace and of who rests.
    pub(crate) fn note_pace(&mut self, link: LinkId, key: PartKey, sent: Time, answered: &Answered) {
        let Some(to) = self.set.get(key.seq()).map(|it| it.entry.body.destination) else { return };
        let now = self.beat.now;
        let Some(carrier) = self.carriers.get_mut(&link.carrier) else { return };
        match answered.answer {
            // Silence is no word about the pace: a link that broke would slow down the one after it.
            Answer::NotSent | Answer::Unknown => carrier.resting.came_back(now, to, key),
            // Whether it is about the rate or the recipient is for `throttle` to say.
            Answer::Later if answered.throttled => (),
            _ => {
                carrier.pace.note_answer(now, sent, false);
                let back = carrier.resting.note_passed(now, to, sent);
                self.come_back(back);
            }
        }
    }

    /// The carrier wants less: of all, or for this recipient. It costs no attempt.
    pub(crate) fn throttle(&mut self, link: LinkId, key: PartKey, dice: Dice<'_>) {
        let (now, retry) = (self.beat.now, self.retry(key));
        let Some(held) = self.set.change(key) else { return };
        let (to, expires) = (held.entry.body.destination, held.entry.body.expires);
        let part = &mut held.entry.parts[usize::from(key.index())];
        part.throttled = part.throttled.saturating_add(1);
        let sent = part.attempt.as_ref().map_or(now, |it| it.intended_at);
        let here = part.lane.carrier() == link.carrier;
        self.step(key, Move::Return, None);
        if let Some(held) = self.set.change(key) {
            held.entry.parts[usize::from(key.index())].ends = expires;
        }
        let (chance, room) = (dice(), self.room());
        let Some(carrier) = self.carriers.get_mut(&link.carrier) else { return self.put_first(key) };
        let said = carrier.resting.note_throttled(now, Strike { to, key, sent }, room, |it| backoff(retry, it, chance));
        // Who rests already was counted: two numbers that are always throttled would prove each other right for ever
        // (decision 0020).
        if said.fresh {
            carrier.pace.note_answer(now, sent, true);
        }
        if !here {
            // Its message has gone to another carrier meanwhile.
            carrier.resting.leave(to, key);
            self.put_first(key);
        } else if let Some(wait) = said.wait {
            self.delay(key, wait);
        } else {
            self.set.stage(key);
            self.look_by(link.carrier, to, key);
        }
        self.come_back(said.back);
    }

    /// Whether a part at the head of its lane may go, by how its recipient does at the carrier. If not, it stands
    /// aside.
    pub(super) fn rests(&mut self, id: CarrierId, to: E164, key: PartKey) -> bool {
        if self.carriers.get(&id).is_none_or(|it| it.resting.is_empty()) {
            return false;
        }
        let (now, room) = (self.beat.now, self.room());
        let Some(carrier) = self.carriers.get_mut(&id) else { return false };
        match carrier.resting.asks(now, (to, key), room) {
            Says::Go => return false,
            Says::Aside => self.look_by(id, to, key),
            Says::Later(until) => {
                self.set.unstage(key);
                self.delay(key, until.since(now));
            }
        }
        true
    }

    /// Where a part may go to another carrier, it is looked at when it has waited long enough for this one.
    fn look_by(&mut self, id: CarrierId, to: E164, key: PartKey) {
        if let Some(late) = self.latest_wait(key)
            && !self.leave_late(key)
            && let Some(carrier) = self.carriers.get_mut(&id)
        {
            carrier.resting.look_by(to, late.max(self.beat.now + Resting::LOOK));
        }
    }

    /// Whose rest is over goes again; who has waited too long for this carrier goes to another; and nobody rests at a
    /// carrier that is closed.
    pub(crate) fn wake_resting(&mut self) {
        let some: Vec<CarrierId> =
            self.carriers.iter().filter(|(_, it)| !it.resting.is_empty()).map(|it| *it.0).collect();
        for id in some {
            // Aside it would wait for a carrier that takes nothing; in its lane it can go to another.
            if matches!(self.openness(id, true), Openness::Closed(_)) {
                self.free_resting(id);
                continue;
            }
            for _ in 0..LOOKS_MAX {
                let now = self.beat.now;
                let Some(to) = self.carriers.get(&id).and_then(|it| it.resting.due(now)) else { break };
                self.look_at(id, to);
            }
        }
    }

    /// Nobody rests at a carrier any more.
    pub(crate) fn free_resting(&mut self, id: CarrierId) {
        let aside = self.carriers.get_mut(&id).map(|it| it.resting.clear()).unwrap_or_default();
        self.come_back(aside);
    }

    fn look_at(&mut self, id: CarrierId, to: E164) {
        let (now, set) = (self.beat.now, &self.set);
        let waits = |it: &Part| it.phase() == Phase::Queued && it.lane.carrier() == id && it.due.known().is_none();
        let on_its_way = |key| set.part(key).is_some_and(|it| waits(it) || it.phase() == Phase::Intended);
        let Some(carrier) = self.carriers.get_mut(&id) else { return };
        // What has expired meanwhile, or was taken back, takes no turn.
        let gone = carrier.resting.keep(to, |key| set.part(key).is_some_and(waits));
        // A code goes before an advertisement, and of a class the first that came.
        let rank = |key: &PartKey| (set.part(*key).map_or(u8::MAX, |it| it.lane.class()), *key);
        let first = |keys: &[PartKey]| (0..keys.len()).min_by_key(|at| rank(&keys[*at]));
        let goes = carrier.resting.look(now, to, on_its_way, first);
        let aside = carrier.resting.aside(to);
        gone.into_iter().for_each(|it| self.set.unstage(it));
        self.come_back(goes.into_iter().collect());
        // What has waited too long for this carrier goes to another, and is looked at again when it will have.
        for key in aside {
            self.look_by(id, to, key);
        }
    }

    /// How many parts of each lane stand aside because the carrier throttles their recipients.
    pub(crate) fn throttled_in_lanes(&self) -> BTreeMap<LaneId, u64> {
        let mut found = BTreeMap::new();
        let lanes = self.carriers.values().flat_map(|it| it.resting.keys()).filter_map(|it| self.set.part(it));
        lanes.for_each(|it| *found.entry(it.lane).or_default() += 1);
        found
    }
}
