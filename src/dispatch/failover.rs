//! From one carrier to the next: after a refusal, for want of a receipt, or because the carrier is closed or slow.
//!
//! A message of which no carrier has taken a part goes over whole, cut anew where the next carrier wants it so. Of one that
//! was taken in part the rest goes, to a carrier that cuts it alike, unless its route says otherwise; what was taken is
//! awaited where it is. Each carrier of a route is tried once: the attempts say which were. What moves is bounded in each beat, and by the room in the lane that it moves to, so
//! that the backlog of a carrier that is closed flows on as fast as the others take it.

use crate::carrier::answer::spends_nothing;
use crate::dispatch::Dispatch;
use crate::dispatch::carrier::Standing;
use crate::dispatch::fact::Fact;
use crate::dispatch::lane::Lane;
use crate::dispatch::ring::Ring;
use crate::message::attempt::{Answer, Attempt, Cause};
use crate::message::id::{CarrierId, LaneId, PartKey, Seq};
use crate::message::money::Money;
use crate::message::part::{Moved, Part};
use crate::message::phase::{End, Move, Phase};
use crate::message::reason::Reason;
use crate::message::time::Time;
use crate::record::entry::Entry;
use crate::route::plan::{Partial, UnknownPolicy};
use crate::route::score::Outcome;

/// Messages that leave one carrier in one beat: some milliseconds.
const MOVES_MAX: usize = 500;
/// Parts of closed carriers that are looked at in one beat: some milliseconds, if none can go.
const LOOKS_MAX: usize = 4_000;
/// And of one lane.
const READY_LOOKS: usize = 2_000;
/// And while it is slow: those in front have waited longest.
const HURRY_LOOKS: usize = 64;

impl Dispatch {
    /// The message goes to the next carrier of its route, if one is left that is open.
    pub(super) fn fail_over(&mut self, seq: Seq, cause: Cause) -> bool {
        let Some(next) = self.next_carrier(seq, |_| true) else { return false };
        self.move_message(seq, next, cause)
    }

    /// The carrier that is tried next, and in how many submits: one that is open, has not been tried, fits, and is
    /// within what the route lets a message cost.
    pub(super) fn next_carrier(&self, seq: Seq, fits: impl Fn(CarrierId) -> bool) -> Option<(CarrierId, u8)> {
        let entry = &self.set.get(seq)?.entry;
        let left = self.left(entry, None, self.tried(entry, None));
        left.into_iter().find(|(it, _)| self.is_open(*it, false) && fits(*it))
    }

    /// Whether a carrier is left that has not been tried, open or closed.
    pub(super) fn has_next(&self, seq: Seq) -> bool {
        self.set.get(seq).is_some_and(|it| !self.left(&it.entry, None, self.tried(&it.entry, None)).is_empty())
    }

    /// A carrier that has refused a message and is open now, for one that waits for a closed carrier: it may have
    /// changed its mind. Not one that took it.
    fn way_back(&self, seq: Seq, fits: impl Fn(CarrierId) -> bool) -> Option<(CarrierId, u8)> {
        let entry = &self.set.get(seq)?.entry;
        let resends =
            self.beat.plan.routes.get(&entry.body.route).is_some_and(|it| it.unknown == UnknownPolicy::Resend);
        let barred = |it: &&Attempt| match it.answer {
            Some(Answer::Unknown) => !resends,
            answer => answer == Some(Answer::Taken),
        };
        let barred = attempts(entry).filter(barred).map(|it| it.link.carrier).collect();
        self.left(entry, None, barred).into_iter().find(|(it, _)| self.is_open(*it, false) && fits(*it))
    }

    /// The carriers that a message may go to besides the one that it waits for and those that are barred, best first.
    fn left(&self, entry: &Entry, cause: Option<Cause>, barred: Vec<CarrierId>) -> Vec<(CarrierId, u8)> {
        let Some(now_at) = self.going(entry, cause).next().map(|it| it.lane.carrier()) else { return Vec::new() };
        if !self.may_go_on(entry, cause) {
            return Vec::new();
        }
        let ranking = self.ranking(&entry.body);
        let ranked = ranking.carriers().filter(|it| *it != now_at && !barred.contains(it));
        let live = entry.parts.iter().filter(|it| is_live(it)).count();
        let alike = self.keeps(entry, cause);
        let able = ranked.filter_map(|it| Some((it, self.submits_at(&entry.body, it)?)));
        let able = able.filter(|(_, submits)| !alike || usize::from(*submits) == live);
        able.filter(|it| self.may_cost(entry, *it)).collect()
    }

