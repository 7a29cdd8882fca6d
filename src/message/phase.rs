//! Where a part is in its life.
//!
//! ```text
//!            ┌────────── Return ───────────┐
//!            ▼                             │
//!  ───► Queued ── Intend ──► Intended ── Take ──► Sent ──┐
//!            ▲                   │                 ▲     │
//!            │                 Doubt              Take   ├── End ──► Delivered · Failed · Expired
//!            │                   ▼                 │     │           Unknown · Cancelled
//!            └──── Return ── Doubtful ─────────────┘─────┘
//! ```
//!
//! A part that waits to be sent again is taken all the same when the answer to its last
//! attempt comes late. A final phase never goes back to one that is not. Only `Unknown` and `Expired`, which say that
//! there was no news or none in time, are corrected by a late receipt; whose, is decided where receipts are.

use crate::message::status::Status;

closed_set! {
    /// The phase of a part.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum Phase: all, number, from_number {
        /// Waits in its lane.
        Queued = 0,
        /// The intent to submit it is durable; the PDU may be on its way.
        Intended = 1,
        /// Written, or perhaps written, and not answered.
        Doubtful = 2,
        /// The carrier took it.
        Sent = 3,
        /// A receipt says that it arrived.
        Delivered = 4,
        /// It will not arrive.
        Failed = 5,
        /// It came too late to be worth sending, or the carrier says so.
        Expired = 6,
        /// It ended without news.
        Unknown = 7,
        /// The customer took it back before it left.
        Cancelled = 8,
    }
}

/// What moves a part from one phase to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// It is given to a link.
    Intend,
    /// The carrier took it.
    Take,
    /// It goes back to its lane: not sent, refused for now, or to be sent again.
    Return,
    /// It was perhaps written, and nothing more is known.
    Doubt,
    /// It ends.
    End(End),
}

/// How a part ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the phase of its name")]
pub enum End {
    Delivered,
    Failed,
    Expired,
    Unknown,
    Cancelled,
}

impl Phase {
    /// Whether nothing more is expected.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Delivered | Self::Failed | Self::Expired | Self::Unknown | Self::Cancelled)
    }

    /// What the customer is told.
    pub const fn status(self) -> Status {
        match self {
            Self::Queued | Self::Intended => Status::Queued,
            Self::Sent | Self::Doubtful => Status::Sent,
            Self::Delivered => Status::Delivered,
            Self::Failed => Status::Failed,
            Self::Expired => Status::Expired,
            Self::Unknown => Status::Unknown,
            Self::Cancelled => Status::Cancelled,
        }
    }

    /// The phase after a move; `None` where the move is not allowed.
    pub const fn after(self, step: Move) -> Option<Self> {
        Some(match (self, step) {
            (Self::Queued, Move::Intend) => Self::Intended,
            (Self::Queued | Self::Intended | Self::Doubtful, Move::Take) => Self::Sent,
            (Self::Intended | Self::Doubtful | Self::Sent, Move::Return) => Self::Queued,
            (Self::Intended, Move::Doubt) => Self::Doubtful,
            (Self::Queued, Move::End(End::Cancelled)) => Self::Cancelled,
            (_, Move::End(End::Cancelled)) => return None,
            (Self::Queued | Self::Intended | Self::Doubtful | Self::Sent, Move::End(end)) => end.phase(),
            (Self::Unknown | Self::Expired, Move::End(end @ (End::Delivered | End::Failed | End::Expired))) => {
                end.phase()
            }
            _ => return None,
        })
    }
}

impl End {
    const fn phase(self) -> Phase {
        match self {
            Self::Delivered => Phase::Delivered,
            Self::Failed => Phase::Failed,
            Self::Expired => Phase::Expired,
            Self::Unknown => Phase::Unknown,
            Self::Cancelled => Phase::Cancelled,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOVES: [Move; 9] = [
        Move::Intend,
        Move::Take,
        Move::Return,
        Move::Doubt,
        Move::End(End::Delivered),
        Move::End(End::Failed),
        Move::End(End::Expired),
        Move::End(End::Unknown),
        Move::End(End::Cancelled),
    ];

    /// Rows are phases, columns moves; a dot is a move that is not allowed.
    const TABLE: [&str; 9] = [
        //            I T R D  De Fa Ex Un Ca
        "Queued    I S . .  D F E U C",
        "Intended  . S Q ?  D F E U .",
        "Doubtful  . S Q .  D F E U .",
        "Sent      . . Q .  D F E U .",
        "Delivered . . . .  . . . . .",
        "Failed    . . . .  . . . . .",
        "Expired   . . . .  D F E . .",
        "Unknown   . . . .  D F E . .",
        "Cancelled . . . .  . . . . .",
    ];

    fn letter(phase: Option<Phase>) -> &'static str {
        match phase {
            None => ".",
            Some(Phase::Queued) => "Q",
            Some(Phase::Intended) => "I",
            Some(Phase::Doubtful) => "?",
            Some(Phase::Sent) => "S",
            Some(Phase::Delivered) => "D",
            Some(Phase::Failed) => "F",
            Some(Phase::Expired) => "E",
            Some(Phase::Unknown) => "U",
            Some(Phase::Cancelled) => "C",
        }
    }

    #[test]
    fn every_move_of_every_phase_is_as_the_table_says() {
        for (phase, row) in Phase::ALL.into_iter().zip(TABLE) {
            let mut words = row.split_whitespace();
            assert_eq!(words.next(), Some(format!("{phase:?}").as_str()));
            let told: Vec<&str> = words.collect();
            let real: Vec<&str> = MOVES.iter().map(|step| letter(phase.after(*step))).collect();
            assert_eq!(real, told, "{phase:?}");
        }
    }
}
