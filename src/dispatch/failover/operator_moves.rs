//! What an operator moves from one carrier to another: so many messages in each beat, until all that waited when it
//! was ordered has gone or can go nowhere.
//!
//! A start knows nothing of a move that was under way: what had not moved waits where it was.

use crate::dispatch::Dispatch;
use crate::message::attempt::Cause;
use crate::message::id::{CarrierId, LaneId, PartKey, RouteId, Seq};
use crate::message::part::Part;
use crate::message::phase::Phase;

/// Messages that move in one beat: some milliseconds.
const MESSAGES_MAX: usize = 500;

/// A move under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moving {
    /// Whence.
    pub(crate) from: CarrierId,
    /// Whither; `None` is the next of each route.
    pub(crate) to: Option<CarrierId>,
    /// Only what came by this route.
    pub(crate) route: Option<RouteId>,
    /// Only messages before this one: what came later has chosen its carrier itself.
    pub(crate) before: Seq,
}

impl Dispatch {
    /// Goes on with what operators move.
    pub(crate) fn go_on_moving(&mut self) {
        let mut left = MESSAGES_MAX;
        let under_way = std::mem::take(&mut self.operated.moves);
        for it in under_way {
            if self.go_on_with(it, &mut left) {
                self.operated.moves.push(it);
            }
        }
    }

    /// Whether there is more to move.
    fn go_on_with(&mut self, it: Moving, left: &mut usize) -> bool {
        let concerned = |lane: LaneId| lane.carrier() == it.from && it.route.is_none_or(|route| lane.route() == route);
        let lanes = self.lanes.which(|lane, _| concerned(lane));
        let mut more = false;
        for lane in lanes {
            let ready = self.lanes.get(lane).map(|it| it.ready.iter().copied().collect());
            let keys: Vec<PartKey> = ready.unwrap_or_default();
            let mut moved = false;
            for key in keys.iter().filter(|key| key.seq() < it.before) {
                if *left == 0 {
                    return true;
                }
                match self.move_by(it, lane, *key) {
                    Moved::Yes => (*left, moved, self.relocation.more) = (*left - 1, true, true),
                    Moved::NoRoom => {
                        more = true;
                        break;
                    }
                    Moved::No => (),
                }
            }
            // What the store still has of it comes into memory in the place of what has gone.
            let behind = self.lanes.get(lane).is_some_and(|queue| queue.backlog && queue.horizon.seq() < it.before);
            more |= behind && (moved || keys.is_empty());
        }
        more
    }

    /// Moves the message of a part, if it may go there and there is room.
    fn move_by(&mut self, it: Moving, lane: LaneId, key: PartKey) -> Moved {
        let waits = |it: &Part| it.phase() == Phase::Queued && it.lane == lane;
        if !self.set.part(key).is_some_and(waits) {
            return Moved::No;
        }
        let wanted = |to: CarrierId| it.to.is_none_or(|wanted| wanted == to);
        let Some(next) = self.next_carrier(key.seq(), wanted) else { return Moved::No };
        if !self.has_place(lane.at(next.0)) {
            return Moved::NoRoom;
        }
        if self.move_message(key.seq(), next, Cause::Moved) { Moved::Yes } else { Moved::No }
    }
}

/// What came of the attempt to move a message.
enum Moved {
    /// It has gone.
    Yes,
    /// It may go nowhere else.
    No,
    /// Where it is to go is no room now.
    NoRoom,
}