    /// Whether every part that goes may be tried once more: not one that is in doubt
    /// where its route does not send such again, nor one that has had the attempts that its route allows.
    fn may_go_on(&self, entry: &Entry, cause: Option<Cause>) -> bool {
        let Some(route) = self.beat.plan.routes.get(&entry.body.route) else { return false };
        // What one carrier refused for good is offered to no other, whatever becomes of its other parts.
        if attempts(entry).any(|it| it.answer == Some(Answer::Never)) {
            return false;
        }
        let held = |it: &Part| it.phase() == Phase::Doubtful && route.unknown != UnknownPolicy::Resend;
        self.going(entry, cause).all(|it| !held(it) && tries(entry, it) < usize::from(route.retry.attempts))
    }

    /// The open parts of a message that go to another carrier: all of them, or where its route leaves what was taken those
    /// that were not; for want of a receipt, those of which none came in time.
    fn going<'e>(&self, entry: &'e Entry, cause: Option<Cause>) -> impl Iterator<Item = &'e Part> + use<'e> {
        let (rest, partial, now) = (self.leaves_taken(entry), self.is_partial(entry), self.beat.now);
        let late = rest && cause == Some(Cause::NoReceipt);
        entry.parts.iter().filter(move |it| match () {
            () if late => is_late(it, now),
            () => is_open(it) && !(partial && it.phase() == Phase::Sent),
        })
    }

    /// Whether parts of a message stay where they are when others go: then it must be cut alike.
    fn keeps(&self, entry: &Entry, cause: Option<Cause>) -> bool {
        let live = entry.parts.iter().filter(|it| is_live(it)).count();
        self.leaves_taken(entry) && self.going(entry, cause).count() < live
    }

    fn leaves_taken(&self, entry: &Entry) -> bool {
        self.beat.plan.routes.get(&entry.body.route).is_none_or(|it| it.partial == Partial::Rest)
    }

    /// Whether a carrier has taken some parts of a message and not others, and its route leaves these there.
    pub(super) fn is_partial(&self, entry: &Entry) -> bool {
        let taken = |it: &Part| it.phase() == Phase::Sent || (is_live(it) && it.phase().is_final());
        let left = |it: &Part| is_open(it) && !taken(it);
        self.leaves_taken(entry) && entry.parts.iter().any(taken) && entry.parts.iter().any(left)
    }

    /// The carriers that were tried, by what goes or by all.
    fn tried(&self, entry: &Entry, cause: Option<Cause>) -> Vec<CarrierId> {
        if !self.keeps(entry, cause) {
            return attempts(entry).filter(|it| counts(it)).map(|it| it.link.carrier).collect();
        }
        let keys: Vec<PartKey> = self.going(entry, cause).map(|it| it.key).collect();
        let current = self.going(entry, cause).filter_map(|it| it.attempt.as_ref());
        let past = entry.past.iter().filter(|it| keys.contains(&it.key)).map(|it| &it.attempt);
        current.chain(past).filter(|it| counts(it)).map(|it| it.link.carrier).collect()
    }

    /// Whether the attempts of a message stay within what its route lets it cost, with others at this carrier.
    fn may_cost(&self, entry: &Entry, (carrier, submits): (CarrierId, u8)) -> bool {
        let Some(most) = self.beat.plan.routes.get(&entry.body.route).and_then(|it| it.max_cost) else { return true };
        let spent = attempts(entry).filter_map(|it| it.cost).fold(Money::default(), |sum, it| sum + it);
        let next = self.cost_at(&entry.body, carrier).unwrap_or_default();
        spent + next.times(submits.into()) <= most
    }

    /// Puts what goes of a message into the lane of another carrier. What is on a link follows once it is
    /// answered. False where the next carrier would cut it otherwise than what has already arrived of it.
    pub(super) fn move_message(&mut self, seq: Seq, (to, submits): (CarrierId, u8), cause: Cause) -> bool {
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
        let untouched = |it: &PartKey| {
            self.set.part(*it).is_some_and(|it| matches!(it.phase(), Phase::Queued | Phase::Sent | Phase::Doubtful))
        };
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
            self.lanes.entry(part.lane).or_default().queued += 1;
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
        (part.due, part.ends) = (Time::NEVER, expires);
        let after = part.lane;
        let old = self.lanes.entry(before).or_default();
        old.queued = old.queued.saturating_sub(1);
        old.delayed = old.delayed.saturating_sub(u64::from(delayed));
        let beats = self.beat.number;
        let has_place = self.has_place(after);
        let queue = self.lanes.entry(after).or_default();
        queue.queued += 1;
        if has_place {
            return self.put_first(key);
        }
        // Memory is full of what stands there: it is read from the store in its turn.
        (queue.backlog, queue.behind_at) = (true, beats);
        queue.horizon = queue.horizon.min(PartKey(key.0 - 1));
        self.offer(after);
    }

    /// Back into its queue, unless it is there or on a link.
    fn return_part(&mut self, key: PartKey) {
        if self.set.part(key).is_some_and(|it| matches!(it.phase(), Phase::Sent | Phase::Doubtful)) {
            self.step(key, Move::Return, None);
        }
    }

    /// Takes a part that stands in its lane's ready window, or aside, out of it.
    pub(super) fn leave_lane(&mut self, key: PartKey) {
        let Some(part) = self.set.part(key).filter(|it| it.phase() != Phase::Intended) else { return };
        if let Some(lane) = self.lanes.get_mut(&part.lane)
            && let Ok(at) = lane.ready.binary_search(&key)
        {
            lane.ready.remove(at);
            self.set.unstage(key);
        } else if let Some(to) = self.set.get(key.seq()).map(|it| it.entry.body.destination)
            && let Some(carrier) = self.carriers.get_mut(&part.lane.carrier())
            && carrier.resting.leave(to, key)
        {
            self.set.unstage(key);
        }
    }

    /// What a closed carrier has waiting, and what waits too long for a slow one, goes on to others.
    pub(super) fn relocate(&mut self) {
        (self.moving, self.overstay, self.looks) = (false, Time::NEVER, LOOKS_MAX);
        if self.beat.draining {
            return;
        }
        let carriers: Vec<CarrierId> = self.carriers.keys().copied().collect();
        for carrier in carriers {
            let lanes: Vec<LaneId> = self.carriers.get(&carrier).map(|it| it.lanes().collect()).unwrap_or_default();
            let mut left = MOVES_MAX;
            for lane in lanes {
                match self.lane_standing(lane) {
                    Standing::Closed(cause) if 0 < left => left = self.leave(lane, cause, left),
                    // The part that finds out goes first.
                    Standing::Probe | Standing::Closed(_) => (),
                    Standing::Open => left = self.hurry(lane, left),
                }
            }
        }
    }

    /// Moves what waits in the lane of a closed carrier to where there is room. Returns how many more may move.
    fn leave(&mut self, lane: LaneId, cause: Cause, mut left: usize) -> usize {
        let served = self.beat.serves(lane.route());
        if !served.iter().any(|it| *it != lane.carrier() && self.is_open(*it, false) && self.has_place(lane.at(*it))) {
            return left;
        }
        let keys = self.first_of(lane, self.looks.min(READY_LOOKS));
        self.looks = self.looks.saturating_sub(keys.len());
        let mut moved = false;
        // What has been everywhere stays, and does not hold up what stands behind it.
        for key in keys {
            if left == 0 {
                break;
            }
            let place = |it: CarrierId| self.has_place(lane.at(it));
            let next = self.next_carrier(key.seq(), place).or_else(|| self.way_back(key.seq(), place));
            // A part before it may have taken it along.
            if next.is_some_and(|it| self.waits_in(key, lane) && self.move_message(key.seq(), it, cause)) {
                (moved, left) = (true, left - 1);
            }
        }
        // More of it is in memory or in the store. What can go nowhere is no reason to look again at once.
        let more = |it: &Lane| if moved { it.has_work() } else { it.backlog && it.ready.is_empty() };
        self.moving |= self.lanes.get(&lane).is_some_and(more);
        left
    }

    /// Moves what has waited too long for a carrier that is open, but has no room now, to one that has.
    fn hurry(&mut self, lane: LaneId, mut left: usize) -> usize {
        let now = self.beat.now;
        let Some(most) = self.beat.plan.routes.get(&lane.route()).and_then(|it| it.max_wait) else { return left };
        if self.carriers.get(&lane.carrier()).is_none_or(|it| it.could_take(now)) {
            return left;
        }
        let mut moved = false;
        for key in self.first_of(lane, HURRY_LOOKS) {
            let Some(since) = self.set.get(key.seq()).map(|it| it.since).filter(|_| 0 < left) else { break };
            let late = since + most;
            if now < late {
                self.overstay = if self.overstay == Time::NEVER { late } else { self.overstay.min(late) };
                break;
            }
            // Only where it goes at once: it would wait there as well.
            let able = |it: CarrierId| {
                let idle = self.lanes.get(&lane.at(it)).is_none_or(|it| it.ready.len() < MOVES_MAX);
                idle && self.carriers.get(&it).is_some_and(|it| it.could_take_another(now, self.queued_at(&it.ring)))
            };
            let next = self.next_carrier(key.seq(), able);
            if next.is_some_and(|it| self.waits_in(key, lane) && self.move_message(key.seq(), it, Cause::MaxWait)) {
                (moved, left) = (true, left - 1);
            }
        }
        self.moving |= moved && self.lanes.get(&lane).is_some_and(|it| it.has_work());
        left
    }

    /// Of the first so many parts of a lane in memory those that could go now.
    fn first_of(&self, lane: LaneId, most: usize) -> Vec<PartKey> {
        let Some(queue) = self.lanes.get(&lane) else { return Vec::new() };
        queue.ready.iter().take(most).copied().filter(|it| self.waits_in(*it, lane)).collect()
    }

    fn waits_in(&self, key: PartKey, lane: LaneId) -> bool {
        let waits = |it: &Part| it.phase() == Phase::Queued && it.due.known().is_none() && it.lane == lane;
        self.set.part(key).is_some_and(waits)
    }

    /// How many parts stand ready in the lanes of a ring.
    fn queued_at(&self, ring: &Ring) -> usize {
        ring.lanes().filter_map(|it| self.lanes.get(&it)).map(|it| it.ready.len()).sum()
    }

    /// Whether parts of a lane may go to others for want of patience, so that they are wanted in memory.
    pub(super) fn hurries(&self, lane: LaneId) -> bool {
        let may = self.beat.plan.routes.get(&lane.route()).is_some_and(|it| it.max_wait.is_some());
        let another = |it: &CarrierId| {
            *it != lane.carrier() && self.carriers.get(it).is_some_and(|it| it.could_take(self.beat.now))
        };
        may && self.beat.serves(lane.route()).iter().any(another)
    }

    /// Until when a part waits for its carrier, where another could have it.
    pub(super) fn latest_wait(&self, key: PartKey) -> Option<Time> {
        let held = self.set.get(key.seq())?;
        let most = self.beat.plan.routes.get(&held.entry.body.route)?.max_wait?;
        self.next_carrier(key.seq(), |_| true).map(|_| held.since + most)
    }

    /// A part whose wait is over goes to the next carrier, if this one has refused it and one is open by now.
    pub(super) fn leave_refused(&mut self, key: PartKey) -> bool {
        let last = self.set.part(key).and_then(|it| it.attempt.as_ref()).and_then(|it| it.answer);
        last == Some(Answer::Elsewhere) && self.fail_over(key.seq(), Cause::Failover)
    }

    /// A part whose wait for another attempt is over goes to the next carrier, if it has waited too long for this one.
    pub(super) fn leave_late(&mut self, key: PartKey) -> bool {
        let late = self.latest_wait(key).is_some_and(|it| it <= self.beat.now);
        late && self.fail_over(key.seq(), Cause::MaxWait)
    }

    /// Whether the memory of a lane has room.
    pub(super) fn has_place(&self, lane: LaneId) -> bool {
        self.lanes.get(&lane).is_none_or(|it| it.ready.len() < self.ready_max())
    }

    /// No receipt came in time: the next carrier is tried, once, where there is one.
    pub(super) fn come_late(&mut self, seq: Seq) {
        let now = self.beat.now;
        let keys: Vec<PartKey> = self.keys(seq, |it| is_late(it, now));
        let Some(entry) = self.set.get(seq).map(|it| &it.entry).filter(|_| !keys.is_empty()) else { return };
        let cause = Some(Cause::NoReceipt);
        let left = self.left(entry, cause, self.tried(entry, cause));
        let next = left.iter().copied().find(|(it, _)| self.is_open(*it, false));
        if next.is_none() && now < entry.body.expires && !left.is_empty() {
            // One may open yet.
            return self.set_due(&keys, self.receipt_window(keys[0]).map_or(Time::NEVER, |it| now + it));
        }
        if let Some(carrier) = self.set.part(keys[0]).and_then(|it| it.attempt.as_ref()).map(|it| it.link.carrier) {
            self.note_outcome(keys[0], carrier, Outcome::NotDelivered);
        }
        let may = next.is_some() && keys.iter().all(|it| self.spend(*it));
        if !may || !next.is_some_and(|it| self.move_message(seq, it, Cause::NoReceipt)) {
            self.set_due(&keys, Time::NEVER);
        }
    }

    pub(super) fn set_due(&mut self, keys: &[PartKey], due: Time) {
        for key in keys {
            if let Some(held) = self.set.change(*key) {
                held.entry.parts[usize::from(key.index())].due = due;
            }
        }
        if due != Time::NEVER {
            self.sweep.late_at(due);
        }
    }

    /// Uses one of the attempts that a part may have; false if that was the last.
    pub(super) fn spend(&mut self, key: PartKey) -> bool {
        let Some(held) = self.set.change(key) else { return false };
        let part = &mut held.entry.parts[usize::from(key.index())];
        part.spent = part.spent.saturating_add(1);
        !self.is_spent(key)
    }

    /// Whether a part has had the attempts that its route allows, those included that it made because its message
    /// went over to another carrier.
    pub(super) fn is_spent(&self, key: PartKey) -> bool {
        let Some(held) = self.set.get(key.seq()) else { return true };
        let part = &held.entry.parts[usize::from(key.index())];
        usize::from(self.retry(key).attempts) <= tries(&held.entry, part).max(part.spent.into())
    }
}

