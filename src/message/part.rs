//! One SMS of a message, and where it is in its life.

use crate::message::attempt::{Attempt, Cause};
use crate::message::id::{CarrierId, LaneId, PartKey};
use crate::message::phase::{Move, Phase};
use crate::message::reason::Reason;
use crate::message::status::Status;
use crate::message::time::Time;

/// One SMS of a message. Its phase is changed by [`Part::step`] and by nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    phase: Phase,
    /// Which part of which message.
    pub key: PartKey,
    /// Where it queues.
    pub lane: LaneId,
    /// Queued: not before this; never when it may go at once. Sent: when another carrier is tried if no
    /// receipt has come; never when none is.
    pub due: Time,
    /// When it ends if nothing happens: the queue's end of validity, or the end of the wait
    /// for a receipt.
    pub ends: Time,
    /// Attempts that a carrier refused: what is held against the route's limit.
    pub spent: u8,
    /// How often a carrier asked for a slower pace in place of taking it.
    pub throttled: u32,
    /// Why it ended.
    pub reason: Option<Reason>,
    /// When it ended.
    pub done_at: Time,
    /// Whence and why it came to the carrier of its lane, if that was not the first choice; until it is tried there.
    pub moved: Option<Moved>,
    /// When a carrier first took it; never if none has.
    pub taken_at: Time,
    /// The latest attempt; the ones before have records of their own.
    pub attempt: Option<Attempt>,
}

/// What the customer is told of a part. What a carrier took once is not called queued while another is tried.
pub const fn status(phase: Phase, taken: bool) -> Status {
    match phase {
        Phase::Queued | Phase::Intended if taken => Status::Sent,
        phase => phase.status(),
    }
}

/// Whence and why a part came to another carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The carrier that it was for.
    pub from: CarrierId,
    /// Why it left.
    pub cause: Cause,
}

impl Moved {
    /// Its number in records.
    pub const fn number(self) -> u32 {
        ((self.from.0 as u32) << 8) | self.cause.number() as u32
    }

    /// What a number stands for.
    pub fn from_number(number: u32) -> Option<Self> {
        let from = CarrierId(u16::try_from(number >> 8).ok()?);
        Some(Self { from, cause: Cause::from_number((number & 0xFF) as u8)? })
    }
}

/// A move that the phase does not allow: a fault of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a part that is {phase:?} cannot {step:?}")]
pub struct IllegalMove {
    /// Where the part is.
    pub phase: Phase,
    /// What was tried.
    pub step: Move,
}

impl Part {
    /// A part that may go at once.
    pub const fn new(key: PartKey, lane: LaneId, ends: Time) -> Self {
        Self {
            phase: Phase::Queued,
            key,
            lane,
            due: Time::NEVER,
            ends,
            spent: 0,
            throttled: 0,
            reason: None,
            done_at: Time::NEVER,
            moved: None,
            taken_at: Time::NEVER,
            attempt: None,
        }
    }

    /// The same part in the phase that the store remembers.
    #[must_use]
    pub const fn with_phase(mut self, phase: Phase) -> Self {
        self.phase = phase;
        self
    }

    /// Where it is.
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    /// What the customer is told of it.
    pub fn status(&self) -> Status {
        status(self.phase, self.taken_at.known().is_some())
    }

    /// Moves it; refused without a change where the phase does not allow it.
    pub const fn step(&mut self, step: Move) -> Result<Phase, IllegalMove> {
        match self.phase.after(step) {
            Some(phase) => {
                self.phase = phase;
                Ok(phase)
            }
            None => Err(IllegalMove { phase: self.phase, step }),
        }
    }
}