/// A part that is sent and awaited, or was: not one that another cut has made superfluous.
pub(super) fn is_live(part: &Part) -> bool {
    part.phase() != Phase::Cancelled
}

/// A part of which no receipt came in time.
fn is_late(part: &Part, now: Time) -> bool {
    part.phase() == Phase::Sent && part.due.known().is_some_and(|it| it <= now)
}

fn is_open(part: &Part) -> bool {
    is_live(part) && !part.phase().is_final()
}

/// Whether an attempt used anything up. One that is on a link may still turn out not to have.
fn counts(attempt: &Attempt) -> bool {
    attempt.answer.is_some_and(|answer| !spends_nothing(answer, attempt.command_status))
}

/// How many attempts a part has had or has.
fn tries(entry: &Entry, part: &Part) -> usize {
    let past = entry.past.iter().filter(|it| it.key == part.key && counts(&it.attempt)).count();
    let now = part.attempt.as_ref().is_some_and(|it| part.phase() == Phase::Intended || counts(it));
    past + usize::from(now)
}

/// Every attempt of every part of a message.
fn attempts(entry: &Entry) -> impl Iterator<Item = &Attempt> {
    let current = entry.parts.iter().filter_map(|it| it.attempt.as_ref());
    current.chain(entry.past.iter().map(|it| &it.attempt))
}
